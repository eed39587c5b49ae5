# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)
from support.certificates import make_certificate, make_ec_certificate, triple_des

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import load_client_key

PASSWORD = "Corr3ct-horse"
MADE = make_certificate("app.example")
ISSUER = make_certificate("Issuing CA", key_number=1)
ROOT = make_certificate("Root CA", key_number=1)
KEY = MADE.key_pem


def key_in(form, password=""):
    """The key in PEM."""
    return MADE.key.private_bytes(
        Encoding.PEM, form, BestAvailableEncryption(password.encode()) if password else NoEncryption()
    )


PKCS1 = key_in(PrivateFormat.TraditionalOpenSSL)
ENCRYPTED = key_in(PrivateFormat.PKCS8, PASSWORD)
LEGACY = key_in(PrivateFormat.TraditionalOpenSSL, PASSWORD)  # RFC 1421, 4.6.1
BAG = b"Bag Attributes\n    friendlyName: Gr\xc3\xb6\xc3\x9fe\nsubject=CN = app.example\nissuer=CN = app.example\n"


def test_forms_are_what_they_are_called():
    assert b"-----BEGIN PRIVATE KEY-----" in KEY
    assert b"-----BEGIN RSA PRIVATE KEY-----" in PKCS1
    assert b"-----BEGIN ENCRYPTED PRIVATE KEY-----" in ENCRYPTED
    assert b"DEK-Info:" in LEGACY


EC = make_ec_certificate()

# file, password, how many certificates
OPENED = {
    "PKCS#8, key first": (KEY + MADE.pem, "", 1),
    "PKCS#8, certificate first": (MADE.pem + KEY, "", 1),
    "PKCS#1, key first": (PKCS1 + MADE.pem, "", 1),
    "PKCS#1, certificate first": (MADE.pem + PKCS1, "", 1),
    "key between chain and certificate": (ISSUER.pem + KEY + MADE.pem, "", 2),
    "chain after it": (KEY + MADE.pem + ISSUER.pem + ROOT.pem, "", 3),
    "chain before it": (ROOT.pem + ISSUER.pem + MADE.pem + KEY, "", 3),
    "encrypted PKCS#8": (ENCRYPTED + MADE.pem, PASSWORD, 1),
    "encrypted PKCS#8, certificate first": (MADE.pem + ISSUER.pem + ENCRYPTED, PASSWORD, 2),
    "encrypted as of old": (LEGACY + MADE.pem, PASSWORD, 1),
    "encrypted as of old, certificate first": (MADE.pem + LEGACY, PASSWORD, 1),
    "password for a key without one": (KEY + MADE.pem, PASSWORD, 1),
    "password for a PKCS#1 key without one": (PKCS1 + MADE.pem, PASSWORD, 1),
    "CRLF": ((KEY + MADE.pem).replace(b"\n", b"\r\n"), "", 1),
    "no newline at the end": ((KEY + MADE.pem).rstrip(), "", 1),
    "text around it, as openssl writes": (BAG + MADE.pem + BAG + KEY, "", 1),
    "text that is not UTF-8": ("Größe\n".encode("latin-1") + KEY + MADE.pem, "", 1),
    "byte order mark": (b"\xef\xbb\xbf" + KEY + MADE.pem, "", 1),
    "UTF-16, as PowerShell writes": ((KEY + MADE.pem).decode().encode("utf-16"), "", 1),
    "PKCS#12": (MADE.pfx(), "", 1),
    "PKCS#12 with chain": (MADE.pfx(chain=(ISSUER, ROOT)), "", 3),
    "PKCS#12 with password": (MADE.pfx(PASSWORD), PASSWORD, 1),
    "PKCS#12 with password and chain": (MADE.pfx(PASSWORD, chain=(ISSUER, ROOT)), PASSWORD, 3),
    "PKCS#12 in TripleDES": (MADE.pfx(encryption=triple_des(PASSWORD)), PASSWORD, 1),
    "PKCS#12 with a password that is not ASCII": (MADE.pfx("päßwörd€"), "päßwörd€", 1),
    "base64 of PKCS#12": (base64.b64encode(MADE.pfx(PASSWORD)), PASSWORD, 1),
    "base64 of PKCS#12 in lines": (base64.encodebytes(MADE.pfx()), "", 1),
}


