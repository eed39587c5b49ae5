# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong between a task and Graph or Entra: nothing is lost, nothing doubled, and the user is told."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from emulator.client import Emulator
from support.certificates import Made, make_certificate
from support.plays import Played

from crowd import RESULTS, Crowd, tenant_of
from spills import Secrets, pieces, private_parts
from stage import BASTION, LOCAL, Stage

PASSWORD = "bad~day~password~Rw7kD2"
SUFFIX = "_on_a_bastion"
AT_ONCE = {"Retry-After": "0"}
MUCH_LATER = {"Retry-After": "3600"}
LONG_AGO = {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}
EXCLUSIVE = {"exclusive": True}
# Long enough for the emulator of a busy machine, and short enough to wait for.
PATIENCE = 2
STALL = PATIENCE + 2


def read(action: str, **rule: Any) -> dict[str, Any]:
    """A fault that strikes a read of the connector."""
    return {"method": "GET", "action": action, **rule}


def upload(action: str, **rule: Any) -> dict[str, Any]:
    """A fault that strikes an upload."""
    return {"method": "POST", "action": action, **rule}


def replacement(action: str, **rule: Any) -> dict[str, Any]:
    """A fault that strikes a replacement."""
    return {"method": "PATCH", "action": action, **rule}


def token(action: str, **rule: Any) -> dict[str, Any]:
    """A fault that strikes the sign-in; without a method, the first request of it."""
    return {"service": "entra", "action": action, **rule}


@dataclass(frozen=True)
class Case:
    """Faults, and what comes of them.

    The connector has an old certificate O and is to have W. Requests to the connector are G(ET), P(OST) and R (PATCH,
    the replacement).
    `says` are words of the message when the task fails, and of a warning otherwise.
    """

    name: str
    faults: tuple[dict[str, Any], ...]
    requests: str
    says: tuple[str, ...] = ()
    after: str = "OW"
    fails: bool = False
    options: dict[str, Any] = field(default_factory=dict)
    bastion: bool = False

    @property
    def writes(self) -> str:
        """The requests that change something."""
        return self.requests.replace("G", "")


AGAIN = "retry 1 of 1 in"
LOST = ("was lost", AGAIN)
HURRIED = {"timeout": PATIENCE}

