# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PKCS#12: bytes → certificate and key, and back in the encryption that Graph accepts. Nothing here touches the disk.

Format: RFC 7292.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import secrets
import typing as t
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._times import iso8601

with suppress(ImportError):  # require_libraries() names what is missing
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, pkcs12

LARGEST = 1024 * 1024  # bytes as they are read; a key with a long chain needs some ten thousand
PEM_BEGIN = b"-----BEGIN"
# PowerShell writes text with them.
_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
VAULT = b"$ANSIBLE_VAULT;"
# Object identifiers in DER: RFC 7292, 4.2, and RFC 2315, 14.
_KEY_BAG = bytes.fromhex("060b2a864886f70d010c0a0101")
_SHROUDED_KEY_BAG = bytes.fromhex("060b2a864886f70d010c0a0102")
_ENCRYPTED_DATA = bytes.fromhex("06092a864886f70d010706")


@dataclass(frozen=True)
class WantedCertificate:
    """The certificate that a connector is to have; `thumbprint` is SHA-1 of `der` in upper-case hex, times are UTC."""

    thumbprint: str
    subject: str
    issuer: str
    serial_number: str
    not_before: datetime
    not_after: datetime
    der: bytes = field(repr=False)
    key_type: str = "RSA"

    @classmethod
    def from_der(cls, der: bytes) -> WantedCertificate:
        """The certificate in `der` (RFC 5280).

        :raises IdentityError: when it cannot be read
        """
        try:
            certificate = x509.load_der_x509_certificate(der)
            return cls(
                thumbprint=certificate.fingerprint(hashes.SHA1()).hex().upper(),  # what Graph calls thumbprint is SHA-1
                subject=certificate.subject.rfc4514_string(),
                issuer=certificate.issuer.rfc4514_string(),
                serial_number=f"{certificate.serial_number:X}",
                not_before=certificate.not_valid_before_utc,
                not_after=certificate.not_valid_after_utc,
                key_type=type(certificate.public_key()).__name__.replace("PublicKey", ""),
                der=der,
            )
        except (ValueError, x509.InvalidVersion, UnsupportedAlgorithm) as exc:
            raise IdentityError(f"The certificate cannot be read: {exc}") from exc

    def is_valid(self, now: datetime) -> bool:
        """Whether it can be the active one: its time has come and is not over."""
        return self.not_before <= now < self.not_after

    @property
    def pem(self) -> str:
        """The certificate as text (RFC 7468), without its key."""
        return x509.load_der_x509_certificate(self.der).public_bytes(Encoding.PEM).decode()

    def render(self) -> dict[str, t.Any]:
        """As in results, without `is_active`, which only a connector can tell."""
        return {
            "thumbprint": self.thumbprint,
            "subject": self.subject,
            "issuer": self.issuer,
            "serial_number": self.serial_number,
            "not_before": iso8601(self.not_before),
            "not_after": iso8601(self.not_after),
        }


@dataclass(frozen=True)
class Upload:
    """What is sent to Graph: base64 of a PKCS#12 file, and its password (empty when it has none)."""

    pkcs12_value: str = field(repr=False)
    password: str = field(repr=False)

    def body(self) -> dict[str, str]:
        """As Graph takes it; the password is there even when it is empty."""
        return {"pkcs12Value": self.pkcs12_value, "password": self.password}


class Pkcs12:
    """An opened PKCS#12 file.

    :param data: the file
    :param password: its password; empty stands for none
    :param name: what to call it in messages
    :param password_option: what the option for the password is called
    :raises IdentityError: when it cannot be opened, or does not hold one certificate with its private key
    """

    def __init__(self, data: bytes, password: str, name: str, password_option: str = "certificate_password") -> None:
        self.warnings: tuple[str, ...] = ()
        if password and _SHROUDED_KEY_BAG not in data and _ENCRYPTED_DATA not in data:
            password = ""
            self.warnings = (
                f"{name} is not protected by a password, although {password_option} is given. Whoever reads the file has the key.",
            )
        content = _open(data, password, name, password_option)
        if content.key is None:
            raise IdentityError(f"{name} holds no private key. Export it again together with its key.")
        # cryptography takes the first key and does not tell of others.
        keys = data.count(_KEY_BAG) + data.count(_SHROUDED_KEY_BAG)
        if keys > 1:
            raise IdentityError(
                f"{name} holds {keys} private keys, so which certificate is meant cannot be told. Export one key with its certificate."
            )
        if content.cert is None:
            raise IdentityError(
                f"{name} holds a private key, but not the certificate that belongs to it. Export them together."
            )
        self._data = data
        self._password = password
        self.key = t.cast("pkcs12.PKCS12PrivateKeyTypes", content.key)
        self._leaf = content.cert
        self._chain = content.additional_certs
        self.wanted = WantedCertificate.from_der(self._leaf.certificate.public_bytes(Encoding.DER))

    @property
    def certificates(self) -> list[x509.Certificate]:
        """The certificate that belongs to the key, then the others."""
        return [self._leaf.certificate, *(link.certificate for link in self._chain)]

    def upload(self, encryption: str) -> Upload:
        """What to send to Graph.

        :param encryption: `preserve` sends the file and its password as they are; `compatible` sends key and
            certificates in the
            encryption that Microsoft documents as the accepted one (TripleDES-SHA1), under a password made for this one
            upload
        """
        if encryption == "preserve":
            return Upload(base64.b64encode(self._data).decode(), self._password)
        password = secrets.token_urlsafe(32)
        builder = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(2000)
        builder = builder.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC).hmac_hash(hashes.SHA1())
        protection = builder.build(password.encode())
        data = pkcs12.serialize_key_and_certificates(
            self._leaf.friendly_name, self.key, self._leaf.certificate, self._chain, protection
        )
        return Upload(base64.b64encode(data).decode(), password)


