# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tasks that compete: ours, the same with `uri`, and what any task costs."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from functools import cache
from typing import Any

from emulator.client import Emulator
from playbook.stage import Stage, certificate_task
from support.certificates import Made, make_certificate, triple_des

Task = dict[str, Any]
PASSWORD = "correct horse battery staple"
PFX = "orders.pfx"  # encrypted with AES-256, as today's tools write it
ACCEPTED_PFX = "orders-3des.pfx"  # encrypted as Graph accepts it: who uploads by hand had to convert it once
PAGE_SIZE = 100  # of the emulator


@cache
def orders() -> Made:
    """The certificate of all plays."""
    return make_certificate("orders.contoso.example")


def document(name: str, listed: bool = True, tenant: str | None = None) -> dict[str, Any]:
    """A connector to seed, which has the certificate or none."""
    entry = {
        "thumbprint": orders().thumbprint,
        "notBefore": epoch(orders(), "before"),
        "notAfter": epoch(orders(), "after"),
    }
    return {
        "displayName": name,
        "authentication": {"certificates": [entry] if listed else []},
        **({"tenant": tenant} if tenant else {}),
    }


def epoch(made: Made, end: str) -> int:
    """When the certificate starts (`before`) or ends (`after`) to be valid."""
    return int(getattr(made.certificate, f"not_valid_{end}_utc").timestamp())


def names(count: int) -> list[str]:
    """Display names of connectors."""
    return [f"Orders API {number}" for number in range(1, count + 1)]


def seed(stage: Stage, count: int, due: int = 0) -> list[str]:
    """Connectors, spread among them `due` which lack the certificate; returns their ids."""
    lacking = {number * count // due for number in range(due)} if due else set()
    return stage.emulator.add_connectors(
        document(name, number not in lacking) for number, name in enumerate(names(count))
    )


def ours(stage: Stage, **options: Any) -> Task:
    """A task with the module, whose file is beside the playbook."""
    stage.write(PFX, orders().pfx(PASSWORD))
    return certificate_task(**{"src": PFX, "certificate_password": PASSWORD, **stage.sign_in, **options})


def uri(emulator: Emulator, path: str, token: str, name: str = "Read", **more: Any) -> Task:
    """A request to Graph with `ansible.builtin.uri`."""
    options = {
        "url": f"{emulator.graph_url}/v1.0/identity/apiConnectors{path}",
        "headers": {"Authorization": f"Bearer {token}"},
        "ca_path": emulator.ca_path,
    }
    return {"name": name, "ansible.builtin.uri": {**options, **more}}


def uri_upload(emulator: Emulator, connector: str, token: str, pkcs12_value: str) -> Task:
    """An upload with `ansible.builtin.uri`."""
    body = {"pkcs12Value": pkcs12_value, "password": PASSWORD}
    task = uri(
        emulator, f"/{connector}/uploadClientCertificate", token, "Upload", method="POST", body_format="json", body=body
    )
    return {**task, "changed_when": True}


def accepted_pfx() -> str:
    """Base64 of the PKCS#12 file as Graph accepts it."""
    return base64.b64encode(orders().pfx(PASSWORD, triple_des(PASSWORD))).decode()


def debug(text: str = "nothing") -> Task:
    """A task that does nothing: what any task costs."""
    return {"name": "Debug", "ansible.builtin.debug": {"msg": text}}


def loop(task: Task, items: Iterable[Any]) -> Task:
    """`task` for each item."""
    return {**task, "loop": list(items)}


def by_hand(stage: Stage, connector: str) -> list[Task]:
    """What a user writes without the collection: token, read, thumbprint, and upload when it is missing."""
    emulator = stage.emulator
    stage.write(PFX, orders().pfx(PASSWORD))
    stage.write(f"{ACCEPTED_PFX}.b64", accepted_pfx().encode())
    token_body = {
        "grant_type": "client_credentials",
        "client_id": emulator.client_id,
        "client_secret": emulator.client_secret,
        "scope": f"{emulator.graph_url}/.default",
    }
    token_url = f"{emulator.authority_host}/{emulator.tenant}/oauth2/v2.0/token"
    token_request = {
        "url": token_url,
        "method": "POST",
        "body_format": "form-urlencoded",
        "body": token_body,
        "ca_path": emulator.ca_path,
    }
    openssl = f"openssl pkcs12 -in {PFX} -passin env:PFX_PASSWORD -nokeys | openssl x509 -noout -fingerprint -sha1"
    token = "{{ signed_in.json.access_token }}"
    certificates = "connector.json.authenticationConfiguration.certificateList | map(attribute='thumbprint')"
    return [
        {"name": "Token", "ansible.builtin.uri": token_request, "register": "signed_in"},
        {**uri(emulator, f"/{connector}", token), "register": "connector"},
        {
            "name": "Thumbprint",
            "ansible.builtin.shell": {"cmd": openssl, "chdir": "{{ playbook_dir }}"},
            "environment": {"PFX_PASSWORD": PASSWORD},
            "changed_when": False,
            "register": "fingerprint",
        },
        {
            **uri_upload(emulator, connector, token, f"{{{{ lookup('ansible.builtin.file', '{ACCEPTED_PFX}.b64') }}}}"),
            "when": f"fingerprint.stdout.split('=')[1] | replace(':', '') not in {certificates}",
        },
    ]
