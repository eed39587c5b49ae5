# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a task takes its sign-in from: its options, module_defaults, its environment, the environment of the run."""

from __future__ import annotations

from typing import Any

import pytest
from support.certificates import Made

from stage import CONTAINER, WAYS, Stage, certificate_task, connector_task, info_task

SIGN_IN = ["GET openid-configuration", "POST token"]
# What a credential of AWX sets when its fields are not filled in.
EMPTY = dict.fromkeys(
    (
        "AZURE_TENANT_ID",
        "AZURE_CLIENT_SECRET",
        "AZURE_CLOUD_ENVIRONMENT",
        "MSGRAPH_ACCESS_TOKEN",
        "AZURE_SUBSCRIPTION_ID",
    ),
    "",
)


def variables(stage: Stage) -> dict[str, str]:
    """An environment that is enough to sign in at the emulator."""
    return {**stage.sign_in_environment, **stage.hosts_environment}


def options(stage: Stage, orders: Made) -> dict[str, Any]:
    """The options of a task that has nothing to do, without any sign-in."""
    connector = stage.emulator.add_connector("Orders", certificates=[{"pfx": orders.pfx()}])
    return {"connector_id": connector, "src": stage.write("orders.pfx", orders.pfx())}


def token_requests(stage: Stage) -> list[dict[str, str]]:
    """The forms with which tokens were asked for."""
    return [entry["body"] for entry in stage.emulator.requests("entra") if entry["method"] == "POST"]


@pytest.mark.parametrize("pipelining", ["false", "true"])
def test_container(stage: Stage, orders: Made, pipelining: str) -> None:
    """Its connection has no option for pipelining, whatever the run says of it."""
    stage.add_container()
    given = {**options(stage, orders), **stage.sign_in}
    basic = {"basic": {"username": "user", "password": "container~password~Vd5k"}}
    tasks = [
        certificate_task("certificate", **given),
        connector_task(
            "connector", connector_name="New", target_url="https://a.example", authentication=basic, **stage.sign_in
        ),
        info_task("info", **stage.sign_in),
    ]
    played = stage.play(tasks, hosts=CONTAINER, environ={"ANSIBLE_PIPELINING": pipelining})
    assert played.code == 0, played.output
    assert [result["changed"] for result in stage.results.values()] == [False, True, False]
    assert len(stage.results["info"]["connectors"]) == 2


@pytest.mark.parametrize("way", WAYS)
def test_environment_of_the_run(stage: Stage, orders: Made, way: str) -> None:
    """As AWX sets it: empty variables count for nothing."""
    task = certificate_task("result", **options(stage, orders))
    played = stage.play([task], environ={**EMPTY, **variables(stage)}, hosts=way)
    assert played.code == 0, played.output
    assert not stage.results["result"]["changed"]
    assert stage.calls("entra") == SIGN_IN


def test_second_names(stage: Stage, orders: Made) -> None:
    """The names of the Azure SDKs serve when those of azure.azcollection are empty."""
    first = variables(stage)
    renamed = {"AZURE_TENANT": "AZURE_TENANT_ID", "AZURE_SECRET": "AZURE_CLIENT_SECRET"}
    environ = {**dict.fromkeys(renamed, ""), **{renamed.get(name, name): value for name, value in first.items()}}
    played = stage.play([certificate_task(**options(stage, orders))], environ=environ)
    assert played.code == 0, played.output
    assert token_requests(stage)[0]["client_id"] == stage.emulator.client_id


@pytest.mark.parametrize("way", WAYS)
def test_environment_of_the_task(stage: Stage, orders: Made, way: str) -> None:
    """It counts in the same way as that of the run, beats it, and is gone for the next task."""
    with_environment = {"environment": {name: f"{{{{ {name.lower()} }}}}" for name in variables(stage)}}
    given = options(stage, orders)
    tasks = [
        certificate_task("first", with_environment, **given),
        certificate_task("second", {"ignore_errors": True}, retries=0, **given),
    ]
    extra = stage.write(
        "extra.json", stage.as_json({name.lower(): value for name, value in variables(stage).items()}).encode()
    )
    environ = {"AZURE_SECRET": "the~wrong~secret", "AZURE_TENANT": "nobody.onmicrosoft.com"}
    played = stage.play(tasks, "-e", f"@{extra}", environ=environ, hosts=way)
    assert played.code == 0, played.output
    assert not stage.results["first"]["changed"]
    assert "client_id" in stage.results["second"]["msg"]
    assert stage.calls("entra") == SIGN_IN


