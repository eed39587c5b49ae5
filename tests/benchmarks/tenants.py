# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many tenants, each with its application and its connector: a host of the inventory for each."""

from __future__ import annotations

import uuid
from typing import Any

from playbook.stage import Stage

from .tasks import Task, document, ours, uri

HOSTS = "tenants"
COUNT = 40
ROLES = ["APIConnectors.ReadWrite.All"]


def _tenant(number: int) -> dict[str, Any]:
    ids = [str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{kind}{number}.example")) for kind in ("tenant", "client")]
    secret = {"value": f"emulator~secret-of-tenant-{number}", "expires_at": 4102444800}
    return {
        "id": ids[0],
        "domains": [f"tenant{number}.example"],
        "apps": [{"client_id": ids[1], "secrets": [secret], "roles": ROLES}],
    }


def with_ours(stage: Stage) -> list[Task]:
    """One task of ours on each host."""
    _prepare(stage)
    who = {name: f"{{{{ {name} }}}}" for name in ("tenant", "client_id", "secret")}
    return [ours(stage, connector_id="{{ connector }}", **who)]


def with_uri(stage: Stage) -> list[Task]:
    """One read on each host, for which the token is there already."""
    _prepare(stage, with_token=True)
    return [uri(stage.emulator, "/{{ connector }}", "{{ token }}")]


def _prepare(stage: Stage, with_token: bool = False) -> None:
    emulator = stage.emulator
    tenants = [_tenant(number) for number in range(COUNT)]
    emulator.set_tenants(tenants)
    connectors = emulator.add_connectors(document("Orders API", tenant=tenant["id"]) for tenant in tenants)
    stage.inventory = [f"[{HOSTS}]"]
    for number, (tenant, connector) in enumerate(zip(tenants, connectors)):
        app = tenant["apps"][0]
        variables = {
            "tenant": tenant["id"],
            "client_id": app["client_id"],
            "secret": app["secrets"][0]["value"],
            "connector": connector,
        }
        if with_token:
            variables["token"] = emulator.mint_token(tenant=tenant["id"], client_id=app["client_id"])
        stage.inventory.append(" ".join([f"tenant{number}", *(f"{name}={value}" for name, value in variables.items())]))
    stage.inventory += [
        f"[{HOSTS}:vars]",
        "ansible_connection=local",
        'ansible_python_interpreter="{{ ansible_playbook_python }}"',
    ]
