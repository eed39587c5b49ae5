# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The requests that a run makes, no more and no fewer, on both ways."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12
from support.certificates import Made

from stage import BASTION, LOCAL, WAYS, Stage, certificate_task

SIGN_IN = ["GET openid-configuration", "POST token"]
UPLOAD = "POST uploadClientCertificate"


def a_task(stage: Stage, orders: Made, **options: Any) -> dict[str, Any]:
    """A task with the module, whose result is called `result`."""
    src = stage.write("orders.pfx", orders.pfx("orders-password"))
    return certificate_task("result", src=src, certificate_password="orders-password", **{**stage.sign_in, **options})


@pytest.mark.parametrize("way", WAYS)
def test_converged(stage: Stage, orders: Made, way: str) -> None:
    """Nothing to do: one sign-in, one read."""
    connector = stage.emulator.add_connector("Orders", certificates=[{"pfx": orders.pfx()}])
    played = stage.play([a_task(stage, orders, connector_id=connector)], hosts=way)
    assert played.code == 0, played.output
    assert not stage.results["result"]["changed"]
    assert stage.calls("entra") == SIGN_IN
    assert stage.calls("graph") == [f"GET {connector}"]


def test_converged_by_name(stage: Stage, orders: Made) -> None:
    """A name costs one read a page, and no second one of the connector."""
    stage.emulator.settings(page_size=2)
    for name in ("Invoices", "Shipping", "Orders"):
        stage.emulator.add_connector(name, certificates=[{"pfx": orders.pfx()}])
    played = stage.play([a_task(stage, orders, connector_name="Orders")])
    assert played.code == 0, played.output
    assert stage.calls("graph") == ["GET apiConnectors"] * 2


@pytest.mark.parametrize("way", WAYS)
def test_upload(stage: Stage, orders: Made, way: str) -> None:
    """One read and one write. A host is asked first, without the key, and reads again when it has it."""
    connector = stage.emulator.add_connector("Orders", certificates=[])
    played = stage.play([a_task(stage, orders, connector_id=connector)], hosts=way)
    assert played.code == 0, played.output
    result = stage.results["result"]
    assert result["changed"]
    assert result["uploaded"]
    read = f"GET {connector}"
    assert stage.calls("graph") == ([read, UPLOAD] if way == LOCAL else [read, read, UPLOAD])
    assert stage.calls("entra") == (SIGN_IN if way == LOCAL else SIGN_IN * 2)


@pytest.mark.parametrize("way", WAYS)
def test_replace(stage: Stage, orders: Made, way: str) -> None:
    """A replacement answers without the connector, so it is read again."""
    connector = stage.emulator.add_connector("Orders", basic=("user", "basic-password"))
    played = stage.play([a_task(stage, orders, connector_id=connector, replace_basic_authentication=True)], hosts=way)
    assert played.code == 0, played.output
    assert [call.split()[0] for call in stage.calls("graph")] == (
        ["GET", "PATCH", "GET"] if way == LOCAL else ["GET", "GET", "PATCH", "GET"]
    )


@pytest.mark.parametrize("way", WAYS)
def test_check_mode(stage: Stage, orders: Made, way: str) -> None:
    """Check mode predicts a change after one read, and makes none."""
    connector = stage.emulator.add_connector("Orders", certificates=[])
    played = stage.play([a_task(stage, orders, connector_id=connector)], "--check", hosts=way)
    assert played.code == 0, played.output
    result = stage.results["result"]
    assert result["changed"]
    assert not result["uploaded"]
    assert stage.calls("entra") == SIGN_IN
    assert stage.calls("graph") == [f"GET {connector}"]


ITEMS = 12
READS = {"connector_id": 2, "connector_name": 1}


def connectors(stage: Stage, orders: Made, without: tuple[int, ...] = ()) -> list[str]:
    """The ids of connectors "0", "1" and so on, which have the certificate unless their number is in `without`."""
    pfx = base64.b64encode(orders.pfx()).decode()
    documents = (
        {"displayName": str(number), "authentication": {"certificates": [] if number in without else [{"pfx": pfx}]}}
        for number in range(ITEMS)
    )
    return stage.emulator.add_connectors(documents)


@pytest.mark.parametrize("option", READS)
def test_converged_loop(stage: Stage, orders: Made, option: str) -> None:
    """However many items: one sign-in, one connector, one list, all on one connection. A name is found in the list at
    once.
    """
    ids = connectors(stage, orders)
    task = a_task(stage, orders, **{option: "{{ item }}"})
    played = stage.play(
        [{**task, "loop": ids if option == "connector_id" else [str(number) for number in range(ITEMS)]}]
    )
    assert played.code == 0, played.output
    assert not stage.results["result"]["changed"]
    assert stage.calls("entra") == SIGN_IN
    assert stage.calls("graph") == (
        [f"GET {ids[0]}", "GET apiConnectors"] if option == "connector_id" else ["GET apiConnectors"]
    )
    assert len({entry["connection"] for entry in stage.emulator.requests("graph")}) == 1


