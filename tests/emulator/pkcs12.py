# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PFX files: really opened, and judged by how they are encrypted."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import pkcs12

from .errors import GraphError, bad_request

SEQUENCE, OCTET_STRING, OBJECT_IDENTIFIER, CONTEXT_0 = 0x30, 0x04, 0x06, 0xA0

# DER contents of the object identifiers met on the way.
PKCS7_DATA = bytes.fromhex("2a864886f70d010701")
PKCS7_ENCRYPTED_DATA = bytes.fromhex("2a864886f70d010706")
SHROUDED_KEY_BAG = bytes.fromhex("2a864886f70d010c0a0102")
TRIPLE_DES_SHA1 = bytes.fromhex("2a864886f70d010c0103")

BAD_PASSWORD = "The certificate password provided in request is incorrect."
BAD_FORMAT = "The certificate provided in request is badly formatted."
NO_KEY = "The certificate provided in request does not contain a private key."
EXPIRED = "The certificate provided in request has expired."


@dataclass(frozen=True)
class Opened:
    """What the service takes from a PFX; the thumbprint is in upper case."""

    thumbprint: str
    not_before: int
    not_after: int


def open_pfx(pkcs12_value: str, password: str, policy: str, unprotected: str) -> Opened:
    """Open the base64 of a PFX under the policy of the service."""
    try:
        content = base64.b64decode(pkcs12_value, validate=True)
        ciphers = set(encryption(content))
    except ValueError as exc:
        raise bad_request(BAD_FORMAT, "AADB2C90215") from exc
    try:
        key, certificate, _others = pkcs12.load_key_and_certificates(content, password.encode())
    except ValueError as exc:
        # cryptography says which of the two it is in its message only.
        raise _wrong_password() if "password" in str(exc) else bad_request(BAD_FORMAT, "AADB2C90215") from exc
    except UnsupportedAlgorithm as exc:
        raise bad_request(BAD_FORMAT, "AADB2C90215") from exc
    if key is None:
        raise bad_request(NO_KEY, "AADB2C90178")
    if certificate is None:
        raise bad_request(BAD_FORMAT, "AADB2C90215")
    if not ciphers and (unprotected == "error" or password):
        raise _wrong_password()
    # The service blames the password when it cannot read the encryption.
    if policy == "3des" and ciphers - {TRIPLE_DES_SHA1}:
        raise _wrong_password()
    return Opened(
        certificate.fingerprint(hashes.SHA1()).hex().upper(),
        int(certificate.not_valid_before_utc.timestamp()),
        int(certificate.not_valid_after_utc.timestamp()),
    )


def check_not_expired(opened: Opened, now: float) -> None:
    """Raise when the certificate has expired."""
    if now > opened.not_after:
        raise bad_request(EXPIRED, "AADB2C90214")


def _wrong_password() -> GraphError:
    return bad_request(BAD_PASSWORD, "AADB2C90213")


def encryption(content: bytes) -> Iterator[bytes]:
    """The algorithm of every encrypted part (RFC 7292); nothing at all for an unprotected file, ValueError for what is
    no PFX.
    """
    _version, auth_safe, *_mac = _items(_one(content, SEQUENCE))
    for part in _items(_one(_explicit_content(auth_safe, PKCS7_DATA), SEQUENCE)):
        kind, holder = _typed(part)
        if kind == PKCS7_ENCRYPTED_DATA:
            _version, encrypted = _items(_one(holder, SEQUENCE))[:2]
            _type, algorithm = _items(_value(encrypted, SEQUENCE))[:2]
            yield _algorithm(algorithm)
        elif kind == PKCS7_DATA:
            for bag in _items(_one(_one(holder, OCTET_STRING), SEQUENCE)):
                bag_kind, bag_holder = _typed(bag)
                if bag_kind == SHROUDED_KEY_BAG:
                    algorithm, _key = _items(_one(bag_holder, SEQUENCE))
                    yield _algorithm(algorithm)


def _typed(item: tuple[int, bytes]) -> tuple[bytes, bytes]:
    """The identifier and the [0] content of a ContentInfo or a SafeBag."""
    identifier, holder, *_rest = _items(_value(item, SEQUENCE))
    return _value(identifier, OBJECT_IDENTIFIER), _value(holder, CONTEXT_0)


def _explicit_content(item: tuple[int, bytes], wanted: bytes) -> bytes:
    kind, holder = _typed(item)
    if kind != wanted:
        raise ValueError("unexpected content type")
    return _one(holder, OCTET_STRING)


def _algorithm(item: tuple[int, bytes]) -> bytes:
    identifier, *_parameters = _items(_value(item, SEQUENCE))
    return _value(identifier, OBJECT_IDENTIFIER)


def _one(content: bytes, tag: int) -> bytes:
    """The value of the only element in there."""
    items = _items(content)
    if len(items) != 1:
        raise ValueError("one element expected")
    return _value(items[0], tag)


def _value(item: tuple[int, bytes], tag: int) -> bytes:
    if item[0] != tag:
        raise ValueError(f"tag {tag:#x} expected, found {item[0]:#x}")
    return item[1]


def _items(content: bytes) -> list[tuple[int, bytes]]:
    """The elements (tag, value) of DER; short tags and definite lengths only."""
    found, position = [], 0
    while position < len(content):
        if position + 2 > len(content):
            raise ValueError("cut off")
        tag, length, start = content[position], content[position + 1], position + 2
        if length & 0x80:
            size = length & 0x7F
            if size == 0 or size > 4:
                raise ValueError("length out of range")
            length, start = int.from_bytes(content[start : start + size], "big"), start + size
        position = start + length
        if position > len(content):
            raise ValueError("cut off")
        found.append((tag, content[start:position]))
    return found
