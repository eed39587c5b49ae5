# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers to the writes of apiconnector that are lost: never two connectors, nothing left undone, and the user is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from emulator.client import Emulator
from support.certificates import Made
from support.plays import Played

from crowd import Crowd, thumbprints
from stage import BASTION, CONNECTOR, LOCAL, Stage, connector_task

AT_ONCE = {"Retry-After": "0"}
URL = "https://api.contoso.com/before"
NEW_URL = "https://api.contoso.com/after"
PASSWORD = "lost~answer~Hc3pL9"
BASIC = {"basic": {"username": "entra", "password": PASSWORD}}
SUFFIX = "_on_a_bastion"


@dataclass(frozen=True)
class Lost:
    """A fault that strikes the creation, and the requests that follow: G(ET), P(OST) and D(ELETE)."""

    name: str
    fault: dict[str, Any]
    requests: str
    read_lag: int = 0
    retries: int = 2
    way: str = LOCAL


CREATIONS = [
    Lost("dropped", {"action": "drop_before"}, "GPGPGGG"),
    Lost("dropped_carried_out", {"action": "drop_after"}, "GPGG"),
    Lost("dropped_carried_out_on_a_bastion", {"action": "drop_after"}, "GPGG", way=BASTION),
    Lost("500", {"action": "status", "status": 500, "headers": AT_ONCE}, "GPGPGGG"),
    Lost("500_carried_out", {"action": "status", "status": 500, "headers": AT_ONCE, "after_effect": True}, "GPGG"),
    Lost("html_carried_out", {"action": "html", "status": 201, "headers": AT_ONCE, "after_effect": True}, "GPGG"),
    Lost("truncated", {"action": "truncate"}, "GPGG"),
    Lost("refused_for_now", {"action": "status", "status": 429, "headers": AT_ONCE}, "GPPG"),
    Lost("carried_out_and_no_second_try", {"action": "drop_after"}, "GPGG", retries=0),
    # Reads do not show the first one in time, so there are two for a moment; the one that nobody can refer to goes.
    Lost("reads_lag", {"action": "drop_after"}, "GPGPGGDGG", read_lag=1),
    Lost("reads_lag_more", {"action": "drop_after"}, "GPGPGGGDGGG", read_lag=2),
    Lost("reads_lag_more_on_a_bastion", {"action": "drop_after"}, "GPGPGGGDGGG", read_lag=2, way=BASTION),
    Lost(
        "reads_lag_and_nothing_is_lost", {"action": "status", "status": 429, "headers": AT_ONCE}, "GPPGGG", read_lag=2
    ),
]


def letters(methods: list[str]) -> str:
    """The methods of requests, each by one letter; R is PATCH."""
    return "".join({"GET": "G", "POST": "P", "PATCH": "R", "DELETE": "D"}[method] for method in methods)


@pytest.mark.parametrize("lost", CREATIONS, ids=lambda lost: lost.name)
def test_create(stage: Stage, orders: Made, lost: Lost) -> None:
    """There is one connector afterwards, the task has changed something, and it says what happened on the way."""
    emulator = stage.emulator
    # Another connector is no reason to believe that this one is there.
    emulator.add_connector("Orders API 2", basic=("entra", PASSWORD))
    emulator.settings(read_lag=lost.read_lag)
    emulator.fault(method="POST", path="/apiConnectors$", **lost.fault)
    src = stage.write("orders.pfx", orders.pfx(PASSWORD))
    authentication = {"client_certificate": {"src": src, "certificate_password": PASSWORD}}
    options = {
        "connector_name": "Orders API",
        "target_url": URL,
        "authentication": authentication,
        "retries": lost.retries,
        **stage.sign_in,
    }
    played = stage.play([connector_task("made", **options)], hosts=lost.way)
    assert played.code == 0, played.output
    result = stage.results["made"]
    assert result["changed"]
    (made,) = [connector for connector in emulator.connectors() if connector["displayName"] == "Orders API"]
    assert result["connector"]["id"] == made["id"]
    assert thumbprints(made) == [orders.thumbprint]
    requests = letters([entry["method"] for entry in emulator.requests("graph")])
    # A host is asked first, without the key.
    assert requests == ("G" if lost.way == BASTION else "") + lost.requests
    warnings = " ".join(result.get("warnings", []))
    assert ("; retry 1 of" in warnings) is (lost.retries > 0)
    assert ("second of that name, was deleted" in warnings) is ("D" in lost.requests)
    assert PASSWORD not in played.output


