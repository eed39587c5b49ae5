# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users of apiconnector and apiconnector_info get wrong ends in one or two plain sentences, and in nothing
written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from emulator.client import Emulator
from support.certificates import Made, make_certificate
from support.plays import Played

from crowd import Crowd
from stage import BASTION, CONNECTOR, INFO, LOCAL, WAYS, Stage, connector_task, info_task

PASSWORD = "careless~pfx~Bq5nD8"
SECRET = "careless~basic~Xw2jH6"
URL = "https://api.contoso.com/orders"
BASIC = {"basic": {"username": "entra", "password": SECRET}}
FILE = {"src": "orders.pfx", "certificate_password": PASSWORD}
SUFFIX = "_on_a_bastion"
ABSENT = None  # an option that is not given


def certificate(**options: Any) -> dict[str, Any]:
    """A client certificate with options that are wrong; None takes one away."""
    return {"client_certificate": {name: value for name, value in {**FILE, **options}.items() if value is not ABSENT}}


@dataclass(frozen=True)
class Mistake:
    """Options that make a task wrong which would create a connector otherwise, and the words that its message has to
    have.
    """

    name: str
    words: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)
    module: str = CONNECTOR


EMPTY_BASIC = {"username": "", "password": "", "update_password": ""}
EMPTY_FILE = {"src": "", "content": "", "certificate_password": "", "decrypt": "", "pkcs12_encryption": ""}
# Of what creates a connector, nothing.
ELSEWHERE = {"connector_name": ABSENT, "target_url": ABSENT, "authentication": ABSENT}

