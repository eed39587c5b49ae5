# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What apiconnector sends: only what differs, in one PATCH where one will do; and never a connector deleted to be made
again.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import pytest
from support.certificates import Made, make_certificate

from stage import WAYS, Stage, connector_task

PFX_PASSWORD = "connector~pfx~Tn6wB2"
BASIC_PASSWORD = "connector~basic~Ux8fK4"
URL = "https://api.contoso.com/before"
NEW_URL = "https://api.contoso.com/after"
FIRST = "first.pfx"
SECOND = "second.pfx"


def basic(username: str = "entra", **options: str) -> dict[str, Any]:
    """Basic authentication, as an option."""
    return {"basic": {"username": username, "password": BASIC_PASSWORD, **options}}


def certificate(src: str) -> dict[str, Any]:
    """A client certificate, as an option."""
    return {"client_certificate": {"src": src, "certificate_password": PFX_PASSWORD}}


def name_of(case: str) -> str:
    """The display name of the connector of a case."""
    return f"The {case} API"


@dataclass(frozen=True)
class Case:
    """A connector, what a task wants of it, and the writes that it takes: method, and names in the body.

    `seed` is how the connector authenticates before: `basic`, `certificate` (the first one is listed), or empty when
    there is no connector.
    The task names it by its name, and by its id when it gives it another name.
    """

    name: str
    seed: str
    options: dict[str, Any]
    writes: tuple[tuple[str, ...], ...]
    reason: tuple[str, ...] = ()
    again: bool = False

    @property
    def task(self) -> dict[str, Any]:
        """All options of the task."""
        renames = "connector_name" in self.options or "connector_id" in self.options
        return self.options if renames else {"connector_name": name_of(self.name), **self.options}


PATCH_URL = ("PATCH", "targetUrl")
PATCH_AUTHENTICATION = ("PATCH", "authenticationConfiguration")
PATCH_BOTH = ("PATCH", "authenticationConfiguration", "targetUrl")
UPLOAD = ("POST", "password", "pkcs12Value")
CREATE = ("POST", "authenticationConfiguration", "displayName", "targetUrl")
DELETE = ("DELETE",)

CASES = [
    Case("create_basic", "", {"target_url": NEW_URL, "authentication": basic()}, (CREATE,), ("does not exist",)),
    Case(
        "create_always",
        "",
        {"target_url": NEW_URL, "authentication": basic(update_password="always")},
        (CREATE,),
        ("does not exist",),
        again=True,
    ),
    Case(
        "create_certified",
        "",
        {"target_url": NEW_URL, "authentication": certificate(FIRST)},
        (CREATE,),
        ("does not exist",),
    ),
    Case("as_it_is", "basic", {"target_url": URL, "authentication": basic()}, ()),
    Case("same_url", "basic", {"target_url": "https://API.contoso.com:443/before"}, ()),
    Case("nothing_asked", "certificate", {}, ()),
    Case("url", "basic", {"target_url": NEW_URL, "authentication": basic()}, (PATCH_URL,), ("target URL differs",)),
    Case(
        "name",
        "basic",
        {"connector_id": "name", "connector_name": "Renamed"},
        (("PATCH", "displayName"),),
        ("display name differs",),
    ),
    Case(
        "name_and_url",
        "certificate",
        {
            "connector_id": "name_and_url",
            "connector_name": "Renamed too",
            "target_url": NEW_URL,
            "authentication": certificate(FIRST),
        },
        (("PATCH", "displayName", "targetUrl"),),
        ("display name differs", "target URL differs"),
    ),
    Case("user", "basic", {"authentication": basic("another")}, (PATCH_AUTHENTICATION,), ("user name differs",)),
    Case(
        "user_and_url",
        "basic",
        {"target_url": NEW_URL, "authentication": basic("another")},
        (PATCH_BOTH,),
        ("user name differs", "target URL differs"),
    ),
    Case("password", "basic", {"authentication": basic(update_password="on_create")}, ()),
    Case(
        "password_always",
        "basic",
        {"authentication": basic(update_password="always")},
        (PATCH_AUTHENTICATION,),
        ("update_password",),
        again=True,
    ),
    Case(
        "to_certificate",
        "basic",
        {"authentication": certificate(FIRST)},
        (PATCH_AUTHENTICATION,),
        ("authentication is basic",),
    ),
    Case(
        "to_certificate_and_url",
        "basic",
        {"target_url": NEW_URL, "authentication": certificate(FIRST)},
        (PATCH_BOTH,),
        ("authentication is basic", "target URL differs"),
    ),
    Case(
        "to_basic",
        "certificate",
        {"authentication": basic()},
        (PATCH_AUTHENTICATION,),
        ("authentication is client_certificate",),
    ),
    Case("open_to_basic", "open", {"authentication": basic()}, (PATCH_AUTHENTICATION,), ("authentication is none",)),
    Case("same_certificate", "certificate", {"target_url": URL, "authentication": certificate(FIRST)}, ()),
    Case("certificate", "certificate", {"authentication": certificate(SECOND)}, (UPLOAD,), ("not listed",)),
    Case(
        "certificate_and_url",
        "certificate",
        {"target_url": NEW_URL, "authentication": certificate(SECOND)},
        (UPLOAD, PATCH_URL),
        ("not listed", "target URL differs"),
    ),
    Case("removed", "basic", {"state": "absent"}, (DELETE,), ("exists",)),
    Case("removed_by_id", "certificate", {"connector_id": "removed_by_id", "state": "absent"}, (DELETE,), ("exists",)),
    Case(
        "removed_with_more",
        "basic",
        {"state": "absent", "target_url": NEW_URL, "authentication": basic()},
        (DELETE,),
        ("exists",),
    ),
    Case("never_there", "", {"state": "absent"}, ()),
]


