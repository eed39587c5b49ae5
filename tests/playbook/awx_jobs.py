# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jobs as AWX runs them: credentials are rendered by its own code into a private data directory, and ansible-runner
plays there.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml
from support.plays import BIN, environment

from stage import Stage

ROOT = Path(__file__).resolve().parents[2]
DEFINITIONS = ROOT / "extensions" / "awx"
IDENT = "job"

# As configure_awx sets it up.
INVENTORY = {
    "all": {
        "hosts": {
            "localhost": {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
        }
    }
}


def definition(path: str) -> dict[str, Any]:
    """A credential type or survey of the collection."""
    document: dict[str, Any] = yaml.safe_load((DEFINITIONS / f"{path}.yml").read_text(encoding="utf-8"))
    return document


def answers(survey: str, **given: Any) -> dict[str, Any]:
    """The variables that come of a survey: what was answered, else the default."""
    return {
        **{question["variable"]: question["default"] for question in definition(f"surveys/{survey}")["spec"]},
        **given,
    }


@dataclass(frozen=True)
class Credential:
    """A credential: what was filled into the form of its type. A type that is a text is one of the collection's own."""

    type: Any
    inputs: Mapping[str, Any]

    def inject(self, environ: dict[str, Any], directory: Path) -> list[str]:
        """Render it; returns arguments for ansible-playbook."""
        from awx_plugins.interfaces import _temporary_private_inject_api as api
        from awx_plugins.interfaces._temporary_private_api import ManagedCredentialType
        from awx_plugins.interfaces._temporary_private_credential_api import Credential as Filled

        kind = self.type
        if isinstance(kind, str):
            document = definition(f"credential_types/{kind}")
            kind = ManagedCredentialType(
                kind, document["name"], document["kind"], document["inputs"], document["injectors"]
            )
        # Fields that were left alone have their default, which mostly is nothing.
        fields = {str(field["id"]): field.get("default", "") for field in kind.inputs["fields"]}
        arguments: list[str] = []
        # There is no container in which the directory would have another name.
        with patch.object(api, "get_incontainer_path", lambda path, _directory, **_more: str(path)):
            api.inject_credential(kind, Filled({**fields, **self.inputs}), environ, {}, arguments, str(directory))
        return arguments


@dataclass(frozen=True)
class Job:
    """What came of a job."""

    code: int
    artifacts: Path

    @property
    def stdout(self) -> str:
        """What AWX shows."""
        return (self.artifacts / "stdout").read_text(encoding="utf-8")

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events in their order."""
        events = [
            json.loads(path.read_text(encoding="utf-8")) for path in (self.artifacts / "job_events").glob("*.json")
        ]
        return sorted([{"event_data": {}, **event} for event in events], key=lambda event: int(event["counter"]))

    def results(self, kind: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
        """The tasks that ended, and their results; of one kind of event, such as `runner_on_failed`, or of all."""
        for event in self.events:
            if event["event"].startswith(kind or "runner_on_") and "res" in event["event_data"]:
                yield event["event_data"]["task_action"], event["event_data"]["res"]

    @property
    def failure(self) -> str:
        """The sentence of the task that failed."""
        ((_action, result),) = self.results("runner_on_failed")
        return str(result["msg"])

    @property
    def artifact_data(self) -> dict[str, Any]:
        """What the next jobs of a workflow get."""
        (data,) = [
            event["event_data"]["artifact_data"] for event in self.events if "artifact_data" in event["event_data"]
        ] or [{}]
        return dict(data)

    @property
    def shown(self) -> list[Path]:
        """Files with what AWX keeps of a job; beside them is `command`, where ansible-runner writes the whole
        environment.
        """
        return [self.artifacts / "stdout", *(self.artifacts / "job_events").iterdir()]


def run_job(
    stage: Stage,
    playbook: str,
    *credentials: Credential,
    variables: Mapping[str, Any] | None = None,
    check: bool = False,
) -> Job:
    """Run a playbook of the collection; `variables` are answers of a survey."""
    number = len(list(stage.directory.glob("job-*")))
    directory = stage.directory / f"job-{number}"
    for name in ("env", "inventory", "project"):
        (directory / name).mkdir(parents=True)
    environ: dict[str, Any] = {}
    # As much as a job can show.
    arguments = ["-vvv", *(["--check"] if check else [])]
    for credential in credentials:
        arguments += credential.inject(environ, directory)
    # A project holds no more than this.
    (directory / "project" / "job.yml").write_text(
        yaml.safe_dump([{"import_playbook": f"msgraph.identity.{playbook}"}]), encoding="utf-8"
    )
    (directory / "inventory" / "hosts.yml").write_text(yaml.safe_dump(INVENTORY), encoding="utf-8")
    (directory / "env" / "extravars").write_text(json.dumps(variables or {}), encoding="utf-8")
    (directory / "env" / "envvars").write_text(json.dumps(environ), encoding="utf-8")
    (directory / "env" / "cmdline").write_text(" ".join(arguments), encoding="utf-8")
    # A short path: ansible-core 2.21 puts a socket there.
    with tempfile.TemporaryDirectory(prefix="job-") as temporary:
        done = subprocess.run(
            [str(BIN / "ansible-runner"), "run", str(directory), "--playbook", "job.yml", "--ident", IDENT],
            env=environment(stage.home, TMPDIR=temporary, **stage.hosts_environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )
    return Job(done.returncode, directory / "artifacts" / IDENT)
