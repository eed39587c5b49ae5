# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Key files of all kinds, made on the spot: what it is → what it opens to, or what is said.

Each one that opens is re-encoded, and openssl opens that: same key, certificate, chain and name.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import textwrap
import typing as t
import unicodedata
import warnings
from dataclasses import dataclass, field
from datetime import datetime, timezone

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PublicFormat,
    load_pem_private_key,
    pkcs12,
)
from support import pkcs12_writer as w
from support.certificates import triple_des
from support.key_workshop import Workshop

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import open_key_file

Make = t.Callable[[Workshop], bytes]
NAME = "src 'x'"
NOW = datetime.now(timezone.utc)
UMLAUTS, EMOJI = "päßwörd€", "p😀ss"


@dataclass(frozen=True)
class Opens:
    """A file that opens.

    :param leaf: the certificate that it opens to: one of the workshop's, or made for it
    :param chain: of the workshop's
    :param friendly_name: of the leaf
    :param warning: words of the only warning
    :param sure: whether the oldest library has it too
    :param key: the key, when it is apart
    :param compatible: whether it can be re-encoded
    :param or_refused: whether older libraries cannot read the key
    """

    make: Make
    password: str = "foo"
    leaf: str = "orders"
    chain: tuple[str, ...] = ()
    friendly_name: str | None = None
    chain_name: str | None = None
    warning: str = ""
    sure: bool = True
    key: Make | None = None
    container: str = "PKCS#12"
    encryption: str = ""
    mac: str = ""
    wrapping: tuple[str, ...] = ()
    encoding: str = ""
    key_type: str = "RSA"
    compatible: bool = True
    or_refused: bool = False
    needs: str = "openssl"


@dataclass(frozen=True)
class Refused:
    """A file that does not open, and what is said of it.

    :param or_opens: whether older libraries open it
    """

    make: Make
    sentence: str
    password: str = "foo"
    key: Make | None = None
    needs: str = "openssl"
    or_opens: bool = False
    secrets: tuple[str, ...] = field(default=())


def text_of(make: Make, change: t.Callable[[str], str | bytes] = lambda text: text) -> Make:
    """Base64 of a file, changed."""

    def made(shop: Workshop) -> bytes:
        changed = change(base64.b64encode(make(shop)).decode())
        return changed if isinstance(changed, bytes) else changed.encode()

    return made


def plain(shop: Workshop) -> bytes:
    return shop.plain()


def der_certificate(shop: Workshop, name: str = "orders") -> bytes:
    return shop.made[name].der


def armoured(label: str) -> t.Callable[[str], str]:
    return lambda text: (
        f"-----BEGIN {label}-----\r\n" + "\r\n".join(textwrap.wrap(text, 64)) + f"\r\n-----END {label}-----\r\n"
    )


def of_kind(name: str, *arguments: str, **expected: t.Any) -> Opens:
    """A PKCS#12 file of another kind of key."""

    def make(shop: Workshop) -> bytes:
        shop.signed(name, *arguments)
        return shop.p12(name=name)

    return Opens(make, leaf=name, **expected)


# --- PKCS#12 as openssl writes it ---

OPENSSL = {
    "AES-256, as openssl 3 writes": Opens(
        plain,
        friendly_name="orders",
        encryption="AES-256 (PBKDF2 with SHA-256, 2048 rounds)",
        mac="HMAC with SHA-256 (2048 rounds)",
        encoding="DER",
    ),
    "RC2-40 and TripleDES, as openssl 1 and macOS write": Opens(
        lambda s: s.p12("-legacy"), encryption="TripleDES (PBES1, 2048 rounds)", mac="HMAC with SHA-1"
    ),
    "TripleDES": Opens(
        lambda s: s.p12("-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"),
        encryption="TripleDES (PBES1",
    ),
    "TripleDES with two keys": Opens(
        lambda s: s.p12("-keypbe", "PBE-SHA1-2DES", "-certpbe", "PBE-SHA1-2DES"), encryption="TripleDES with two keys"
    ),
    "RC2-128": Opens(
        lambda s: s.p12("-legacy", "-keypbe", "PBE-SHA1-RC2-128", "-certpbe", "PBE-SHA1-RC2-128"), encryption="RC2-128"
    ),
    "RC2-40": Opens(
        lambda s: s.p12("-legacy", "-keypbe", "PBE-SHA1-RC2-40", "-certpbe", "PBE-SHA1-RC2-40"), encryption="RC2-40"
    ),
    "RC4-128": Opens(
        lambda s: s.p12("-legacy", "-keypbe", "PBE-SHA1-RC4-128", "-certpbe", "PBE-SHA1-RC4-128"), encryption="RC4-128"
    ),
    "RC4-40": Opens(
        lambda s: s.p12("-legacy", "-keypbe", "PBE-SHA1-RC4-40", "-certpbe", "PBE-SHA1-RC4-40"), encryption="RC4-40"
    ),
    "DES with MD5": Opens(
        lambda s: s.p12("-legacy", "-keypbe", "PBE-MD5-DES", "-certpbe", "PBE-MD5-DES"), encryption="DES with MD5"
    ),
    "DES with SHA-1": Opens(
        lambda s: s.p12("-legacy", "-keypbe", "PBE-SHA1-DES", "-certpbe", "PBE-SHA1-DES"), encryption="DES with SHA-1"
    ),
    "RC2-64 with SHA-1": Opens(
        lambda s: s.p12("-legacy", "-keypbe", "PBE-SHA1-RC2-64", "-certpbe", "PBE-SHA1-RC2-64"),
        encryption="RC2 with SHA-1",
    ),
    "AES-128": Opens(lambda s: s.p12("-keypbe", "aes-128-cbc", "-certpbe", "aes-128-cbc"), encryption="AES-128"),
    "AES-192": Opens(lambda s: s.p12("-keypbe", "aes-192-cbc", "-certpbe", "aes-192-cbc"), encryption="AES-192"),
    "TripleDES of PKCS#5": Opens(
        lambda s: s.p12("-keypbe", "des-ede3-cbc", "-certpbe", "des-ede3-cbc"), encryption="TripleDES (PBKDF2"
    ),
    "DES of PKCS#5": Opens(
        lambda s: s.p12("-legacy", "-keypbe", "des-cbc", "-certpbe", "des-cbc"), encryption="DES (PBKDF2"
    ),
    "RC2 of PKCS#5": Opens(
        lambda s: s.p12("-legacy", "-keypbe", "rc2-cbc", "-certpbe", "rc2-cbc"), encryption="RC2 (PBKDF2"
    ),
    "Camellia-256": Opens(
        lambda s: s.p12("-keypbe", "camellia-256-cbc", "-certpbe", "camellia-256-cbc"), encryption="Camellia-256"
    ),
    "key in AES, certificates in RC2": Opens(
        lambda s: s.p12("-legacy", "-keypbe", "aes-256-cbc", "-certpbe", "PBE-SHA1-RC2-40"), encryption="AES-256"
    ),
    "MAC of MD5": Opens(lambda s: s.p12("-macalg", "md5"), mac="HMAC with MD5"),
    "MAC of SHA-1": Opens(lambda s: s.p12("-macalg", "sha1"), mac="HMAC with SHA-1"),
    "MAC of SHA-224": Opens(lambda s: s.p12("-macalg", "sha224"), mac="HMAC with SHA-224"),
    "MAC of SHA-384": Opens(lambda s: s.p12("-macalg", "sha384"), mac="HMAC with SHA-384"),
    "MAC of SHA-512": Opens(lambda s: s.p12("-macalg", "sha512"), mac="HMAC with SHA-512"),
    "MAC of SHA-512/256": Opens(lambda s: s.p12("-macalg", "sha512-256"), mac="HMAC with SHA-512/256"),
    "no MAC": Opens(lambda s: s.p12("-nomac")),
    "no MAC, RC2 and TripleDES": Opens(lambda s: s.p12("-nomac", "-legacy", "-certpbe", "PBE-SHA1-RC2-40")),
    "no MAC, no encryption, no password": Opens(
        lambda s: s.p12("-nomac", "-keypbe", "NONE", "-certpbe", "NONE"), password=""
    ),
    "no MAC, no encryption, a password": Opens(
        lambda s: s.p12("-nomac", "-keypbe", "NONE", "-certpbe", "NONE"),
        warning="is not protected by a password, although certificate_password is given",
    ),
    "MAC, but no encryption": Opens(
        lambda s: s.p12("-keypbe", "NONE", "-certpbe", "NONE"), warning="is not protected by a password"
    ),
    "MAC, key not encrypted": Opens(lambda s: s.p12("-keypbe", "NONE"), warning="is not protected by a password"),
    "MAC, certificates not encrypted": Opens(lambda s: s.p12("-certpbe", "NONE")),
    "one round": Opens(lambda s: s.p12("-noiter"), encryption="1 rounds"),
    "one round of the MAC": Opens(lambda s: s.p12("-nomaciter"), mac="(1 rounds)"),
    "50,000 rounds": Opens(lambda s: s.p12("-iter", "50000"), mac="(50000 rounds)"),
    "empty password": Opens(lambda s: s.p12(password=""), password=""),
    "empty password, and one is given": Opens(lambda s: s.p12(password=""), warning="is not protected by a password"),
    "empty password, RC2, and one is given": Opens(
        lambda s: s.p12("-legacy", password=""), warning="is not protected by a password"
    ),
    "password that is not ASCII": Opens(lambda s: s.p12(password=UMLAUTS), password=UMLAUTS),
    "password that is not ASCII, TripleDES": Opens(
        lambda s: s.p12("-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", password=UMLAUTS), password=UMLAUTS
    ),
    "password beyond the basic plane": Opens(
        lambda s: s.p12("-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", password=EMOJI), password=EMOJI
    ),
    "password with blanks": Opens(lambda s: s.p12(password=" a b "), password=" a b "),
    "password of 500 characters": Opens(lambda s: s.p12(password="x" * 500), password="x" * 500),
    "friendly name that is not ASCII": Opens(lambda s: s.p12("-name", "Größe"), friendly_name="Größe"),
    "friendly name of 3,000 characters": Opens(lambda s: s.p12("-name", "n" * 3000), friendly_name="n" * 3000),
    "provider's name, as for Windows": Opens(
        lambda s: s.p12("-CSP", "Microsoft Enhanced Cryptographic Provider v1.0", "-LMK")
    ),
    "chain": Opens(lambda s: s.p12("-certfile", "chain.crt"), chain=("issuing", "root")),
    "chain in RC2": Opens(lambda s: s.p12("-certfile", "chain.crt", "-legacy"), chain=("issuing", "root")),
    "chain with a name": Opens(
        lambda s: s.p12("-certfile", "chain.crt", "-caname", "the issuer", "-caname", "the issuer", "-name", "leaf"),
        chain=("issuing", "root"),
        friendly_name="leaf",
        chain_name="the issuer",
    ),
    "one certificate twice": Opens(lambda s: s.p12("-certfile", "orders.crt")),
    "certificate and an expired one of the same key": Opens(
        lambda s: s.p12("-certfile", "expired.crt"), warning="is taken, the newest and the only one that is valid now"
    ),
    "the same, the expired one first": Opens(
        lambda s: s.p12("-certfile", "orders.crt", "-in", "expired.crt"), warning="holds 2 certificates of the same key"
    ),
    "expired certificate": Opens(lambda s: s.p12(name="expired"), leaf="expired"),
}

