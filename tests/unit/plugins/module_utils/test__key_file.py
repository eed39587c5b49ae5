# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
import textwrap
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12
from support.certificates import make_certificate, make_chain, make_ec_certificate, triple_des

from ansible_collections.msgraph.identity.plugins.module_utils import _key_file
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import (
    Upload,
    WantedCertificate,
    open_certificate,
    open_key_file,
    received,
)

FIXTURES = Path(__file__).parent / "fixtures"
PASSWORD = "Corr3ct-horse"
MADE = make_certificate()
CHAIN = (make_certificate("Issuing CA", key_number=1), make_certificate("Root CA", key_number=1))
FIXTURE_THUMBPRINT = "07E32A5B9F3F422FC70BBD87CC77A4589EA5F959"
OLD_OID = bytes.fromhex("060a2a864886f70d010c0103")  # pbeWithSHAAnd3-KeyTripleDES-CBC, RFC 7292 appendix C
PBES2_OID = bytes.fromhex("06092a864886f70d01050d")  # RFC 8018


def fixture(name):
    return base64.b64decode((FIXTURES / f"{name}.b64").read_text("ascii"))


def with_chain(password="", encryption=None):
    """A file with friendly names on the leaf and on the chain."""
    links = [pkcs12.PKCS12Certificate(link.certificate, name) for link, name in zip(CHAIN, [b"issuing", None])]
    encryption = encryption or (triple_des(password) if password else NoEncryption())
    return pkcs12.serialize_key_and_certificates("Größe".encode(), MADE.key, MADE.certificate, links, encryption)


AES = MADE.pfx(PASSWORD)
PLAIN = MADE.pfx()
BASE64 = base64.b64encode(AES).decode()

# file, password
OPENED = {
    "AES-256": (AES, PASSWORD),
    "TripleDES": (MADE.pfx(encryption=triple_des(PASSWORD)), PASSWORD),
    "not encrypted": (PLAIN, ""),
    "with chain": (MADE.pfx(PASSWORD, chain=CHAIN), PASSWORD),
    "with names": (with_chain(PASSWORD), PASSWORD),
    "non-ASCII password": (MADE.pfx("päßwörd€"), "päßwörd€"),
    "password with a blank": (MADE.pfx(" x "), " x "),
    "long password": (MADE.pfx("x" * 500), "x" * 500),
    "base64": (BASE64.encode(), PASSWORD),
    "base64 with LF": (textwrap.fill(BASE64, 64).encode() + b"\n", PASSWORD),
    "base64 with CRLF": ("\r\n".join(textwrap.wrap(BASE64, 76)).encode() + b"\r\n", PASSWORD),
    "base64 in UTF-16": (BASE64.encode("utf-16"), PASSWORD),
    "base64 in big-endian UTF-16": (b"\xfe\xff" + BASE64.encode("utf-16-be"), PASSWORD),
    "base64 in UTF-16 with CRLF": ("\r\n".join(textwrap.wrap(BASE64, 76)).encode("utf-16"), PASSWORD),
    "base64 with a byte order mark": (b"\xef\xbb\xbf" + BASE64.encode() + b"\r\n", PASSWORD),
    "password where there is none": (PLAIN, "Wr0ng-horse"),
    "base64 with blanks around it": (b"\n \t" + BASE64.encode() + b" \n", PASSWORD),
}
# fixture → password
OPENED_FIXTURES = {
    "empty_password": "",
    "no_mac": "throw-away",
    "no_mac_no_encryption": "",
    "non_ascii_password": "päßwörd€",
}


def open_file(data, password="", name="src 'x.pfx'"):
    return open_key_file(data, password, name)