@pytest.mark.parametrize("way", WAYS)
def test_a_task_beats_the_environment(stage: Stage, orders: Made, way: str) -> None:
    """Each option is settled on its own: what the task gives counts, and the rest comes from the environment."""
    environ = {
        **variables(stage),
        "AZURE_SECRET": "the~wrong~secret",
        "AZURE_CLIENT_ID": "00000000-0000-4000-8000-000000000000",
    }
    mine: dict[str, Any] = {"client_id": stage.emulator.client_id, "secret": stage.emulator.client_secret}
    played = stage.play([certificate_task("result", **options(stage, orders), **mine)], environ=environ, hosts=way)
    assert played.code == 0, played.output
    assert token_requests(stage)[0]["client_id"] == stage.emulator.client_id


def test_empty_options_fall_through(stage: Stage, orders: Made) -> None:
    """An empty option is no value, so the environment's counts."""
    empty: dict[str, Any] = {
        "tenant": "",
        "client_id": "",
        "secret": "",
        "access_token": "",
        "cloud_environment": "",
        "graph_url": "",
        "ca_path": "",
    }
    played = stage.play([certificate_task(**options(stage, orders), **empty)], environ=variables(stage))
    assert played.code == 0, played.output
    assert stage.calls("entra") == SIGN_IN


@pytest.mark.parametrize("way", WAYS)
def test_access_token(stage: Stage, orders: Made, way: str) -> None:
    """A token of the environment is used as it is, before anything else that the environment gives."""
    environ = {
        **variables(stage),
        "AZURE_SECRET": "the~wrong~secret",
        "MSGRAPH_ACCESS_TOKEN": stage.emulator.mint_token(),
    }
    given = options(stage, orders)
    played = stage.play([certificate_task("result", **given)], environ=environ, hosts=way)
    assert played.code == 0, played.output
    assert stage.calls("entra") == []
    assert stage.calls("graph") == [f"GET {given['connector_id']}"]


def test_a_complete_task_beats_a_token_of_the_environment(stage: Stage, orders: Made) -> None:
    """Whoever gives a task all it needs to sign in does not sign in with a token that happens to be around."""
    environ = {"MSGRAPH_ACCESS_TOKEN": "not.a.token"}
    played = stage.play([certificate_task("result", **options(stage, orders), **stage.sign_in)], environ=environ)
    assert played.code == 0, played.output
    assert stage.calls("entra") == SIGN_IN


@pytest.mark.parametrize("way", WAYS)
def test_module_defaults(stage: Stage, orders: Made, way: str) -> None:
    """The action group carries the sign-in of several tasks, and counts as the task's own."""
    given = options(stage, orders)
    tasks = [
        certificate_task("plain", **given),
        certificate_task("own", {"ignore_errors": True}, **given, secret="the~wrong~secret"),
    ]
    defaults = {"group/msgraph.identity.graph": stage.sign_in}
    played = stage.play(tasks, environ={"MSGRAPH_ACCESS_TOKEN": "not.a.token"}, hosts=way, module_defaults=defaults)
    assert played.code == 0, played.output
    assert not stage.results["plain"].get("failed")
    assert "AADSTS7000215" in stage.results["own"]["msg"]


def test_ca_bundle(stage: Stage, orders: Made) -> None:
    """ca_path beats REQUESTS_CA_BUNDLE, which counts otherwise; validate_certs beats both."""
    given = options(stage, orders)
    wrong = stage.write("other-ca.pem", orders.pem)
    without = {name: value for name, value in stage.sign_in.items() if name != "ca_path"}
    tasks = [
        certificate_task("option_beats_bundle", **given, **stage.sign_in),
        certificate_task("bundle", {"ignore_errors": True}, **given, **without),
        certificate_task("unchecked", **given, **without, validate_certs=False),
        certificate_task(
            "right_bundle", {"environment": {"REQUESTS_CA_BUNDLE": stage.emulator.ca_path}}, **given, **without
        ),
    ]
    environ = {"REQUESTS_CA_BUNDLE": str(stage.directory / wrong)}
    played = stage.play(tasks, environ=environ)
    assert played.code == 0, played.output
    assert {name: bool(result.get("failed")) for name, result in stage.results.items()} == {
        "option_beats_bundle": False,
        "bundle": True,
        "unchecked": False,
        "right_bundle": False,
    }