# --- keys of all kinds ---


def dsa(shop: Workshop) -> bytes:
    shop.write("dsa.pem", shop.openssl("dsaparam", "1024"))
    shop.signed("dsa", "-newkey", "dsa:dsa.pem")
    return shop.p12(name="dsa")


def version_1(shop: Workshop) -> bytes:
    request = shop.openssl("req", "-new", "-key", "orders.key", "-subj", "/CN=v1")
    shop.write("v1.key", shop.read("orders.key"))
    shop.write("v1.crt", shop.openssl("x509", "-req", "-signkey", "v1.key", "-days", "300", stdin=request))
    return shop.p12(name="v1")


KEYS = {
    "RSA-1024": of_kind("rsa1024", "-newkey", "rsa:1024"),
    "RSA-3072": of_kind("rsa3072", "-newkey", "rsa:3072"),
    "RSA with exponent 3": of_kind("rsa3", "-newkey", "rsa:2048", "-pkeyopt", "rsa_keygen_pubexp:3"),
    "RSA-PSS (K3)": of_kind(
        "pss", "-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048", key_type="RSA-PSS", compatible=False
    ),
    "EC P-256": of_kind("p256", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", key_type="EC"),
    "EC P-521": of_kind("p521", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521", key_type="EC"),
    "EC secp256k1": of_kind("k1", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1", key_type="EC"),
    "EC brainpool": of_kind(
        "brainpool", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1", key_type="EC"
    ),
    "Ed25519": of_kind("ed25519", "-newkey", "ed25519", key_type="Ed25519"),
    "Ed448": of_kind("ed448", "-newkey", "ed448", key_type="Ed448"),
    "RSA-512": of_kind("rsa512", "-newkey", "rsa:512", "-sha256"),
    "DSA": Opens(dsa, leaf="dsa", key_type="DSA"),
    "EC with explicit parameters": of_kind(
        *("explicit", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt", "ec_param_enc:explicit"),
        key_type="EC",
        or_refused=True,
    ),
    "certificate of version 1": Opens(version_1, leaf="v1"),
    "certificate signed with SHA-1": of_kind("sha1", "-newkey", "rsa:2048", "-sha1"),
    "serial number zero": of_kind(
        "serial0", "-newkey", "rsa:2048", "-set_serial", "0", warning="is not as RFC 5280 wants it", sure=False
    ),
}

# --- PKCS#12 that openssl does not write ---


def by_hand(*parts: t.Callable[[Workshop], bytes], mac: t.Any = None) -> Make:
    return lambda shop: w.pfx(*(part(shop) for part in parts), mac=mac)


def key_bag(shop: Workshop, name: str = "orders") -> bytes:
    return w.bag(1, shop.der_key(name))


def certificate_bag(shop: Workshop, name: str = "orders", attributes: bytes = b"") -> bytes:
    return w.certificate_bag(shop.made[name].der, attributes)


def everything(shop: Workshop, *names: str) -> bytes:
    """Bags with keys and certificates, not encrypted."""
    return b"".join(key_bag(shop, name) + certificate_bag(shop, name) for name in names or ("orders",))


def sha1_mac(safe: bytes) -> bytes:
    return w.sha1_mac(safe, w.bmp("foo"))


def hidden(*names: str) -> Make:
    """Keys and certificates in one encrypted part (K4 c)."""
    return by_hand(
        lambda shop: w.encrypted_part(w.triple_des(w.tlv(0x30, everything(shop, *names)), w.bmp("foo"))), mac=sha1_mac
    )


def with_key_of_another_password(shop: Workshop) -> bytes:
    """K7 b, as old Java writes it."""
    key = w.bag(2, w.shrouded(w.triple_des(shop.der_key(), w.bmp("keypass"))))
    return w.pfx(w.plain_part(key, certificate_bag(shop)), mac=sha1_mac)


def shrouded(shop: Workshop, protect: t.Callable[[bytes], tuple[bytes, bytes]]) -> bytes:
    return w.bag(2, w.shrouded(protect(shop.der_key())))


def pbmac1(**options: t.Any) -> Make:
    def make(shop: Workshop) -> bytes:
        key = shrouded(shop, lambda der: w.aes(der, b"foo"))
        return w.pfx(w.plain_part(key, certificate_bag(shop)), mac=lambda safe: w.pbmac1(safe, "foo", **options))

    return make


def as_if(make: Make, old: bytes, new: bytes) -> Make:
    """A file in which some bytes are others, of the same number."""

    def changed(shop: Workshop) -> bytes:
        data = make(shop)
        assert old in data and len(old) == len(new)
        return data.replace(old, new)

    return changed


def secret_bag(shop: Workshop) -> bytes:
    """A secret key as Java keeps it: an EncryptedPrivateKeyInfo in a SecretBag (K4 a)."""
    secret = w.shrouded(w.triple_des(w.tlv(0x30, w.number(0)), w.bmp("foo")))
    value = w.tlv(0x30, w.oid("1.2.840.113549.1.12.10.1.2"), w.tlv(0xA0, w.tlv(4, secret)))
    return w.bag(5, value)


UNPROTECTED = by_hand(lambda shop: w.plain_part(everything(shop)))

BY_HAND = {
    "BER in pieces (K2)": Opens(lambda s: w.chopped(s.plain()), friendly_name="orders", encoding="BER"),
    "BER of indefinite length": Opens(lambda s: w.indefinite(s.plain()), friendly_name="orders", encoding="BER"),
    "BER in pieces, of indefinite length": Opens(
        lambda s: w.indefinite(w.chopped(s.plain())), friendly_name="orders", encoding="BER"
    ),
    "BER, encrypted content in pieces": Opens(
        by_hand(
            lambda s: w.encrypted_part(w.triple_des(w.tlv(0x30, everything(s)), w.bmp("foo")), in_pieces=True),
            mac=sha1_mac,
        )
    ),
    "BER, plain key of indefinite length": Opens(
        by_hand(lambda s: w.indefinite(w.plain_part(w.bag(1, w.indefinite(s.der_key())), certificate_bag(s)))),
        password="",
    ),
    "trailing line end (K6)": Opens(lambda s: s.plain() + b"\n", friendly_name="orders"),
    "trailing zeros": Opens(lambda s: s.plain() + bytes(512), friendly_name="orders"),
    "trailing bytes": Opens(
        lambda s: s.plain() + b"garbage", friendly_name="orders", warning="goes on for 7 bytes after its end"
    ),
    "PBMAC1 with SHA-256": Opens(pbmac1(), mac="PBMAC1 (PBKDF2 with SHA-256, 2048 rounds)"),
    "PBMAC1 with SHA-512": Opens(pbmac1(prf="sha512", digest="sha512"), mac="PBMAC1"),
    "PBMAC1 with SHA-1": Opens(pbmac1(prf="sha1", digest="sha256"), mac="PBMAC1"),
    "key in an encrypted part": Opens(hidden("orders"), encryption="TripleDES"),
    "key and certificate twice (K4 b)": Opens(
        by_hand(lambda s: w.plain_part(everything(s, "orders", "orders"))), password=""
    ),
    "key three times": Opens(by_hand(lambda s: w.plain_part(key_bag(s), key_bag(s), everything(s))), password=""),
    "key plain and encrypted": Opens(
        by_hand(lambda s: w.plain_part(shrouded(s, lambda der: w.aes(der, b"foo")), everything(s))),
        warning="is not protected",
    ),
    "secret key beside it (K4 a)": Opens(
        by_hand(lambda s: w.plain_part(secret_bag(s), everything(s), secret_bag(s))), password=""
    ),
    "another key without certificate": Opens(
        by_hand(lambda s: w.plain_part(everything(s), key_bag(s, "other"))), password=""
    ),
    "another certificate without key": Opens(
        by_hand(lambda s: w.plain_part(certificate_bag(s, "other"), everything(s))), password="", chain=("other",)
    ),
    "bags in bags": Opens(
        by_hand(lambda s: w.plain_part(w.bag(6, w.tlv(0x30, w.bag(6, w.tlv(0x30, everything(s))))))), password=""
    ),
    "a list of revocations and an unknown bag": Opens(
        by_hand(
            lambda s: w.plain_part(
                w.bag(4, w.tlv(0x30, w.oid("1.2.840.113549.1.9.23.1"), w.tlv(0xA0, w.tlv(4, b"CRL")))),
                w.bag(99, w.number(1)),
                everything(s),
            )
        ),
        password="",
    ),
    "an SDSI certificate beside it": Opens(
        by_hand(
            lambda s: w.plain_part(
                w.bag(3, w.tlv(0x30, w.oid("1.2.840.113549.1.9.22.2"), w.tlv(0xA0, w.tlv(0x16, b"c2Rzaw==")))),
                everything(s),
            )
        ),
        password="",
    ),
    "three parts": Opens(
        by_hand(
            lambda s: w.plain_part(key_bag(s)),
            lambda s: w.plain_part(certificate_bag(s)),
            lambda s: w.plain_part(certificate_bag(s, "root")),
        ),
        password="",
        chain=("root",),
    ),
    "friendly name beyond the basic plane (K10)": Opens(
        by_hand(lambda s: w.plain_part(key_bag(s), certificate_bag(s, attributes=w.name_attribute("key 😀")))),
        password="",
        friendly_name="key 😀",
    ),
    "friendly name that is no text": Opens(
        by_hand(
            lambda s: w.plain_part(
                key_bag(s), certificate_bag(s, attributes=w.name_attribute("ab").replace(b"\0a", b"\xd8\x00"))
            )
        ),
        password="",
    ),
    "other attributes": Opens(
        by_hand(
            lambda s: w.plain_part(
                key_bag(s),
                certificate_bag(
                    s, attributes=w.tlv(0x31, w.tlv(0x30, w.oid("1.2.840.113549.1.9.21"), w.tlv(0x31, w.tlv(4, b"1"))))
                ),
            )
        ),
        password="",
    ),
    "password spelled in UTF-16 for PBES2, as old NSS does": Opens(
        by_hand(
            lambda s: w.plain_part(shrouded(s, lambda der: w.aes(der, w.bmp("foo"))), certificate_bag(s)), mac=sha1_mac
        )
    ),
    "password spelled as openssl 1.0 does": Opens(
        by_hand(
            lambda s: w.plain_part(
                shrouded(s, lambda der: w.triple_des(der, w.bmp(UMLAUTS.encode().decode("latin-1")))),
                certificate_bag(s),
            ),
            mac=lambda safe: w.sha1_mac(safe, w.bmp(UMLAUTS.encode().decode("latin-1"))),
        ),
        password=UMLAUTS,
    ),
    "empty password as nothing": Opens(
        by_hand(
            lambda s: w.plain_part(shrouded(s, lambda der: w.triple_des(der, b"")), certificate_bag(s)),
            mac=lambda safe: w.sha1_mac(safe, b""),
        ),
        password="",
    ),
    "no MAC, empty password, and one is given": Opens(
        by_hand(lambda s: w.plain_part(shrouded(s, lambda der: w.aes(der, b"")), certificate_bag(s))),
        warning="is not protected",
    ),
    "cryptography, TripleDES": Opens(
        lambda s: s.made["orders"].pfx(encryption=triple_des("foo"), name=b"cryptography"), friendly_name="cryptography"
    ),
    "cryptography, no password": Opens(lambda s: s.made["orders"].pfx(), password=""),
    "cryptography, AES": Opens(lambda s: s.made["orders"].pfx("foo", chain=(s.made["issuing"],)), chain=("issuing",)),
}

# --- Java ---

GENERATE = ("-genkeypair", "-alias", "orders", "-keyalg", "RSA", "-keysize", "2048", "-dname", "CN=java")
SECRET = ("-genseckey", "-alias", "aes", "-keyalg", "AES", "-keysize", "128")


def java(store: str, *commands: tuple[str, ...], kind: str = "PKCS12") -> Make:
    """A key store after these commands; its certificate is the workshop's `store`."""

    def make(shop: Workshop) -> bytes:
        for command in commands:
            data = shop.keytool(store, *command, kind=kind)
        shop.write(
            f"{store}.crt",
            shop.run(
                "keytool",
                "-exportcert",
                "-rfc",
                "-alias",
                "orders",
                "-keystore",
                store,
                "-storetype",
                kind,
                "-storepass",
                "changeit",
            ),
        )
        return data

    return make


JAVA = {
    "Java, with a secret key (K4 a)": Opens(
        java("secret.p12", GENERATE, SECRET),
        password="changeit",
        leaf="secret.p12",
        friendly_name="orders",
        needs="keytool",
    ),
}

# --- what PKCS#12 comes wrapped in ---

WRAPPED = {
    "base64": Opens(text_of(plain), friendly_name="orders", wrapping=("base64",)),
    "base64 in lines": Opens(text_of(plain, lambda text: textwrap.fill(text, 64) + "\n"), friendly_name="orders"),
    "base64 in lines of Windows": Opens(
        text_of(plain, lambda text: "\r\n".join(textwrap.wrap(text, 76))), friendly_name="orders"
    ),
    "base64 without padding": Opens(
        text_of(lambda s: s.plain() + b"\0" * (2 - len(s.plain()) % 3), lambda text: text.rstrip("=")),
        friendly_name="orders",
    ),
    "base64url": Opens(
        text_of(plain, lambda text: text.replace("+", "-").replace("/", "_").rstrip("=")), friendly_name="orders"
    ),
    "base64 in quotes": Opens(
        text_of(plain, lambda text: f'"{text}"\n'), friendly_name="orders", wrapping=("quotes", "base64")
    ),
    "base64 in single quotes": Opens(text_of(plain, lambda text: f"'{text}'"), friendly_name="orders"),
    "base64 as Python shows bytes": Opens(text_of(plain, lambda text: f"b'{text}'"), friendly_name="orders"),
    "base64 with written-out line ends": Opens(
        text_of(plain, lambda text: "\\n".join(textwrap.wrap(text, 64)) + "\\n"), friendly_name="orders"
    ),
    "base64 with a byte order mark": Opens(
        text_of(plain, lambda text: text.encode("utf-8-sig")), friendly_name="orders", wrapping=("UTF-8", "base64")
    ),
    "base64 in UTF-16": Opens(
        text_of(plain, lambda text: (text + "\r\n").encode("utf-16")),
        friendly_name="orders",
        wrapping=("UTF-16", "base64"),
    ),
    "base64 in big-endian UTF-16": Opens(
        text_of(plain, lambda text: b"\xfe\xff" + text.encode("utf-16-be")), friendly_name="orders"
    ),
    "base64 in UTF-16 without a mark": Opens(
        text_of(plain, lambda text: text.encode("utf-16-le")), friendly_name="orders"
    ),
    "base64 in big-endian UTF-16 without a mark": Opens(
        text_of(plain, lambda text: text.encode("utf-16-be")), friendly_name="orders"
    ),
    "BEGIN PKCS12, as gnutls writes (U1)": Opens(text_of(plain, armoured("PKCS12")), friendly_name="orders"),
    "BEGIN CERTIFICATE, as certutil writes (K8)": Opens(
        text_of(plain, armoured("CERTIFICATE")), friendly_name="orders"
    ),
    "JSON of a Key Vault secret": Opens(
        text_of(
            plain,
            lambda text: json.dumps({"contentType": "application/x-pkcs12", "value": text, "tags": None}, indent=2),
        ),
        friendly_name="orders",
        wrapping=("JSON", "base64"),
    ),
    "data: URL": Opens(
        text_of(plain, lambda text: f"data:application/x-pkcs12;base64,{text}"),
        friendly_name="orders",
        wrapping=("data URL",),
    ),
    "data: URL with a charset and escapes": Opens(
        text_of(plain, lambda text: "data:application/x-pkcs12;charset=utf-8;base64," + text.replace("+", "%2B")),
        friendly_name="orders",
    ),
    "base64 with blanks around it": Opens(text_of(plain, lambda text: f"\n \t{text} \n"), friendly_name="orders"),
}


# --- PEM ---


def pem(*names: str) -> Make:
    """Files of the workshop, one after the other."""
    return lambda shop: b"".join(shop.read(name) for name in names)


def encrypted(*arguments: str, password: str = "foo") -> Make:
    """A key that is encrypted, and its certificate."""
    return lambda shop: shop.key(*arguments, "-passout", f"pass:{password}") + shop.read("orders.crt")


def changed(make: Make, change: t.Callable[[str], str | bytes]) -> Make:
    def made(shop: Workshop) -> bytes:
        result = change(make(shop).decode())
        return result if isinstance(result, bytes) else result.encode()

    return made


BOTH = pem("orders.crt", "orders.key")
ATTRIBUTES = "Bag Attributes\n    friendlyName: Größe\n    localKeyID: 01 02\nsubject=CN = orders.example\n"


def from_pem(make: Make, **expected: t.Any) -> Opens:
    return Opens(make, **{"password": "", "container": "PEM", "encoding": "PEM", **expected})


PEM = {
    "certificate, key": from_pem(BOTH),
    "key, certificate": from_pem(pem("orders.key", "orders.crt")),
    "certificate, chain, key": from_pem(pem("orders.crt", "chain.crt", "orders.key"), chain=("issuing", "root")),
    "key, chain, certificate": from_pem(pem("orders.key", "chain.crt", "orders.crt"), chain=("issuing", "root")),
    "chain, certificate, key": from_pem(pem("chain.crt", "orders.crt", "orders.key"), chain=("issuing", "root")),
    "key in the middle": from_pem(pem("chain.crt", "orders.key", "orders.crt"), chain=("issuing", "root")),
    "everything twice": from_pem(pem("orders.crt", "orders.key", "orders.crt", "orders.key")),
    "an expired certificate of the same key": from_pem(
        pem("expired.crt", "orders.crt", "orders.key"),
        warning="is taken, the newest and the only one that is valid now",
    ),
    "key of RSA's own form": from_pem(lambda s: s.key("rsa", "-traditional") + s.read("orders.crt")),
    "password that is not needed": from_pem(BOTH, password="foo", warning="is not protected by a password"),
    "encrypted PKCS#8": from_pem(encrypted("-topk8"), password="foo", encryption="AES-256 (PBKDF2 with SHA-256"),
    "encrypted PKCS#8, SHA-512": from_pem(
        encrypted("-topk8", "-v2prf", "hmacWithSHA512"), password="foo", encryption="SHA-512"
    ),
    "encrypted PKCS#8, SHA-1": from_pem(
        encrypted("-topk8", "-v2prf", "hmacWithSHA1"), password="foo", encryption="SHA-1"
    ),
    "encrypted PKCS#8, AES-128": from_pem(
        encrypted("-topk8", "-v2", "aes-128-cbc"), password="foo", encryption="AES-128"
    ),
    "encrypted PKCS#8, TripleDES": from_pem(
        encrypted("-topk8", "-v2", "des3"), password="foo", encryption="TripleDES (PBKDF2"
    ),
    "encrypted PKCS#8, TripleDES of PKCS#12": from_pem(
        encrypted("-topk8", "-v1", "PBE-SHA1-3DES"), password="foo", encryption="TripleDES (PBES1"
    ),
    "encrypted PKCS#8, scrypt": from_pem(encrypted("-topk8", "-scrypt"), password="foo", encryption="scrypt, N 16384"),
    "encrypted PKCS#8, Camellia": from_pem(
        encrypted("-topk8", "-v2", "camellia-256-cbc"), password="foo", encryption="Camellia-256"
    ),
    "encrypted PKCS#8, DES with MD5": from_pem(
        encrypted("-topk8", "-v1", "PBE-MD5-DES", "-provider", "legacy", "-provider", "default"),
        password="foo",
        encryption="DES with MD5",
    ),
    "encrypted PKCS#8, RC2-40": from_pem(
        encrypted("-topk8", "-v1", "PBE-SHA1-RC2-40", "-provider", "legacy", "-provider", "default"),
        password="foo",
        encryption="RC2-40",
    ),
    "encrypted PKCS#8, not ASCII": from_pem(encrypted("-topk8", password=UMLAUTS), password=UMLAUTS),
    "encrypted PKCS#8, certificate first": from_pem(
        lambda s: s.read("orders.crt") + s.key("-topk8", "-passout", "pass:foo"), password="foo"
    ),
    "encrypted as of old, AES-256": from_pem(
        encrypted("rsa", "-traditional", "-aes256"), password="foo", encryption="AES-256-CBC (PEM)"
    ),
    "encrypted as of old, AES-128": from_pem(
        encrypted("rsa", "-traditional", "-aes128"), password="foo", encryption="AES-128-CBC"
    ),
    "encrypted as of old, TripleDES": from_pem(
        encrypted("rsa", "-traditional", "-des3"), password="foo", encryption="DES-EDE3-CBC"
    ),
    "encrypted as of old, in one line": from_pem(
        changed(encrypted("rsa", "-traditional", "-aes256"), lambda text: text.replace("\n", " ")), password="foo"
    ),
    "key apart": from_pem(pem("orders.crt"), key=pem("orders.key")),
    "key apart, with a chain": from_pem(
        pem("chain.crt", "orders.crt"), key=pem("orders.key"), chain=("issuing", "root")
    ),
    "key apart, encrypted": from_pem(
        pem("orders.crt"), key=lambda s: s.key("-topk8", "-passout", "pass:foo"), password="foo"
    ),
    "key apart, encrypted as of old": from_pem(
        pem("orders.crt"), key=lambda s: s.key("rsa", "-traditional", "-des3", "-passout", "pass:foo"), password="foo"
    ),
    "key apart, and the same again": from_pem(BOTH, key=pem("orders.key")),
    "key apart, in DER": from_pem(pem("orders.crt"), key=lambda s: s.der_key()),
    "key apart, base64 of DER": from_pem(pem("orders.crt"), key=text_of(lambda s: s.der_key())),
    "key apart, its certificate with it": from_pem(pem("orders.crt"), key=BOTH),
    "certificate in DER, key apart": from_pem(der_certificate, key=pem("orders.key"), container="DER", encoding="DER"),
    "certificate in base64, key apart in DER": from_pem(
        text_of(der_certificate), key=lambda s: s.der_key(), container="DER", encoding="DER"
    ),
    "certificate in DER, key apart encrypted in DER": from_pem(
        der_certificate,
        key=lambda s: s.key("-topk8", "-outform", "DER", "-passout", "pass:foo"),
        password="foo",
        container="DER",
        encoding="DER",
    ),
    "attributes, as openssl writes": from_pem(
        changed(BOTH, lambda text: text.replace("-----BEGIN", f"{ATTRIBUTES}-----BEGIN"))
    ),
    "attributes in Latin-1": from_pem(
        changed(BOTH, lambda text: text.replace("-----BEGIN", f"{ATTRIBUTES}-----BEGIN").encode("latin-1"))
    ),
    "TRUSTED CERTIFICATE": from_pem(
        lambda s: s.openssl("x509", "-in", "orders.crt", "-trustout", "-setalias", "alias") + s.read("orders.key")
    ),
    "X509 CERTIFICATE": from_pem(changed(BOTH, lambda text: text.replace(" CERTIFICATE", " X509 CERTIFICATE"))),
    "RSA key under the label of PKCS#8": from_pem(
        changed(
            lambda s: s.key("rsa", "-traditional") + s.read("orders.crt"),
            lambda text: text.replace("RSA PRIVATE", "PRIVATE"),
        )
    ),
    "line ends of Windows": from_pem(changed(BOTH, lambda text: text.replace("\n", "\r\n"))),
    "line ends of old Macs": from_pem(changed(BOTH, lambda text: text.replace("\n", "\r"))),
    "written-out line ends (U1)": from_pem(changed(BOTH, lambda text: text.replace("\n", "\\n"))),
    "written-out line ends in quotes": from_pem(changed(BOTH, json.dumps)),
    "in one line": from_pem(changed(BOTH, lambda text: text.replace("\n", " "))),
    "without line ends": from_pem(changed(BOTH, lambda text: text.replace("\n", ""))),
    "indented": from_pem(changed(BOTH, lambda text: textwrap.indent(text, "    "))),
    "base64 in long lines": from_pem(changed(BOTH, lambda text: re.sub(r"(?<=[\w+/=])\n(?=[\w+/=])", "", text))),
    "byte order mark": from_pem(changed(BOTH, lambda text: text.encode("utf-8-sig"))),
    "UTF-16, as PowerShell writes": from_pem(changed(BOTH, lambda text: text.encode("utf-16"))),
    "UTF-16 without a mark": from_pem(changed(BOTH, lambda text: text.encode("utf-16-le"))),
    "base64 of PEM": from_pem(text_of(BOTH), wrapping=("base64",)),
    "JSON of a Key Vault secret in PEM": from_pem(
        changed(BOTH, lambda text: json.dumps({"value": text, "contentType": "application/x-pem-file"})),
        wrapping=("JSON",),
    ),
    "data: URL of PEM": from_pem(text_of(BOTH, lambda text: f"data:;base64,{text}")),
    "text before and after": from_pem(changed(BOTH, lambda text: f"Dear operator,\n{text}\nyours\n")),
    "a public key too": from_pem(lambda s: s.openssl("rsa", "-in", "orders.key", "-pubout") + BOTH(s)),
    "a request too": from_pem(lambda s: s.openssl("req", "-new", "-key", "orders.key", "-subj", "/CN=x") + BOTH(s)),
    "EC key with its parameters": from_pem(
        lambda s: (
            s.signed("pem-ec", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            s.openssl("ecparam", "-name", "prime256v1") + s.openssl("ec", "-in", "pem-ec.key") + s.read("pem-ec.crt"),
        )[1],
        leaf="pem-ec",
        key_type="EC",
    ),
    "EC key encrypted as of old": from_pem(
        lambda s: (
            s.signed("pem-ec2", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            s.openssl("ec", "-in", "pem-ec2.key", "-aes256", "-passout", "pass:foo") + s.read("pem-ec2.crt"),
        )[1],
        leaf="pem-ec2",
        key_type="EC",
        password="foo",
    ),
    "RSA-PSS": from_pem(
        lambda s: (
            s.signed("pem-pss", "-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"),
            s.read("pem-pss.key") + s.read("pem-pss.crt"),
        )[1],
        leaf="pem-pss",
        key_type="RSA-PSS",
        compatible=False,
    ),
}

OPENED = {
    **OPENSSL,
    **KEYS,
    **BY_HAND,
    **JAVA,
    **{f"wrapped: {name}": case for name, case in WRAPPED.items()},
    **{f"PEM: {name}": case for name, case in PEM.items()},
}


# --- what is refused ---

WRONG = "cannot be opened. Its certificate_password is wrong, or the file is damaged."
NOT_BY_IT = "opens with its certificate_password, but {} in it does not: it has another password"
UNREADABLE = "opens, but {} in it cannot be read: "
NO_KEY = "holds no private key."
TOGETHER = "Put the certificate and its key into one PEM file."
UTF16_PASSWORD = "f\0o\0o\0"


def without_certificate(shop: Workshop) -> bytes:
    return pkcs12.serialize_key_and_certificates(None, shop.made["orders"].key, None, None, NoEncryption())


def without_key(*names: str) -> Make:
    return lambda shop: pkcs12.serialize_key_and_certificates(
        None, None, None, [shop.made[name].certificate for name in names], NoEncryption()
    )


def with_rounds(rounds: int) -> Make:
    """A MAC that asks for more rounds than it was made with."""
    return by_hand(
        lambda shop: w.plain_part(everything(shop)), mac=lambda safe: w.sha1_mac(safe, w.bmp("foo"), rounds=rounds)
    )


def giant_rsa_key(shop: Workshop) -> bytes:
    """Numbers of 40,000 bits."""
    return w.tlv(0x30, w.number(0), *[w.number((1 << 40_000) + 1)] * 8)


def odd_rsa_key(shop: Workshop) -> bytes:
    """The key with another exponent, which fits nothing."""
    version, algorithm, wrapped = w.children(shop.der_key())[:3]
    numbers = w.children(w.content(wrapped))
    numbers[3] = numbers[3][:-1] + bytes([numbers[3][-1] ^ 2])
    return w.tlv(0x30, version, algorithm, w.tlv(4, w.tlv(0x30, *numbers)))


def unknown_key(shop: Workshop) -> bytes:
    """Of an algorithm that nobody knows."""
    return w.tlv(0x30, w.number(0), w.tlv(0x30, w.oid("1.2.3.4")), w.tlv(4, bytes(64)))


def binary_curve(shop: Workshop) -> bytes:
    shop.signed("sect233k1", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:sect233k1")
    return shop.p12(name="sect233k1")


def zulu(make: Make) -> Make:
    """The certificates get a time that RFC 5280 forbids (K5)."""
    return lambda shop: re.sub(rb"(\d{12})Z", rb"\1z", make(shop))


def p7b(*arguments: str) -> Make:
    return lambda shop: shop.openssl("crl2pkcs7", "-nocrl", "-certfile", "orders.crt", *arguments)


def ssh_key(shop: Workshop) -> bytes:
    if not (shop.path / "ssh").exists():
        shop.run("ssh-keygen", "-q", "-t", "rsa", "-N", "", "-f", "ssh")
    return shop.read("ssh")


def request(shop: Workshop) -> bytes:
    return shop.openssl("req", "-new", "-key", "orders.key", "-subj", "/CN=x")


def public_key(shop: Workshop) -> bytes:
    return shop.openssl("rsa", "-in", "orders.key", "-pubout")


def revocations(shop: Workshop) -> bytes:
    issuer = shop.made["issuing"]
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.certificate.subject)
    return builder.last_update(NOW).next_update(NOW).sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.PEM)


def say(text: str | bytes) -> Make:
    return lambda shop: text if isinstance(text, bytes) else text.encode()


def damaged(change: t.Callable[[bytes], bytes], make: Make = plain) -> Make:
    return lambda shop: change(make(shop))


JWT_LIKE = "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"


def deep(shop: Workshop, levels: int) -> bytes:
    """Bags in bags."""
    contents = everything(shop)
    for dummy in range(levels):
        contents = w.bag(6, w.tlv(0x30, contents))
    return w.plain_part(contents)


def nested_json(levels: int) -> str:
    return json.dumps({"value": nested_json(levels - 1)}) if levels else "MIIB"


def by_version(version: int) -> Make:
    return lambda shop: w.tlv(0x30, w.number(version), *w.children(UNPROTECTED(shop))[1:])


REFUSED = {
    # passwords
    "wrong password": Refused(plain, WRONG, "bar"),
    "password in another case": Refused(plain, WRONG, "FOO"),
    "no password": Refused(plain, "cannot be opened. It needs certificate_password, or is damaged.", ""),
    "wrong password, no MAC": Refused(lambda s: s.p12("-nomac"), WRONG, "bar"),
    "wrong password, no MAC, RC2": Refused(
        lambda s: s.p12("-nomac", "-legacy", "-certpbe", "PBE-SHA1-RC2-40"),
        "Its certificate_password is wrong, or this Python's cryptography does not support its encryption, RC2-40",
        "bar",
    ),
    "wrong password, PBMAC1": Refused(pbmac1(), WRONG, "bar"),
    "password with a line end (U1)": Refused(
        plain, "Its certificate_password ends in a line end, and without it the file opens", "foo\n"
    ),
    "password with a line end of Windows": Refused(plain, "ends in a line end", "foo\r\n"),
    "password with a blank": Refused(plain, "begins or ends with white space, and without it the file opens", " foo"),
    "password in quotes": Refused(plain, "is in quotes, and without them the file opens", "'foo'"),
    "password with a byte order mark": Refused(
        plain, "begins with a byte order mark, and without it the file opens", "\ufefffoo"
    ),
    "password with accents apart": Refused(
        lambda s: s.p12(password=UMLAUTS),
        "is not in the Unicode form NFC, and in that form the file opens",
        unicodedata.normalize("NFD", UMLAUTS),
    ),
    "password of a PEM key with a line end": Refused(
        encrypted("-topk8"), "certificate_password ends in a line end", "foo\n"
    ),
    "NUL in the password (K1)": Refused(
        plain, "certificate_password holds a NUL character; it was probably decoded from UTF-16.", UTF16_PASSWORD
    ),
    "NUL in the password of PEM": Refused(
        encrypted("-topk8"), "certificate_password holds a NUL character", UTF16_PASSWORD
    ),
    "NUL in the password, base64": Refused(text_of(plain), "certificate_password holds a NUL character", "foo\0"),
    "password in Latin-1 (K7 d)": Refused(
        plain, "certificate_password is not UTF-8 text", b"P\xe4ss".decode(errors="surrogateescape")
    ),
    "password in UTF-16 with a mark (K7 d)": Refused(
        plain,
        "certificate_password holds a NUL character",
        (b"\xff\xfe" + "foo".encode("utf-16-le")).decode(errors="surrogateescape"),
    ),
    "lone surrogate in the password": Refused(plain, "certificate_password is not UTF-8 text", "foo\ud800"),
    # which key
    "two keys": Refused(
        by_hand(lambda s: w.plain_part(everything(s, "orders", "other"))),
        "holds 2 private keys, so which certificate is meant (",
        "",
    ),
    "two keys in an encrypted part (K4 c)": Refused(
        hidden("orders", "other"), "holds 2 private keys, so which certificate is meant ("
    ),
    "two keys in an encrypted part, in pieces (K2)": Refused(
        lambda s: w.chopped(hidden("orders", "other")(s)), "holds 2 private keys"
    ),
    "two keys without certificates": Refused(
        by_hand(lambda s: w.plain_part(key_bag(s), key_bag(s, "other"))),
        "holds 2 private keys, so which certificate is meant cannot be told. Export one key with its certificate.",
        "",
    ),
    "two keys in PEM": Refused(pem("orders.crt", "orders.key", "other.key", "other.crt"), "holds 2 private keys", ""),
    "two certificates of one key (K4 d)": Refused(
        lambda s: s.p12("-certfile", "renewed.crt"), "holds 2 certificates of the same key: {orders} (valid from "
    ),
    "two certificates of one key in PEM": Refused(
        pem("renewed.crt", "orders.crt", "orders.key"), "Which one is meant cannot be told; leave the others out.", ""
    ),
    "three certificates of one key": Refused(
        pem("renewed.crt", "orders.crt", "expired.crt", "orders.key"), "holds 3 certificates of the same key", ""
    ),
    "key apart of another certificate": Refused(
        pem("orders.crt"),
        "The key in private_key_src 'y' belongs to none of the certificates in src 'x'.",
        "",
        key=pem("other.key"),
    ),
    "key of another certificate": Refused(
        pem("orders.crt", "other.key"), "The key in src 'x' belongs to none of the certificates in it.", ""
    ),
    "PKCS#12 of a key and another certificate": Refused(
        by_hand(lambda s: w.plain_part(key_bag(s), certificate_bag(s, "other"))),
        "holds a private key, but not the certificate that belongs to it. Export them together.",
        "",
    ),
    "another key apart than with the certificate": Refused(
        BOTH,
        "The key in private_key_src 'y' belongs to none of the certificates in src 'x'.",
        "",
        key=pem("other.key", "other.crt"),
    ),
    # no key, no certificate
    "certificate in PEM": Refused(pem("orders.crt"), f"{NO_KEY} {TOGETHER}", ""),
    "certificate and chain in PEM": Refused(pem("orders.crt", "chain.crt"), f"{NO_KEY} {TOGETHER}"),
    "certificate in DER": Refused(
        der_certificate, "is a certificate without its private key. Export both together as PKCS#12.", ""
    ),
    "certificate in base64": Refused(text_of(der_certificate), "is a certificate without its private key", ""),
    "certificate in DER, with a password": Refused(der_certificate, "is a certificate without its private key"),
    "PKCS#12 of a certificate": Refused(
        without_key("orders"), "holds no private key. Export it again together with its key.", ""
    ),
    "PKCS#12 of a chain": Refused(without_key("orders", "issuing", "root"), NO_KEY, ""),
    "PKCS#12 of a key": Refused(
        without_certificate, "holds a private key, but not the certificate that belongs to it", ""
    ),
    "PKCS#12 of nothing (K5)": Refused(lambda s: w.pfx(mac=sha1_mac), NO_KEY),
    "PKCS#12 of an empty part": Refused(by_hand(lambda s: w.plain_part()), NO_KEY, ""),
    "PKCS#12 of a secret key": Refused(by_hand(lambda s: w.plain_part(secret_bag(s)), mac=sha1_mac), NO_KEY),
    "certificate with a forbidden time and no key (K5)": Refused(
        zulu(by_hand(lambda s: w.plain_part(certificate_bag(s)))), NO_KEY, ""
    ),
    "key in PEM": Refused(pem("orders.key"), f"holds no certificate. {TOGETHER}", ""),
    "key in DER": Refused(lambda s: s.der_key(), "holds no certificate.", ""),
    "key apart is a certificate": Refused(
        pem("orders.crt"), "private_key_src 'y' holds no private key.", "", key=pem("orders.crt")
    ),
    "key apart is a public key": Refused(pem("orders.crt"), "private_key_src 'y' is a public key.", "", key=public_key),
    "key apart is PKCS#12": Refused(
        pem("orders.crt"), "private_key_src 'y' is a PKCS#12 file, which has its certificate in it.", key=plain
    ),
    "key apart for PKCS#12": Refused(
        plain, "is PKCS#12, which has its key in it, and a key was given apart", key=pem("orders.key")
    ),
    "key apart is empty": Refused(pem("orders.crt"), "private_key_src 'y' is empty.", "", key=say("")),
    # what cannot be read
    "certificate with a forbidden time (K5)": Refused(
        zulu(lambda s: s.p12("-nomac", "-keypbe", "NONE", "-certpbe", "NONE")), UNREADABLE.format("a certificate"), ""
    ),
    "chain with a forbidden time (K5)": Refused(
        by_hand(lambda s: w.plain_part(everything(s), zulu(lambda s: certificate_bag(s, "root"))(s))),
        UNREADABLE.format("a certificate"),
        "",
    ),
    "certificate that is none": Refused(
        by_hand(lambda s: w.plain_part(key_bag(s), w.certificate_bag(b"none"))), UNREADABLE.format("a certificate"), ""
    ),
    "key on a binary curve (K5)": Refused(binary_curve, UNREADABLE.format("the key"), or_opens=True),
    "key of an unknown kind (K5)": Refused(
        by_hand(lambda s: w.plain_part(w.bag(1, unknown_key(s)), certificate_bag(s))), UNREADABLE.format("the key"), ""
    ),
    "RSA key whose numbers do not fit": Refused(
        by_hand(lambda s: w.plain_part(w.bag(1, odd_rsa_key(s)), certificate_bag(s))),
        UNREADABLE.format("the key") + "its numbers do not fit each other.",
        "",
    ),
    "RSA key of 40,000 bits (S7)": Refused(
        lambda s: w.pfx(
            w.plain_part(
                w.bag(
                    1,
                    w.tlv(
                        0x30,
                        w.number(0),
                        w.tlv(0x30, w.oid("1.2.840.113549.1.1.1"), w.tlv(5)),
                        w.tlv(4, giant_rsa_key(s)),
                    ),
                ),
                certificate_bag(s),
            )
        ),
        UNREADABLE.format("the key") + "it takes 40",
        "",
    ),
    "RSA key of 40,000 bits in PEM (S7)": Refused(
        lambda s: (
            s.read("orders.crt") + armoured("RSA PRIVATE KEY")(base64.b64encode(giant_rsa_key(s)).decode()).encode()
        ),
        "The key in src 'x' cannot be read: it takes 40",
        "",
    ),
    "key of an unknown kind in PEM": Refused(
        lambda s: s.read("orders.crt") + armoured("PRIVATE KEY")(base64.b64encode(unknown_key(s)).decode()).encode(),
        "The key in src 'x' cannot be read: ",
        "",
    ),
    "key with another password than the store (K7 b)": Refused(
        with_key_of_another_password, NOT_BY_IT.format("the private key")
    ),
    "part with another password than the store (K7 c)": Refused(
        by_hand(lambda s: w.encrypted_part(w.aes(w.tlv(0x30, everything(s)), b"bar")), mac=sha1_mac),
        NOT_BY_IT.format("a part"),
    ),
    "MAC of an unknown digest (K7 a)": Refused(
        by_hand(
            lambda s: w.plain_part(everything(s)),
            mac=lambda safe: w.sha1_mac(safe, w.bmp("foo"), digest="1.2.643.7.1.1.2.2"),
        ),
        "is protected against changes with the digest 1.2.643.7.1.1.2.2, which is not known here",
    ),
    "encryption of an unknown kind (K7 a)": Refused(
        by_hand(
            lambda s: w.plain_part(
                shrouded(s, lambda der: w.aes(der, b"foo", cipher="1.2.643.7.1.1.5.1.1")), certificate_bag(s)
            ),
            mac=sha1_mac,
        ),
        "(PBKDF2 with SHA-256, 2048 rounds), which this Python's cryptography cannot decrypt, although certificate_password is right. Convert",
    ),
    "part protected with a certificate": Refused(
        by_hand(lambda s: w.tlv(0x30, w.oid(w.ENVELOPED), w.tlv(0xA0, w.tlv(0x30, w.number(0))))),
        "is protected with a certificate and not with a password",
        "",
    ),
    "file signed instead of a MAC": Refused(
        as_if(UNPROTECTED, w.oid(w.DATA) + b"\xa0\x82", w.oid("1.2.840.113549.1.7.2") + b"\xa0\x82"),
        "is protected with a certificate and not with a password",
        "",
    ),
    # work without end
    "MAC of 2,000,000,000 rounds (S7)": Refused(
        with_rounds(2_000_000_000),
        "asks for 2000000000 rounds of key derivation, and more than 1000000 are not computed",
    ),
    "PBMAC1 of 2,000,000,000 rounds (S7)": Refused(pbmac1(rounds=2_000_000_000), "asks for 2000000000 rounds"),
    "key of 2,000,000,000 rounds (S7)": Refused(
        by_hand(
            lambda s: w.plain_part(
                shrouded(s, lambda der: w.aes(der, b"foo", rounds=2_000_000_000)), certificate_bag(s)
            )
        ),
        "asks for 2000000000 rounds",
    ),
    "part of 2,000,000,000 rounds (S7)": Refused(
        by_hand(
            lambda s: w.encrypted_part(w.triple_des(w.tlv(0x30, everything(s)), w.bmp("foo"), rounds=2_000_000_000))
        ),
        "asks for 2000000000 rounds",
    ),
    "many keys of 900,000 rounds (S7)": Refused(
        by_hand(
            lambda s: w.plain_part(*[shrouded(s, lambda der: w.aes(der, b"foo", rounds=999_999))] * 30),
            mac=lambda safe: w.sha1_mac(safe, w.bmp("foo")),
        ),
        "does not: it has another password",
    ),
    "PEM key of 2,000,000,000 rounds (S7)": Refused(
        lambda s: (
            s.read("orders.crt")
            + armoured("ENCRYPTED PRIVATE KEY")(
                base64.b64encode(w.shrouded(w.aes(s.der_key(), b"foo", rounds=2_000_000_000))).decode()
            ).encode()
        ),
        "asks for 2000000000 rounds",
    ),
    "PEM key of scrypt with 4 GiB (S7)": Refused(
        lambda s: (
            s.read("orders.crt")
            + armoured("ENCRYPTED PRIVATE KEY")(
                base64.b64encode(
                    w.tlv(
                        0x30,
                        w.tlv(
                            0x30,
                            w.oid(w.PBES2),
                            w.tlv(
                                0x30,
                                w.tlv(
                                    0x30,
                                    w.oid("1.3.6.1.4.1.11591.4.11"),
                                    w.tlv(0x30, w.tlv(4, b"salt"), w.number(1 << 22), w.number(8), w.number(1)),
                                ),
                                w.tlv(0x30, w.oid(w.AES_256), w.tlv(4, bytes(16))),
                            ),
                        ),
                        w.tlv(4, bytes(1232)),
                    )
                ).decode()
            ).encode()
        ),
        "rounds of key derivation",
    ),
    "50,000 levels": Refused(say(b"\x30\x80" * 50_000), "is not PKCS#12, or is damaged"),
    "30 levels of bags": Refused(by_hand(lambda s: deep(s, 30)), "is not PKCS#12, or is damaged", ""),
    # damage
    "cut off": Refused(damaged(lambda data: data[:-700]), "It was cut off, or transferred as text."),
    "line ends made those of Windows (K10)": Refused(
        damaged(
            lambda data: data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
            lambda s: (
                s.plain()
                if s.plain().count(b"\n") > s.plain().count(b"\r\n")
                else w.tlv(0x30, w.number(3), s.plain(), w.tlv(4, b"\n\n"))
            ),
        ),
        "was transferred as text, which changed its line ends",
    ),
    "read as UTF-8 (K10)": Refused(
        damaged(lambda data: data.decode(errors="replace").encode()),
        "was read as text and saved again, which destroyed it",
    ),
    "one byte is another": Refused(damaged(lambda data: data[:-300] + bytes([data[-300] ^ 1]) + data[-299:]), WRONG),
    "PEM cut off": Refused(
        damaged(lambda data: data[:-700], BOTH), "is cut off: the line -----END PRIVATE KEY----- is missing.", ""
    ),
    "PEM without its first hyphens": Refused(
        damaged(lambda data: data[3:].replace(b"-----BEGIN", b"--BEGIN"), BOTH),
        "looks like PEM, but a first line is not complete",
        "",
    ),
    "PEM, the first line of its key incomplete": Refused(
        damaged(lambda data: data.replace(b"-----BEGIN PRIVATE", b"----BEGIN PRIVATE"), BOTH),
        "looks like PEM, but a first line is not complete",
        "",
    ),
    "PEM with a damaged key": Refused(
        lambda s: s.read("orders.crt") + b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "The key in src 'x' cannot be opened. It is damaged.",
        "",
    ),
    "PEM with a damaged certificate": Refused(
        lambda s: s.read("orders.key") + b"-----BEGIN CERTIFICATE-----\nA,AA\n-----END CERTIFICATE-----\n",
        "A certificate in src 'x' cannot be read. It is damaged.",
        "",
    ),
    "PEM key that is encrypted, no password": Refused(
        encrypted("-topk8"), "src 'x' holds an encrypted key. Give its certificate_password.", ""
    ),
    "PEM key encrypted as of old, no password": Refused(
        encrypted("rsa", "-traditional", "-aes256"), "holds an encrypted key. Give its certificate_password.", ""
    ),
    "PEM key, wrong password": Refused(
        encrypted("-topk8"),
        "The key in src 'x' cannot be opened. certificate_password is wrong, or the key is damaged.",
        "bar",
    ),
    "PEM key encrypted as of old, wrong password": Refused(
        encrypted("rsa", "-traditional", "-aes256"), "certificate_password is wrong, or the key is damaged.", "bar"
    ),
    "PEM key encrypted as of old, unknown cipher": Refused(
        encrypted("rsa", "-traditional", "-camellia256"),
        "does not support its encryption, CAMELLIA-256-CBC (PEM)",
        or_opens=True,
    ),
    # something else
    "nothing": Refused(say(""), "is empty.", ""),
    "blanks": Refused(say(" \r\n\t"), "is empty.", ""),
    "byte order mark alone": Refused(say(b"\xff\xfe"), "is empty.", ""),
    "text": Refused(say("hello, world"), "is neither PKCS#12 nor base64 text of it, and not PEM.", ""),
    "binary": Refused(say(b"\x00\x01\x02\xff"), "is neither PKCS#12 nor base64 text of it", ""),
    "UTF-16 text": Refused(say("größe".encode("utf-16")), "is neither PKCS#12 nor base64 text of it", ""),
    "a token": Refused(say(JWT_LIKE), "is neither PKCS#12 nor base64 text of it", "", secrets=(JWT_LIKE,)),
    "base64 of text": Refused(say(base64.b64encode(b"a list: apples, pears")), "is not PKCS#12, or is damaged", ""),
    "base64 cut off": Refused(text_of(plain, lambda text: text[:-701]), "is incomplete: it has"),
    "base64 twice (U1)": Refused(text_of(text_of(plain)), "is encoded in base64 twice."),
    "base64 twice, in lines": Refused(
        lambda s: base64.encodebytes(base64.encodebytes(s.plain())), "is encoded in base64 twice."
    ),
    "base64 twice of PEM": Refused(text_of(text_of(BOTH)), "is encoded in base64 twice.", ""),
    "hexadecimal": Refused(
        damaged(lambda data: data.hex().encode()), "is hexadecimal text. Make a binary file of it with: xxd -r -p"
    ),
    "hexadecimal with colons": Refused(damaged(lambda data: data.hex(":").upper().encode()), "is hexadecimal text"),
    "hexadecimal with 0x": Refused(damaged(lambda data: b"0x" + data.hex().encode()), "is hexadecimal text"),
    "Java key store": Refused(
        say(b"\xfe\xed\xfe\xed\0\0\0\2\0\0\0\1"),
        "is a Java key store (JKS). Convert it with: keytool -importkeystore -srckeystore OLD.jks",
    ),
    "base64 of a Java key store": Refused(
        say(base64.b64encode(b"\xfe\xed\xfe\xed\0\0\0\2\0\0\0\1")), "is a Java key store (JKS)"
    ),
    "Java key store of JCE": Refused(say(b"\xce\xce\xce\xce\0\0\0\2"), "is a Java key store (JCEKS)"),
    "Java key store by keytool": Refused(
        java("old.jks", GENERATE, kind="JKS"), "is a Java key store (JKS)", needs="keytool"
    ),
    "PKCS#7": Refused(p7b("-outform", "DER"), "is PKCS#7 (.p7b, .p7c), which holds certificates and never a key."),
    "PKCS#7 in PEM": Refused(p7b(), "is PKCS#7 (.p7b, .p7c)"),
    "PKCS#7 with BEGIN CERTIFICATE": Refused(
        text_of(p7b("-outform", "DER"), armoured("CERTIFICATE")), "is PKCS#7 (.p7b, .p7c)"
    ),
    "OpenSSH key (K8)": Refused(
        ssh_key,
        "is an OpenSSH key, which is another format. Convert a copy of it with: ssh-keygen",
        "",
        needs="ssh-keygen",
    ),
    "OpenSSH key and certificate": Refused(
        lambda s: ssh_key(s) + s.read("orders.crt"),
        "holds no private key that can be read, but an OpenSSH key",
        "",
        needs="ssh-keygen",
    ),
    "public OpenSSH key": Refused(say("ssh-rsa AAAAB3NzaC1yc2E= me@here"), "is a public SSH key."),
    "PuTTY key": Refused(say("PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\n"), "is a key of PuTTY."),
    "PGP key (K8)": Refused(
        say("-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: x\n\nAAAA\n=abcd\n-----END PGP PRIVATE KEY BLOCK-----\n"),
        "is a PGP key, which is another format and has no certificate.",
    ),
    "PGP message": Refused(
        say("-----BEGIN PGP MESSAGE-----\n\nAAAA\n=abcd\n-----END PGP MESSAGE-----\n"),
        "is encrypted with PGP. Decrypt it first.",
    ),
    "age": Refused(say("age-encryption.org/v1\n-> X25519 abc\n"), "is encrypted with age."),
    "git-crypt": Refused(say(b"\0GITCRYPT\0abc"), "is encrypted with git-crypt."),
    "SOPS": Refused(say('{"data": "ENC[x]", "sops": {}}'), "is encrypted with SOPS."),
    "Ansible Vault": Refused(
        say("$ANSIBLE_VAULT;1.1;AES256\n3132\n"),
        "is encrypted with Ansible Vault. Leave decrypt at true and give the vault password to Ansible.",
    ),
    "Ansible Vault with a mark": Refused(
        say("\ufeff$ANSIBLE_VAULT;1.1;AES256\n3132\n"), "is encrypted with Ansible Vault."
    ),
    "request": Refused(request, "is a certificate request, which is no certificate yet.", ""),
    "request and key": Refused(
        lambda s: request(s) + s.read("orders.key"), "holds no certificate, but a certificate request", ""
    ),
    "request in DER": Refused(
        lambda s: s.openssl("req", "-new", "-key", "orders.key", "-subj", "/CN=x", "-outform", "DER"),
        "is a certificate request",
        "",
    ),
    "public key": Refused(public_key, "is a public key. Give a certificate with its private key.", ""),
    "public key in DER": Refused(
        lambda s: s.made["orders"].key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "is a public key.",
        "",
    ),
    "public key and certificate": Refused(lambda s: public_key(s) + s.read("orders.crt"), NO_KEY[:-1], ""),
    "list of revocations": Refused(revocations, "is a list of revoked certificates (CRL).", ""),
    "parameters of a curve": Refused(lambda s: s.openssl("ecparam", "-name", "prime256v1"), NO_KEY, ""),
    "PEM of another kind": Refused(
        say("-----BEGIN TEXT-----\nAAAA\n-----END TEXT-----\n"), "is PEM of another kind (TEXT).", ""
    ),
    "Git LFS pointer": Refused(
        say("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"),
        "is a Git LFS pointer and not the file itself. Run git lfs pull",
    ),
    "login page": Refused(
        say("<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>"),
        "is a web page (HTML), such as a login page.",
    ),
    "login page in base64": Refused(
        say(base64.b64encode(b"<html><body>Sign in</body></html>")), "is a web page (HTML)"
    ),
    "XML": Refused(say('<?xml version="1.0"?>\n<Error><Code>AuthenticationFailed</Code></Error>'), "is XML or HTML."),
    "JSON of something else": Refused(
        say('{"error": {"code": "Forbidden"}}'), "is JSON, but not that of a Key Vault secret"
    ),
    "JSON of a Key Vault certificate": Refused(
        say('{"cer": "MIIB", "id": "https://x"}'), "is the JSON of a Key Vault certificate, which has no key."
    ),
    "JSON that is cut off": Refused(say('{"value": "MIIB'), "is JSON, but not that of a Key Vault secret"),
    "JSON 50,000 levels deep": Refused(say('{"value":' * 50_000), "is JSON, but not that of a Key Vault secret"),
    "JSON in JSON in JSON": Refused(lambda s: nested_json(8).encode(), "is neither PKCS#12 nor base64"),
    "ZIP archive": Refused(say(b"PK\x03\x04abc"), "is a ZIP archive."),
    "gzip": Refused(say(b"\x1f\x8b\x08abc"), "is compressed with gzip."),
    "PDF": Refused(say(b"%PDF-1.7\n"), "is a PDF document."),
    "PKCS#12 in PEM and more": Refused(
        lambda s: armoured("PKCS12")(base64.b64encode(s.plain()).decode()).encode() + s.read("orders.crt"),
        "holds a PKCS#12 file and more.",
    ),
    "other DER": Refused(say(b"\x30\x82\x00\x03\x02\x01\x03"), "is not PKCS#12, or is damaged", ""),
    "PKCS#12 of version 1": Refused(by_version(1), "is not PKCS#12, or is damaged", ""),
    "too large": Refused(
        say(b"-" * (1024 * 1024 + 1)), "is larger than 1024 KiB and cannot be the key file of one certificate."
    ),
}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    return Workshop(tmp_path_factory.mktemp("workshop"))


@pytest.fixture(autouse=True)
def nothing_is_printed(capfd):
    """Neither the library nor Python has anything to say beside the result."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
    assert capfd.readouterr() == ("", "")


def require(tool):
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")


def opened(case, shop):
    require(case.needs)
    key = case.key(shop) if case.key else None
    return open_key_file(case.make(shop), case.password, NAME, key_data=key, key_name="private_key_src 'y'", now=NOW)


def certificate(shop, name):
    return in_silence(x509.load_pem_x509_certificate, shop.read(f"{name}.crt"))


@pytest.mark.parametrize("case", OPENED.values(), ids=OPENED)
def test_file_that_opens(case, shop):
    try:
        file = opened(case, shop)
    except IdentityError as exc:
        if not (case.or_refused and "opens, but the key in it cannot be read" in exc.message):
            raise
        pytest.skip("this library does not read the key")
    leaf, chain = certificate(shop, case.leaf), [certificate(shop, name) for name in case.chain]
    assert file.wanted.thumbprint == leaf.fingerprint(hashes.SHA1()).hex().upper()
    assert file.certificates == (leaf, *chain)
    assert public(file.key) == public(leaf)
    assert (file.friendly_name, file.wanted.key_type) == (case.friendly_name, case.key_type)
    assert file.kind.container == case.container
    assert case.encoding in file.kind.encoding
    assert case.encryption in (file.kind.encryption or "")
    assert case.mac in (file.kind.mac or "")
    assert not case.wrapping or file.kind.wrapping == case.wrapping
    assert len(file.warnings) in (bool(case.warning), bool(case.warning) and case.sure)
    assert all(case.warning in warning and warning.endswith(".") for warning in file.warnings)
    if not case.compatible:
        with pytest.raises(IdentityError, match="RSA-PSS key, which cannot be re-encoded"):
            file.upload("compatible")
        return
    require("openssl")
    upload = file.upload("compatible")
    data = base64.b64decode(upload.pkcs12_value)
    key, certificates = opened_by_openssl(shop, data, upload.password)
    assert certificates == [leaf, *chain]
    assert public(load_pem_private_key(key, None)) == public(leaf)
    again = in_silence(pkcs12.load_pkcs12, data, upload.password.encode())
    names = [
        link.friendly_name.decode() if link.friendly_name else None for link in (again.cert, *again.additional_certs)
    ]
    if case.friendly_name and max(case.friendly_name) > "\uffff":  # the library reads none of these
        names[0] = open_key_file(data, upload.password, "made", now=NOW).friendly_name
    assert names == [case.friendly_name, *([case.chain_name] * len(chain))]


def public(owner):
    return owner.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def opened_by_openssl(shop, data, password):
    """Key in PEM, and certificates, as openssl reads them."""
    path = shop.write("made.p12", data)
    text = shop.openssl("pkcs12", "-legacy", "-in", path, "-nodes", "-passin", f"pass:{password}")
    (key,) = re.findall(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", text, re.DOTALL)
    return key, in_silence(x509.load_pem_x509_certificates, text)


def in_silence(function, *arguments):
    """What the library warns of when the test uses it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments)


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_file_that_is_refused(case, shop):
    with pytest.raises(IdentityError) as caught:
        opened(case, shop)
        if case.or_opens:
            pytest.skip("this library opens it")
    message = caught.value.message
    assert case.sentence.format(**{name: made.thumbprint for name, made in shop.made.items()}) in message
    assert NAME in message or "'y'" in message or message.startswith("certificate_password ")
    assert message.count(". ") < 3
    assert message.endswith((".", "az keyvault secret show")) or "with: " in message
    for secret in (*case.secrets, "PRIVATE KEY-----\n", UTF16_PASSWORD):
        assert secret not in message


def test_corpus_is_large():
    assert len(OPENED) + len(REFUSED) >= 300