@pytest.mark.parametrize("case", OPENED.values(), ids=OPENED)
def test_files_that_open(case):
    wanted = open_file(*case).wanted
    certificate = MADE.certificate
    assert wanted == WantedCertificate(
        thumbprint=MADE.thumbprint,
        subject="CN=orders.example",
        issuer="CN=orders.example",
        serial_number=certificate.serial_number.to_bytes(20, "big").lstrip(b"\0").hex().upper(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        der=MADE.der,
        key_type="RSA",
    )


@pytest.mark.parametrize(
    "data", [PLAIN, with_chain(), fixture("no_mac_no_encryption")], ids=["with MAC", "with chain", "without MAC"]
)
@pytest.mark.parametrize("password", ["", PASSWORD])
def test_warning_of_a_file_that_its_password_does_not_protect(data, password):
    warning = "src 'x.pfx' is not protected by a password, although certificate_password is given. Whoever reads the file has the key."
    assert open_file(data, password).warnings == ((warning,) if password else ())


@pytest.mark.parametrize("case", [case for name, case in OPENED.items() if name != "password where there is none"])
def test_no_warning_of_a_file_that_its_password_protects(case):
    assert open_file(*case).warnings == ()


def test_password_option_has_the_name_that_it_is_given():
    for data, password in ((AES, ""), (AES, "Wr0ng-horse")):
        with pytest.raises(IdentityError, match="x509_certificate_password") as caught:
            open_key_file(data, password, "the file", password_option="x509_certificate_password")
        assert " certificate_password" not in caught.value.message
    assert (
        "although x509_certificate_password is given"
        in open_key_file(PLAIN, PASSWORD, "the file", password_option="x509_certificate_password").warnings[0]
    )


@pytest.mark.parametrize("password", [PASSWORD, ""])
def test_certificate_of_the_key_comes_first(password):
    file = open_file(with_chain(password), password)
    assert file.certificates == (MADE.certificate, *(link.certificate for link in CHAIN))
    assert file.key.private_numbers() == MADE.key.private_numbers()
    assert open_file(PLAIN).certificates == (MADE.certificate,)


@pytest.mark.parametrize("name, password", OPENED_FIXTURES.items())
def test_files_of_openssl_that_open(name, password):
    wanted = open_file(fixture(name), password).wanted
    assert (wanted.thumbprint, wanted.subject) == (FIXTURE_THUMBPRINT, "CN=throw-away.example")
    assert wanted.not_after - wanted.not_before == timedelta(days=36500)


def test_file_without_mac_and_encryption_opens_with_any_password():
    assert open_file(fixture("no_mac_no_encryption"), "anything").wanted.thumbprint == FIXTURE_THUMBPRINT


def test_old_rc2_file_opens_or_is_explained():
    # It depends on the OpenSSL that cryptography was built with.
    try:
        assert open_file(fixture("rc2_40"), "throw-away").wanted.thumbprint == FIXTURE_THUMBPRINT
    except IdentityError as exc:
        assert "does not support" in exc.message


def test_elliptic_curve_key():
    made = make_ec_certificate()
    file = open_file(made.pfx())
    assert (file.wanted.thumbprint, file.wanted.key_type) == (made.thumbprint, "EC")
    key = pkcs12.load_pkcs12(*sent(file.upload("compatible"))).key
    assert isinstance(key, ec.EllipticCurvePrivateKey)


@pytest.mark.parametrize("share", [share / 40 for share in range(40)])
def test_truncated_file(share):
    with pytest.raises(IdentityError):
        open_file(AES[: int(len(AES) * share)], PASSWORD)


def sent(upload):
    """File and password as load_pkcs12() takes them."""
    return base64.b64decode(upload.pkcs12_value, validate=True), upload.password.encode() or None


@pytest.mark.parametrize("password", [PASSWORD, ""])
def test_compatible_upload(password):
    data = with_chain(password, None)
    upload = open_file(data, password).upload("compatible")
    raw, one_time = sent(upload)
    assert raw != data
    assert OLD_OID in raw and PBES2_OID not in raw
    opened = pkcs12.load_pkcs12(raw, one_time)
    assert opened.key.private_numbers() == MADE.key.private_numbers()
    assert (opened.cert.certificate, opened.cert.friendly_name) == (MADE.certificate, "Größe".encode())
    assert [(link.certificate, link.friendly_name) for link in opened.additional_certs] == [
        (CHAIN[0].certificate, b"issuing"),
        (CHAIN[1].certificate, None),
    ]
    assert open_key_file(raw, upload.password, "sent").wanted.thumbprint == MADE.thumbprint
    for wrong in (b"", None, PASSWORD.encode()):
        with pytest.raises(ValueError):
            pkcs12.load_pkcs12(raw, wrong)


def test_compatible_upload_of_a_file_without_chain_and_names():
    opened = pkcs12.load_pkcs12(*sent(open_file(AES, PASSWORD).upload("compatible")))
    assert (opened.cert.friendly_name, opened.additional_certs) == (None, [])


def test_one_time_password_is_used_once_and_hard_to_guess():
    file = open_file(AES, PASSWORD)
    passwords = {file.upload("compatible").password for unused in range(3)}
    assert len(passwords) == 3
    assert PASSWORD not in passwords
    assert all(re.fullmatch(r"[\w-]{43}", password) for password in passwords)  # 256 bits


def test_aes_is_told_from_tripledes():
    assert PBES2_OID in AES and OLD_OID not in AES


@pytest.mark.parametrize("password", [PASSWORD, ""])
@pytest.mark.parametrize("as_text", [False, True])
def test_preserved_upload(password, as_text):
    data = MADE.pfx(password)
    upload = open_file(base64.encodebytes(data) if as_text else data, password).upload("preserve")
    assert upload == Upload(base64.b64encode(data).decode(), password)


def test_no_secret_shows():
    file = open_file(AES, PASSWORD)
    upload = file.upload("compatible")
    shown = f"{file!r} {file} {upload!r} {upload} {file.wanted!r} {file.upload('preserve')!r}"
    for secret in (PASSWORD, upload.password, upload.pkcs12_value, BASE64[:40], repr(MADE.der)[:40], "PRIVATE KEY"):
        assert secret not in shown
    assert MADE.thumbprint in shown


def test_certificate_as_text_has_no_key():
    pem = open_file(AES, PASSWORD).wanted.pem
    assert pem.encode() == MADE.pem
    assert pem.count("BEGIN") == 1


def test_received_certificate_alone():
    wanted, upload = received(MADE.pem.decode(), "")
    assert (wanted.thumbprint, upload) == (MADE.thumbprint, None)


@pytest.mark.parametrize("password", [PASSWORD, ""])
def test_received_file_is_sent_on_as_it_is(password):
    content = base64.b64encode(MADE.pfx(password)).decode()
    wanted, upload = received(content, password)
    assert wanted.thumbprint == MADE.thumbprint
    assert upload == Upload(content, password)


@pytest.mark.parametrize(
    "content", ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "-----BEGIN", "nonsense", "AAAA"]
)
def test_received_nonsense(content):
    with pytest.raises(IdentityError):
        received(content, "")


