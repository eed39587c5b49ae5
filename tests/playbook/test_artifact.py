# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The artifact that users install holds what they need and nothing else."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

from support.plays import BIN

ROOT = Path(__file__).resolve().parents[2]
WANTED = {
    "FILES.json",
    "LICENSES",
    "MANIFEST.json",
    "README.md",
    "docs",
    "extensions",
    "meta",
    "playbooks",
    "plugins",
    "requirements.txt",
}


def test_artifact_holds_what_users_need(tmp_path):
    subprocess.run([str(BIN / "ansible-galaxy"), "collection", "build", str(ROOT), "--output-path", str(tmp_path)], check=True, capture_output=True)
    (artifact,) = tmp_path.glob("msgraph-identity-*.tar.gz")
    with tarfile.open(artifact) as archive:
        names = [name for name in archive.getnames() if name]
    assert {name.split("/")[0] for name in names} == WANTED
    assert not [name for name in names if name.endswith(".pyc") or "__pycache__" in name]
    assert "plugins/action/apiconnector_client_certificate.py" in names
    assert "meta/execution-environment.yml" in names
    assert "playbooks/manage_connectors.yml" in names
    assert "playbooks/vars/tenant.example.yml" in names
    assert "extensions/awx/credential_types/microsoft_graph_application.yml" in names
