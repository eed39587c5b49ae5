# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many hosts in one play, all with the same task, each with options of its own: one run tries many things, side by
side.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from support.plays import Played, write_playbook

from stage import LOCAL, MODULE, Stage

RESULTS = "results-of-all.json"
PLAYBOOK = "all.yml"
VARIABLES = "given.json"


@dataclass
class Crowd:
    """The hosts of a play. Each has a tenant and a connector, so that a fault strikes one of them and nobody else."""

    stage: Stage
    module: str = MODULE
    given: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stage.inventory = []

    def add(self, host: str, way: str, **options: Any) -> None:
        """A host with the options of its task, which `way` goes."""
        connection = "local" if way == LOCAL else way
        self.stage.inventory.append(
            f'{host} ansible_connection={connection} ansible_python_interpreter="{{{{ ansible_playbook_python }}}}"'
        )
        self.given[host] = options

    def add_tenants(self, *hosts: str) -> None:
        """A tenant for each host, with the application of the first one."""
        emulator = self.stage.emulator
        first = emulator.tenants()[0]
        emulator.set_tenants([first, *({"id": tenant_of(host), "apps": first["apps"]} for host in hosts)])

    def strike(self, host: str, **rule: Any) -> None:
        """Let a fault strike the requests of one host: those to its connector, or those to its tenant."""
        path = tenant_of(host) if rule.get("service") == "entra" else f"/apiConnectors/{re.escape(host)}(/|$)"
        self.stage.emulator.fault(**{"path": path, **rule})

    def write(self, tasks: int = 1) -> str:
        """The playbook, its inventory and its variables; returns its name. The results of the last task are kept."""
        names = sorted({name for options in self.given.values() for name in options})
        options = {name: f"{{{{ given[inventory_hostname].{name} | default(omit) }}}}" for name in names}
        task = {"name": "Try", self.module: options, "register": "result", "ignore_errors": True}
        keep = {
            "content": "{{ dict(ansible_play_hosts_all | zip(ansible_play_hosts_all | map('extract', hostvars, 'result'))) | to_json }}",
            "dest": str(self.stage.directory / RESULTS),
            "mode": "0600",
        }
        kept = {
            "name": "Keep the results",
            "ansible.builtin.copy": keep,
            "run_once": True,
            "delegate_to": LOCAL,
            "check_mode": False,
        }
        self.stage.write(VARIABLES, self.stage.as_json({"given": self.given}).encode())
        return write_playbook(self.stage.directory, [task] * tasks + [kept], hosts="all", name=PLAYBOOK)

    def play(self, *arguments: str, environ: Mapping[str, str] | None = None, forks: int = 8) -> Played:
        """Run the task on all hosts."""
        return self.stage.run(self.write(), "-e", f"@{VARIABLES}", "--forks", str(forks), *arguments, environ=environ)

    @property
    def results(self) -> dict[str, dict[str, Any]]:
        """What the task registered, by host."""
        kept: dict[str, dict[str, Any]] = json.loads((self.stage.directory / RESULTS).read_text(encoding="utf-8"))
        return kept

    def calls(self, host: str) -> list[str]:
        """The methods of the requests about the connector of a host."""
        path = re.compile(rf"/apiConnectors/{re.escape(host)}(/|$)")
        return [entry["method"] for entry in self.stage.emulator.requests("graph") if path.search(entry["path"])]

    def sign_ins(self, host: str) -> list[str]:
        """The methods of the requests to the tenant of a host."""
        return [entry["method"] for entry in self.stage.emulator.requests("entra") if tenant_of(host) in entry["path"]]

    def listed(self, host: str) -> list[str]:
        """The thumbprints on the connector of a host, whatever readers see."""
        return thumbprints(next(connector for connector in self.stage.emulator.connectors() if connector["id"] == host))


def tenant_of(host: str) -> str:
    """The id of the tenant of a host."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, host))


def thumbprints(connector: Mapping[str, Any]) -> list[str]:
    """The thumbprints in the certificate list of a connector."""
    return [certificate["thumbprint"] for certificate in (connector["authentication"] or {}).get("certificates", [])]