def test_received_pem_with_a_key_is_an_upload():
    wanted, upload = received((MADE.pem + MADE.key_pem).decode(), "")
    assert wanted.thumbprint == MADE.thumbprint
    assert open_key_file(*raw(upload), "sent").key.private_numbers() == MADE.key.private_numbers()


@pytest.mark.parametrize("before", [b"-----BEGIN JUNK-----\n-----END JUNK-----\n", b"\xef\xbb\xbf", b"\n", b""])
def test_received_pem_with_a_key_is_never_a_certificate_alone(before):
    for pem in (MADE.pem + MADE.key_pem, MADE.key_pem + MADE.pem):
        assert received((before + pem).decode(), "")[1] is not None


@pytest.mark.parametrize("rest", [MADE.pem, CHAIN[0].pem, b"-----BEGIN PRIVATE KEY-----\n", MADE.key_pem[:400]])
def test_received_certificates_that_are_not_one(rest):
    with pytest.raises(IdentityError, match="^content "):
        received((MADE.pem + rest).decode(), "")


def raw(upload):
    """File and password as open_key_file() takes them."""
    return base64.b64decode(upload.pkcs12_value), upload.password


def test_pem_cannot_be_preserved():
    file = open_file(MADE.pem + MADE.key_pem)
    for refused in (file.require_encryption, file.upload):
        with pytest.raises(IdentityError) as caught:
            refused("preserve")
        assert caught.value.message == (
            "pkcs12_encryption is preserve, but there is no PKCS#12 file to preserve: the key is PEM. "
            "Leave pkcs12_encryption at compatible."
        )
    assert file.require_encryption("compatible") is None


