# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs that stand for az, and what is left of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ansible_collections.msgraph.identity.plugins.module_utils import _az_process
from ansible_collections.msgraph.identity.plugins.module_utils._az_process import (
    LARGEST,
    MARK,
    environment_for,
    run_az,
)
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError

LONG = "60"  # seconds that nothing here waits for
TRY = "Try: az account get-access-token"


def script(directory, text):
    """An executable of its own."""
    path = directory / "az"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return [str(path)]


def alive(process):
    """Whether it runs; a zombie that nobody waited for does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def eventually(condition):
    """Whether it becomes true soon."""
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    return condition()


@pytest.mark.parametrize(
    "name",
    [
        *("HOME", "PATH", "USER", "LANG", "LC_ALL", "LC_CTYPE", "TMPDIR", "TZ"),
        *("HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "ALL_PROXY"),
        *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"),
        *("AZURE_CONFIG_DIR", "AZURE_EXTENSION_DIR", "AZURE_CORE_OUTPUT", "AZURE_CLOUD_NAME"),
        *("IDENTITY_ENDPOINT", "IDENTITY_HEADER"),
    ],
)
def test_what_az_needs(name):
    assert environment_for({name: "x"}, "m")[name] == "x"


@pytest.mark.parametrize(
    "name",
    [
        *(
            "AZURE_SECRET",
            "AZURE_CLIENT_SECRET",
            "AZURE_CLIENT_ID",
            "AZURE_TENANT",
            "AZURE_CLIENT_CERTIFICATE_PASSWORD",
        ),
        *("AZURE_FEDERATED_TOKEN", "AZURE_PASSWORD", "AZURE_AD_USER", "MSGRAPH_ACCESS_TOKEN", "AZURE_STORAGE_KEY"),
        *("ANSIBLE_VAULT_PASSWORD_FILE", "VAULT_TOKEN", "AWS_SECRET_ACCESS_KEY", "SSH_AUTH_SOCK", "TOWER_PASSWORD"),
        *("HOMEPAGE_SECRET", "MY_LC_ALL", "XAZURE_CORE_X", "HTTPS_PROXY_PASSWORD"),
    ],
)
def test_what_is_none_of_its_business(name):
    assert set(environment_for({name: "x"}, "m")) == {MARK, "AZURE_CORE_COLLECT_TELEMETRY"}


def test_it_runs_with_that_environment(tmp_path, monkeypatch):
    monkeypatch.setenv("AZURE_SECRET", "s3cr3t")
    monkeypatch.setenv("AZURE_CONFIG_DIR", "/somewhere")
    code, output, errors = run_az(script(tmp_path, "/usr/bin/env; pwd; exit 3"), str(tmp_path), 20)
    lines = output.decode().splitlines()
    assert (code, errors, lines[-1]) == (3, b"", str(tmp_path))
    assert "AZURE_CONFIG_DIR=/somewhere" in lines
    assert "s3cr3t" not in output.decode()


@pytest.mark.parametrize("stream", [1, 2])
def test_its_output_is_bounded(tmp_path, stream):
    began = time.monotonic()
    with pytest.raises(IdentityError, match=f"^it printed more than {LARGEST // 1024} KiB. {TRY}$"):
        run_az(script(tmp_path, f"exec /usr/bin/yes s3cr3t >&{stream}"), str(tmp_path), 60)
    assert time.monotonic() - began < 30


def test_much_output_is_read_whole(tmp_path):
    command = script(tmp_path, "i=0; while [ $i -lt 3000 ]; do echo 0123456789abcdef0123456789abcdef; i=$((i+1)); done")
    code, output, dummy = run_az(command, str(tmp_path), 60)
    assert (code, len(output)) == (0, 3000 * 33)


def test_it_has_so_much_time(tmp_path):
    with pytest.raises(IdentityError, match=f"^it did not answer within 0.2 s. {TRY}$"):
        run_az(script(tmp_path, f"exec /bin/sleep {LONG}"), str(tmp_path), 0.2)


def test_closed_pipes_are_no_end(tmp_path):
    code, output, dummy = run_az(script(tmp_path, "echo x; exec >&- 2>&-; /bin/sleep 0.2; exit 4"), str(tmp_path), 20)
    assert (code, output) == (4, b"x\n")


# How a child of az is started: it inherits the pipes, or has closed them, or has left the group.
CHILDREN = {
    "in the background": f"/bin/sleep {LONG} &",
    "without the pipes": f"/bin/sleep {LONG} >/dev/null 2>&1 &",
    "in a session of its own": f"setsid /bin/sleep {LONG} &",
    "twice removed": f"(setsid /bin/sh -c '/bin/sleep {LONG} & echo $! >child2; wait' >/dev/null 2>&1 &)",
}


@pytest.mark.parametrize("ends", ["by itself", "too late", "with too much"])
@pytest.mark.parametrize("child", CHILDREN.values(), ids=CHILDREN)
def test_no_child_is_left(tmp_path, monkeypatch, child, ends):
    monkeypatch.setattr(_az_process, "LARGEST", 1000)
    wait_for_child = "while [ ! -s child2 ]; do /bin/sleep 0.01; done" if "child2" in child else "echo $! >child2"
    last = {"by itself": "echo t0ken", "too late": f"/bin/sleep {LONG}", "with too much": "exec /usr/bin/yes"}[ends]
    command = script(tmp_path, f"{child}\n{wait_for_child}\n{last}")
    began = time.monotonic()
    if ends == "by itself":
        assert run_az(command, str(tmp_path), 30) == (0, b"t0ken\n", b"")
    else:
        with pytest.raises(IdentityError):
            run_az(command, str(tmp_path), 1 if ends == "too late" else 30)
    assert time.monotonic() - began < 20
    process = int((tmp_path / "child2").read_text(encoding="utf-8"))
    assert eventually(lambda: not alive(process))


STARTER = """
import sys
from ansible_collections.msgraph.identity.plugins.module_utils._az_process import run_az
run_az([sys.argv[1]], sys.argv[2], 60)
"""


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=lambda it: it.name
)
def test_whatever_ends_the_task_ends_az(tmp_path, number):
    command = script(tmp_path, f"/bin/sleep {LONG} &\necho $! $$ >pids.new; mv pids.new pids\nwait")
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, *command, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    with starter:
        try:
            assert eventually((tmp_path / "pids").exists)
            processes = [int(text) for text in (tmp_path / "pids").read_text(encoding="utf-8").split()]
            assert all(map(alive, processes))
            starter.send_signal(number)
            assert eventually(lambda: not any(map(alive, processes)))
        finally:
            starter.kill()


def test_without_a_shell_nobody_watches(tmp_path, monkeypatch):
    popen = subprocess.Popen

    def refuse(command, **more):
        if command[0] == "/bin/sh":
            raise FileNotFoundError(2, "No such file or directory")
        return popen(command, **more)

    monkeypatch.setattr(subprocess, "Popen", refuse)
    assert run_az(script(tmp_path, "echo t0ken"), str(tmp_path), 20)[1] == b"t0ken\n"
