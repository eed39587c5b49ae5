# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The key with which an application signs in: a PEM or PKCS#12 file → key and certificates in PEM, in memory."""

from __future__ import annotations

import os
import typing as t
from contextlib import suppress
from dataclasses import dataclass, field

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._paths import require_path
from ansible_collections.msgraph.identity.plugins.module_utils._pkcs12 import (
    PEM_BEGIN,
    VAULT,
    Pkcs12,
    decode,
    without_mark,
)

with suppress(ImportError):  # require_libraries() names what is missing
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key


@dataclass(frozen=True)
class ClientKey:
    """An RSA key and its certificate, the chain after it, in PEM (RFC 7468)."""

    private_key: str = field(repr=False)
    certificates: str


def load_client_key(path: str, password: str) -> ClientKey:
    """The key in the file at `path`.

    :param password: of the PKCS#12 file or of the encrypted key; empty stands for none
    :raises IdentityError: when the file holds no RSA key with its certificate, or cannot be opened
    """
    require_path(
        "x509_certificate_path", path, "Write it to a file that only the user of the task can read, and give its name."
    )
    name = f"x509_certificate_path '{path}'"
    try:
        with open(os.path.expanduser(path), "rb") as file:
            data = without_mark(file.read())
    except (OSError, ValueError) as exc:
        raise IdentityError(
            f"{name} cannot be read: {getattr(exc, 'strerror', None) or 'this cannot be a path'}."
        ) from exc
    if data.startswith(VAULT):
        raise IdentityError(
            f"{name} is encrypted with Ansible Vault. Protect it with an x509_certificate_password instead."
        )
    key, certificates = _from_pem(data, password, name) if PEM_BEGIN in data else _from_pkcs12(data, password, name)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise IdentityError(
            f"{name} holds a key that is not RSA. Microsoft Entra ID accepts only RSA keys of applications."
        )
    return ClientKey(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "".join(certificate.public_bytes(Encoding.PEM).decode() for certificate in certificates),
    )


def _from_pkcs12(data: bytes, password: str, name: str) -> tuple[t.Any, list[x509.Certificate]]:
    file = Pkcs12(decode(data, name), password, name, password_option="x509_certificate_password")
    return file.key, file.certificates


def _from_pem(data: bytes, password: str, name: str) -> tuple[t.Any, list[x509.Certificate]]:
    if b"PRIVATE KEY-----" not in data:
        raise IdentityError(f"{name} holds no private key. Put the certificate and its key into one PEM file.")
    try:
        # A password for a key without one is no mistake: the same password may guard other files.
        protected = b"ENCRYPTED" in data
        key = load_pem_private_key(data, password.encode() if protected and password else None)
    except (TypeError, ValueError, UnsupportedAlgorithm) as exc:
        if protected and not password:
            raise IdentityError(f"{name} holds an encrypted key. Give its x509_certificate_password.") from exc
        problem = "x509_certificate_password is wrong, or the key is damaged" if protected else "It is damaged"
        raise IdentityError(f"The key in {name} cannot be opened. {problem}.") from exc
    try:
        certificates = x509.load_pem_x509_certificates(data)
        public = key.public_key()
        own = [certificate for certificate in certificates if certificate.public_key() == public]
    except (ValueError, x509.InvalidVersion, UnsupportedAlgorithm) as exc:
        raise IdentityError(
            f"{name} holds no certificate that can be read. Put the certificate and its key into one PEM file."
        ) from exc
    if not own:
        raise IdentityError(
            f"The key in {name} belongs to none of the certificates in it. Put the certificate of the key there."
        )
    return key, own[:1] + [certificate for certificate in certificates if certificate is not own[0]]