@pytest.mark.parametrize("carried_out", [False, True])
def test_create_that_is_never_answered(stage: Stage, carried_out: bool) -> None:
    """When no try is answered the connector is there once or the task says that it is not."""
    stage.emulator.fault(
        method="POST",
        path="/apiConnectors$",
        action="status",
        status=500,
        headers=AT_ONCE,
        times=None,
        after_effect=carried_out,
    )
    task = connector_task(
        "made",
        {"ignore_errors": True},
        connector_name="Orders API",
        target_url=URL,
        authentication=BASIC,
        retries=1,
        **stage.sign_in,
    )
    played = stage.play([task])
    assert played.code == 0, played.output
    result = stage.results["made"]
    assert len(stage.emulator.connectors()) == (1 if carried_out else 0)
    assert bool(result.get("failed")) is not carried_out
    if not carried_out:
        for words in (
            "Could not create API connector 'Orders API'",
            "There is a problem with the service (500 AADB2C90063)",
            "is not listed",
        ):
            assert words in result["msg"]
        assert "\n" not in result["msg"]


@dataclass(frozen=True)
class Case:
    """A connector that a fault strikes, and what comes of it."""

    name: str
    fault: dict[str, Any]
    requests: str
    options: dict[str, Any]
    says: tuple[str, ...] = ("; retry 1 of",)
    fails: bool = False
    after: str | None = NEW_URL
    bastion: bool = False


def patch(action: str, **rule: Any) -> dict[str, Any]:
    """A fault that strikes a change."""
    return {"method": "PATCH", "action": action, **rule}


def delete(action: str, **rule: Any) -> dict[str, Any]:
    """A fault that strikes a deletion."""
    return {"method": "DELETE", "action": action, **rule}


CHANGE = {"target_url": NEW_URL}
BOTH = {"target_url": NEW_URL, "authentication": {"basic": {"username": "another", "password": PASSWORD}}}
# The connectors have that user name already.
ONLY_PASSWORD = {"authentication": {"basic": {"username": "entra", "password": PASSWORD, "update_password": "always"}}}
ABSENT = {"state": "absent"}
CASES = [
    Case("change_dropped", patch("drop_before"), "GRGRG", CHANGE),
    Case("change_dropped_carried_out", patch("drop_after"), "GRG", CHANGE, bastion=True),
    Case("change_500", patch("status", status=500, headers=AT_ONCE), "GRGRG", CHANGE),
    Case("change_500_carried_out", patch("status", status=500, headers=AT_ONCE, after_effect=True), "GRG", CHANGE),
    Case("change_429", patch("status", status=429, headers=AT_ONCE), "GRRG", CHANGE),
    Case("both_dropped", patch("drop_before"), "GRGRG", BOTH),
    Case("both_dropped_carried_out", patch("drop_after"), "GRG", BOTH, bastion=True),
    # Whether a password alone was set cannot be read, so it is set again.
    Case("password_dropped", patch("drop_before"), "GRRG", ONLY_PASSWORD, after=URL),
    Case("password_dropped_carried_out", patch("drop_after"), "GRRG", ONLY_PASSWORD, after=URL, bastion=True),
    Case(
        "change_500_always",
        patch("status", status=500, headers=AT_ONCE, times=None),
        "GRGRG",
        CHANGE,
        ("Could not change", "500"),
        True,
        URL,
    ),
    Case("change_404", patch("status", status=404), "GR", CHANGE, ("Could not change", "404"), True, URL),
    Case(
        "change_403",
        patch("status", status=403),
        "GR",
        CHANGE,
        ("Could not change", "APIConnectors.ReadWrite.All"),
        True,
        URL,
        bastion=True,
    ),
    Case("deletion_dropped", delete("drop_before"), "GDGDG", ABSENT, after=None),
    Case("deletion_dropped_carried_out", delete("drop_after"), "GDG", ABSENT, after=None, bastion=True),
    Case(
        "deletion_500_carried_out",
        delete("status", status=500, headers=AT_ONCE, after_effect=True),
        "GDG",
        ABSENT,
        after=None,
    ),
    Case("deletion_429", delete("status", status=429, headers=AT_ONCE), "GDDG", ABSENT, after=None),
    Case(
        "somebody_was_faster",
        delete("status", status=404, after_effect=True),
        "GDG",
        ABSENT,
        (),
        after=None,
        bastion=True,
    ),
    Case(
        "deletion_500_always",
        delete("status", status=500, headers=AT_ONCE, times=None),
        "GDGDG",
        ABSENT,
        ("Could not delete", "still there"),
        True,
        URL,
    ),
    Case(
        "deletion_403",
        delete("status", status=403),
        "GD",
        ABSENT,
        ("Could not delete", "APIConnectors.ReadWrite.All"),
        True,
        URL,
    ),
    Case("no_fault", patch("drop_before", times=None, path="/nobody$"), "GRG", CHANGE, ()),
]
HOSTS = {case.name: case for case in CASES} | {case.name + SUFFIX: case for case in CASES if case.bastion}


