# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The artifact that users install: it holds what they need and nothing else, works, and tells an execution environment
what it needs.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml
from support.certificates import Made, make_certificate
from support.examples import of_guides, of_readme
from support.plays import BIN

from stage import Stage
from test_examples import set_stage

ROOT = Path(__file__).resolve().parents[2]
WANTED = {
    "CHANGELOG.md",
    "FILES.json",
    "LICENSES",
    "MANIFEST.json",
    "README.md",
    "changelogs",
    "docs",
    "extensions",
    "meta",
    "playbooks",
    "plugins",
    "requirements.txt",
}


def call(directory: Path, command: str, *arguments: str) -> str:
    """Run one of our environment's commands in a directory; returns what it prints."""
    done = subprocess.run(
        [str(BIN / command), *arguments],
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(name="artifact", scope="module")
def fixture_artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built artifact."""
    directory = tmp_path_factory.mktemp("artifact")
    call(directory, "ansible-galaxy", "collection", "build", str(ROOT), "--output-path", str(directory))
    (artifact,) = directory.glob("msgraph-identity-*.tar.gz")
    return artifact


@pytest.fixture(name="installed", scope="module")
def fixture_installed(artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of collections in which the artifact is the only one."""
    directory = tmp_path_factory.mktemp("collections")
    call(directory, "ansible-galaxy", "collection", "install", str(artifact), "-p", str(directory))
    return directory


def test_artifact_holds_what_users_need(artifact: Path) -> None:
    """It holds no file of a test, the demo or a tool."""
    with tarfile.open(artifact) as archive:
        names = [name for name in archive.getnames() if name]
    assert {name.split("/")[0] for name in names} == WANTED
    assert not [name for name in names if re.search(r"\.pyc$|__pycache__|(^|/)\.", name)]
    assert {name for name in names if name.startswith("changelogs/")} == {"changelogs/changelog.yaml"}
    assert {f"plugins/modules/{path.name}" for path in (ROOT / "plugins" / "modules").glob("*.py")} <= set(names)
    assert "plugins/action/apiconnector_client_certificate.py" in names
    assert "meta/execution-environment.yml" in names
    assert "playbooks/manage_connectors.yml" in names
    assert "playbooks/vars/tenant.example.yml" in names
    assert "extensions/awx/credential_types/microsoft_graph_application.yml" in names


def test_example_of_the_readme_runs_from_an_install(installed: Path, stage: Stage, orders: Made) -> None:
    """The first example works with nothing but what the artifact brings."""
    playbook = set_stage(stage, next(of_readme()), orders, make_certificate("predecessor.example"))
    for changed in (1, 0):
        played = stage.run(
            playbook,
            "-e",
            "@variables.json",
            environ={
                **stage.sign_in_environment,
                **stage.hosts_environment,
                "ANSIBLE_COLLECTIONS_PATH": str(installed),
            },
        )
        assert played.code == 0, played.output
        assert f"changed={changed}" in played.stdout


def execution_environment(artifact: str) -> str:
    """The definition of an execution environment that the guide to AWX shows."""
    (text,) = [example.text for example in of_guides() if "additional_build_files" in example.text]
    return text.replace("msgraph-identity-VERSION.tar.gz", artifact)


def requirements(lines: list[str]) -> set[str]:
    """Requirements without comments and white space."""
    return {line.split("#")[0].replace(" ", "") for line in lines} - {""}


def test_execution_environment(artifact: Path, tmp_path: Path) -> None:
    """`ansible-builder create` makes a build context; its own steps install the artifact and find what it needs."""
    shutil.copy(artifact, tmp_path)
    (tmp_path / "execution-environment.yml").write_text(execution_environment(artifact.name), encoding="utf-8")
    call(tmp_path, "ansible-builder", "create")

    build = tmp_path / "context" / "_build"
    # What the build of the image does, which needs a container engine, with the files of its context.
    call(
        build, "ansible-galaxy", "collection", "install", "-r", "requirements.yml", "-p", str(tmp_path / "collections")
    )
    for command in (("ansible-builder",), ("python", str(build / "scripts" / "introspect.py"))):
        found = yaml.safe_load(call(tmp_path, *command, "introspect", str(tmp_path / "collections")))
        assert requirements(found["python"]) == requirements(
            (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
        )
        assert not found.get("system")