@pytest.fixture
def load(tmp_path):
    """Loads the key of a file that it writes."""
    path = tmp_path / "app.pem"

    def load_data(data, password=""):
        path.write_bytes(data)
        return load_client_key(str(path), password)

    return load_data


@pytest.mark.parametrize("case", OPENED.values(), ids=OPENED)
def test_files_that_open(load, case):
    data, password, count = case
    opened = load(data, password)
    assert load_pem_private_key(opened.private_key.encode(), None).private_numbers() == MADE.key.private_numbers()
    certificates = x509.load_pem_x509_certificates(opened.certificates.encode())
    assert certificates[0] == MADE.certificate
    assert len(certificates) == count
    assert {ISSUER.certificate, ROOT.certificate}.issuperset(certificates[1:])


def test_chain_keeps_its_order(load):
    for data in (ISSUER.pem + MADE.pem + ROOT.pem + KEY, MADE.pfx(chain=(ISSUER, ROOT))):
        assert load(data).certificates.encode() == MADE.pem + ISSUER.pem + ROOT.pem


def test_two_certificates_of_the_same_key(load):
    renewed, expired = make_certificate("app.example", ends=600), make_certificate("app.example", starts=-9, ends=-2)
    with pytest.raises(IdentityError, match=f"{renewed.thumbprint} .* and {MADE.thumbprint} "):
        load(KEY + renewed.pem + MADE.pem)
    assert load(KEY + expired.pem + MADE.pem).certificates.encode() == MADE.pem


