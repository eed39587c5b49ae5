# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook that the collection ships manages a tenant from the file that it shows as an example."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.certificates import Made, make_certificate
from support.plays import Played

from crowd import thumbprints
from stage import Stage

PLAYBOOK = "msgraph.identity.manage_connectors"
EXAMPLE = Path(__file__).resolve().parents[2] / "playbooks" / "vars" / "tenant.example.yml"
PFX_PASSWORD = "tenant~pfx~Cw4sX7"
BASIC_PASSWORD = "tenant~basic~Nb9gT3"
SECRETS = {"ORDERS_PFX_PASSWORD": PFX_PASSWORD, "LOYALTY_PASSWORD": BASIC_PASSWORD}


@pytest.fixture(name="made", scope="module")
def fixture_made() -> Made:
    """A certificate that ends between the default of the report and the days of the example."""
    return make_certificate("orders.example", ends=40.5)


def manage(stage: Stage, tenant: dict[str, Any], *arguments: str) -> Played:
    """Run the playbook as a user would; nothing secret is printed."""
    stage.emulator.clear_requests()
    stage.write("my-tenant.yml", yaml.safe_dump(tenant).encode())
    environ = {
        **SECRETS,
        **stage.hosts_environment,
        "CONTOSO_CLIENT_SECRET": str(stage.emulator.client_secret),
        "PWD": str(stage.directory),
    }
    played = stage.run(PLAYBOOK, "-e", "@my-tenant.yml", "-vvv", "--diff", *arguments, environ=environ)
    for secret in (PFX_PASSWORD, BASIC_PASSWORD, str(stage.emulator.client_secret)):
        assert secret not in played.output
    return played


def changed(played: Played) -> int:
    """How many connectors were changed, or would be."""
    assert played.code == 0, played.output
    # The file gives the secret, and the environment leads to the emulator.
    assert played.output.count("[WARNING]") == played.output.count("[WARNING]: secret (the task) is sent to ")
    return len(re.findall(r"^changed: ", played.stdout, re.MULTILINE))


def writes(stage: Stage) -> list[str]:
    """The methods of the requests that change something."""
    return [entry["method"] for entry in stage.writes()]


def test_tenant(stage: Stage, made: Made) -> None:
    """Check mode says what comes, then it comes, then there is nothing left to do; and an edit of the file is all it
    takes.
    """
    emulator = stage.emulator
    stage.write("orders-api.pfx", made.pfx(PFX_PASSWORD))
    emulator.add_connector("Retired API", "https://api.contoso.com/retired", basic=("entra", BASIC_PASSWORD))
    emulator.add_connector("Somebody else's API", "https://api.fabrikam.com/", certificates=[])
    tenant = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    assert len(tenant["connectors"]) == 3

    played = manage(stage, tenant, "--check")
    assert changed(played) == 3
    assert not writes(stage)

    played = manage(stage, tenant)
    assert changed(played) == 3
    assert writes(stage) == ["POST", "POST", "DELETE"]
    assert f"Orders API: ends on {made.certificate.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}" in played.stdout
    assert "Somebody else's API: no active certificate" in played.stdout
    assert "Loyalty API: " not in played.stdout
    connectors = {connector["displayName"]: connector for connector in emulator.connectors()}
    assert set(connectors) == {"Somebody else's API", "Orders API", "Loyalty API"}
    assert thumbprints(connectors["Orders API"]) == [made.thumbprint]
    assert connectors["Loyalty API"]["authentication"]["basic"]["username"] == "entra"

    for arguments in ([], ["--check"]):
        assert changed(manage(stage, tenant, *arguments)) == 0
        assert not writes(stage)

    orders, loyalty, _retired = tenant["connectors"]
    orders["id"], orders["name"] = connectors["Orders API"]["id"], "Orders API 2"
    loyalty["state"] = "absent"
    assert changed(manage(stage, tenant)) == 2
    assert writes(stage) == ["PATCH", "DELETE"]
    assert {connector["displayName"]: connector["id"] for connector in emulator.connectors()} == {
        "Somebody else's API": connectors["Somebody else's API"]["id"],
        "Orders API 2": connectors["Orders API"]["id"],
    }
    assert changed(manage(stage, {**tenant, "report_days": 39})) == 0


def test_nothing_ends(stage: Stage, orders: Made) -> None:
    """The sign-in may come from the environment alone, and no news is told as such."""
    stage.emulator.add_connector("Orders API", certificates=[{"pfx": orders.pfx()}])
    stage.write("my-tenant.yml", b"connectors: []\n")
    played = stage.run(
        PLAYBOOK, "-e", "@my-tenant.yml", environ={**stage.sign_in_environment, **stage.hosts_environment}
    )
    assert played.code == 0, played.output
    assert "No certificate ends within 30 days." in played.stdout


def test_no_file(stage: Stage) -> None:
    """Who forgets the file is told so."""
    played = stage.run(PLAYBOOK, environ={**stage.sign_in_environment, **stage.hosts_environment})
    assert played.code == 2
    assert "-e @my-tenant.yml" in played.stdout
    assert not stage.calls("graph")