CASES = [
    # Reads are repeated, and the user is told.
    Case(
        "read_429", (read("status", status=429, headers=AT_ONCE),), "GGP", ("answered 429", AGAIN, "1 of"), bastion=True
    ),
    Case("read_429_with_a_date", (read("status", status=429, headers=LONG_AGO),), "GGP", ("answered 429", AGAIN)),
    Case("read_429_without_a_time", (read("status", status=429),), "GGP", ("answered 429", AGAIN)),
    Case("read_500", (read("status", status=500),), "GGP", ("answered 500", AGAIN)),
    Case("read_503", (read("status", status=503),), "GGP", ("answered 503", AGAIN)),
    Case("read_504", (read("status", status=504, headers=AT_ONCE),), "GGP", ("answered 504", AGAIN)),
    Case("read_html_200", (read("html", status=200, headers=AT_ONCE),), "GGP", ("answered 200", AGAIN)),
    Case("read_html_502", (read("html", status=502, headers=AT_ONCE),), "GGP", ("answered 502", AGAIN)),
    Case("read_truncated", (read("truncate"),), "GGP", LOST),
    Case("read_dropped", (read("drop_before"),), "GGP", LOST),
    Case("read_stalled", (read("stall", seconds=STALL),), "GGP", LOST, options=HURRIED),
    # No answer but 404 means that the connector is not there, and without having read nothing is written.
    Case(
        "read_429_beyond_the_budget",
        (read("status", status=429, headers=MUCH_LATER),),
        "G",
        ("Could not read API connector", "429", "throttling", "retry_timeout"),
        "O",
        fails=True,
        bastion=True,
    ),
    Case(
        "read_500_always",
        (read("status", status=500, headers=AT_ONCE, times=None),),
        "GG",
        ("Could not read API connector", "There is a problem with the service (500 AADB2C90063)"),
        "O",
        fails=True,
        bastion=True,
    ),
    Case(
        "read_403",
        (read("status", status=403),),
        "G",
        ("Could not read API connector", "403", "permission APIConnectors.Read.All"),
        "O",
        fails=True,
    ),
    Case(
        "read_html_200_always",
        (read("html", status=200, headers=AT_ONCE, times=None),),
        "GG",
        ("answered 200 with a web page instead of JSON. Check graph_url",),
        "O",
        fails=True,
    ),
    Case(
        "read_dropped_always",
        (read("drop_before", times=None),),
        "GG",
        ("Could not read API connector", "was lost", "retries"),
        "O",
        fails=True,
    ),
    # Writes that were answered "later" are sent again: they were not carried out.
    Case("upload_429", (upload("status", status=429, headers=AT_ONCE),), "GPP", ("answered 429", AGAIN), bastion=True),
    # A gateway says it of a service that may have done the work.
    Case("upload_503_with_a_time", (upload("status", status=503, headers=AT_ONCE),), "GPGP", ("answered 503", AGAIN)),
    Case("upload_409", (upload("status", status=409, headers=AT_ONCE),), "GPP", ("answered 409", AGAIN)),
    Case(
        "upload_95053",
        (upload("status", status=400, code="AADB2C95053", headers=AT_ONCE),),
        "GPP",
        ("answered 400", AGAIN),
    ),
    Case(
        "replacement_429",
        (replacement("status", status=429, headers=AT_ONCE),),
        "GRRG",
        ("answered 429", AGAIN),
        "W",
        options=EXCLUSIVE,
    ),
    Case(
        "replacement_409",
        (replacement("status", status=409, headers=AT_ONCE),),
        "GRRG",
        ("answered 409", AGAIN),
        "W",
        options=EXCLUSIVE,
    ),
    Case(
        "upload_429_beyond_the_budget",
        (upload("status", status=429, headers=MUCH_LATER),),
        "GP",
        ("Could not upload the certificate", "429", "throttling", "retry_timeout"),
        "O",
        fails=True,
    ),
    Case(
        "upload_429_always",
        (upload("status", status=429, headers=AT_ONCE, times=None),),
        "GPP",
        ("Could not upload the certificate", "429"),
        "O",
        fails=True,
    ),
    Case(
        "upload_403",
        (upload("status", status=403),),
        "GP",
        ("403", "permission APIConnectors.ReadWrite.All"),
        "O",
        fails=True,
    ),
    # Writes whose fate is not known are settled by reading, and sent again only when the certificate is not there.
    Case("upload_500", (upload("status", status=500, headers=AT_ONCE),), "GPGP", ("answered 500", AGAIN)),
    Case(
        "upload_500_carried_out",
        (upload("status", status=500, after_effect=True),),
        "GPG",
        ("answered 500", AGAIN),
        bastion=True,
    ),
    Case("upload_502", (upload("status", status=502, headers=AT_ONCE),), "GPGP", ("answered 502", AGAIN)),
    Case("upload_502_carried_out", (upload("status", status=502, after_effect=True),), "GPG", ("answered 502", AGAIN)),
    Case("upload_503", (upload("status", status=503),), "GPGP", ("answered 503", AGAIN)),
    Case("upload_503_carried_out", (upload("status", status=503, after_effect=True),), "GPG", ("answered 503", AGAIN)),
    Case("upload_504", (upload("status", status=504, headers=AT_ONCE),), "GPGP", ("answered 504", AGAIN)),
    Case("upload_504_carried_out", (upload("status", status=504, after_effect=True),), "GPG", ("answered 504", AGAIN)),
    Case("upload_dropped", (upload("drop_before"),), "GPGP", LOST, bastion=True),
    Case("upload_dropped_carried_out", (upload("drop_after"),), "GPG", LOST, bastion=True),
    Case("upload_stalled", (upload("stall", seconds=STALL),), "GPGP", LOST, options=HURRIED),
    Case(
        "upload_stalled_carried_out", (upload("stall", seconds=STALL, after_effect=True),), "GPG", LOST, options=HURRIED
    ),
    Case("upload_html_200", (upload("html", status=200, headers=AT_ONCE),), "GPGP", ("answered 200", AGAIN)),
    Case(
        "upload_html_200_carried_out", (upload("html", status=200, after_effect=True),), "GPG", ("answered 200", AGAIN)
    ),
    Case("upload_html_502", (upload("html", status=502, headers=AT_ONCE),), "GPGP", ("answered 502", AGAIN)),
    Case(
        "upload_html_502_carried_out", (upload("html", status=502, after_effect=True),), "GPG", ("answered 502", AGAIN)
    ),
    Case("upload_truncated", (upload("truncate"),), "GPG", LOST),
    Case(
        "replacement_500",
        (replacement("status", status=500, headers=AT_ONCE),),
        "GRGRG",
        ("answered 500", AGAIN),
        "W",
        options=EXCLUSIVE,
    ),
    Case(
        "replacement_500_carried_out",
        (replacement("status", status=500, after_effect=True),),
        "GRG",
        ("answered 500", AGAIN),
        "W",
        options=EXCLUSIVE,
    ),
    Case("replacement_dropped", (replacement("drop_before"),), "GRGRG", LOST, "W", options=EXCLUSIVE),
    Case(
        "replacement_dropped_carried_out",
        (replacement("drop_after"),),
        "GRG",
        LOST,
        "W",
        options=EXCLUSIVE,
        bastion=True,
    ),
    Case(
        "replacement_html_200",
        (replacement("html", status=200, headers=AT_ONCE),),
        "GRGRG",
        ("answered 200", AGAIN),
        "W",
        options=EXCLUSIVE,
    ),
    Case(
        "read_after_replacement_500",
        (read("status", status=500, skip=1, headers=AT_ONCE),),
        "GRGG",
        ("answered 500", AGAIN),
        "W",
        options=EXCLUSIVE,
    ),
    Case(
        "upload_500_always",
        (upload("status", status=500, headers=AT_ONCE, times=None),),
        "GPGPG",
        (
            "Could not upload the certificate",
            "There is a problem with the service (500 AADB2C90063)",
            "does not list the certificate",
        ),
        "O",
        fails=True,
        bastion=True,
    ),
    Case(
        "upload_dropped_always",
        (upload("drop_before", times=None),),
        "GPGPG",
        ("was lost", "does not list the certificate"),
        "O",
        fails=True,
    ),
    Case(
        "upload_lost_and_reads_fail",
        (upload("drop_after"), read("status", status=500, skip=1, headers=AT_ONCE, times=None)),
        "GPGG",
        (
            "Could not upload the certificate",
            "It may have been carried out",
            "Could not read API connector",
        ),
        fails=True,
    ),
    Case(
        "replacement_carried_out_and_reads_fail",
        (read("status", status=500, skip=1, headers=AT_ONCE, times=None),),
        "GRGG",
        ("was sent at", "what came of it is not known", "Could not read API connector"),
        "W",
        fails=True,
        options=EXCLUSIVE,
    ),
    # Entra is asked again for whatever it did not answer: a sign-in changes nothing.
    Case("token_429", (token("status", status=429, method="POST", headers=AT_ONCE),), "GP", ("answered 429", AGAIN)),
    Case(
        "token_503",
        (token("status", status=503, method="POST", headers=AT_ONCE),),
        "GP",
        ("answered 503", AGAIN),
        bastion=True,
    ),
    Case("token_html_502", (token("html", status=502, method="POST", headers=AT_ONCE),), "GP", ("answered 502", AGAIN)),
    Case("token_html_200", (token("html", status=200, method="POST", headers=AT_ONCE),), "GP", ("answered 200", AGAIN)),
    Case("token_dropped", (token("drop_after", method="POST"),), "GP", LOST),
    Case("token_truncated", (token("truncate", method="POST"),), "GP", LOST),
    Case("discovery_503", (token("status", status=503, headers=AT_ONCE),), "GP", ("answered 503", AGAIN)),
    Case("discovery_html_200", (token("html", status=200, headers=AT_ONCE),), "GP", ("answered 200", AGAIN)),
    Case("discovery_dropped", (token("drop_before"),), "GP", LOST),
    Case(
        "token_429_beyond_the_budget",
        (token("status", status=429, method="POST", headers=MUCH_LATER),),
        "",
        ("Could not sign in", "429"),
        "O",
        fails=True,
    ),
    Case(
        "token_503_always",
        (token("status", status=503, headers=AT_ONCE, times=None),),
        "",
        ("Could not sign in", "503"),
        "O",
        fails=True,
        bastion=True,
    ),
    Case(
        "token_html_always",
        (token("html", status=200, headers=AT_ONCE, times=None),),
        "",
        ("Could not sign in", "authority_host"),
        "O",
        fails=True,
    ),
    Case(
        "token_dropped_always",
        (token("drop_before", times=None),),
        "",
        ("Could not sign in", "was lost", "retries"),
        "O",
        fails=True,
    ),
    # No fault at all: what the others are measured against.
    Case("no_fault", (), "GP", bastion=True),
]
HOSTS = {case.name: case for case in CASES} | {case.name + SUFFIX: case for case in CASES if case.bastion}