@pytest.mark.parametrize("option", READS)
def test_loop_with_uploads(stage: Stage, orders: Made, option: str) -> None:
    """An upload is decided on a read of that very connector: one read and one write more for each."""
    due = (3, 4, 11)
    ids = connectors(stage, orders, without=due)
    task = a_task(stage, orders, **{option: "{{ item }}"})
    played = stage.play(
        [{**task, "loop": ids if option == "connector_id" else [str(number) for number in range(ITEMS)]}]
    )
    assert played.code == 0, played.output
    assert [item["changed"] for item in stage.results["result"]["results"]] == [
        number in due for number in range(ITEMS)
    ]
    assert stage.calls("entra") == SIGN_IN
    graph = stage.calls("graph")
    assert graph[READS[option] :] == [call for number in due for call in (f"GET {ids[number]}", UPLOAD)]
    assert [len(connector["authentication"]["certificates"]) for connector in stage.emulator.connectors()] == [
        1
    ] * ITEMS


def test_loop_in_which_all_is_to_be_done(stage: Stage, orders: Made) -> None:
    """Each connector is read before it is written to; the list costs one request."""
    ids = connectors(stage, orders, without=tuple(range(ITEMS)))[:3]
    played = stage.play([{**a_task(stage, orders, connector_id="{{ item }}"), "loop": ids}])
    assert played.code == 0, played.output
    first, *others = [(f"GET {connector}", UPLOAD) for connector in ids]
    assert stage.calls("graph") == [*first, "GET apiConnectors", *(call for pair in others for call in pair)]
    assert len({entry["connection"] for entry in stage.emulator.requests("graph")}) == 1


def test_same_connector_twice_in_a_loop(stage: Stage, orders: Made) -> None:
    """What was read before a write is not believed after it: the second item sees the certificate that the first one
    uploaded.
    """
    connector = connectors(stage, orders, without=(0,))[0]
    played = stage.play([{**a_task(stage, orders, connector_id="{{ item }}"), "loop": [connector] * 3}])
    assert played.code == 0, played.output
    assert [item["changed"] for item in stage.results["result"]["results"]] == [True, False, False]
    assert stage.calls("graph") == [f"GET {connector}", UPLOAD, "GET apiConnectors"]


def test_loop_with_a_connector_that_is_not_there(stage: Stage, orders: Made) -> None:
    """That it is not in the list is no proof: it is asked for, and the answer is the item's error."""
    ids = connectors(stage, orders)[:2]
    played = stage.play(
        [{**a_task(stage, orders, connector_id="{{ item }}"), "loop": [*ids, "gone"], "ignore_errors": True}]
    )
    assert "There is no API connector with the ID 'gone'" in played.output
    assert stage.calls("graph") == [f"GET {ids[0]}", "GET apiConnectors", "GET gone"]


def test_loop_with_two_sign_ins(stage: Stage, orders: Made) -> None:
    """Items that sign in differently do not share a token."""
    emulator = stage.emulator
    other: dict[str, Any] = {
        "client_id": "0b5d7c1e-32a4-4f6b-9c8d-5e1f2a3b4c5d",
        "secrets": [{"value": "another~client-secret"}],
        "roles": ["APIConnectors.Read.All"],
    }
    tenant = emulator.tenants()[0]
    emulator.set_tenants([{**tenant, "apps": [*tenant["apps"], other]}])
    connector = emulator.add_connector("Orders", certificates=[{"pfx": orders.pfx()}])
    task = a_task(stage, orders, connector_id=connector, client_id="{{ item.client_id }}", secret="{{ item.secret }}")
    applications = [
        {"client_id": emulator.client_id, "secret": emulator.client_secret},
        {"client_id": other["client_id"], "secret": "another~client-secret"},
    ]
    played = stage.play([{**task, "loop": applications * 2, "no_log": True}])
    assert played.code == 0, played.output
    assert [entry["body"]["client_id"] for entry in emulator.requests("entra") if entry["body"]] == [
        item["client_id"] for item in applications
    ]


def test_a_host_is_sent_the_key_only_when_an_upload_is_due(stage: Stage, orders: Made) -> None:
    """What is sent to a host, seen in the file that ANSIBLE_KEEP_REMOTE_FILES makes Ansible keep for the last module of
    each task.
    """
    connector = stage.emulator.add_connector("Orders", certificates=[])
    task = a_task(stage, orders, connector_id=connector)

    for arguments in (["--check"], [], []):
        played = stage.play([task], *arguments, hosts=BASTION, environ={"ANSIBLE_KEEP_REMOTE_FILES": "true"})
        assert played.code == 0, played.output

    checked, uploaded, converged = sent(stage)
    for module in (checked, converged):
        assert argument(module, "content").startswith("-----BEGIN CERTIFICATE-----")
        assert "certificate_password" not in module
        assert "PRIVATE KEY" not in module
    assert (
        pkcs12.load_pkcs12(
            base64.b64decode(argument(uploaded, "content")), argument(uploaded, "certificate_password").encode()
        ).key
        is not None
    )
    assert argument(uploaded, "certificate_password") != "orders-password"


def sent(stage: Stage) -> list[str]:
    """The modules of ours that Ansible kept, in the order in which they were sent."""
    found = stage.home.rglob("AnsiballZ_apiconnector_client_certificate.py")
    return [path.read_text(encoding="utf-8") for path in sorted(found, key=lambda path: path.stat().st_mtime_ns)]


def argument(module: str, name: str) -> str:
    """An argument that a module was sent with."""
    found = re.search(rf'"{name}": "([^"]*)"', module)
    assert found, f"the module was sent without {name}"
    return found.group(1)