def test_trailing_bytes_are_not_preserved():
    assert open_file(AES + b"\n", PASSWORD).upload("preserve") == open_file(AES, PASSWORD).upload("preserve")


def test_file_with_an_empty_password_is_preserved_with_it():
    assert open_file(fixture("empty_password"), "anything").upload("preserve").password == ""


def test_host_that_cannot_write_tripledes(monkeypatch):
    # As cryptography says it on a FIPS host.
    def refuse(*arguments):
        raise UnsupportedAlgorithm("PBESv1SHA1And3KeyTripleDESCBC is not supported by this version of OpenSSL")

    monkeypatch.setattr(_key_file.pkcs12, "serialize_key_and_certificates", refuse)
    with pytest.raises(IdentityError) as caught:
        open_file(AES, PASSWORD).upload("compatible")
    assert "cannot write TripleDES (PBESv1SHA1And3KeyTripleDESCBC is not supported" in caught.value.message
    assert "Make a PKCS#12 file of TripleDES-SHA1 elsewhere" in caught.value.message
    assert "set pkcs12_encryption to preserve" in caught.value.message
    assert open_file(AES, PASSWORD).upload("preserve").password == PASSWORD


@pytest.mark.parametrize(
    "other",
    [
        make_certificate("other.example", key_number=1).pfx("x"),
        make_certificate("other.example").pfx("x"),
        MADE.pfx("x", chain=CHAIN[:1]),
        MADE.pfx("x", with_key=False),
    ],
    ids=["another key", "another certificate", "a chain", "no key"],
)
def test_what_was_made_is_compared_before_it_is_handed_out(monkeypatch, other):
    file = open_file(AES, PASSWORD)
    monkeypatch.setattr(_key_file.secrets, "token_urlsafe", lambda length: "x")
    monkeypatch.setattr(_key_file.pkcs12, "serialize_key_and_certificates", lambda *arguments: other)
    with pytest.raises(IdentityError, match="cannot be re-encoded: what was made of them is not the same"):
        file.upload("compatible")


NO_LEGACY = """
import sys
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import open_key_file
try:
    open_key_file(sys.stdin.buffer.read(), "throw-away", "src 'x.pfx'")
except IdentityError as exc:
    print(exc.message)
"""


def test_rc2_without_the_legacy_provider():
    environment = {**os.environ, "CRYPTOGRAPHY_OPENSSL_NO_LEGACY": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", NO_LEGACY], input=fixture("rc2_40"), env=environment, capture_output=True, check=True
    )
    said = done.stdout.decode()
    assert said.startswith(
        "src 'x.pfx' is encrypted with RC2-40 (PBES1, 2048 rounds), which this Python's cryptography "
    )
    assert "Convert it with: openssl pkcs12 -legacy -in OLD.pfx -nodes | openssl pkcs12 -export -out NEW.pfx" in said
    assert "wrong" not in said and done.stderr == b""


def at(days):
    return datetime.now(timezone.utc) + timedelta(days=days)