def received(content: str, password: str) -> tuple[WantedCertificate, Upload | None]:
    """What the action plugin sent to the host: a PKCS#12 file to upload, or the certificate alone while the key may not
    be needed.
    """
    if content.startswith(PEM_BEGIN.decode()):
        try:
            certificate = x509.load_pem_x509_certificate(content.encode(errors="replace"))
        except ValueError as exc:
            raise IdentityError("content begins as PEM, but is not a certificate.") from exc
        return WantedCertificate.from_der(certificate.public_bytes(Encoding.DER)), None
    file = Pkcs12(decode(content.encode(errors="replace"), "content"), password, "content")
    return file.wanted, file.upload("preserve")


def without_mark(data: bytes) -> bytes:
    """`data`; where it is text with a byte order mark, in UTF-8 without it."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace").encode(errors="replace")
    return data


def decode(data: bytes, name: str) -> bytes:
    """The PKCS#12 file in `data`, which may be the file itself or base64 text of it.

    :raises IdentityError: for what is recognizably something else, naming it
    """
    data = without_mark(data)
    if not data.strip():
        raise IdentityError(f"{name} is empty.")
    if len(data) > LARGEST:
        raise IdentityError(
            f"{name} is larger than {LARGEST // 1024} KiB and cannot be a PKCS#12 file for one certificate."
        )
    if data.startswith(VAULT):
        raise IdentityError(
            f"{name} is encrypted with Ansible Vault. Leave decrypt at true and give the vault password to Ansible."
        )
    if PEM_BEGIN in data:
        raise IdentityError(
            f"{name} is PEM, not PKCS#12. Convert it with: openssl pkcs12 -export -in CERTIFICATE -inkey KEY -out FILE.pfx"
        )
    # Every PKCS#12 file begins as a long DER sequence does; read as text, that is the digit 0 and no letter or digit
    # after it.
    if data[0] == 0x30 and not data[1:2].isalnum():
        return data
    try:
        return base64.b64decode(b"".join(data.split()), validate=True)
    except binascii.Error:
        raise IdentityError(
            f"{name} is neither PKCS#12 nor base64 text of it. Check that it is a PFX file (.pfx, .p12) and complete."
        ) from None


def _open(data: bytes, password: str, name: str, password_option: str) -> pkcs12.PKCS12KeyAndCertificates:
    try:
        return pkcs12.load_pkcs12(data, password.encode() or None)
    except x509.InvalidVersion as exc:
        raise IdentityError(f"{name} holds a certificate that cannot be read: {exc}") from exc
    except UnsupportedAlgorithm as exc:
        raise IdentityError(
            f"{name} uses an encryption that this Python's cryptography does not support. Convert it with: "
            "openssl pkcs12 -legacy -in OLD.pfx -nodes | openssl pkcs12 -export -out NEW.pfx"
        ) from exc
    except ValueError as exc:
        if "password" in str(exc).lower():
            problem = f"Its {password_option} is wrong" if password else f"It needs {password_option}, or is damaged"
            raise IdentityError(f"{name} cannot be opened. {problem}.") from exc
        if _is_certificate(data):
            raise IdentityError(
                f"{name} is a certificate without its private key. Export both together as PKCS#12."
            ) from exc
        raise IdentityError(
            f"{name} is not PKCS#12, or is damaged. Check that it is a PFX file (.pfx, .p12) and complete."
        ) from exc


def _is_certificate(data: bytes) -> bool:
    with suppress(ValueError, x509.InvalidVersion):
        x509.load_der_x509_certificate(data)
        return True
    return False
