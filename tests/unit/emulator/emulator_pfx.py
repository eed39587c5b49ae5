# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates and PFX files in every form the emulator tells apart."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12

TRIPLE_DES = pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC
AES = pkcs12.PBES.PBESv2SHA256AndAES256CBC


@dataclass(frozen=True)
class Identity:
    """A certificate and its key."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls, name: str, start_day: int = -1, end_day: int = 30) -> Identity:
        """A self-signed certificate valid between two days counted from now."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now + datetime.timedelta(days=start_day))
        return cls(key, builder.not_valid_after(now + datetime.timedelta(days=end_day)).sign(key, hashes.SHA256()))

    @property
    def thumbprint(self) -> str:
        """SHA-1, in upper case."""
        return self.certificate.fingerprint(hashes.SHA1()).hex().upper()

    @property
    def certificate_pem(self) -> str:
        """The certificate as PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        """The key as PEM."""
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()

    def pfx(self, password: str = "", algorithm: pkcs12.PBES = TRIPLE_DES, key: bool = True) -> bytes:
        """A PFX; without a password it is not protected at all."""
        how: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if password:
            builder = serialization.PrivateFormat.PKCS12.encryption_builder().kdf_rounds(2000).key_cert_algorithm(algorithm)
            how = builder.hmac_hash(hashes.SHA1()).build(password.encode())
        if key:
            return pkcs12.serialize_key_and_certificates(b"name", self.key, self.certificate, None, how)
        return pkcs12.serialize_key_and_certificates(None, None, None, [self.certificate], how)
