# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each setting, and what the control API refuses."""

from __future__ import annotations

import json
import time

import pytest
from emulator.client import EmulatorFailed
from emulator_caller import LIST, error_code
from support.certificates import triple_des

DEFAULTS = {
    "api_connectors": "offered",
    "b2x_user_flows": "offered",
    "b2c_user_flows": "offered",
    "active_rule": "newest_upload",
    "duplicate_upload": "error",
    "upload_on_basic": "error",
    "upload_on_expired": "error",
    "pfx_policy": "3des",
    "unprotected_pfx": "accept",
    "list_order": "upload",
    "certificate_list": "shown",
    "delete_linked": "error",
    "dangling_link": "null",
    "unlinked_step": "null",
    "link_to_missing": "bad_request",
    "link_effect": "applied",
    "read_links_with": "read_write",
    "id_form": "guid",
    "thumbprint_case": "upper",
    "epoch_form": "int",
    "page_size": 100,
    "token_lifetime": 3599,
    "audiences": [],
    "throttle_requests": 0,
    "throttle_seconds": 60,
    "read_lag": 0,
    "read_lag_seconds": 0,
    "latency_ms": 0,
}
RAW = [{"thumbprint": letter * 40, "notBefore": 1508670522, "notAfter": 4102444800} for letter in "BAC"]


def names(certificates):
    """The first letters of the thumbprints."""
    return "".join(item["thumbprint"][0] for item in certificates)


def test_defaults_are_strict(emulator):
    assert emulator.settings() == DEFAULTS


@pytest.mark.parametrize(
    "changes",
    [
        {"nothing": 1},
        {"pfx_policy": "4des"},
        {"page_size": 0},
        {"page_size": True},
        {"latency_ms": "1"},
        {"audiences": "x"},
    ],
)
def test_refused(emulator, changes):
    with pytest.raises(EmulatorFailed):
        emulator.settings(**changes)
    assert emulator.settings() == DEFAULTS


@pytest.mark.parametrize(
    "mode, expected", [("append", [False, False, True]), ("move", [False, True]), ("ignore", [False, True])]
)
def test_duplicate_upload(caller, identity, other, mode, expected):
    connector = caller.emulator.add_connector("a", certificates=[{"pfx": identity.pfx()}, {"pfx": other.pfx()}])
    assert error_code(caller.upload(connector, identity.pfx("pw", triple_des("pw")), "pw")) == "AADB2C90180"
    caller.emulator.settings(duplicate_upload=mode)
    assert caller.upload(connector, identity.pfx("pw", triple_des("pw")), "pw").status_code == 200
    listed = caller.certificates(connector)
    assert [item["isActive"] for item in listed] == expected
    assert (
        next(item["thumbprint"] for item in listed if item["isActive"])
        == (other if mode == "ignore" else identity).thumbprint
    )


@pytest.mark.parametrize("basic", [("user", "hidden"), None])
def test_upload_on_basic(caller, identity, basic):
    connector = caller.emulator.add_connector("a", basic=basic)
    assert caller.upload(connector, identity.pfx("pw", triple_des("pw")), "pw").status_code == 400
    caller.emulator.settings(upload_on_basic="switch")
    assert caller.upload(connector, identity.pfx("pw", triple_des("pw")), "pw").status_code == 200
    assert names(caller.certificates(connector)) == identity.thumbprint[0]


@pytest.mark.parametrize("order, expected", [("upload", "BAC"), ("reverse", "CAB"), ("thumbprint", "ABC")])
def test_list_order(caller, order, expected):
    connector = caller.emulator.add_connector("a", certificates=RAW)
    caller.emulator.settings(list_order=order)
    listed = caller.certificates(connector)
    assert names(listed) == expected
    assert names(item for item in listed if item["isActive"]) == "C"


@pytest.mark.parametrize(
    "shown, filled, empty",
    [("shown", list, list), ("null_when_empty", list, type(None)), ("null", type(None), type(None))],
)
def test_certificate_list(caller, shown, filled, empty):
    ids = [caller.emulator.add_connector("a", certificates=entries) for entries in (RAW, [])]
    caller.emulator.settings(certificate_list=shown)
    assert [type(caller.certificates(connector)) for connector in ids] == [filled, empty]
    assert len(caller.emulator.connectors()[0]["authentication"]["certificates"]) == 3


def test_certificate_list_left_out(caller):
    connector = caller.emulator.add_connector("a", certificates=RAW)
    caller.emulator.settings(certificate_list="left_out")
    assert list(caller.get(connector)["authenticationConfiguration"]) == ["@odata.type"]