MISTAKES = [
    Mistake("http_url", ("target_url", "https"), {"target_url": "http://api.contoso.com/orders"}),
    Mistake("no_scheme", ("target_url", "https"), {"target_url": "api.contoso.com/orders"}),
    Mistake("no_host", ("target_url", "https"), {"target_url": "https:///orders"}),
    Mistake("blank_in_url", ("target_url", "https"), {"target_url": "https://api.contoso.com/my orders"}),
    Mistake("line_in_url", ("target_url", "https"), {"target_url": f"{URL}\n"}),
    Mistake("strange_port", ("target_url", "https"), {"target_url": "https://api.contoso.com:orders/"}),
    Mistake(
        "password_in_url",
        ("target_url", "password", "authentication.basic"),
        {"target_url": f"https://entra:{SECRET}@api.contoso.com/"},
    ),
    Mistake("no_url", ("'Orders API'", "give target_url too"), {"target_url": ABSENT}),
    Mistake("empty_url", ("'Orders API'", "give target_url too"), {"target_url": ""}),
    Mistake("no_authentication", ("'Orders API'", "give authentication too"), {"authentication": ABSENT}),
    Mistake("empty_authentication", ("'Orders API'", "give authentication too"), {"authentication": ""}),
    Mistake(
        "nothing_but_a_name",
        ("'Orders API'", "give target_url and authentication too"),
        {"target_url": "", "authentication": ""},
    ),
    Mistake(
        "both",
        ("mutually exclusive", "basic", "client_certificate"),
        {"authentication": {**BASIC, "client_certificate": FILE}},
    ),
    Mistake("neither", ("authentication",), {"authentication": {}}),
    Mistake("both_empty", ("authentication",), {"authentication": {"basic": "", "client_certificate": ""}}),
    Mistake("survey_basic", ("authentication",), {"authentication": {"basic": EMPTY_BASIC}}),
    Mistake("survey_certificate", ("authentication",), {"authentication": {"client_certificate": EMPTY_FILE}}),
    Mistake("authentication_is_text", ("authentication", "dict"), {"authentication": "basic"}),
    Mistake("unknown_authentication", ("basic", "client_certificate"), {"authentication": {"certificate": FILE}}),
    Mistake("no_name", ("connector_id", "connector_name", "required"), {"connector_name": ""}),
    Mistake(
        "absent_with_both",
        ("state: absent", "connector_id", "connector_name"),
        {"state": "absent", "connector_id": "basic"},
    ),
    Mistake(
        "absent_twin",
        ("'Twin API'", "ambiguous", "twin-one", "twin-two", "connector_id"),
        {"state": "absent", "connector_name": "Twin API"},
    ),
    Mistake(
        "twin", ("'Twin API'", "ambiguous", "twin-one", "twin-two", "connector_id"), {"connector_name": "Twin API"}
    ),
    Mistake(
        "name_is_taken", ("basic", "'Twin API'", "twin-one"), {"connector_id": "basic", "connector_name": "Twin API"}
    ),
    Mistake(
        "unknown_id",
        ("no API connector with the ID 'nowhere'", "give a display name as connector_name"),
        {"connector_id": "nowhere", "connector_name": ABSENT},
    ),
    Mistake(
        "unknown_id_and_name", ("no API connector with the ID 'nowhere'", "connector_id"), {"connector_id": "nowhere"}
    ),
    Mistake(
        "dots_for_id", ("'..'", "connector_id"), {"connector_id": "..", "connector_name": ABSENT, "state": "absent"}
    ),
    Mistake("unknown_state", ("state", "present", "absent"), {"state": "gone"}),
    Mistake(
        "unknown_update_password",
        ("update_password", "always", "on_create"),
        {"authentication": {"basic": {**BASIC["basic"], "update_password": "no"}}},
    ),
    Mistake("expired", ("expired at", "'Orders API'"), {"authentication": certificate(src="expired.pfx")}),
    Mistake(
        "expired_for_basic",
        ("expired at", "'Basic API'"),
        {"connector_name": "Basic API", "authentication": certificate(src="expired.pfx")},
    ),
    Mistake(
        "wrong_password",
        ("certificate_password is wrong",),
        {"authentication": certificate(certificate_password=SECRET)},
    ),
    Mistake(
        "missing_password", ("needs certificate_password",), {"authentication": certificate(certificate_password="")}
    ),
    Mistake("missing_file", ("Could not find src 'missing.pfx'",), {"authentication": certificate(src="missing.pfx")}),
    Mistake(
        "src_and_content", ("mutually exclusive", "src", "content"), {"authentication": certificate(content="TUlJ")}
    ),
    Mistake(
        "bad_content",
        ("content is neither PKCS#12 nor base64",),
        {"authentication": certificate(src=ABSENT, content="no base64!")},
    ),
    Mistake(
        "info_id_and_name",
        ("mutually exclusive", "connector_id", "connector_name"),
        {**ELSEWHERE, "connector_id": "a", "connector_name": "b"},
        INFO,
    ),
    Mistake("info_negative", ("expiring_within_days", "negative"), {**ELSEWHERE, "expiring_within_days": -1}, INFO),
    Mistake("info_no_number", ("expiring_within_days", "int"), {**ELSEWHERE, "expiring_within_days": "a month"}, INFO),
    Mistake("info_unknown_option", ("Unsupported", "target_url"), {**ELSEWHERE, "target_url": URL}, INFO),
]

# What is settled on the controller comes before the ways part; these are tried on a bastion too.
ON_A_HOST = {
    "http_url",
    "password_in_url",
    "no_url",
    "no_authentication",
    "both",
    "neither",
    "survey_basic",
    "absent_with_both",
    "absent_twin",
    "name_is_taken",
    "unknown_id",
    "expired",
    "wrong_password",
    "info_negative",
}


@dataclass(frozen=True)
class Outcome:
    """What came of the runs with all mistakes."""

    played: tuple[Played, ...]
    results: dict[str, dict[str, Any]]
    writes: list[dict[str, Any]]

    @property
    def output(self) -> str:
        """All that was printed."""
        return "".join(played.output for played in self.played)


