# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a test lets plays run: a directory with an inventory, and an emulator that they are led to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emulator.client import Emulator
from support.plays import Played, play, registered, write_playbook

MODULE = "msgraph.identity.apiconnector_client_certificate"
CONNECTOR = "msgraph.identity.apiconnector"
INFO = "msgraph.identity.apiconnector_info"
RESULTS = "results.json"

# The two ways in which a task can run, by the host that makes it go that way.
LOCAL = "localhost"
BASTION = "bastion"
WAYS = (LOCAL, BASTION)
# A bastion whose connection has no option for pipelining; only tests that ask for it have it in their inventory.
CONTAINER = "container"


@dataclass
class Stage:
    """A directory for plays against an emulator."""

    directory: Path
    emulator: Emulator
    inventory: list[str] = field(
        default_factory=lambda: [
            'bastion ansible_connection=bastion ansible_python_interpreter="{{ ansible_playbook_python }}"'
        ]
    )

    def add_container(self) -> None:
        """Have the container among the hosts."""
        self.inventory.append(self.inventory[0].replace(BASTION, CONTAINER))

    @property
    def home(self) -> Path:
        """HOME of the plays; their TMPDIR is in it."""
        return self.directory / "home"

    @property
    def sign_in(self) -> dict[str, Any]:
        """The options with which a task signs in at the emulator."""
        return {
            "tenant": self.emulator.tenant,
            "client_id": self.emulator.client_id,
            "secret": self.emulator.client_secret,
            **self.hosts,
        }

    @property
    def hosts(self) -> dict[str, Any]:
        """The options that lead a task to the emulator."""
        return {
            "authority_host": self.emulator.authority_host,
            "graph_url": self.emulator.graph_url,
            "ca_path": self.emulator.ca_path,
        }

    @property
    def hosts_environment(self) -> dict[str, str]:
        """The environment that leads a task to the emulator."""
        emulator = self.emulator
        return {
            "AZURE_AUTHORITY_HOST": emulator.authority_host,
            "MSGRAPH_URL": emulator.graph_url,
            "REQUESTS_CA_BUNDLE": emulator.ca_path,
        }

    @property
    def sign_in_environment(self) -> dict[str, str]:
        """The environment with which a task signs in at the emulator."""
        emulator = self.emulator
        return {
            "AZURE_TENANT": emulator.tenant,
            "AZURE_CLIENT_ID": emulator.client_id,
            "AZURE_SECRET": str(emulator.client_secret),
        }

    def write(self, name: str, content: bytes) -> str:
        """A file beside the playbook; returns its name."""
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return name

    def play(
        self,
        tasks: list[dict[str, Any]],
        *arguments: str,
        hosts: str = LOCAL,
        environ: Mapping[str, str] | None = None,
        **keywords: Any,
    ) -> Played:
        """Run `tasks` in a play of their own; what they register is in `results` afterwards."""
        names = [task["register"] for task in tasks if "register" in task]
        if names:
            content = "{{ {" + ", ".join(f"'{name}': {name}" for name in names) + "} | to_json }}"
            keep = {"content": content, "dest": str(self.directory / RESULTS), "mode": "0600"}
            tasks = [
                *tasks,
                {"name": "Keep the results", "ansible.builtin.copy": keep, "delegate_to": LOCAL, "check_mode": False},
            ]
        if hosts != LOCAL and environ:
            # Another host knows nothing of the controller's environment: the play passes it on.
            keywords["environment"] = {
                name: value for name, value in environ.items() if not name.startswith("ANSIBLE_")
            }
        name = write_playbook(self.directory, tasks, hosts=hosts, **keywords)
        return self.run(name, *arguments, environ=environ)

    def run(self, playbook: str, *arguments: str, environ: Mapping[str, str] | None = None) -> Played:
        """Run a playbook that is in the directory already."""
        self.write("inventory", ("\n".join(self.inventory) + "\n").encode())
        return play(self.directory, "-i", "inventory", playbook, *arguments, environ=environ)

    @property
    def results(self) -> dict[str, Any]:
        """What the tasks of the last play registered, by name."""
        return registered(self.directory, RESULTS)

    def calls(self, service: str) -> list[str]:
        """The requests that a service has seen: method and last part of the path."""
        return [f"{entry['method']} {entry['path'].rsplit('/', 1)[-1]}" for entry in self.emulator.requests(service)]

    @staticmethod
    def as_json(value: Any) -> str:
        """A value as text, for a file of variables."""
        return json.dumps(value, ensure_ascii=False)

    def writes(self) -> list[dict[str, Any]]:
        """The requests to Graph that change something."""
        return [entry for entry in self.emulator.requests("graph") if entry["method"] != "GET"]

    def files(self) -> list[Path]:
        """The files that are in HOME and TMPDIR now."""
        return sorted(path for path in self.home.rglob("*") if path.is_file())


def certificate_task(
    register: str | None = None, keywords: Mapping[str, Any] | None = None, **options: Any
) -> dict[str, Any]:
    """A task with the module for the certificate alone."""
    return module_task(MODULE, register, keywords, options)


def connector_task(
    register: str | None = None, keywords: Mapping[str, Any] | None = None, **options: Any
) -> dict[str, Any]:
    """A task with the module for the connector itself."""
    return module_task(CONNECTOR, register, keywords, options)


def info_task(register: str | None = None, keywords: Mapping[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    """A task with the module that lists connectors."""
    return module_task(INFO, register, keywords, options)


def module_task(
    module: str, register: str | None, keywords: Mapping[str, Any] | None, options: Mapping[str, Any]
) -> dict[str, Any]:
    """A task with a module of ours."""
    task: dict[str, Any] = {
        "name": f"{module.rsplit('.', 1)[-1]} {register or ''}".strip(),
        module: dict(options),
        **(keywords or {}),
    }
    return {**task, "register": register} if register else task