@dataclass(frozen=True)
class Outcome:
    """What came of a run with all cases."""

    played: Played
    results: dict[str, dict[str, Any]]
    requests: dict[str, str]
    listed: dict[str, str]
    sign_ins: dict[str, list[str]]
    spilt: list[str]


@pytest.fixture(name="outcome", scope="module")
def fixture_outcome(started: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """One task in one play, struck on each host by other faults; as verbose as can be."""
    started.reset()
    # A certificate that is uploaded twice would be listed twice.
    started.settings(duplicate_upload="append")
    stage = Stage(tmp_path_factory.mktemp("bad_day"), started)
    old, wanted = make_certificate("old.example", key_number=8), make_certificate("wanted.example", key_number=8)
    letters = {old.thumbprint: "O", wanted.thumbprint: "W"}
    src = stage.write("wanted.pfx", wanted.pfx(PASSWORD))
    crowd = Crowd(stage)
    crowd.add_tenants(*HOSTS)
    started.add_connectors(
        [{"displayName": host, "id": host, "tenant": tenant_of(host), "authentication": seed(old)} for host in HOSTS]
    )
    for host, case in HOSTS.items():
        way = BASTION if host.endswith(SUFFIX) else LOCAL
        common = {"connector_id": host, "src": src, "certificate_password": PASSWORD, "retries": 1, "retry_timeout": 60}
        crowd.add(host, way, **{**common, **stage.sign_in, "tenant": tenant_of(host), **case.options})
        for rule in case.faults:
            crowd.strike(host, **rule)
    played = crowd.play(
        "-vvvv", "--diff", environ={"ANSIBLE_DEBUG": "1", "ANSIBLE_LOG_PATH": str(stage.home / "ansible.log")}, forks=10
    )
    return Outcome(
        played,
        crowd.results,
        {
            host: "".join({"GET": "G", "POST": "P", "PATCH": "R"}[method] for method in crowd.calls(host))
            for host in HOSTS
        },
        {host: "".join(letters[thumbprint] for thumbprint in crowd.listed(host)) for host in HOSTS},
        {host: crowd.sign_ins(host) for host in HOSTS},
        spilt(stage, wanted, played),
    )


def seed(made: Made) -> dict[str, Any]:
    """The authentication of a connector that has one certificate."""
    certificate = made.certificate
    times = {
        "notBefore": int(certificate.not_valid_before_utc.timestamp()),
        "notAfter": int(certificate.not_valid_after_utc.timestamp()),
    }
    return {"certificates": [{"thumbprint": made.thumbprint, **times}]}


def spilt(stage: Stage, made: Made, played: Played) -> list[str]:
    """The secrets that were printed, logged or kept."""
    secrets = Secrets(
        the_password=PASSWORD.encode(),
        the_client_secret=str(stage.emulator.client_secret).encode(),
        the_key=private_parts(made.key),
        the_pfx=pieces(Path(stage.directory, "wanted.pfx").read_bytes()),
    )
    secrets.add_tokens(stage.emulator.mint_token())
    secrets.add_sent(stage.writes())
    kept = Path(stage.directory, RESULTS).read_bytes()
    assert stage.home / "ansible.log" in stage.files()
    return [
        *secrets.spilt("the output", played.output.encode()),
        *secrets.spilt("the results", kept),
        *secrets.spilt_in_files(stage.files()),
    ]


def test_run(outcome: Outcome) -> None:
    """The run goes through, and no host ends in anything but a result."""
    assert outcome.played.code == 0, outcome.played.output[-5000:]
    assert set(outcome.results) == set(HOSTS)
    assert "Traceback" not in outcome.played.output
    assert "MODULE FAILURE" not in outcome.played.output


def test_nothing_is_spilt(outcome: Outcome) -> None:
    """Whatever the fault, no secret is printed, logged or kept."""
    assert not outcome.spilt, "\n".join(outcome.spilt)


@pytest.mark.parametrize("host", HOSTS)
def test_fault(outcome: Outcome, host: str) -> None:
    """The connector ends as it should, by as few requests as it takes, and the user is told."""
    case, result = HOSTS[host], outcome.results[host]
    assert outcome.listed[host] == case.after
    requests = outcome.requests[host]
    if host.endswith(SUFFIX):
        assert requests.replace("G", "") == case.writes
    else:
        assert requests == case.requests
    assert bool(result.get("failed")) is case.fails, result
    if case.fails:
        assert_words(result["msg"], case.says)
        assert_sentence(result["msg"])
        assert not result["changed"]
    else:
        assert result["changed"]
        assert result["uploaded"]
        assert len(result["connector"]["authentication"]["certificates"]) == len(case.after)
        assert result["certificate"]["is_active"]
        warnings = result.get("warnings", [])
        assert len(warnings) == len(case.faults)
        for warning in warnings:
            assert_words(warning, case.says)
            assert re.search(r"localhost:\d+.* while .+; retry 1 of 1 in \d+(\.\d)? s\.$", warning)


def assert_words(text: str, words: tuple[str, ...]) -> None:
    """All words are there."""
    for word in words:
        assert word in text


def assert_sentence(message: str) -> None:
    """One line for people, and not too long a one."""
    assert "\n" not in message
    assert len(message) <= 400
    assert "1 times" not in message
    assert not re.search(r"Errno|<\w+[. ]|object at|HTTPSConnectionPool", message)


def test_retries_are_printed(outcome: Outcome) -> None:
    """What was repeated is printed as a warning, so that a slow task explains itself."""
    warnings = [warning for result in outcome.results.values() for warning in result.get("warnings", [])]
    assert len(warnings) >= 40
    for warning in warnings:
        assert f"[WARNING]: {warning[:40]}" in outcome.played.output


@pytest.mark.parametrize(
    "host", [host for host in HOSTS if host.startswith("token_") and host.endswith(("_always", "_budget"))]
)
def test_sign_ins_that_fail(outcome: Outcome, host: str) -> None:
    """Signing in is tried again as often as allowed, and not at all when the wait is too long."""
    assert len(outcome.sign_ins[host]) == 2


def test_failures_are_named(outcome: Outcome) -> None:
    """What Graph said is in the result for programs too."""
    failure = outcome.results["upload_500_always"]["failure"]
    assert (failure["status"], failure["code"], failure["message"]) == (
        500,
        "AADB2C90063",
        "There is a problem with the service.",
    )
    assert failure["request_id"]
    assert failure["client_request_id"]
