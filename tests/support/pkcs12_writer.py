# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A writer of PKCS#12 files that openssl cannot make: BER, odd bags, PBMAC1, several keys in one part.

RFC 7292, RFC 8018, RFC 9579. Nothing here is shared with what reads them.
"""

from __future__ import annotations

import hashlib
import hmac
import os

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

DATA, ENVELOPED, ENCRYPTED = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.3", "1.2.840.113549.1.7.6"
BAG = "1.2.840.113549.1.12.10.1."
SHA1, SHA256 = "1.3.14.3.2.26", "2.16.840.1.101.3.4.2.1"
PBE_3DES = "1.2.840.113549.1.12.1.3"
PBES2, PBKDF2, PBMAC1 = "1.2.840.113549.1.5.13", "1.2.840.113549.1.5.12", "1.2.840.113549.1.5.14"
HMACS = {"sha1": "1.2.840.113549.2.7", "sha256": "1.2.840.113549.2.9", "sha512": "1.2.840.113549.2.11"}
AES_256 = "2.16.840.1.101.3.4.1.42"


def tlv(tag: int, *parts: bytes) -> bytes:
    """An element in DER."""
    content = b"".join(parts)
    size = len(content)
    octets = (size.bit_length() + 7) // 8
    length = bytes([size]) if size < 128 else bytes([0x80 | octets]) + size.to_bytes(octets, "big")
    return bytes([tag]) + length + content


def number(value: int) -> bytes:
    """An INTEGER that is not negative."""
    return tlv(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER."""
    first, second, *others = (int(arc) for arc in dotted.split("."))
    octets = b""
    for arc in (40 * first + second, *others):
        groups = [arc & 0x7F]
        while arc > 0x7F:
            arc >>= 7
            groups.insert(0, 0x80 | arc & 0x7F)
        octets += bytes(groups)
    return tlv(6, octets)


def children(der: bytes) -> list[bytes]:
    """The elements in an element with a definite length."""
    found, place = [], _content(der, 0)[0]
    while place < _content(der, 0)[1]:
        end = _content(der, place)[1]
        found.append(der[place:end])
        place = end
    return found


def content(der: bytes) -> bytes:
    """What is in an element."""
    return der[slice(*_content(der, 0))]


def _content(der: bytes, place: int) -> tuple[int, int]:
    size, begin = der[place + 1], place + 2
    if size & 0x80:
        begin += size & 0x7F
        size = int.from_bytes(der[place + 2 : begin], "big")
    return begin, begin + size


def indefinite(der: bytes) -> bytes:
    """The same with lengths that are not told (X.690, 8.1.3.6), at every level that is not within a string."""
    if not der[0] & 0x20:
        return der
    return bytes([der[0], 0x80]) + b"".join(indefinite(child) for child in children(der)) + b"\0\0"


def pieces(octets: bytes, size: int = 8) -> bytes:
    """An OCTET STRING in pieces (X.690, 8.7.3.2)."""
    return tlv(0x24, *(tlv(4, octets[place : place + size]) for place in range(0, len(octets), size)))


