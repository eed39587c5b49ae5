# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook that uploads one certificate takes files as a shell hands them over."""

from __future__ import annotations

import subprocess
import tempfile

import pytest
from support.certificates import Made
from support.plays import environment, write_playbook

from stage import Stage, certificate_task

PASSWORD = "upload~password"


def in_bash(stage: Stage, arguments: str) -> str:
    """Run `ansible-playbook arguments` in bash, beside the files of the stage; returns what it printed."""
    with tempfile.TemporaryDirectory(prefix="play-") as temporary:
        environ = {**stage.sign_in_environment, **stage.hosts_environment, "TMPDIR": temporary}
        done = subprocess.run(
            ["bash", "-c", f"exec ansible-playbook {arguments}"],
            cwd=stage.directory,
            env={**environment(stage.home, **environ), "PASSWORD": PASSWORD},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(name="connector")
def fixture_connector(stage: Stage, orders: Made) -> str:
    """The connector, without a certificate; the files are there."""
    stage.home.mkdir()
    pem = orders.pem_file(PASSWORD)
    for name, content in {
        "a.pfx": orders.pfx(PASSWORD),
        "a.pem": pem,
        "a.crt": orders.pem,
        "a.key": pem.replace(orders.pem, b""),
        "home/a.pfx": orders.pfx(PASSWORD),
    }.items():
        stage.write(name, content)
    return stage.emulator.add_connector("Orders", certificates=[])


@pytest.mark.parametrize(
    "files",
    [
        "-e certificate_src=a.pfx",
        "-e certificate_src=<(cat a.pfx)",
        "-e certificate_src=<(base64 a.pfx)",
        "-e certificate_src='~/a.pfx'",
        "-e certificate_src=$PWD/a.pem",
        "-e certificate_src=a.crt -e private_key_src=a.key",
        "-e certificate_src=<(cat a.crt) -e private_key_src=<(cat a.key)",
    ],
)
def test_file(stage: Stage, orders: Made, connector: str, files: str) -> None:
    """It is uploaded."""
    arguments = (
        f"msgraph.identity.upload_client_certificate -e connector_id={connector} -e certificate_password=$PASSWORD"
    )
    assert "it was uploaded" in in_bash(stage, f"{arguments} {files}")
    (found,) = stage.emulator.connectors()
    assert [entry["thumbprint"] for entry in found["authentication"]["certificates"]] == [orders.thumbprint]


def test_file_in_a_task(stage: Stage, connector: str) -> None:
    """A task takes such a file as well."""
    options = {"connector_id": connector, "src": "{{ file }}", "certificate_password": PASSWORD, **stage.sign_in}
    play = write_playbook(stage.directory, [certificate_task(**options)])
    assert "changed=1 " in in_bash(stage, f"{play} -e file=<(cat a.pfx)")
