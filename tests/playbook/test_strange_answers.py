# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that nobody expects, by both ways of running: those without an end, those that say secrets back or steer a
terminal, those of another time, and those that ask for more than a token.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from emulator.client import Emulator
from support.certificates import make_certificate
from support.plays import Played

from crowd import RESULTS, Crowd, tenant_of
from spills import Secrets, pieces, private_parts
from stage import BASTION, LOCAL, WAYS, Stage, certificate_task, info_task

PASSWORD = "strange/password+Hq7=&"
SHORT_PASSWORD = "hq7&"
# Longer than an emulator on a busy machine needs for a whole task, and short enough to wait for.
BUDGET = 6
HURRIED = {"retry_timeout": BUDGET, "timeout": 2}


@dataclass(frozen=True)
class Case:
    """Faults, and what comes of them. `says` are words of the message when the task fails, and of a warning otherwise."""

    name: str
    fault: dict[str, Any]
    says: tuple[str, ...] = ()
    fails: bool = True
    applied: bool = False
    options: dict[str, Any] = field(default_factory=dict)


def said_back(what: str, spelled: str) -> Case:
    """The service refuses an upload and says a secret of it back."""
    rule = {"method": "POST", "action": "status", "status": 400, "echo": [what], "echo_as": spelled}
    return Case(f"{what}_said_back_as_{spelled}", rule, ("Could not upload the certificate", "********"))


DRIP = {"action": "drip", "seconds": 0.4}
CASES = [
    # Without an end.
    Case("read_drips", {**DRIP, "method": "GET"}, ("Could not read API connector", "was lost"), options=HURRIED),
    Case(
        "read_drips_from_the_first_byte",
        {**DRIP, "part": "all", "method": "GET"},
        ("Could not read API connector", "was lost"),
        options=HURRIED,
    ),
    Case(
        "read_is_about_to_be_answered",
        {"action": "interim", "seconds": 0.4, "method": "GET"},
        ("Could not read API connector", "was lost"),
        options=HURRIED,
    ),
    Case(
        "upload_drips",
        {**DRIP, "method": "POST"},
        ("Could not upload the certificate", "was lost", "It may have been carried out", "retry_timeout"),
        applied=True,
        options=HURRIED,
    ),
    Case(
        "upload_is_about_to_be_answered",
        {"action": "interim", "seconds": 0.4, "method": "POST"},
        ("Could not upload the certificate", "was lost", "It may have been carried out", "retry_timeout"),
        options=HURRIED,
    ),
    Case(
        "token_drips",
        {**DRIP, "service": "entra", "method": "POST"},
        ("Could not sign in", "was lost"),
        options=HURRIED,
    ),
    Case(
        "read_after_early_hints",
        {"action": "interim", "seconds": 0.2, "interim": 103, "count": 2, "method": "GET"},
        fails=False,
        applied=True,
    ),
    # With secrets, or what a terminal obeys.
    *(said_back("authorization", spelled) for spelled in ("plain", "base64")),
    *(said_back("password", spelled) for spelled in ("plain", "url", "base64", "json")),
    *(said_back("pkcs12Value", spelled) for spelled in ("plain", "url")),
    said_back("body", "plain"),
    Case(
        "short_password_said_back",
        {"method": "POST", "action": "status", "status": 400, "echo": ["password"], "echo_as": "url"},
        ("Could not upload the certificate", "********"),
        options={"certificate_password": SHORT_PASSWORD, "src": "short.pfx", "pkcs12_encryption": "preserve"},
    ),
    Case(
        "secret_said_back_by_entra",
        {
            "service": "entra",
            "method": "POST",
            "action": "status",
            "status": 401,
            "echo": ["client_secret"],
            "echo_as": "url",
        },
        ("Microsoft Entra ID refused: ", "********"),
    ),
    Case(
        "terminal_is_steered",
        {"method": "GET", "action": "status", "status": 400, "message": "\x1b[2JNo:\r\nok: [all] \u202e" + "x" * 5000},
        ("Could not read API connector", "[2JNo: ok: [all] xxx"),
    ),
    # Of another kind.
    Case(
        "reason_is_blank",
        {
            "service": "entra",
            "method": "POST",
            "action": "status",
            "status": 401,
            "merge": {"error_description": "   "},
        },
        ("Microsoft Entra ID refused: invalid_client",),
    ),
    Case(
        "scope_is_a_list",
        {"service": "entra", "method": "POST", "action": "pass", "merge": {"scope": ["x"]}},
        ("but not as Microsoft Entra ID does",),
    ),
    Case(
        "id_token_is_a_number",
        {"service": "entra", "method": "POST", "action": "pass", "merge": {"id_token": 5}},
        ("but not as Microsoft Entra ID does",),
    ),
    Case(
        "secret_is_wanted_elsewhere",
        {
            "service": "entra",
            "method": "GET",
            "action": "pass",
            "merge": {"token_endpoint": "https://evil.example/token"},
        },
        ("leads to evil.example", "Nothing was sent there", "authority_host"),
    ),
    Case(
        "half_of_a_pair",
        {"method": "GET", "action": "pass", "times": None, "merge": {"displayName": "\ud800"}},
        ("answered 200, but not as Microsoft Graph does",),
        options={"retries": 0},
    ),
    # Of another time, and of another policy.
    Case(
        "clock_is_behind",
        {"method": "GET", "action": "pass", "date_offset": 7500},
        ("the clock of this machine, which is 2 hours behind that of",),
        fails=False,
        applied=True,
    ),
    Case(
        "clock_is_ahead",
        {"service": "entra", "method": "GET", "action": "pass", "date_offset": -900},
        ("the clock of this machine, which is 15 minutes ahead of that of",),
        fails=False,
        applied=True,
    ),
    Case(
        "expired_by_a_clock_that_is_ahead",
        {"method": "GET", "action": "pass", "date_offset": -86400 * 400},
        ("expired at", "This goes by the clock of this machine, which is 400 days ahead of that of"),
        options={"src": "expired.pfx", "certificate_password": ""},
    ),
    Case("claims_are_asked_for", {"action": "claims_challenge"}, fails=False, applied=True),
    Case(
        "claims_are_never_enough",
        {"action": "claims_challenge", "until": "never"},
        ("401", "The session was revoked, or a policy of the tenant has changed.", "sign-in log"),
    ),
    Case(
        "claims_are_asked_for_of_a_given_token",
        {"action": "claims_challenge"},
        (
            "401",
            "The session was revoked, or a policy of the tenant has changed. Give a new access_token.",
        ),
        options={"access_token": True},
    ),
]
SUFFIX = "_on_a_bastion"
HOSTS = {case.name + ending: case for case in CASES for ending in ("", SUFFIX)}