@pytest.fixture(name="made", scope="module")
def fixture_made() -> dict[str, Made]:
    """The certificates, by file."""
    return {src: make_certificate(src) for src in (FIRST, SECOND)}


def set_stage(stage: Stage, made: dict[str, Made]) -> list[dict[str, Any]]:
    """Seed the connectors, whose ids are the names of the cases; returns the tasks."""
    for src, one in made.items():
        stage.write(src, one.pfx(PFX_PASSWORD))
    pfx = made[FIRST].pfx()
    seeds: dict[str, dict[str, Any]] = {
        "basic": {"basic": ("entra", BASIC_PASSWORD)},
        "certificate": {"certificates": [{"pfx": pfx}]},
        "open": {},
    }
    for case in CASES:
        if case.seed:
            stage.emulator.add_connector(name_of(case.name), URL, connector_id=case.name, **seeds[case.seed])
    return [connector_task(case.name, **case.task, **stage.sign_in) for case in CASES]


def sent(stage: Stage, ids: dict[str, str]) -> dict[str, list[tuple[str, ...]]]:
    """The writes to the connector of each case: method, and names in the body."""
    found: dict[str, list[tuple[str, ...]]] = {case.name: [] for case in CASES}
    for entry in stage.writes():
        body = entry["body"] or {}
        segments = entry["path"].split("/identity/apiConnectors")[1].split("/")
        created = [case.name for case in CASES if len(segments) == 1 and name_of(case.name) == body["displayName"]]
        (case,) = created or [name for name in found if ids.get(name, name) == segments[1]]
        found[case].append((entry["method"], *sorted(body)))
    return found


def uncounted(connector: dict[str, Any]) -> dict[str, Any]:
    """A connector as diffs show it: without what merely counts down."""
    shown = copy.deepcopy(connector)
    for certificate in shown.get("authentication", {}).get("certificates", ()):
        del certificate["days_remaining"]
    return shown


@pytest.mark.parametrize("way", WAYS)
def test_writes(stage: Stage, made: dict[str, Made], way: str) -> None:
    """Nothing in check mode, then exactly what differs, then nothing again; and check mode says what comes."""
    tasks = set_stage(stage, made)
    played = stage.play(tasks, "--check", "--diff", hosts=way)
    assert played.code == 0, played.output
    assert not stage.writes()
    predicted = stage.results

    played = stage.play(tasks, "--diff", hosts=way)
    assert played.code == 0, played.output
    results = stage.results
    ids = {name: result["connector"]["id"] for name, result in results.items() if "connector" in result}
    assert sent(stage, ids) == {case.name: list(case.writes) for case in CASES}
    for case in CASES:
        result = results[case.name]
        assert result["changed"] is bool(case.writes), case.name
        for words in case.reason:
            assert words in result["reason"], case.name
        assert case.seed == "" or "connector" not in result or result["connector"]["id"] == case.name
        told = predicted[case.name]
        assert told["changed"] is result["changed"], case.name
        assert told["reason"] == result["reason"]
        assert result.get("warnings", []) == []
        created = not case.seed and "connector" in result
        after = {**told["diff"]["after"], "id": ids[case.name]} if created else told["diff"]["after"]
        assert after == result["diff"]["after"], case.name
        assert result["diff"]["after"] == uncounted(result.get("connector", {}))
        assert told["diff"]["before"] == result["diff"]["before"], case.name

    stage.emulator.clear_requests()
    played = stage.play(tasks, hosts=way)
    assert played.code == 0, played.output
    assert {name for name, result in stage.results.items() if result["changed"]} == {
        case.name for case in CASES if case.again
    }
    assert {name for name, writes in sent(stage, ids).items() if writes} == {case.name for case in CASES if case.again}
    for case in CASES:
        if case.again:
            assert "update_password: always" in stage.results[case.name]["reason"]


@pytest.mark.parametrize("way", WAYS)
def test_bodies(stage: Stage, made: dict[str, Made], way: str) -> None:
    """The values that are sent, by a host too, to which the key comes encoded anew."""
    tasks = [
        task
        for task in set_stage(stage, made)
        if task["register"] in {"create_basic", "user_and_url", "to_certificate_and_url", "certificate_and_url"}
    ]
    played = stage.play(tasks, hosts=way)
    assert played.code == 0, played.output
    create, user, switch, upload, url = [entry["body"] for entry in stage.writes()]
    given = {"@odata.type": "#microsoft.graph.basicAuthentication", "username": "entra", "password": BASIC_PASSWORD}
    assert create == {
        "displayName": name_of("create_basic"),
        "targetUrl": NEW_URL,
        "authenticationConfiguration": given,
    }
    assert user == {"targetUrl": NEW_URL, "authenticationConfiguration": {**given, "username": "another"}}
    assert switch["authenticationConfiguration"]["@odata.type"] == "#microsoft.graph.pkcs12Certificate"
    assert PFX_PASSWORD not in (switch["authenticationConfiguration"]["password"], upload["password"])
    assert url == {"targetUrl": NEW_URL}
