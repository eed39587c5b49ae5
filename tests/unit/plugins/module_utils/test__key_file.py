# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import re
import textwrap
import warnings
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, pkcs12
from hypothesis import given
from hypothesis import strategies as st
from support.certificates import make_certificate, make_ec_certificate, triple_des

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import (
    LARGEST,
    Upload,
    WantedCertificate,
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
        serial_number=f"{certificate.serial_number:X}",
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
            Pkcs12(data, password, "the file", password_option="x509_certificate_password")
        assert " certificate_password" not in caught.value.message
    assert (
        "although x509_certificate_password is given"
        in Pkcs12(PLAIN, PASSWORD, "the file", "x509_certificate_password").warnings[0]
    )


@pytest.mark.parametrize("password", [PASSWORD, ""])
def test_certificate_of_the_key_comes_first(password):
    file = open_file(with_chain(password), password)
    assert file.certificates == [MADE.certificate, *(link.certificate for link in CHAIN)]
    assert file.key.private_numbers() == MADE.key.private_numbers()
    assert open_file(PLAIN).certificates == [MADE.certificate]


def elements(der):
    """Tag and whole of each element of a DER sequence's content (X.690)."""
    while der:
        length, begin = der[1], 2
        if length & 0x80:
            begin += length & 0x7F
            length = int.from_bytes(der[2:begin], "big")
        yield der[0], der[: begin + length], der[begin : begin + length]
        der = der[begin + length :]


def element(tag, content):
    return bytes([tag, 0x83]) + len(content).to_bytes(3, "big") + content


def content_of(der):
    ((unused, dummy, content),) = elements(der)
    return content


def with_keys(count):
    """A file without protection in which the key's bag is there `count` times."""
    version, safe = (whole for unused, whole, content in elements(content_of(fixture("no_mac_no_encryption"))))
    kind, wrapped = (whole for unused, whole, content in elements(content_of(safe)))
    parts = [whole for unused, whole, content in elements(content_of(content_of(content_of(wrapped))))]
    key = bytes.fromhex("060b2a864886f70d010c0a0101")
    assert sum(key in part for part in parts) == 1
    several = element(0x30, b"".join(part * (count if key in part else 1) for part in parts))
    return element(0x30, version + element(0x30, kind + element(0xA0, element(0x04, several))))


def test_file_with_several_keys_is_refused():
    assert open_file(with_keys(1)).wanted.thumbprint == FIXTURE_THUMBPRINT
    with pytest.raises(
        IdentityError, match="^src 'x.pfx' holds 3 private keys, so which certificate is meant cannot be told"
    ):
        open_file(with_keys(3))


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


def test_unsupported_encryption_is_explained(monkeypatch):
    def refuse(data, password):
        raise UnsupportedAlgorithm("RC2 is not supported")

    monkeypatch.setattr(_pkcs12.pkcs12, "load_pkcs12", refuse)
    with pytest.raises(
        IdentityError,
        match="src 'x.pfx' uses an encryption .*does not support. Convert it with: openssl pkcs12 -legacy",
    ):
        open_file(AES, PASSWORD)


def test_elliptic_curve_key():
    made = make_ec_certificate()
    file = open_file(made.pfx())
    assert (file.wanted.thumbprint, file.wanted.key_type) == (made.thumbprint, "EC")
    key = pkcs12.load_pkcs12(*sent(file.upload("compatible"))).key
    assert isinstance(key, ec.EllipticCurvePrivateKey)


def vaulted():
    return b"$ANSIBLE_VAULT;1.1;AES256\n3132\n"


def key_der():
    return MADE.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def of_version_6(data):
    """A certificate in `data` gets a version that does not exist."""
    version_3, version_6 = bytes.fromhex("a003020102"), bytes.fromhex("a003020105")
    assert data.count(version_3) == 1
    return data.replace(version_3, version_6)


# file, password, what the sentence says
REFUSED = {
    "empty": (b"", "", "is empty"),
    "blanks": (b" \r\n\t", "", "is empty"),
    "PEM": (MADE.pem + MADE.key_pem, "", "is PEM, not PKCS#12. Convert it with: openssl pkcs12 -export"),
    "PEM with attributes before it": (b"Bag Attributes\n" + MADE.pem, "", "is PEM"),
    "vaulted": (vaulted(), "", "is encrypted with Ansible Vault. Leave decrypt at true"),
    "too large": (b"0\x82" + b"x" * LARGEST, "", "is larger than"),
    "garbage": (b"\x00\x01\x02\xff", "", "is neither PKCS#12 nor base64 text"),
    "text": (b"hello, world", "", "is neither PKCS#12 nor base64 text"),
    "UTF-16 text of something else": ("größe".encode("utf-16"), "", "is neither PKCS#12 nor base64 text"),
    "UTF-16 text without a mark": (BASE64.encode("utf-16-le"), "", "is neither PKCS#12 nor base64 text"),
    "UTF-16 mark alone": (b"\xff\xfe", "", "is empty"),
    "UTF-16 text cut off": (BASE64.encode("utf-16")[:-3], PASSWORD, "is neither PKCS#12 nor base64 text"),
    "PEM in UTF-16": (MADE.pem.decode().encode("utf-16"), "", "is PEM, not PKCS#12"),
    "vaulted in UTF-16": (vaulted().decode().encode("utf-16"), "", "is encrypted with Ansible Vault"),
    "vaulted with a mark": (b"\xef\xbb\xbf" + vaulted(), "", "is encrypted with Ansible Vault"),
    "base64 cut off": (BASE64.encode()[:-3], PASSWORD, "is neither PKCS#12 nor base64 text"),
    "base64 of something else": (
        base64.b64encode(b"something else, and not short"),
        "",
        "is not PKCS#12, or is damaged",
    ),
    "base64 of PEM": (base64.b64encode(MADE.pem), "", "is not PKCS#12"),
    "base64 of nothing": (b"====", "", "is"),
    "some other DER": (b"\x30\x82\x00\x03\x02\x01\x03", "", "is not PKCS#12, or is damaged"),
    "certificate in DER": (MADE.der, "", "is a certificate without its private key"),
    "base64 of a certificate": (base64.b64encode(MADE.der), "", "is a certificate without its private key"),
    "certificate of version 6": (of_version_6(MADE.der), "", "src 'x.pfx'"),
    "file with a certificate of version 6": (of_version_6(fixture("no_mac_no_encryption")), "", "src 'x.pfx'"),
    "key in DER": (key_der(), "", "is not PKCS#12"),
    "public key in DER": (
        MADE.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "",
        "is not PKCS#12",
    ),
    "key alone": (
        pkcs12.serialize_key_and_certificates(None, MADE.key, None, None, NoEncryption()),
        "",
        "holds a private key, but not the certificate",
    ),
    "certificate alone": (
        pkcs12.serialize_key_and_certificates(None, None, MADE.certificate, None, NoEncryption()),
        "",
        "holds no private key. Export it again together with its key",
    ),
    "chain alone": (
        pkcs12.serialize_key_and_certificates(None, None, None, [link.certificate for link in CHAIN], NoEncryption()),
        "",
        "holds no private key",
    ),
    "wrong password": (AES, "Wr0ng-horse", "cannot be opened. Its certificate_password is wrong"),
    "missing password": (AES, "", "cannot be opened. It needs certificate_password"),
    "password in another case": (AES, PASSWORD.upper(), "Its certificate_password is wrong"),
    "cut off in the middle": (
        AES[: len(AES) // 2],
        PASSWORD,
        "is not PKCS#12, or is damaged. Check that it is a PFX file",
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
@pytest.mark.filterwarnings("ignore:PKCS#12 bundle could not be parsed as DER")
def test_files_that_are_refused(case):
    data, password, sentence = case
    with pytest.raises(IdentityError) as caught:
        open_file(data, password)
    message = caught.value.message
    assert message.startswith("src 'x.pfx' ")
    assert sentence in message
    for secret in (password, PASSWORD, "BEGIN"):
        assert not secret or secret not in message


def test_file_of_the_largest_size_is_still_read():
    with pytest.raises(IdentityError, match="is neither"):
        decode(b"-" * LARGEST, "content")


def test_larger_file_is_refused_with_the_size_that_counts():
    with pytest.raises(IdentityError) as caught:
        decode(b"-" * (LARGEST + 1), "content")
    assert f"larger than {LARGEST // 1024} KiB" in caught.value.message


@pytest.mark.parametrize("share", [share / 40 for share in range(40)])
@pytest.mark.filterwarnings("ignore:PKCS#12 bundle could not be parsed as DER")
def test_truncated_file(share):
    with pytest.raises(IdentityError):
        open_file(AES[: int(len(AES) * share)], PASSWORD)


def mutated(data):
    """`data` with some bytes changed, or cut off."""
    changes = st.lists(st.tuples(st.integers(0, len(data) - 1), st.integers(0, 255)), min_size=1, max_size=4)

    def change(drawn):
        replaced, length = bytearray(data), drawn[1]
        for place, byte in drawn[0]:
            replaced[place] = byte
        return bytes(replaced[:length])

    return st.tuples(changes, st.one_of(st.just(len(data)), st.integers(0, len(data)))).map(change)


@given(
    data=st.one_of(
        mutated(fixture("no_mac_no_encryption")),
        mutated(PLAIN),
        mutated(BASE64.encode()),
        mutated(MADE.der),
        st.binary(max_size=60),
    )
)
def test_no_file_does_harm(data):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            open_file(data)
        except IdentityError as exc:
            assert exc.message.startswith("src 'x.pfx' ")


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
    assert Pkcs12(raw, upload.password, "sent").wanted.thumbprint == MADE.thumbprint
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