@dataclass(frozen=True)
class Outcome:
    """What came of a run with all cases."""

    played: Played
    results: dict[str, dict[str, Any]]
    listed: dict[str, list[str]]
    uploads: dict[str, int]
    sign_ins: dict[str, list[str]]
    thumbprint: str
    spilt: list[str]


@pytest.fixture(name="outcome", scope="module")
def fixture_outcome(started: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """One task in one play, struck on each host by another fault; as verbose as can be."""
    started.reset()
    started.settings(pfx_policy="any")
    stage = Stage(tmp_path_factory.mktemp("strange"), started)
    wanted = make_certificate("wanted.example", key_number=5)
    src = stage.write("wanted.pfx", wanted.pfx(PASSWORD))
    stage.write("expired.pfx", make_certificate("expired.example", starts=-30, ends=-1).pfx())
    stage.write("short.pfx", wanted.pfx(SHORT_PASSWORD))
    crowd = Crowd(stage)
    crowd.add_tenants(*HOSTS)
    started.add_connectors(
        [
            {"displayName": host, "id": host, "tenant": tenant_of(host), "authentication": {"certificates": []}}
            for host in HOSTS
        ]
    )
    secrets = Secrets(
        the_password=PASSWORD.encode(),
        the_client_secret=str(started.client_secret).encode(),
        the_key=private_parts(wanted.key),
        the_pfx=pieces(wanted.pfx(PASSWORD)),
    )
    for host, case in HOSTS.items():
        options: dict[str, Any] = {"connector_id": host, "src": src, "certificate_password": PASSWORD, "retries": 1}
        options |= {**stage.sign_in, "tenant": tenant_of(host), **case.options}
        if case.options.get("access_token"):
            options["access_token"] = started.mint_token(tenant=tenant_of(host))
            options.pop("secret")
        crowd.add(host, BASTION if host.endswith(SUFFIX) else LOCAL, **options)
        crowd.strike(host, **case.fault)
    environ = {"ANSIBLE_DEBUG": "1", "ANSIBLE_LOG_PATH": str(stage.home / "ansible.log")}
    played = crowd.play("-vvvv", "--diff", environ=environ, forks=12)
    secrets.add_sent(entry for entry in stage.writes() if "body" in entry and entry["body"].get("pkcs12Value"))
    kept = Path(stage.directory, RESULTS).read_bytes()
    return Outcome(
        played,
        crowd.results,
        {host: crowd.listed(host) for host in HOSTS},
        {host: crowd.calls(host).count("POST") for host in HOSTS},
        {host: crowd.sign_ins(host) for host in HOSTS},
        wanted.thumbprint,
        [
            *secrets.spilt("the output", played.output.encode()),
            *secrets.spilt("the results", kept),
            *secrets.spilt_in_files(stage.files()),
        ],
    )


@pytest.mark.parametrize("host", HOSTS)
def test_strange_answer(outcome: Outcome, host: str) -> None:
    """The task says what it met; the certificate is where it says."""
    case, result = HOSTS[host], outcome.results[host]
    assert bool(result.get("failed")) is case.fails, result
    assert (outcome.thumbprint in outcome.listed[host]) is case.applied
    assert outcome.uploads[host] <= 1
    said = result["msg"] if case.fails else " ".join(result.get("warnings", ()))
    for words in case.says:
        assert words in said, said
    assert said.isprintable() and len(said) < 1500


def test_clocks_are_told_of_once(outcome: Outcome) -> None:
    """Though a module on a host is called twice."""
    for host, result in outcome.results.items():
        assert sum("clock of this machine" in warning for warning in result.get("warnings", ())) <= 1, host


def test_claims_are_asked_for_once(outcome: Outcome) -> None:
    """Never a loop."""
    for host in HOSTS:
        if host.startswith("claims_"):
            assert outcome.sign_ins[host].count("POST") <= (2 if not host.endswith(SUFFIX) else 4)


def test_nothing_is_spilt(outcome: Outcome) -> None:
    """What services say back is no way out for a secret, and nobody meets an exception."""
    assert not outcome.spilt, "\n".join(outcome.spilt)
    assert "Traceback" not in outcome.played.output
    assert "\x1b[2J" not in outcome.played.output


@pytest.mark.parametrize("way", WAYS)
def test_list_without_an_end(stage: Stage, way: str) -> None:
    """A list of all connectors ends with the budget or the pages, and says which."""
    stage.emulator.fault(action="endless", times=None, padding=1000)
    began = time.monotonic()
    played = stage.play([info_task("all", {"ignore_errors": True}, **{**stage.sign_in, **HURRIED})], hosts=way)
    assert time.monotonic() - began < 60
    message = stage.results["all"]["msg"]
    assert message.startswith("Could not list the API connectors: ")
    assert "the 6 s of retry_timeout were over" in message or "more than 1000 pages" in message or "was lost" in message
    assert played.code == 0, played.output


def test_loop_beside_a_list_without_an_end(stage: Stage) -> None:
    """Each item is read by itself; the list that would have spared that takes a few pages once."""
    ids = [stage.emulator.add_connector(f"Orders {number}") for number in range(4)]
    stage.emulator.fault(action="endless", times=None)
    task = info_task("each", {"loop": ids}, connector_id="{{ item }}", **stage.sign_in)
    played = stage.play([task])
    assert played.code == 0, played.output
    assert [item["connectors"][0]["id"] for item in stage.results["each"]["results"]] == ids
    listed = [call for call in stage.calls("graph") if call == "GET apiConnectors"]
    assert len(listed) <= 10


@pytest.mark.parametrize("way", WAYS)
def test_link_that_leaves_the_root(stage: Stage, way: str) -> None:
    """The token goes nowhere else on the host either."""
    link = f"{stage.emulator.graph_url}/v1.0/x/%2e%2e/../../evil"
    stage.emulator.fault(action="pass", path="apiConnectors$", merge={"@odata.nextLink": link})
    stage.play([info_task("all", {"ignore_errors": True}, **stage.sign_in)], hosts=way)
    assert "the link to the next page leads away from" in stage.results["all"]["msg"]
    assert not [entry for entry in stage.emulator.requests() if "evil" in entry["path"]]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("password", ["certificate", "Orders API 2"])
def test_password_that_results_hold_by_chance(stage: Stage, way: str, password: str) -> None:
    """Types, reasons and names stay as they are."""
    made = make_certificate("orders.example")
    connector = stage.emulator.add_connector("Orders API 2", certificates=[])
    src = stage.write("made.pfx", made.pfx(password))
    options = {"connector_id": connector, "src": src, "certificate_password": password, **stage.sign_in}
    tasks = [certificate_task(name, **options) for name in ("uploaded", "unchanged")]
    played = stage.play(tasks, "-v", "--diff", hosts=way)
    assert played.code == 0, played.output
    assert "****" not in "".join(line for line in played.output.splitlines() if not line.startswith(("PLAY", "TASK")))
    for name, result in stage.results.items():
        assert result["changed"] is (name == "uploaded")
        assert result["connector"]["display_name"] == "Orders API 2"
        assert result["connector"]["authentication"]["type"] == "client_certificate"
        assert result["reason"] == (
            "the certificate is not listed" if name == "uploaded" else "the certificate is listed"
        )


@pytest.mark.parametrize("way", WAYS)
def test_name_with_lines(stage: Stage, way: str) -> None:
    """A name of somebody else forges no line, and steers no terminal, in the header of a diff."""
    name = "a\nok: [all]\x1b[2J"
    connector = stage.emulator.add_connector(name, certificates=[])
    src = stage.write("made.pfx", make_certificate("orders.example").pfx(PASSWORD))
    options = {"connector_id": connector, "src": src, "certificate_password": PASSWORD, **stage.sign_in}
    played = stage.play([certificate_task("uploaded", **options)], "--diff", hosts=way)
    assert played.code == 0, played.output
    assert "API connector 'a ok: [all] [2J'" in played.output
    assert "\x1b[2J" not in played.output and "\nok: [all]" not in played.output
    assert stage.results["uploaded"]["connector"]["display_name"] == name