@pytest.mark.parametrize(
    "offer, status, code",
    [("sign_up_off", 400, "AADB2C99039"), ("unknown_error", 404, "UnknownError"), ("not_found", 404, "NotFound")],
)
def test_what_a_tenant_does_not_offer(caller, identity, offer, status, code):
    connector = caller.emulator.add_connector("a", certificates=[])
    caller.emulator.settings(api_connectors=offer)
    answers = [
        caller.graph("GET"),
        caller.graph("GET", "/beta/identity/apiConnectors"),
        caller.graph("GET", f"{LIST}/{connector}"),
        caller.graph("DELETE", f"{LIST}/{connector}"),
        caller.upload(connector, identity.pfx()),
    ]
    assert [(answer.status_code, error_code(answer)) for answer in answers] == [(status, code)] * 5
    message = answers[0].json()["error"]["message"]
    if offer == "sign_up_off":
        assert "not enabled for the tenant 'contoso.onmicrosoft.com'" in message
    if offer == "unknown_error":
        assert json.loads(message)["message"].startswith("No HTTP resource was found that matches the request URI")
    caller.emulator.settings(api_connectors="offered")
    assert caller.certificates(connector) == []


def test_forms(caller):
    caller.emulator.settings(id_form="restapi", thumbprint_case="lower")
    connector = caller.emulator.add_connector("a", certificates=RAW)
    assert connector.startswith("RestApi_")
    assert names(caller.certificates(connector)) == "bac"
    for form, value in (("int", 1508670522), ("float", 1508670522.0), ("string", "1508670522")):
        caller.emulator.settings(epoch_form=form)
        shown = caller.certificates(connector)[0]["notBefore"]
        assert (shown, type(shown)) == (value, type(value))


def test_read_lag_counts_reads(caller, identity):
    connector = caller.emulator.add_connector("a", certificates=[])
    caller.emulator.settings(read_lag=2)
    assert (
        len(
            caller.upload(connector, identity.pfx("pw", triple_des("pw")), "pw").json()["authenticationConfiguration"][
                "certificateList"
            ]
        )
        == 1
    )
    assert [len(caller.certificates(connector)) for _read in range(3)] == [0, 0, 1]
    created = caller.graph(
        "POST",
        json={
            "displayName": "b",
            "targetUrl": "https://b.example/",
            "authenticationConfiguration": {
                "@odata.type": "microsoft.graph.basicAuthentication",
                "username": "u",
                "password": "p",
            },
        },
    ).json()["id"]
    statuses = [
        caller.graph("GET", f"{LIST}/{created}").status_code,
        len(caller.graph("GET").json()["value"]),
        len(caller.graph("GET").json()["value"]),
    ]
    assert statuses == [404, 1, 2]
    caller.graph("DELETE", f"{LIST}/{created}")
    assert [caller.graph("GET", f"{LIST}/{created}").status_code for _read in range(3)] == [200, 200, 404]


def test_read_lag_by_the_clock(caller):
    connector = caller.emulator.add_connector("old")
    caller.emulator.settings(read_lag_seconds=30)
    caller.graph("PATCH", f"{LIST}/{connector}", json={"displayName": "new"})
    assert caller.get(connector)["displayName"] == "old"
    assert caller.emulator.connectors()[0]["displayName"] == "new"
    caller.emulator.advance_clock(31)
    assert caller.get(connector)["displayName"] == "new"


def test_latency(caller):
    caller.graph("GET")
    caller.emulator.settings(latency_ms=80)
    start = time.monotonic()
    caller.graph("GET")
    assert time.monotonic() - start >= 0.08


def test_seeds_are_checked(emulator):
    known = emulator.add_connector("a")
    for document in (
        {"displayName": "b", "id": known},
        {},
        {"displayName": "b", "surprise": 1},
        {"displayName": "b", "tenant": "x"},
        {"displayName": "b", "authentication": {"certificates": [{"pfx": "AAAA"}]}},
        {"displayName": "b", "authentication": "basic"},
    ):
        with pytest.raises(EmulatorFailed):
            emulator.control("POST", "/connectors", document)
    assert len(emulator.connectors()) == 1
    emulator.clear_connectors()
    assert emulator.connectors() == []


def test_control_refuses_what_it_does_not_know(emulator):
    for method, path, body in (
        ("GET", "/nothing", None),
        ("PUT", "/settings", {}),
        ("PATCH", "/clock", {}),
        ("PATCH", "/clock", {"offset": "1"}),
        ("POST", "/tokens", {"surprise": 1}),
        ("PUT", "/tenants", {}),
        ("PUT", "/tenants", [{"id": "x", "surprise": 1}]),
    ):
        with pytest.raises(EmulatorFailed):
            emulator.control(method, path, body)


def test_reset(caller):
    emulator = caller.emulator
    emulator.add_connector("a")
    emulator.settings(page_size=1)
    emulator.advance_clock(1000)
    emulator.fault(action="drop_before")
    emulator.set_tenants([])
    emulator.reset()
    assert (emulator.connectors(), emulator.settings(), emulator.faults(), emulator.requests()) == (
        [],
        DEFAULTS,
        [],
        [],
    )
    assert emulator.control("GET", "/clock")["offset"] == 0
    assert emulator.control("GET", "/health")["tenant"] == emulator.tenant


def test_clock(emulator):
    assert abs(emulator.now() - time.time()) < 5
    assert emulator.set_clock_offset(-100) < time.time() - 90
    assert emulator.advance_clock(300) > time.time() + 190
