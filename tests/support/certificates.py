# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates and PKCS#12 files made on the spot."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID


@functools.cache
def rsa_key(number: int = 0) -> rsa.RSAPrivateKey:
    """An RSA 2048 key; the same one for the same number, as making them is slow."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True)
class Made:
    """A certificate with its key; self-signed, unless it is of a chain."""

    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def thumbprint(self) -> str:
        """SHA-1 in upper-case hex."""
        return self.certificate.fingerprint(hashes.SHA1()).hex().upper()

    @property
    def der(self) -> bytes:
        """The certificate in DER."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        """The certificate in PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The key in PEM (PKCS#8), not encrypted."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def pem_file(self, password: str = "", form: PrivateFormat = PrivateFormat.PKCS8) -> bytes:
        """Key and certificate in one PEM file; the key is encrypted when there is a password."""
        encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        return self.key.private_bytes(Encoding.PEM, form, encryption) + self.pem

    def pfx(
        self,
        password: str = "",
        encryption: KeySerializationEncryption | None = None,
        name: bytes | None = None,
        chain: tuple[Made, ...] = (),
        with_key: bool = True,
    ) -> bytes:
        """A PKCS#12 file, in AES-256 as today's tools write it; without protection when there is no password."""
        if encryption is None:
            encryption = BestAvailableEncryption(password.encode()) if password else NoEncryption()
        links = [link.certificate for link in chain]
        if not with_key:
            return pkcs12.serialize_key_and_certificates(None, None, None, [self.certificate, *links], encryption)
        return pkcs12.serialize_key_and_certificates(name, self.key, self.certificate, links or None, encryption)


def triple_des(password: str) -> KeySerializationEncryption:
    """The encryption that Microsoft documents as the accepted one."""
    builder = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(2000)
    return (
        builder.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC)
        .hmac_hash(hashes.SHA1())
        .build(password.encode())
    )


def make_certificate(name: str = "orders.example", starts: float = -1, ends: float = 300, key_number: int = 0) -> Made:
    """A self-signed certificate that is valid from `starts` to `ends`, in days from now."""
    key = rsa_key(key_number)
    return Made(key, _signed(key, name, starts, ends))


def make_ec_certificate(name: str = "orders.example") -> Made:
    """The same with a key on an elliptic curve."""
    key = ec.generate_private_key(ec.SECP256R1())
    return Made(key, _signed(key, name, starts=-1, ends=300))


def make_chain(*names: str) -> list[Made]:
    """Certificates of which each one issued the one before, the last one itself; valid today."""
    chain: list[Made] = []
    for number, name in reversed(list(enumerate(names))):
        key = rsa_key(number)
        chain.insert(0, Made(key, _signed(key, name, starts=-1, ends=300, issuer=chain[0] if chain else None)))
    return chain


def _signed(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    name: str,
    starts: float,
    ends: float,
    issuer: Made | None = None,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=starts))
        .not_valid_after(now + timedelta(days=ends))
    )
    return builder.sign(issuer.key if issuer else key, hashes.SHA256())
