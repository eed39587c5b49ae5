# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process: how it starts, listens and stops."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import requests
from emulator.client import DIRECTORY, Emulator, EmulatorFailed
from emulator_caller import LIST, Caller

PORTS = ("authority_host", "graph_url", "control_url", "metadata_url")


def launch(*options):
    """A process and its ready line."""
    process = subprocess.Popen(
        [sys.executable, str(DIRECTORY), *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    return process, json.loads(process.stdout.readline())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stops_at_once_with_a_stalled_request_and_open_connections(number):
    process, ready = launch()
    emulator = Emulator(ready)
    emulator.fault(action="stall", seconds=60)
    token = emulator.mint_token()

    def wait_in_vain():
        with pytest.raises(requests.exceptions.RequestException):
            requests.get(
                ready["graph_url"] + LIST,
                headers={"Authorization": f"Bearer {token}"},
                verify=ready["ca_path"],
                timeout=30,
            )

    waiting = threading.Thread(target=wait_in_vain)
    waiting.start()
    while not emulator.requests():
        time.sleep(0.01)
    process.send_signal(number)
    # Much sooner than the stalled request would end.
    output, errors = process.communicate(timeout=20)
    waiting.join()
    assert (process.returncode, output, errors) == (0, "", "")
    assert not Path(ready["ca_path"]).exists()


def test_configuration(tmp_path):
    config = {
        "settings": {"page_size": 2},
        "tenants": [
            {
                "id": "AAAAAAAA-0000-0000-0000-000000000001",
                "domains": ["a.example"],
                "apps": [{"client_id": "app", "secrets": [{"value": "hidden"}]}],
            }
        ],
        "connectors": [{"displayName": "x", "id": "first"}],
        "user_flows": [{"id": "flow", "connectors": {"postFederationSignup": "first"}}],
    }
    with Emulator.start(config) as emulator:
        assert (emulator.tenant, emulator.client_id, emulator.client_secret) == (
            "aaaaaaaa-0000-0000-0000-000000000001",
            "app",
            "hidden",
        )
        emulator.clear_connectors()
        emulator.clear_user_flows()
        emulator.settings(page_size=5)
        emulator.reset()
        assert [item["id"] for item in emulator.connectors()] == ["first"]
        assert [item["id"] for item in emulator.user_flows()] == ["B2X_1_flow"]
        assert emulator.settings()["page_size"] == 2
        other = Emulator.attach(emulator.control_url, emulator.ca_path, "hidden")
        assert (other.graph_url, other.metadata_url, other.identity_header) == (
            emulator.graph_url,
            emulator.metadata_url,
            emulator.identity_header,
        )
        other.stop()
        assert emulator.connectors()


@pytest.mark.parametrize(
    "config", [{"surprise": 1}, {"settings": {"surprise": 1}}, {"tenants": [{}]}, {"connectors": [{}]}]
)
def test_a_bad_configuration_is_explained(config):
    with pytest.raises(EmulatorFailed, match="exit code 1.*emulator: "):
        Emulator.start(config)


def test_directory_and_ports(tmp_path):
    process, ready = launch("--directory", str(tmp_path / "made"))
    process.terminate()
    process.communicate(timeout=10)
    assert ready["ca_path"] == str(tmp_path / "made" / "ca.pem")
    assert Path(ready["ca_path"]).exists()
    # Below the ports that systems give out by themselves, so that no other test has one of them.
    port = 20000 + os.getpid() % 10000
    process, ready = launch("--port-base", str(port))
    assert [ready[name].rsplit(":", 1)[1] for name in PORTS] == [str(port + number) for number in range(4)]
    process.terminate()
    assert process.wait(10) == 0
    process.communicate()


def test_ends_with_its_parent():
    script = (
        "import subprocess, sys; p = subprocess.Popen([sys.executable, sys.argv[1], '--exit-with-parent'], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL);"
        "sys.stdout.write(p.stdout.readline().decode()); sys.stdout.flush()"
    )
    parent = subprocess.run(
        [sys.executable, "-c", script, str(DIRECTORY)], capture_output=True, text=True, timeout=20, check=True
    )
    ready = json.loads(parent.stdout)
    for _attempt in range(100):
        if not Path(ready["ca_path"]).exists():
            return
        time.sleep(0.05)
    os.kill(ready["pid"], signal.SIGKILL)
    pytest.fail("the emulator outlived its parent")


def test_both_addresses_are_served_and_certified(caller):
    caller.graph("GET")
    port = caller.emulator.graph_url.rsplit(":", 1)[1]
    statuses = []
    for host in ("127.0.0.1", "[::1]"):
        try:
            statuses.append(caller.session.get(f"https://{host}:{port}{LIST}", timeout=10).status_code)
        except requests.exceptions.ConnectionError as exc:
            assert "SSL" not in str(exc)
    assert statuses
    assert set(statuses) == {401}


def test_the_environment_does_not_disturb_the_client(caller, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert caller.emulator.control("GET", "/health")["status"] == "ok"


def test_strangers_need_the_ca(emulator):
    session = requests.Session()
    session.trust_env = False
    with pytest.raises(requests.exceptions.SSLError):
        session.get(emulator.graph_url + LIST, timeout=10)


def test_many_connectors_are_listed(emulator):
    emulator.add_connectors({"displayName": f"c{number}"} for number in range(1000))
    with requests.Session() as session:
        session.trust_env, session.verify = False, emulator.ca_path
        caller = Caller(emulator, session)
        link, count = LIST, 0
        while link:
            content = caller.graph("GET", link).json()
            count += len(content["value"])
            link = content.get("@odata.nextLink", "")[len(emulator.graph_url) :]
    assert count == 1000
