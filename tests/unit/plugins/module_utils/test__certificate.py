# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from datetime import datetime, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from support.certificates import make_certificate, make_ec_certificate, rsa_key

from ansible_collections.msgraph.identity.plugins.module_utils._certificate import WantedCertificate
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError


def test_certificate_that_cannot_be_read():
    with pytest.raises(IdentityError, match="The certificate cannot be read"):
        WantedCertificate.from_der(b"\x30\x03\x02\x01\x03")


def test_certificate_in_results():
    wanted = WantedCertificate.from_der(make_certificate("a, b").der)
    rendered = wanted.render()
    assert sorted(rendered) == ["issuer", "not_after", "not_before", "serial_number", "subject", "thumbprint"]
    assert rendered["subject"] == rendered["issuer"] == r"CN=a\, b"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", rendered["not_after"])
    assert re.fullmatch(r"[0-9A-F]{40}", rendered["thumbprint"])


@pytest.mark.parametrize(
    "serial, shown",
    [(0x4A12A, "04A12A"), (1, "01"), (0x10, "10"), (0xFFFF, "FFFF"), (int("7F" * 20, 16), "7F" * 20)],
)
def test_serial_number_is_whole_bytes(serial, shown):
    name = x509.Name([])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(rsa_key().public_key())
    begins, ends = (datetime(year, 1, 1, tzinfo=timezone.utc) for year in (2026, 2027))
    builder = builder.serial_number(serial).not_valid_before(begins).not_valid_after(ends)
    certificate = builder.sign(rsa_key(), hashes.SHA256())
    assert WantedCertificate.of(certificate).serial_number == shown


def test_times_and_key_type():
    wanted = WantedCertificate.from_der(make_ec_certificate().der)
    assert wanted.key_type == "EC"
    assert wanted.not_before.tzinfo == wanted.not_after.tzinfo == timezone.utc
    assert WantedCertificate.from_der(make_certificate().der).key_type == "RSA"