OLD, NEW = make_certificate(starts=-100, ends=10), make_certificate(starts=-5, ends=100)
EARLIER, LATER = make_certificate(starts=-100, ends=-50), make_certificate(starts=5, ends=100)


@pytest.mark.parametrize(
    "certificates, now, expected",
    [
        ((OLD, NEW), 0, None),
        ((NEW, OLD), 0, None),
        ((OLD, NEW), 50, NEW),
        ((NEW, OLD), 50, NEW),
        ((OLD, NEW), -50, None),  # the old one is the only valid one, and the other one is newer
        ((OLD, NEW), 200, None),
        ((EARLIER, NEW), 0, NEW),
        ((EARLIER, NEW, OLD), 0, None),
        ((EARLIER, OLD, NEW), 50, NEW),
        ((EARLIER, LATER), 0, None),
        ((OLD, LATER), 0, None),
    ],
)
def test_which_certificate_of_one_key_is_meant(certificates, now, expected):
    data = MADE.key_pem + b"".join(made.pem for made in certificates) + CHAIN[0].pem
    if expected is None:
        with pytest.raises(IdentityError, match="Which one is meant cannot be told") as caught:
            open_key_file(data, "", "src 'x.pem'", now=at(now))
        said = caught.value.message
    else:
        file = open_key_file(data, "", "src 'x.pem'", now=at(now))
        assert file.certificates == (expected.certificate, CHAIN[0].certificate)
        (said,) = file.warnings
        assert f"{expected.thumbprint} is taken" in said
    for made in certificates:
        begins, ends = made.certificate.not_valid_before_utc, made.certificate.not_valid_after_utc
        assert f"{made.thumbprint} (valid from {begins:%Y-%m-%dT%H:%M:%SZ} to {ends:%Y-%m-%dT%H:%M:%SZ})" in said


def test_option_for_the_key_is_named():
    for data in (MADE.pem, MADE.der):
        with pytest.raises(IdentityError, match="or give the key as private_key_src"):
            open_key_file(data, "", "src 'x.pem'", key_option="private_key_src")


ISSUED, ISSUING, ROOT = make_chain("orders.example", "Issuing CA", "Root CA")


@pytest.mark.parametrize(
    "data, password, leaf",
    [
        (MADE.pem, "", MADE),
        (MADE.der, "", MADE),
        (ISSUED.pem + ISSUING.pem + ROOT.pem, "", ISSUED),
        (ROOT.pem + ISSUED.pem + ISSUING.pem, "", ISSUED),
        (ISSUING.pem + ISSUED.pem, "", ISSUED),
        (ISSUING.pem + ROOT.pem, "", ISSUING),
        (ISSUED.pem * 2, "", ISSUED),
        (ISSUED.pfx(PASSWORD, chain=(ISSUING, ROOT), with_key=False), PASSWORD, ISSUED),
        (ROOT.pem + ISSUED.pem_file(PASSWORD), PASSWORD, ISSUED),
        (ISSUING.pem_file() + ISSUED.pem, "", ISSUING),
    ],
    ids=[
        "alone",
        "DER",
        "chain",
        "chain in another order",
        "part of a chain",
        "the end of a chain",
        "twice",
        "PKCS#12 without a key",
        "with its key",
        "with the key of its issuer",
    ],
)
def test_certificate_that_is_meant(data, password, leaf):
    assert open_certificate(data, password, "the file").thumbprint == leaf.thumbprint


@pytest.mark.parametrize(
    "data, message",
    [
        (MADE.pem + ROOT.pem, "the file holds 2 certificates and no key, so which one is meant cannot be told."),
        (MADE.key_pem, "the file holds no certificate."),
        (b"-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n", "the file holds no certificate"),
    ],
    ids=["two", "a key alone", "a public key"],
)
def test_certificate_that_cannot_be_told(data, message):
    with pytest.raises(IdentityError) as caught:
        open_certificate(data, "", "the file")
    assert caught.value.message.startswith(message)
