# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A play that is killed at any request, and run again: it ends converged, and leaves no key behind."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret
from emulator.client import Emulator
from support.certificates import Made, make_certificate
from support.plays import BIN, environment

from crowd import VARIABLES, Crowd, tenant_of
from spills import Secrets, pieces, private_parts
from stage import BASTION, LOCAL, Stage

PASSWORD = "killed~password~Lp3xW8"
VAULT_PASSWORD = "vault~password~Qs5nT1"
VAULT = ["--vault-password-file", "vault-password"]
# Longer than the test takes: whoever waits for the answer is killed before.
STALL = 60
# Long enough for the next run to come before the worker that was left writes.
SHORT_STALL = 4
EXCLUSIVE = {"exclusive": True}


@dataclass(frozen=True)
class Boundary:
    """A request at which a task is killed: before it is carried out, or with `after_effect` before its answer comes."""

    name: str
    rule: dict[str, Any]
    options: dict[str, Any] = field(default_factory=dict)
    way: str = LOCAL


def boundaries(way: str) -> Iterator[Boundary]:
    """Every request of a task, in their order."""
    ending = "" if way == LOCAL else "_on_a_bastion"
    looks = (
        1 if way == LOCAL else 2
    )  # a host is asked first whether an upload is due, and looks again when it has the key
    for look in range(looks):
        again = "_again" if look else ""
        yield Boundary(f"discovery{again}{ending}", {"service": "entra", "method": "GET", "skip": look}, way=way)
        yield Boundary(f"token{again}{ending}", {"service": "entra", "method": "POST", "skip": look}, way=way)
        yield Boundary(f"read{again}{ending}", {"method": "GET", "skip": look}, way=way)
    yield Boundary(f"upload{ending}", {"method": "POST"}, way=way)
    yield Boundary(f"upload_carried_out{ending}", {"method": "POST", "after_effect": True}, way=way)
    yield Boundary(f"replacement{ending}", {"method": "PATCH"}, EXCLUSIVE, way)
    yield Boundary(f"replacement_carried_out{ending}", {"method": "PATCH", "after_effect": True}, EXCLUSIVE, way)
    yield Boundary(f"read_after_replacement{ending}", {"method": "GET", "skip": looks}, EXCLUSIVE, way)


BOUNDARIES = {boundary.name: boundary for way in (LOCAL, BASTION) for boundary in boundaries(way)}


def scene(stage: Stage, *hosts: str) -> tuple[Crowd, Made, bytes]:
    """A crowd whose connectors have one certificate; another one is in a vaulted file."""
    old, wanted = make_certificate("old.example", key_number=9), make_certificate("wanted.example", key_number=9)
    pfx = wanted.pfx(PASSWORD)
    stage.write("wanted.pfx", VaultLib([("default", VaultSecret(VAULT_PASSWORD.encode()))]).encrypt(pfx))
    stage.write("vault-password", VAULT_PASSWORD.encode())
    crowd = Crowd(stage)
    crowd.add_tenants(*hosts)
    for host in hosts:
        stage.emulator.add_connector(host, connector_id=host, tenant=tenant_of(host), certificates=[{"pfx": old.pfx()}])
    return crowd, wanted, pfx


def add(crowd: Crowd, host: str, way: str, **options: Any) -> None:
    """A host with the task that may be killed."""
    common = {"connector_id": host, "src": "wanted.pfx", "certificate_password": PASSWORD, "timeout": STALL}
    crowd.add(host, way, **{**crowd.stage.sign_in, "tenant": tenant_of(host), **common, **options})


@dataclass(frozen=True)
class Outcome:
    """What was there after the kill, and after the second run."""

    still_running: list[int]
    spilt: list[str]
    listed_meanwhile: dict[str, int]
    results: dict[str, dict[str, Any]]
    listed: dict[str, int]
    output: str