def derive(password: bytes, salt: bytes, purpose: int, length: int, rounds: int = 2000) -> bytes:
    """RFC 7292, appendix B.2, with SHA-1."""

    def fill(part: bytes) -> bytes:
        return (part * 64)[: 64 * ((len(part) + 63) // 64)]

    block, out = fill(salt) + fill(password), b""
    while len(out) < length:
        value = bytes([purpose]) * 64 + block
        for dummy in range(rounds):
            value = hashlib.sha1(value).digest()
        out += value
        add = int.from_bytes((value * 4)[:64], "big") + 1
        block = b"".join(
            ((int.from_bytes(block[i : i + 64], "big") + add) % (1 << 512)).to_bytes(64, "big")
            for i in range(0, len(block), 64)
        )
    return out[:length]


def bmp(password: str) -> bytes:
    """A password as PKCS#12 spells it."""
    return password.encode("utf-16-be") + b"\0\0"


def _cbc(algorithm: object, iv: bytes, data: bytes) -> bytes:
    padder = padding.PKCS7(8 * len(iv)).padder()
    encryptor = Cipher(algorithm, modes.CBC(iv)).encryptor()
    return encryptor.update(padder.update(data) + padder.finalize()) + encryptor.finalize()


def triple_des(data: bytes, password: bytes, rounds: int | None = None) -> tuple[bytes, bytes]:
    """AlgorithmIdentifier and ciphertext of PBES1; `rounds` is only what is said."""
    salt = os.urandom(8)
    key, iv = derive(password, salt, 1, 24), derive(password, salt, 2, 8)
    return (
        tlv(0x30, oid(PBE_3DES), tlv(0x30, tlv(4, salt), number(rounds or 2000))),
        _cbc(TripleDES(key), iv, data),
    )


def aes(data: bytes, password: bytes, rounds: int | None = None, cipher: str = AES_256) -> tuple[bytes, bytes]:
    """The same of PBES2."""
    salt, iv = os.urandom(8), os.urandom(16)
    key = hashlib.pbkdf2_hmac("sha256", password, salt, 2048, 32)
    kdf = tlv(
        0x30, oid(PBKDF2), tlv(0x30, tlv(4, salt), number(rounds or 2048), tlv(0x30, oid(HMACS["sha256"]), tlv(5)))
    )
    scheme = tlv(0x30, oid(cipher), tlv(4, iv))
    return tlv(0x30, oid(PBES2), tlv(0x30, kdf, scheme)), _cbc(algorithms.AES(key), iv, data)


def name_attribute(text: str) -> bytes:
    """A friendlyName among its attributes."""
    return tlv(0x31, tlv(0x30, oid("1.2.840.113549.1.9.20"), tlv(0x31, tlv(0x1E, text.encode("utf-16-be")))))


def bag(number_of_kind: int, value: bytes, attributes: bytes = b"") -> bytes:
    """A SafeBag."""
    return tlv(0x30, oid(f"{BAG}{number_of_kind}"), tlv(0xA0, value), attributes)


def certificate_bag(der: bytes, attributes: bytes = b"") -> bytes:
    """A bag with a certificate."""
    value = tlv(0x30, oid("1.2.840.113549.1.9.22.1"), tlv(0xA0, tlv(4, der)))
    return bag(3, value, attributes)


def shrouded(protected: tuple[bytes, bytes]) -> bytes:
    """EncryptedPrivateKeyInfo."""
    algorithm, data = protected
    return tlv(0x30, algorithm, tlv(4, data))


def plain_part(*bags: bytes) -> bytes:
    """A ContentInfo that is not encrypted."""
    return tlv(0x30, oid(DATA), tlv(0xA0, tlv(4, tlv(0x30, *bags))))


def encrypted_part(protected: tuple[bytes, bytes], in_pieces: bool = False) -> bytes:
    """A ContentInfo that is encrypted."""
    algorithm, data = protected
    sealed = bytes([0xA0]) + pieces(data)[1:] if in_pieces else tlv(0x80, data)
    return tlv(0x30, oid(ENCRYPTED), tlv(0xA0, tlv(0x30, number(0), tlv(0x30, oid(DATA), algorithm, sealed))))


def sha1_mac(authenticated: bytes, password: bytes, rounds: int | None = None, digest: str = SHA1) -> bytes:
    """MacData; `rounds` and `digest` are only what is said."""
    salt = os.urandom(8)
    value = hmac.new(derive(password, salt, 3, 20), authenticated, hashlib.sha1).digest()
    info = tlv(0x30, tlv(0x30, oid(digest), tlv(5)), tlv(4, value))
    return tlv(0x30, info, tlv(4, salt), number(rounds or 2000))


def pbmac1(
    authenticated: bytes, password: str, prf: str = "sha256", digest: str = "sha256", rounds: int | None = None
) -> bytes:
    """MacData of RFC 9579."""
    salt, length = os.urandom(8), hashlib.new(digest).digest_size
    key = hashlib.pbkdf2_hmac(prf, password.encode(), salt, 2048, length)
    parameters = tlv(0x30, tlv(4, salt), number(rounds or 2048), number(length), tlv(0x30, oid(HMACS[prf]), tlv(5)))
    scheme = tlv(0x30, oid(HMACS[digest]), tlv(5))
    algorithm = tlv(0x30, oid(PBMAC1), tlv(0x30, tlv(0x30, oid(PBKDF2), parameters), scheme))
    value = hmac.new(key, authenticated, digest).digest()
    return tlv(0x30, tlv(0x30, algorithm, tlv(4, value)), tlv(4, b"NOT USED"), number(1))


def pfx(*parts: bytes, mac: object = None) -> bytes:
    """A file of these parts; `mac` makes MacData of what is authenticated."""
    safe = tlv(0x30, *parts)
    return tlv(0x30, number(3), tlv(0x30, oid(DATA), tlv(0xA0, tlv(4, safe))), mac(safe) if mac else b"")


def parts_of(data: bytes) -> tuple[bytes, bytes, bytes]:
    """Version, what is authenticated, and MacData (or nothing) of a file in DER."""
    version, info, *mac = children(data)
    return version, content(content(children(info)[1])), b"".join(mac)


def chopped(data: bytes) -> bytes:
    """A file in DER with its content in pieces; the MAC stays valid."""
    version, safe, mac = parts_of(data)
    return tlv(0x30, version, tlv(0x30, oid(DATA), tlv(0xA0, pieces(safe))), mac)