@pytest.fixture(name="outcome", scope="module")
def fixture_outcome(started: Emulator, orders: Made, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """One task in one play for each module, made wrong by each host in another way."""
    started.reset()
    stage = Stage(tmp_path_factory.mktemp("careless"), started)
    started.add_connector("Basic API", URL, basic=("entra", SECRET), connector_id="basic")
    for twin in ("twin-one", "twin-two"):
        started.add_connector("Twin API", URL, basic=("entra", SECRET), connector_id=twin)
    stage.write("orders.pfx", orders.pfx(PASSWORD))
    stage.write("expired.pfx", make_certificate("expired.example", starts=-30, ends=-2).pfx(PASSWORD))
    right = {"connector_name": "Orders API", "target_url": URL, "authentication": BASIC, **stage.sign_in}
    played, results = [], {}
    for module in (CONNECTOR, INFO):
        crowd = Crowd(stage, module)
        for mistake in MISTAKES:
            if mistake.module != module:
                continue
            options = {name: value for name, value in {**right, **mistake.options}.items() if value is not ABSENT}
            crowd.add(mistake.name, LOCAL, **options)
            if mistake.name in ON_A_HOST:
                crowd.add(mistake.name + SUFFIX, BASTION, **options)
        played.append(crowd.play("-v", "--diff"))
        results.update(crowd.results)
    return Outcome(tuple(played), results, stage.writes())


def test_run(outcome: Outcome) -> None:
    """All hosts fail, nothing is written, and no secret is shown."""
    assert {name for name, result in outcome.results.items() if result.get("failed")} == set(outcome.results)
    assert set(outcome.results) == {mistake.name for mistake in MISTAKES} | {name + SUFFIX for name in ON_A_HOST}
    assert "Traceback" not in outcome.output
    assert "MODULE FAILURE" not in outcome.output
    assert not outcome.writes
    for secret in (SECRET, PASSWORD):
        assert secret not in outcome.output


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_message(outcome: Outcome, mistake: Mistake) -> None:
    """The message names the cause and the remedy, in few words for people."""
    message = outcome.results[mistake.name]["msg"]
    for word in mistake.words:
        assert word.lower() in message.lower()
    # A sentence ends where a blank and a capital follow.
    assert len(re.split(r"[.!?]\s+(?=[A-Za-z])", message)) <= 3
    # Only the list of all options takes longer.
    assert len(message) <= (500 if "Supported parameters" in message else 400)
    assert "\n" not in message
    assert not re.search(r"Errno|<\w+[. ]|object at|HTTPSConnectionPool", message)


@pytest.mark.parametrize("name", sorted(ON_A_HOST))
def test_the_ways_say_the_same(outcome: Outcome, name: str) -> None:
    """Where the work runs makes no difference to a message."""
    assert outcome.results[name + SUFFIX]["msg"] == outcome.results[name]["msg"]


@pytest.mark.parametrize("way", WAYS)
def test_surveys(stage: Stage, way: str) -> None:
    """What a survey or a credential leaves empty is not given, at every depth."""
    stage.emulator.add_connector("Orders API", URL, basic=("entra", SECRET), connector_id="orders")
    empty = {"connector_id": "", "target_url": "", "cloud_environment": "", "access_token": "", "profile": ""}
    wanted: dict[str, Any] = {
        "without_authentication": {**empty, "authentication": ""},
        "with_basic": {**empty, "authentication": {**BASIC, "client_certificate": ""}},
        "with_no_update": {**empty, "authentication": {"basic": {**BASIC["basic"], "update_password": ""}}},
        "absent_already": {**empty, "connector_name": "Nobody's API", "state": "absent", "authentication": ""},
    }
    tasks = [
        connector_task(name, **{**stage.sign_in, "connector_name": "Orders API", **options})
        for name, options in wanted.items()
    ]
    tasks.append(info_task("listed", **{**stage.sign_in, **empty_for_info()}))
    played = stage.play([{**task, "ignore_errors": True} for task in tasks], hosts=way)
    assert played.code == 0, played.output
    results = stage.results
    for name in [*wanted, "listed"]:
        assert not results[name].get("failed"), results[name]["msg"]
        assert not results[name]["changed"]
    assert len(results["listed"]["connectors"]) == 1


@pytest.mark.parametrize("way", WAYS)
def test_survey_for_both_ways(stage: Stage, way: str) -> None:
    """Where a survey lets people choose how a connector authenticates, the options of the other way are there too, all
    of them empty.
    """
    authentication = {**BASIC, "client_certificate": dict.fromkeys(("src", "content", "certificate_password"), "")}
    options = {"connector_name": "New API", "target_url": URL, "authentication": authentication, **stage.sign_in}
    played = stage.play([connector_task("created", {"ignore_errors": True}, **options)], hosts=way)
    assert played.code == 0, played.output
    assert stage.results["created"]["changed"], stage.results["created"]["msg"]


def empty_for_info() -> dict[str, str]:
    """The options of apiconnector_info that a survey leaves empty."""
    return dict.fromkeys(("connector_id", "connector_name", "expiring_within_days", "profile"), "")