@pytest.fixture(name="outcome", scope="module", params=[signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
def fixture_outcome(
    request: pytest.FixtureRequest, started: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> Outcome:
    """One task in one play, in which each host waits at another request; then the kill, then the same play again."""
    started.reset()
    # A certificate that is uploaded twice would be listed twice.
    started.settings(duplicate_upload="append")
    stage = Stage(tmp_path_factory.mktemp("killed"), started)
    crowd, wanted, pfx = scene(stage, *BOUNDARIES)
    for host, boundary in BOUNDARIES.items():
        add(crowd, host, boundary.way, **boundary.options)
        crowd.strike(host, action="stall", seconds=STALL, **boundary.rule)
    secrets = Secrets(the_password=PASSWORD.encode(), the_key=private_parts(wanted.key), the_pfx=pieces(pfx))

    with running(stage, crowd) as play:
        # All have arrived where they wait when no rule is left.
        wait_until(lambda: not started.faults() or play.poll() is not None, 60)
        assert play.poll() is None
        secrets.add_sent(stage.writes())
        still_running = kill(play, request.param)
    started.clear_faults()
    meanwhile = list(secrets.spilt_in_files(stage.files()))
    count = {host: crowd.listed(host).count(wanted.thumbprint) for host in BOUNDARIES}

    played = crowd.play(*VAULT, forks=len(BOUNDARIES))
    assert played.code == 0, played.output
    spilt = [*meanwhile, *secrets.spilt_in_files(stage.files())]
    return Outcome(
        still_running,
        spilt,
        count,
        crowd.results,
        {host: crowd.listed(host).count(wanted.thumbprint) for host in BOUNDARIES},
        played.output,
    )


@contextmanager
def running(stage: Stage, crowd: Crowd) -> Iterator[subprocess.Popen[bytes]]:
    """A run of `crowd` in a session of its own; nothing that it started outlives it."""
    (stage.home / "tmp").mkdir(parents=True, exist_ok=True)
    name = crowd.write()
    stage.write("inventory", ("\n".join(stage.inventory) + "\n").encode())
    command = [
        str(BIN / "ansible-playbook"),
        "-i",
        "inventory",
        name,
        "-e",
        f"@{VARIABLES}",
        "--forks",
        str(len(crowd.given)),
        *VAULT,
    ]
    with open(stage.directory / "output", "wb") as output:
        play = subprocess.Popen(
            command,
            cwd=stage.directory,
            env=environment(stage.home),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        yield play
    finally:
        kill(play, signal.SIGKILL)


def kill(play: subprocess.Popen[bytes], how: signal.Signals) -> list[int]:
    """End `play` and what it started; returns the processes of it that are still there some seconds later.

    SIGTERM goes to ansible-playbook alone, as somebody would send it. SIGKILL goes to every process, as when a machine
    goes down:
    the workers of ansible-core are sessions of their own, and would go on.
    """
    family = [play.pid, *descendants(play.pid)] if play.poll() is None else []
    for pid in family if how == signal.SIGKILL else family[:1]:
        with suppress(ProcessLookupError):
            os.kill(pid, how)
    play.wait(timeout=30)
    wait_until(lambda: not [pid for pid in family if is_running(pid)], 10)
    left = [pid for pid in family if is_running(pid)]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    return left


def descendants(pid: int) -> list[int]:
    """The processes that a process started, and those that they started."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name of the program may hold anything, so what follows its last bracket counts.
            parents[int(path.parent.name)] = int(
                path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1]
            )
    found = [pid]
    for parent in found:
        found += [child for child, its_parent in parents.items() if its_parent == parent]
    return found[1:]


def is_running(pid: int) -> bool:
    """Whether a process is there and no mere entry that nobody has asked for."""
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0] != "Z"
        )
    except OSError:
        return False


def wait_until(condition: Any, seconds: float) -> None:
    """Wait for `condition`, but not for ever."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)


def test_nothing_goes_on(outcome: Outcome) -> None:
    """No process of the run is left, so nothing is written behind the back of the next one."""
    assert not outcome.still_running


@pytest.mark.parametrize("host", BOUNDARIES)
def test_the_next_run_converges(outcome: Outcome, host: str) -> None:
    """Wherever it was killed, the certificate is listed once, and uploaded again only when it was not there."""
    result = outcome.results[host]
    assert not result.get("failed"), result
    was_there = host.startswith(("upload_carried_out", "replacement_carried_out", "read_after"))
    assert outcome.listed_meanwhile[host] == (1 if was_there else 0)
    assert outcome.listed[host] == 1
    assert result["changed"] is not was_there
    assert result["certificate"]["is_active"]


def test_no_key_is_left(outcome: Outcome) -> None:
    """The PFX was decrypted and never written down, so there is nothing to clean up."""
    assert not outcome.spilt, "\n".join(outcome.spilt)
    assert "Traceback" not in outcome.output


def test_worker_that_goes_on(stage: Stage) -> None:
    """SIGKILL of ansible-playbook alone leaves its worker at work, and the next run meets it as it would meet another
    task.
    """
    crowd, wanted, dummy = scene(stage, "orders")
    add(crowd, "orders", LOCAL)
    crowd.strike("orders", action="stall", seconds=SHORT_STALL, method="POST")
    with running(stage, crowd) as play:
        wait_until(stage.writes, 60)
        workers = descendants(play.pid)
        play.kill()
        play.wait(timeout=30)
        assert [pid for pid in workers if is_running(pid)]
        played = crowd.play(*VAULT)
    wait_until(lambda: not [pid for pid in workers if is_running(pid)], 30)
    assert not [pid for pid in workers if is_running(pid)]
    assert played.code == 0, played.output
    result = crowd.results["orders"]
    assert not result.get("failed"), result["msg"]
    assert result["certificate"]["is_active"]
    assert len(stage.writes()) == 2
    assert crowd.listed("orders").count(wanted.thumbprint) == 1
