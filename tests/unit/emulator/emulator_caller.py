# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain HTTP calls to the emulator's services."""

from __future__ import annotations

import base64
from typing import Any

import requests
from emulator.client import Emulator

LIST = "/v1.0/identity/apiConnectors"


class Caller:
    """Calls Graph and Entra; its token is minted when it is first needed."""

    def __init__(self, emulator: Emulator, session: requests.Session) -> None:
        self.emulator, self.session = emulator, session
        self.token: str | None = None

    def graph(
        self, method: str, path: str = LIST, headers: dict[str, str] | None = None, **options: Any
    ) -> requests.Response:
        """One call to Graph."""
        if self.token is None:
            self.token = self.emulator.mint_token()
        authorization = {"Authorization": f"Bearer {self.token}"}
        return self.session.request(
            method, self.emulator.graph_url + path, headers={**authorization, **(headers or {})}, timeout=10, **options
        )

    def get(self, connector_id: str) -> dict[str, Any]:
        """A connector as Graph shows it."""
        answer = self.graph("GET", f"{LIST}/{connector_id}")
        answer.raise_for_status()
        return answer.json()

    def certificates(self, connector_id: str) -> list[dict[str, Any]]:
        """Its certificate list."""
        return self.get(connector_id)["authenticationConfiguration"]["certificateList"]

    def upload(self, connector_id: str, pfx: bytes, password: str = "") -> requests.Response:
        """Upload a PFX."""
        return self.graph(
            "POST",
            f"{LIST}/{connector_id}/uploadClientCertificate",
            json={"pkcs12Value": base64.b64encode(pfx).decode(), "password": password},
        )

    def token_request(self, tenant: str | None = None, **changes: Any) -> requests.Response:
        """Ask Entra for a token as the default application; None as a value leaves a field out."""
        emulator = self.emulator
        form = {
            "grant_type": "client_credentials",
            "client_id": emulator.client_id,
            "client_secret": emulator.client_secret,
            "scope": f"{emulator.graph_url}/.default",
            **changes,
        }
        fields = {name: value for name, value in form.items() if value is not None}
        return self.session.post(
            f"{emulator.authority_host}/{tenant or emulator.tenant}/oauth2/v2.0/token", data=fields, timeout=10
        )


def error_code(answer: requests.Response) -> str:
    """The code of a Graph error."""
    return answer.json()["error"]["code"]