PEM_HINT = "Put the certificate and its key into one PEM file."
NO_CERTIFICATE = f"FILE holds no certificate. {PEM_HINT}"
NOT_ITS_CERTIFICATE = "The key in FILE belongs to none of the certificates in it. Put the certificate of the key there."
# file, password, what is said after the file's name or about it
REFUSED = {
    "empty": (b"", "", "FILE is empty."),
    "blanks": (b" \n", "", "FILE is empty."),
    "garbage": (b"\x00\x01\x02\xff", "", "FILE is neither PKCS#12 nor base64 text of it, and not PEM."),
    "text": (b"hello, world", "", "FILE is neither PKCS#12 nor base64 text of it, and not PEM."),
    "JSON": (b'{"key": "hello"}', "", "FILE is JSON, but not that of a Key Vault secret"),
    "certificate alone": (MADE.pem, "", f"FILE holds no private key. {PEM_HINT}"),
    "public key": (
        b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n" + MADE.pem,
        "",
        "FILE holds no private key that can be read, but a public key.",
    ),
    "key alone": (KEY, "", NO_CERTIFICATE),
    "key and a damaged certificate": (
        KEY + b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "",
        "A certificate in FILE cannot be read. It is damaged.",
    ),
    "damaged key": (
        MADE.pem + b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "",
        "The key in FILE cannot be opened. It is damaged.",
    ),
    "key cut off": (
        MADE.pem + KEY[: len(KEY) // 2],
        "",
        "FILE is cut off: the line -----END PRIVATE KEY----- is missing.",
    ),
    "key of another certificate": (KEY + ISSUER.pem, "", NOT_ITS_CERTIFICATE),
    "key of other certificates": (ROOT.pem + KEY + ISSUER.pem, "", NOT_ITS_CERTIFICATE),
    "encrypted key, no password": (
        ENCRYPTED + MADE.pem,
        "",
        "FILE holds an encrypted key. Give its x509_certificate_password.",
    ),
    "key encrypted as of old, no password": (
        LEGACY + MADE.pem,
        "",
        "FILE holds an encrypted key. Give its x509_certificate_password.",
    ),
    "encrypted key, wrong password": (
        ENCRYPTED + MADE.pem,
        "Wr0ng-horse",
        "The key in FILE cannot be opened. x509_certificate_password is wrong, or the key is damaged.",
    ),
    "key encrypted as of old, wrong password": (
        LEGACY + MADE.pem,
        "Wr0ng-horse",
        "The key in FILE cannot be opened. x509_certificate_password is wrong, or the key is damaged.",
    ),
    "encrypted key, password that is not ASCII": (
        ENCRYPTED + MADE.pem,
        "päßwörd",
        "The key in FILE cannot be opened. x509_certificate_password is wrong",
    ),
    "PKCS#12, no password": (
        MADE.pfx(PASSWORD),
        "",
        "FILE cannot be opened. It needs x509_certificate_password, or is damaged.",
    ),
    "PKCS#12, wrong password": (
        MADE.pfx(PASSWORD),
        "Wr0ng-horse",
        "FILE cannot be opened. Its x509_certificate_password is wrong, or the file is damaged.",
    ),
    "PKCS#12 cut off": (MADE.pfx(PASSWORD)[:600], PASSWORD, "FILE is incomplete: it has 600 of its "),
    "PKCS#12 without key": (MADE.pfx(with_key=False), "", "FILE holds no private key."),
    "PKCS#12 without certificate": (
        pkcs12.serialize_key_and_certificates(None, MADE.key, None, None, NoEncryption()),
        "",
        "FILE holds a private key, but not the certificate that belongs to it.",
    ),
    "certificate in DER": (MADE.der, "", "FILE is a certificate without its private key."),
    "EC key in PEM": (
        EC.pem_file(),
        "",
        "FILE holds a key that is not RSA. Microsoft Entra ID accepts only RSA keys of applications.",
    ),
    "EC key in PKCS#12": (
        EC.pfx(),
        "",
        "FILE holds a key that is not RSA. Microsoft Entra ID accepts only RSA keys of applications.",
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_files_that_are_refused(load, tmp_path, case):
    data, password, sentence = case
    with pytest.raises(IdentityError) as caught:
        load(data, password)
    message = caught.value.message
    assert message.startswith(sentence.replace("FILE", f"x509_certificate_path '{tmp_path}/app.pem'"))
    for secret in (PASSWORD, password, "BEGIN ", "hello"):
        assert not secret or secret not in message


def of_version_6(pem):
    """The certificate in `pem` gets a version that does not exist."""
    der = (
        x509.load_pem_x509_certificate(pem)
        .public_bytes(Encoding.DER)
        .replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020105"))
    )
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(der) + b"-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    "data", [KEY + of_version_6(MADE.pem), KEY + MADE.pem + of_version_6(ISSUER.pem)], ids=["its own", "in the chain"]
)
def test_certificate_that_cannot_be_read(load, data):
    with pytest.raises(IdentityError, match="^A certificate in x509_certificate_path '.*' cannot be read: "):
        load(data)


def test_vaulted_file_is_told_without_an_option_that_is_for_another_file(load):
    with pytest.raises(IdentityError, match="is encrypted with Ansible Vault") as caught:
        load(b"$ANSIBLE_VAULT;1.1;AES256\n3132\n")
    assert "Leave decrypt at true" not in caught.value.message


def test_no_pem_is_sent_to_openssl_for_a_file_that_may_be_pem(load):
    with pytest.raises(IdentityError) as caught:
        load(MADE.pem.decode().encode("utf-16"))
    assert "is PEM, not PKCS#12" not in caught.value.message


def test_missing_file(tmp_path):
    with pytest.raises(IdentityError) as caught:
        load_client_key(f"{tmp_path}/absent.pem", PASSWORD)
    assert (
        caught.value.message
        == f"x509_certificate_path '{tmp_path}/absent.pem' cannot be read: No such file or directory."
    )


def test_directory(tmp_path):
    with pytest.raises(IdentityError) as caught:
        load_client_key(str(tmp_path), "")
    assert caught.value.message == f"x509_certificate_path '{tmp_path}' cannot be read: Is a directory."


def test_path_that_cannot_be_one():
    with pytest.raises(IdentityError, match="^x509_certificate_path '.*' cannot be read: "):
        load_client_key("/a\0b", "")


@pytest.mark.parametrize("data", [KEY + MADE.pem, MADE.pfx()], ids=["PEM", "PKCS#12"])
def test_no_key_shows(load, data):
    opened = load(data)
    assert "PRIVATE KEY" not in f"{opened!r} {opened}"
    assert KEY.decode().splitlines()[3] not in f"{opened!r}"
    assert "PRIVATE KEY" not in opened.certificates
    assert "CERTIFICATE" in repr(opened)