@dataclass(frozen=True)
class Outcome:
    """What came of a run with all cases."""

    played: Played
    results: dict[str, dict[str, Any]]
    requests: dict[str, str]
    urls: dict[str, str]


@pytest.fixture(name="outcome", scope="module")
def fixture_outcome(started: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """One task in one play, struck on each host by another fault."""
    started.reset()
    stage = Stage(tmp_path_factory.mktemp("lost"), started)
    crowd = Crowd(stage, CONNECTOR)
    for host, case in HOSTS.items():
        started.add_connector(host, URL, basic=("entra", PASSWORD), connector_id=host)
        crowd.add(
            host,
            BASTION if host.endswith(SUFFIX) else LOCAL,
            connector_id=host,
            retries=1,
            **case.options,
            **stage.sign_in,
        )
        crowd.strike(host, **case.fault)
    played = crowd.play("--diff", "-vvv")
    requests = {host: letters(crowd.calls(host)) for host in HOSTS}
    return Outcome(
        played, crowd.results, requests, {connector["id"]: connector["targetUrl"] for connector in started.connectors()}
    )


def test_run(outcome: Outcome) -> None:
    """The run goes through, and shows no password."""
    assert outcome.played.code == 0, outcome.played.output[-5000:]
    assert set(outcome.results) == set(HOSTS)
    assert "Traceback" not in outcome.played.output
    assert PASSWORD not in outcome.played.output


@pytest.mark.parametrize("host", HOSTS)
def test_fault(outcome: Outcome, host: str) -> None:
    """The connector ends as it should, by as few requests as it takes, and the user is told."""
    case, result = HOSTS[host], outcome.results[host]
    assert outcome.requests[host] == case.requests
    assert outcome.urls.get(host) == case.after
    assert bool(result.get("failed")) is case.fails, result
    assert result["changed"] is not case.fails
    told = result["msg"] if case.fails else " ".join(result.get("warnings", []))
    for words in case.says:
        assert words in told
    assert case.says or not told
    assert "\n" not in told


@pytest.mark.parametrize("way", [LOCAL, BASTION])
def test_reads_that_lag(stage: Stage, way: str) -> None:
    """A change and a deletion are waited for until readers see them."""
    stage.emulator.add_connector("Orders API", URL, basic=("entra", PASSWORD), connector_id="orders")
    stage.emulator.settings(read_lag=2)
    tasks = [
        connector_task(
            "changed", connector_id="orders", connector_name="Renamed API", target_url=NEW_URL, **stage.sign_in
        ),
        connector_task("removed", connector_id="orders", state="absent", **stage.sign_in),
        connector_task("gone", connector_name="Renamed API", state="absent", **stage.sign_in),
    ]
    played = stage.play(tasks, hosts=way)
    assert played.code == 0, played.output
    assert letters([entry["method"] for entry in stage.writes()]) == "RD"
    assert stage.results["changed"]["connector"]["display_name"] == "Renamed API"
    assert [stage.results[task["register"]]["changed"] for task in tasks] == [True, True, False]
    assert not stage.emulator.connectors()
