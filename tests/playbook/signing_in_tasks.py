# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks that have nothing to do but to sign in and look: each has a connector of its own name, which has the
certificate already.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from emulator.client import Emulator
from support.certificates import Made

from stage import Stage, certificate_task

SRC = "orders.pfx"
VALUES = "values.json"


@dataclass(frozen=True)
class Attempt:
    """The options and the environment with which a task tries to sign in; templates may name values in `given`."""

    options: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)


def attempt_tasks(stage: Stage, orders: Made, attempts: Mapping[str, Attempt]) -> list[dict[str, Any]]:
    """A task for each attempt; a failure ends none of the others."""
    stage.write(SRC, orders.pfx())
    add_connectors(stage.emulator, orders, attempts)
    return [
        certificate_task(
            name,
            {"environment": dict(attempt.environment), "ignore_errors": True},
            **{"connector_id": name, "src": SRC, **attempt.options},
        )
        for name, attempt in attempts.items()
    ]


def add_connectors(emulator: Emulator, orders: Made, names: Iterable[str]) -> None:
    """Connectors that have the certificate."""
    for name in names:
        emulator.add_connector(name, connector_id=name, certificates=[{"pfx": orders.pfx()}])


def write_values(stage: Stage, **values: Any) -> list[str]:
    """A file with the values that are in `given`; returns the arguments that lead a play to it.

    Secrets belong there: Ansible prints the lines of a playbook around a task that failed.
    """
    emulator = stage.emulator
    usual = {
        "directory": str(stage.directory),
        "path": os.environ["PATH"],
        "entra": emulator.authority_host,
        "graph": emulator.graph_url,
        "metadata": emulator.metadata_url,
        "identity_header": emulator.identity_header,
        "secret": emulator.client_secret,
    }
    stage.write(VALUES, stage.as_json({"given": {**usual, **values}}).encode())
    return ["-e", f"@{VALUES}"]


def change_app(emulator: Emulator, *others: Mapping[str, Any], **changes: Any) -> None:
    """Give the default application other credentials or roles, and the tenant other applications beside it."""
    tenant = emulator.tenants()[0]
    emulator.set_tenants([{**tenant, "apps": [{**tenant["apps"][0], **changes}, *others]}])


def by_task(requests: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """The logged requests of each task: those up to the one for the connector of its name."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    waiting: list[Mapping[str, Any]] = []
    for entry in requests:
        waiting.append(entry)
        if entry["service"] == "graph":
            found.setdefault(entry["path"].rsplit("/", 1)[-1], []).extend(waiting)
            waiting = []
    return found
