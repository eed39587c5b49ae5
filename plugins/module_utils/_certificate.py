# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificate that a connector is to have: what is public of it."""

from __future__ import annotations

import hashlib
import typing as t
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from ansible_collections.msgraph.identity.plugins.module_utils._ber import SEQUENCE, context, read_all
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._library_calls import Unreadable, library_call
from ansible_collections.msgraph.identity.plugins.module_utils._times import iso8601

with suppress(ImportError):  # require_libraries() names what is missing
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

RSA_PSS = "1.2.840.113549.1.1.10"  # RFC 4055


@dataclass(frozen=True)
class WantedCertificate:
    """The certificate that a connector is to have.

    :param thumbprint: SHA-1 of `der` in upper-case hex, as Graph calls a thumbprint
    :param serial_number: whole bytes in upper-case hex, as openssl shows it: `04A12A`
    :param not_before: UTC
    :param not_after: UTC
    :param key_type: `RSA`, `RSA-PSS`, `EC`, `DSA`, `Ed25519` or `Ed448`
    """

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
            with library_call():
                return cls.of(x509.load_der_x509_certificate(der))
        except Unreadable as exc:
            raise IdentityError(f"The certificate cannot be read: {exc.words}.") from exc

    @classmethod
    def of(cls, certificate: x509.Certificate) -> WantedCertificate:
        """The same of a certificate that the library has read; to be called in `library_call`."""
        return cls(
            thumbprint=thumbprint(certificate),
            subject=certificate.subject.rfc4514_string(),
            issuer=certificate.issuer.rfc4514_string(),
            serial_number=_whole_bytes(certificate.serial_number),
            not_before=certificate.not_valid_before_utc,
            not_after=certificate.not_valid_after_utc,
            key_type=_key_type(certificate),
            der=certificate.public_bytes(Encoding.DER),
        )

    def is_valid(self, now: datetime) -> bool:
        """Whether it can be the active one: its time has come and is not over."""
        return self.not_before <= now < self.not_after

    @property
    def pem(self) -> str:
        """The certificate as text (RFC 7468), without its key."""
        with library_call():
            return x509.load_der_x509_certificate(self.der).public_bytes(Encoding.PEM).decode()

    def render(self) -> dict[str, t.Any]:
        """As in results, without what depends on the time and on a connector."""
        return {
            "thumbprint": self.thumbprint,
            "subject": self.subject,
            "issuer": self.issuer,
            "serial_number": self.serial_number,
            "not_before": iso8601(self.not_before),
            "not_after": iso8601(self.not_after),
        }


def thumbprint(certificate: x509.Certificate) -> str:
    """SHA-1 in upper-case hex: what Graph calls thumbprint."""
    return hashlib.sha1(certificate.public_bytes(Encoding.DER), usedforsecurity=False).hexdigest().upper()


def public_key_algorithm(certificate: x509.Certificate) -> str:
    """The algorithm of the certified key in dotted form (RFC 5280, 4.1.2.7)."""
    fields = read_all(certificate.tbs_certificate_bytes).children(SEQUENCE)
    explicit_version = fields[0].tag == context(0)
    public_key_info = fields[5 + explicit_version]
    return public_key_info.children(SEQUENCE)[0].children(SEQUENCE)[0].oid()


def _whole_bytes(number: int) -> str:
    digits = f"{abs(number):X}"
    return "-" * (number < 0) + digits.zfill(len(digits) + len(digits) % 2)


def _key_type(certificate: x509.Certificate) -> str:
    if public_key_algorithm(certificate) == RSA_PSS:  # which the library takes for plain RSA
        return "RSA-PSS"
    name = type(certificate.public_key()).__name__.replace("PublicKey", "")
    return {"EllipticCurve": "EC"}.get(name, name)
