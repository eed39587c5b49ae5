# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a token serves: renewed when it ends or is revoked, and not more often. In plays, and in this process where
the two sides take turns.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import msal
import pytest
from emulator.client import Emulator
from emulator.defaults import CLIENT_ID, SYSTEM_ASSIGNED, TENANT, USER_ASSIGNED
from support.certificates import Made

from ansible_collections.msgraph.identity.plugins.module_utils import _door as door
from ansible_collections.msgraph.identity.plugins.module_utils import _tokens
from ansible_collections.msgraph.identity.plugins.module_utils._api_connectors import ApiConnectors
from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import GRAPH
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._graph import GraphClient
from ansible_collections.msgraph.identity.plugins.module_utils._settings import settle
from signing_in_cli import AzureCli, token_answer
from signing_in_tasks import add_connectors, change_app
from stage import LOCAL, WAYS, Stage, certificate_task

APPLICATION = {"tenant": TENANT, "client_id": CLIENT_ID}
SIGN_IN = ["GET openid-configuration", "POST token"]
Connect = Callable[..., GraphClient]


@pytest.fixture(name="connect")
def fixture_connect(emulator: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Connect:
    """Makes a client in this process, whose environment is as empty as that of a play."""
    for name in [
        name
        for name in os.environ
        if name.upper().endswith("_PROXY") or name.startswith(("AZURE_", "IDENTITY_", "IMDS_", "MSI_", "MSAL_"))
    ]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    hosts = {"authority_host": emulator.authority_host, "graph_url": emulator.graph_url, "ca_path": emulator.ca_path}
    emulator.add_connector("Orders", connector_id="orders", certificates=[])

    def make(environment: dict[str, str] | None = None, **options: Any) -> GraphClient:
        for name, value in (environment or {}).items():
            monkeypatch.setenv(name, value)
        return door.connect(settle(GRAPH.validate({**hosts, "retries": 0, **options}), os.environ))

    return make


def look(client: GraphClient) -> str:
    """One request to Graph."""
    connector = client.resource(ApiConnectors).get("orders")
    assert connector is not None
    return str(connector.display_name)


def forms(emulator: Emulator) -> list[dict[str, str]]:
    """What Entra was sent to get tokens."""
    return [entry["body"] for entry in emulator.requests("entra") if entry["method"] == "POST"]


@pytest.mark.parametrize("way", WAYS)
def test_refused_in_mid_run(stage: Stage, orders: Made, way: str) -> None:
    """A token that Graph takes no longer is replaced once, and the request is made again."""
    names = ["first", "second", "third"]
    add_connectors(stage.emulator, orders, names)
    # In one process the second item reads the list, which serves the third one too.
    refused = "apiConnectors" if way == LOCAL else "second"
    stage.emulator.fault(action="status", status=401, path=f"/{refused}$")
    task = {
        **certificate_task(
            "result", connector_id="{{ item }}", src=stage.write("orders.pfx", orders.pfx()), **stage.sign_in
        ),
        "loop": names,
    }
    played = stage.play([task], hosts=way)
    assert played.code == 0, played.output
    assert not stage.results["result"]["changed"]
    assert stage.calls("graph") == [
        "GET first",
        f"GET {refused}",
        f"GET {refused}",
        *([] if way == LOCAL else ["GET third"]),
    ]
    assert stage.calls("entra") == SIGN_IN * (2 if way == LOCAL else 4)


def test_refused_again(stage: Stage, orders: Made) -> None:
    """One new token is enough to know; and a token that was given cannot be replaced."""
    add_connectors(stage.emulator, orders, ["refused"])
    stage.emulator.fault(action="status", status=401, times=None)
    given = {"connector_id": "refused", "src": stage.write("orders.pfx", orders.pfx())}
    ignore = {"ignore_errors": True}
    token = stage.emulator.mint_token()
    tasks = [
        certificate_task("secret", ignore, **given, **stage.sign_in),
        certificate_task("token", ignore, **given, **stage.hosts, access_token=token),
    ]
    played = stage.play(tasks)
    assert played.code == 0, played.output
    assert [stage.results[name]["failure"]["status"] for name in ("secret", "token")] == [401, 401]
    assert "The token was not accepted" in stage.results["secret"]["msg"]
    assert stage.calls("graph") == ["GET refused"] * 3
    assert stage.calls("entra") == SIGN_IN * 2


def test_one_token_serves(emulator: Emulator, connect: Connect) -> None:
    """As long as it lasts."""
    client = connect(**APPLICATION, secret=emulator.client_secret)
    assert [look(client) for dummy in range(3)] == ["Orders"] * 3
    assert len(forms(emulator)) == 1


def test_renewed_before_it_ends(emulator: Emulator, connect: Connect) -> None:
    """A token is not used in its last minutes."""
    emulator.settings(token_lifetime=290)
    client = connect(**APPLICATION, secret=emulator.client_secret)
    assert [look(client) for dummy in range(2)] == ["Orders"] * 2
    assert len(forms(emulator)) == 2
    assert [entry["status"] for entry in emulator.requests("graph")] == [200, 200]


def test_revoked_in_mid_run(emulator: Emulator, connect: Connect) -> None:
    """One new token, one repeat."""
    client = connect(**APPLICATION, secret=emulator.client_secret)
    look(client)
    emulator.revoke_tokens()
    assert look(client) == "Orders"
    assert [entry["status"] for entry in emulator.requests("graph")] == [200, 401, 200]
    assert len(forms(emulator)) == 2


def test_secret_changed_in_mid_run(emulator: Emulator, connect: Connect) -> None:
    """When a new token is needed and refused, Entra's answer is what is said."""
    client = connect(**APPLICATION, secret=emulator.client_secret)
    look(client)
    change_app(emulator, secrets=[{"value": "another~client-secret"}])
    emulator.revoke_tokens()
    with pytest.raises(IdentityError, match="AADSTS7000215"):
        look(client)


def test_federated_token_file_is_read_anew(emulator: Emulator, connect: Connect, tmp_path: Path) -> None:
    """Each time that a token is needed: whoever wrote the file may have renewed it."""
    path = tmp_path / "federated.txt"
    path.write_text("first~token\n", encoding="utf-8")
    change_app(emulator, federated_tokens=["first~token"])
    client = connect(**APPLICATION, oidc_token_file_path=str(path))
    look(client)
    path.write_text("second~token\n", encoding="utf-8")
    look(client)
    change_app(emulator, federated_tokens=["second~token"])
    emulator.revoke_tokens()
    assert look(client) == "Orders"
    assert [form["client_assertion"] for form in forms(emulator)] == ["first~token", "second~token"]


def test_managed_identity_is_asked_again(emulator: Emulator, connect: Connect) -> None:
    """For a token that was revoked, and for no other."""
    client = connect({"AZURE_POD_IDENTITY_AUTHORITY_HOST": emulator.metadata_url}, auth_method="managed_identity")
    look(client)
    look(client)
    emulator.revoke_tokens()
    assert look(client) == "Orders"
    assert [entry["service"] for entry in emulator.requests()] == [
        "metadata",
        "graph",
        "graph",
        "graph",
        "metadata",
        "graph",
    ]


def test_azure_cli_is_asked_again(emulator: Emulator, connect: Connect, tmp_path: Path) -> None:
    """When its token is about to end or was revoked."""
    client = connect({"PATH": f"{tmp_path / 'az'}{os.pathsep}{os.environ['PATH']}"}, auth_method="azure_cli")
    cli = AzureCli(tmp_path / "az", token_answer(emulator.mint_token(), expires_on=int(time.time()) + 3600))
    look(client)
    cli.arguments_path.unlink()
    look(client)
    assert cli.arguments is None
    emulator.revoke_tokens()
    AzureCli(tmp_path / "az", token_answer(emulator.mint_token(), expires_on=int(time.time()) + 100))
    assert look(client) == "Orders"
    AzureCli(tmp_path / "az", "nothing more")
    with pytest.raises(IdentityError, match="did not answer with a token"):
        look(client)


def test_azure_cli_has_a_limit(connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An az that does not come to an end is stopped."""
    monkeypatch.setattr(_tokens, "CLI_TIMEOUT", 0.2)
    (tmp_path / "az").write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    (tmp_path / "az").chmod(0o755)
    client = connect({"PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}, auth_method="azure_cli")
    start = time.monotonic()
    with pytest.raises(IdentityError, match="did not answer within 0.2 s"):
        look(client)
    assert time.monotonic() - start < 15


def test_no_managed_identity_is_found_out_soon(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """Outside of Azure nothing answers at the address of IMDS, not even with a refusal."""
    monkeypatch.setattr(_tokens, "MANAGED_IDENTITY_TIMEOUT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = connect(
            {"AZURE_POD_IDENTITY_AUTHORITY_HOST": f"http://127.0.0.1:{silent.getsockname()[1]}"},
            auth_method="managed_identity",
            timeout=60,
        )
        start = time.monotonic()
        with pytest.raises(IdentityError, match="its endpoint does not answer"):
            look(client)
    assert time.monotonic() - start < 15


def test_managed_identity_that_is_throttled(emulator: Emulator, connect: Connect) -> None:
    """The endpoint says when to ask again."""
    emulator.fault(service="metadata", action="status", status=429, headers={"Retry-After": "0"})
    assert (
        look(connect({"AZURE_POD_IDENTITY_AUTHORITY_HOST": emulator.metadata_url}, auth_method="managed_identity"))
        == "Orders"
    )
    assert [entry["status"] for entry in emulator.requests("metadata")] == [429, 200]


@pytest.mark.parametrize("client_id", [None, USER_ASSIGNED])
def test_azure_arc(
    emulator: Emulator, connect: Connect, monkeypatch: pytest.MonkeyPatch, client_id: str | None
) -> None:
    """A machine elsewhere: the endpoint names a file, and whoever can read it gets a token."""
    monkeypatch.setitem(
        msal.managed_identity._supported_arc_platforms_and_their_prefixes, "linux", str(emulator.arc_directory)
    )
    environment = {
        "IDENTITY_ENDPOINT": f"{emulator.metadata_url}/metadata/identity/oauth2/token",
        "IMDS_ENDPOINT": emulator.metadata_url,
    }
    client = connect(environment, auth_method="managed_identity", client_id=client_id)
    assert look(client) == "Orders"
    assert [entry["status"] for entry in emulator.requests("metadata")] == [401, 200]
    assert jwt.decode(client._tokens.token(client.budget), options={"verify_signature": False})["appid"] == (
        client_id or SYSTEM_ASSIGNED
    )


def test_azure_arc_without_the_right_to_read_the_key(
    emulator: Emulator, connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Only root and the group himds may read it; others are told so."""
    monkeypatch.setitem(
        msal.managed_identity._supported_arc_platforms_and_their_prefixes, "linux", str(tmp_path / "missing")
    )
    environment = {
        "IDENTITY_ENDPOINT": f"{emulator.metadata_url}/metadata/identity/oauth2/token",
        "IMDS_ENDPOINT": emulator.metadata_url,
    }
    with pytest.raises(IdentityError, match="cannot be read"):
        look(connect(environment, auth_method="managed_identity"))


def test_service_fabric_is_not_supported(emulator: Emulator, connect: Connect) -> None:
    """msal wants a client of its own for it; nothing is sent."""
    environment = {
        "IDENTITY_ENDPOINT": "https://localhost:2377/",
        "IDENTITY_HEADER": "header",
        "IDENTITY_SERVER_THUMBPRINT": "A" * 40,
    }
    with pytest.raises(IdentityError, match="this kind of endpoint is not supported"):
        look(connect(environment, auth_method="managed_identity"))
    assert emulator.requests() == []
