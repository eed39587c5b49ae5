# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A play that makes a connector and goes on with it: predicted on an empty tenant, then real, then with nothing left to
do.
"""

from __future__ import annotations

from typing import Any

import pytest
from support.certificates import Made, make_certificate
from support.plays import Played

from stage import BASTION, WAYS, Stage, certificate_task, connector_task, info_task

PASSWORD = "whole~play~Gd7mV3"
NAME = "Orders API"
URL = "https://api.contoso.com/orders"
CHANGES = ("made", "by_name", "by_id")


@pytest.fixture(name="certificates", scope="module")
def fixture_certificates() -> list[Made]:
    """One for each task that brings one."""
    return [make_certificate(f"{name}.example") for name in CHANGES]


def whole_play(stage: Stage, certificates: list[Made]) -> list[dict[str, Any]]:
    """Make a connector, put a certificate on it by its name and another one by the id of the first task's result, and
    list everything.
    """
    files = [stage.write(f"{name}.pfx", made.pfx(PASSWORD)) for name, made in zip(CHANGES, certificates, strict=True)]
    given: list[dict[str, Any]] = [{"src": src, "certificate_password": PASSWORD} for src in files]
    first, second, third = given
    return [
        connector_task("made", connector_name=NAME, target_url=URL, authentication={"client_certificate": first}),
        certificate_task("by_name", connector_name=NAME, **second),
        certificate_task("by_id", connector_id="{{ made.connector.id }}", **third),
        info_task("info"),
    ]


def run(stage: Stage, tasks: list[dict[str, Any]], way: str, *arguments: str) -> Played:
    """Run the tasks, which sign in by module_defaults."""
    stage.emulator.clear_requests()
    return stage.play(
        tasks, "--diff", *arguments, hosts=way, module_defaults={"group/msgraph.identity.graph": stage.sign_in}
    )


def listed(connector: dict[str, Any]) -> list[tuple[str, bool]]:
    """The certificates of a connector: thumbprint, and whether it is active."""
    return [
        (certificate["thumbprint"], certificate["is_active"])
        for certificate in connector["authentication"]["certificates"]
    ]


@pytest.mark.parametrize("way", WAYS)
def test_whole_play(stage: Stage, certificates: list[Made], way: str) -> None:
    """Check mode predicts what then happens, and nothing happens a second time."""
    tasks = whole_play(stage, certificates)
    thumbprints = [made.thumbprint for made in certificates]

    played = run(stage, tasks, way, "--check")
    assert played.code == 0, played.output
    assert not stage.writes()
    assert not stage.emulator.connectors()
    predicted = stage.results
    assert [predicted[name]["changed"] for name in CHANGES] == [True] * 3
    assert predicted["info"]["connectors"] == []
    assert not predicted["info"]["changed"]
    assert predicted["made"].get("warnings", []) == []
    for name in ("by_name", "by_id"):
        (warning,) = predicted[name]["warnings"]
        assert "Unless an earlier task of this play creates it, the real run will fail here" in warning
    assert [listed(predicted[name]["connector"]) for name in CHANGES] == [
        [(thumbprint, True)] for thumbprint in thumbprints
    ]

    played = run(stage, tasks, way)
    assert played.code == 0, played.output
    real = stage.results
    assert [entry["method"] for entry in stage.writes()] == ["POST"] * 3
    assert [real[name]["changed"] for name in CHANGES] == [True] * 3
    assert not [warning for name in CHANGES for warning in real[name].get("warnings", [])]
    (connector,) = real["info"]["connectors"]
    assert listed(connector) == [*((thumbprint, False) for thumbprint in thumbprints[:2]), (thumbprints[2], True)]
    assert connector["active_certificate"] == connector["authentication"]["certificates"][2]
    assert {name: value for name, value in connector.items() if name != "active_certificate"} == real["by_id"][
        "connector"
    ]

    # What was predicted is what happened, but for the id.
    assert predicted["made"]["reason"] == real["made"]["reason"]
    assert predicted["made"]["certificate"] == real["made"]["certificate"]
    for told in (predicted["made"], real["made"]):
        assert told["diff"]["before"] == {}
        assert told["diff"]["after"]["authentication"]["type"] == told["connector"]["authentication"]["type"]
        assert told["diff"]["after"]["id"] == told["connector"]["id"]
    assert {**predicted["made"]["connector"], "id": real["made"]["connector"]["id"]} == real["made"]["connector"]

    for arguments in ([], ["--check"]):
        played = run(stage, tasks, way, *arguments)
        assert played.code == 0, played.output
        assert not stage.writes()
        assert not [name for name, result in stage.results.items() if result["changed"]]


@pytest.mark.parametrize("way", WAYS)
def test_play_that_makes_and_removes(stage: Stage, way: str) -> None:
    """In check mode a connector that was only predicted is not there to be changed or removed, and the play goes
    through all the same.
    """
    basic = {"basic": {"username": "entra", "password": PASSWORD}}
    tasks = [
        connector_task("made", connector_name=NAME, target_url=URL, authentication=basic),
        connector_task("changed_by_id", connector_id="{{ made.connector.id }}", target_url=f"{URL}/v2"),
        connector_task("removed", connector_id="{{ made.connector.id }}", state="absent"),
    ]
    played = run(stage, tasks, way, "--check")
    assert played.code == 0, played.output
    assert not stage.writes()
    assert stage.results["made"]["changed"]
    assert stage.results["changed_by_id"]["changed"]
    assert "real run will fail" in stage.results["changed_by_id"]["warnings"][0]

    played = run(stage, tasks, way)
    assert played.code == 0, played.output
    assert [entry["method"] for entry in stage.writes()] == ["POST", "PATCH", "DELETE"]
    assert [stage.results[task["register"]]["changed"] for task in tasks] == [True] * 3
    assert not stage.emulator.connectors()


def test_jobs(stage: Stage, certificates: list[Made]) -> None:
    """As asynchronous jobs on a host the modules do the same, whether they are waited for or left alone."""
    options = {"connector_name": NAME, "target_url": URL}
    src = stage.write("made.pfx", certificates[0].pfx(PASSWORD))
    authentication = {"client_certificate": {"src": src, "certificate_password": PASSWORD}}
    waited_for, left_alone = {"async": 60, "poll": 1}, {"async": 60, "poll": 0}
    tasks = [
        connector_task("made", waited_for, authentication=authentication, **options),
        connector_task("repeated", waited_for, authentication=authentication, **options),
        info_task("info", waited_for),
        info_task("started", left_alone, connector_name=NAME),
        {
            "name": "Come back for its result",
            "ansible.builtin.async_status": {"jid": "{{ started.ansible_job_id }}"},
            "register": "finished",
            "until": "finished is finished",
            "delay": 0.5,
            "retries": 100,
        },
    ]
    played = run(stage, tasks, BASTION)
    assert played.code == 0, played.output
    results = stage.results
    assert [entry["method"] for entry in stage.writes()] == ["POST"]
    assert results["made"]["changed"]
    assert results["made"]["uploaded"]
    assert listed(results["made"]["connector"]) == [(certificates[0].thumbprint, True)]
    assert not results["repeated"]["changed"]
    for name in ("info", "finished"):
        assert [connector["id"] for connector in results[name]["connectors"]] == [results["made"]["connector"]["id"]]
