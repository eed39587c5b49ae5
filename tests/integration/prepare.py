# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the integration targets need to know, as variables for integration_config.yml."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from ansible.parsing.vault import VaultLib, VaultSecret
from emulator.client import Emulator
from support.certificates import Made, make_certificate

PFX_PASSWORD = "integration~password~Vb7nK2"
# As vault-password.sh, which integration.cfg names, says it.
VAULT_PASSWORD = b"integration~vault"


def configuration(emulator: Emulator, directory: Path) -> dict[str, Any]:
    """The variables for integration_config.yml; makes the key files that they name.

    :param directory: where the files are written; it has to stay as long as the targets run
    """
    certificates = {
        "first": make_certificate("first.example"),
        "second": make_certificate("second.example", key_number=1),
        "future": make_certificate("future.example", starts=2, ends=300),
        "expired": make_certificate("expired.example", starts=-30, ends=-2),
        "ending": make_certificate("ending.example", ends=9.5),
    }
    files = {f"{name}.pfx": made.pfx(PFX_PASSWORD) for name, made in certificates.items()}
    files["first.pfx.b64"] = base64.encodebytes(files["first.pfx"])
    files["first.pfx.vault"] = VaultLib().encrypt(files["first.pfx"], VaultSecret(VAULT_PASSWORD))
    for name, made in certificates.items():
        pem = made.pem_file(PFX_PASSWORD)
        files |= {f"{name}.pem": pem, f"{name}.crt": made.pem, f"{name}.key": pem.replace(made.pem, b"")}
    files["first.pem.vault"] = VaultLib().encrypt(files["first.pem"], VaultSecret(VAULT_PASSWORD))
    for name, content in files.items():
        (directory / name).write_bytes(content)
    return {
        "control_url": emulator.control_url,
        "ca_path": emulator.ca_path,
        "graph": {
            "tenant": emulator.tenant,
            "client_id": emulator.client_id,
            "secret": emulator.client_secret,
            "authority_host": emulator.authority_host,
            "graph_url": emulator.graph_url,
            "ca_path": emulator.ca_path,
        },
        "pfx_directory": str(directory),
        "pfx_password": PFX_PASSWORD,
        "certificates": {name: _facts(made, files[f"{name}.pfx"]) for name, made in certificates.items()},
    }


def _facts(made: Made, pfx: bytes) -> dict[str, Any]:
    """What a target compares with, and the files as the control API and the options for text take them."""
    times = {"not_before": made.certificate.not_valid_before_utc, "not_after": made.certificate.not_valid_after_utc}
    return {
        "thumbprint": made.thumbprint,
        "base64": base64.b64encode(pfx).decode(),
        "pem": made.pem.decode(),
        "key_pem": made.key_pem.decode(),
        **{name: time.strftime("%Y-%m-%dT%H:%M:%SZ") for name, time in times.items()},
    }
