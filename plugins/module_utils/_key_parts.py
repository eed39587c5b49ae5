# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys and certificates, read and checked by the library; all of it is to be called in `library_call`."""

from __future__ import annotations

import typing as t
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.msgraph.identity.plugins.module_utils._certificate import thumbprint
from ansible_collections.msgraph.identity.plugins.module_utils._library_calls import Unreadable
from ansible_collections.msgraph.identity.plugins.module_utils._pkcs12_contents import StoredCertificate, StoredKey
from ansible_collections.msgraph.identity.plugins.module_utils._times import iso8601

with suppress(ImportError):  # require_libraries() names what is missing
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key

_LARGEST_KEY = 10 * 1024  # bytes in DER; RSA of 16384 bits takes 9.3 thousand


@dataclass(frozen=True)
class ReadCertificate:
    """A certificate that was read.

    :param public: its key, or None when the library cannot tell
    """

    x509: x509.Certificate
    name: str | None
    public: bytes | None
    begins: datetime
    ends: datetime

    def __str__(self) -> str:
        return f"{thumbprint(self.x509)} (valid from {iso8601(self.begins)} to {iso8601(self.ends)})"


def read_certificate(stored: StoredCertificate) -> ReadCertificate:
    certificate = x509.load_der_x509_certificate(stored.der)
    public: bytes | None = None
    with suppress(ValueError, UnsupportedAlgorithm):
        public = public_key(certificate)
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return ReadCertificate(certificate, stored.name, public, begins, ends)


def load_key(stored: StoredKey) -> t.Any:
    """The key, whose numbers have not been looked at.

    :raises Unreadable: when it is too large to be looked at; one of some ten thousand bits would take hours
    """
    if len(stored.der) > _LARGEST_KEY:
        raise Unreadable(f"it takes {len(stored.der)} bytes")
    return load_der_private_key(stored.der, None, unsafe_skip_rsa_key_validation=True)


def check_key(key: t.Any, certificate: x509.Certificate) -> None:
    """Whether the numbers of an RSA key fit each other, and the key signs for the certificate (RFC 8017, 3.2).

    The library's own check, which also looks for primes, takes 30 ms for 2048 bits and 8 s for 8192.

    :raises Unreadable: when they do not
    """
    if not isinstance(key, rsa.RSAPrivateKey):
        return
    numbers = key.private_numbers()
    p, q, d, e = numbers.p, numbers.q, numbers.d, numbers.public_numbers.e
    fit = min(p, q) > 2 and p * q == numbers.public_numbers.n
    fit = fit and d * e % (p - 1) == d * e % (q - 1) == 1
    fit = fit and (numbers.dmp1, numbers.dmq1, numbers.iqmp * q % p) == (d % (p - 1), d % (q - 1), 1)
    if not fit:
        raise Unreadable("its numbers do not fit each other")
    owner = t.cast("rsa.RSAPublicKey", certificate.public_key())
    try:
        owner.verify(key.sign(b"", padding.PKCS1v15(), hashes.SHA256()), b"", padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature as exc:
        raise Unreadable("it does not sign for its certificate") from exc


def public_key(owner: t.Any) -> bytes:
    """The public key of a private key or certificate, to compare."""
    return t.cast(bytes, owner.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def der_of(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)
