# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The shapes of RFC 7292: a PKCS#12 file → its MAC and its parts; the plaintext of a part → bags.

Nothing is decrypted here, and nothing is decided.
"""

from __future__ import annotations

import enum
import typing as t
from contextlib import suppress
from dataclasses import dataclass, field

from ansible_collections.msgraph.identity.plugins.module_utils._ber import (
    BMP_STRING,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    Element,
    Malformed,
    context,
    encode,
    encode_oid,
    read_all,
    sequence,
)
from ansible_collections.msgraph.identity.plugins.module_utils._password_based import (
    Encryption,
    Mac,
    read_encryption,
    read_mac,
)

DATA, SIGNED_DATA = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.2"
ENVELOPED_DATA, ENCRYPTED_DATA = "1.2.840.113549.1.7.3", "1.2.840.113549.1.7.6"
_BAG = "1.2.840.113549.1.12.10.1."
_X509_CERTIFICATE = "1.2.840.113549.1.9.22.1"
_FRIENDLY_NAME = "1.2.840.113549.1.9.20"


@dataclass(frozen=True)
class Part:
    """A ContentInfo of the AuthenticatedSafe: SafeContents, which may be encrypted.

    :param content: the SafeContents, or what they are encrypted to
    :param encryption: None when they are not
    :param der: the whole ContentInfo
    """

    content: bytes = field(repr=False)
    encryption: Encryption | None
    der: bytes = field(repr=False)


@dataclass(frozen=True)
class Pfx:
    """A PKCS#12 file (RFC 7292, 4).

    :param authenticated: what the MAC protects
    :param der: whether it is in DER, and not only in BER
    """

    parts: tuple[Part, ...]
    mac: Mac | None
    authenticated: bytes = field(repr=False)
    der: bool


class BagKind(enum.Enum):
    """What a SafeBag holds, of what matters here (RFC 7292, 4.2)."""

    KEY = "key"
    ENCRYPTED_KEY = "encrypted key"
    CERTIFICATE = "certificate"


@dataclass(frozen=True)
class Bag:
    """A SafeBag.

    :param der: PrivateKeyInfo, EncryptedPrivateKeyInfo (RFC 5958) or Certificate (RFC 5280)
    :param name: its friendlyName
    """

    kind: BagKind
    der: bytes = field(repr=False)
    name: str | None = None


class NotByPassword(Exception):
    """The file, or a part of it, is protected by a certificate and not by a password (RFC 7292, 3.1)."""


def read_pfx(element: Element) -> Pfx:
    """The file.

    :raises NotByPassword: when a password does not open it
    :raises Malformed: when it is not one
    """
    version, safe, *others = sequence(element, INTEGER, SEQUENCE)
    if version.integer() != 3:
        raise Malformed(f"version {version.integer()}")
    authenticated = _content(safe, DATA).octets()
    parts = read_all(authenticated)
    return Pfx(
        tuple(_part(info) for info in parts.children(SEQUENCE)),
        read_mac(others[0]) if others else None,
        authenticated,
        element.der() == element.raw and parts.der() == parts.raw,
    )


def _content(info: Element, kind: str) -> Element:
    oid, *content = sequence(info, OBJECT_IDENTIFIER)
    if oid.oid() in (SIGNED_DATA, ENVELOPED_DATA) and oid.oid() != kind:
        raise NotByPassword()
    if oid.oid() != kind or not content:
        raise Malformed(f"content of type {oid.oid()}")
    return content[0].only(context(0))


def _part(info: Element) -> Part:
    oid = sequence(info, OBJECT_IDENTIFIER)[0].oid()
    if oid != ENCRYPTED_DATA:
        return Part(_content(info, DATA).octets(), None, info.der())
    dummy, encrypted = sequence(_content(info, ENCRYPTED_DATA), INTEGER, SEQUENCE)[:2]
    parts = sequence(encrypted, OBJECT_IDENTIFIER, SEQUENCE)
    if len(parts) < 3:
        raise Malformed("no encrypted content")
    return Part(parts[2].octets(context(0, constructed=False)), read_encryption(parts[1]), info.der())


def read_bags(safe_contents: bytes) -> list[Bag]:
    """The keys and certificates in SafeContents, in their order; what else there is, is left out."""
    return list(_bags(read_all(safe_contents)))


def _bags(element: Element) -> t.Iterator[Bag]:
    for safe_bag in element.children(SEQUENCE):
        kind, value, *attributes = sequence(safe_bag, OBJECT_IDENTIFIER, context(0))
        oid, content = kind.oid(), value.only()
        name = _friendly_name(attributes[0]) if attributes else None
        if oid == f"{_BAG}1":
            yield Bag(BagKind.KEY, content.der(), name)
        elif oid == f"{_BAG}2":
            yield Bag(BagKind.ENCRYPTED_KEY, content.der(), name)
        elif oid == f"{_BAG}3":
            certificate_type, certificate = sequence(content, OBJECT_IDENTIFIER, context(0))[:2]
            if certificate_type.oid() == _X509_CERTIFICATE:
                yield Bag(BagKind.CERTIFICATE, certificate.only().octets(), name)
        elif oid == f"{_BAG}6":
            yield from _bags(content)


def _friendly_name(attributes: Element) -> str | None:
    """Of a name that is no Unicode text, nothing is left: it is an ornament."""
    for attribute in attributes.children(SET):
        oid, values = sequence(attribute, OBJECT_IDENTIFIER, SET)[:2]
        if oid.oid() == _FRIENDLY_NAME:
            with suppress(UnicodeDecodeError):
                for value in values.children():
                    if value.tag == BMP_STRING:
                        return value.content.decode("utf-16-be").rstrip("\0").split("\0")[0] or None
    return None


def read_encrypted_key(der: bytes) -> tuple[Encryption, bytes]:
    """How an EncryptedPrivateKeyInfo (RFC 5958, 3) is encrypted, and to what.

    :raises Malformed: when it is not one
    """
    algorithm, data = sequence(read_all(der), SEQUENCE, OCTET_STRING)[:2]
    return read_encryption(algorithm), data.octets()


def pfx_of(part: bytes, mac: t.Callable[[bytes], bytes] | None = None) -> bytes:
    """A PKCS#12 file of one ContentInfo in DER.

    :param mac: makes MacData of what is authenticated; without it, there is none
    """
    safe = encode(SEQUENCE, part)
    return encode(SEQUENCE, encode(INTEGER, b"\3"), data_of(safe), mac(safe) if mac else b"")


def part_of_encrypted_key(der: bytes) -> bytes:
    """A ContentInfo that holds just this EncryptedPrivateKeyInfo."""
    bag = encode(SEQUENCE, encode_oid(f"{_BAG}2"), encode(context(0), der))
    return data_of(encode(SEQUENCE, bag))


def data_of(content: bytes) -> bytes:
    """A ContentInfo of type data."""
    return encode(SEQUENCE, encode_oid(DATA), encode(context(0), encode(OCTET_STRING, content)))
