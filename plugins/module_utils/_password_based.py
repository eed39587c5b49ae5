# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a password protects in key files: decryption (PBES1, PBES2) and integrity (MAC, PBMAC1).

RFC 8018 (PKCS #5), RFC 7292 appendices B and C (PKCS #12), RFC 9579 (PBMAC1), RFC 7914 (scrypt). The ciphers are the
library's. It is read here, and not left to the library, as only so a wrong password can be told from an encryption
that is not known, from a key with a password of its own, and from work without end that a file asks for.
"""

from __future__ import annotations

import functools
import hashlib
import hmac
import typing as t
from contextlib import suppress
from dataclasses import dataclass, field

from ansible_collections.msgraph.identity.plugins.module_utils._ber import (
    INTEGER,
    NULL,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    Element,
    Malformed,
    encode,
    encode_oid,
    read_all,
    sequence,
)

with suppress(ImportError):  # require_libraries() names what is missing
    from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
    from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm, algorithms, modes

MOST_ROUNDS = 1_000_000  # of one derivation; tools write 2,000 to 600,000
MOST_ROUNDS_OF_A_FILE = 20 * MOST_ROUNDS
_MOST_SCRYPT_BYTES = 256 * 1024 * 1024

# RFC 7292, appendix B.3: what a derived value is for.
_FOR_KEY, _FOR_IV, _FOR_MAC = 1, 2, 3
PBES2, PBMAC1 = "1.2.840.113549.1.5.13", "1.2.840.113549.1.5.14"
_PBKDF2, _SCRYPT = "1.2.840.113549.1.5.12", "1.3.6.1.4.1.11591.4.11"
_HASHES = {
    "1.2.840.113549.2.5": "md5",
    "1.3.14.3.2.26": "sha1",
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "2.16.840.1.101.3.4.2.4": "sha224",
    "2.16.840.1.101.3.4.2.5": "sha512_224",
    "2.16.840.1.101.3.4.2.6": "sha512_256",
}
_HMACS = {
    "1.2.840.113549.2.7": "sha1",
    "1.2.840.113549.2.8": "sha224",
    "1.2.840.113549.2.9": "sha256",
    "1.2.840.113549.2.10": "sha384",
    "1.2.840.113549.2.11": "sha512",
    "1.2.840.113549.2.12": "sha512_224",
    "1.2.840.113549.2.13": "sha512_256",
}
_BLOCK = {"md5": 64, "sha1": 64, "sha224": 64, "sha256": 64}  # bytes; 128 for the others (FIPS 180-4)


@dataclass(frozen=True)
class _BlockCipher:
    """A cipher in CBC mode: the bytes of its key and of its block, and the library's class for it."""

    name: str
    key_length: int
    block_length: int
    algorithm: t.Callable[[bytes], CipherAlgorithm] | None = None


def _aes(bits: int) -> _BlockCipher:
    def algorithm(key: bytes) -> CipherAlgorithm:
        return algorithms.AES(key)

    return _BlockCipher(f"AES-{bits}", bits // 8, 16, algorithm)


def _triple_des(key: bytes) -> CipherAlgorithm:
    # With two keys, the first is used again as the third.
    return TripleDES(key + key[:8] if len(key) == 16 else key)


# Of PKCS #12, whose IV is derived too. Those without an algorithm are known by name, and left to the library.
_PBES1 = {
    "1.2.840.113549.1.12.1.3": _BlockCipher("TripleDES", 24, 8, _triple_des),
    "1.2.840.113549.1.12.1.4": _BlockCipher("TripleDES with two keys", 16, 8, _triple_des),
    "1.2.840.113549.1.12.1.1": _BlockCipher("RC4-128", 16, 0),
    "1.2.840.113549.1.12.1.2": _BlockCipher("RC4-40", 5, 0),
    "1.2.840.113549.1.12.1.5": _BlockCipher("RC2-128", 16, 8),
    "1.2.840.113549.1.12.1.6": _BlockCipher("RC2-40", 5, 8),
    # Of PKCS #5.
    "1.2.840.113549.1.5.1": _BlockCipher("DES with MD2", 8, 8),
    "1.2.840.113549.1.5.3": _BlockCipher("DES with MD5", 8, 8),
    "1.2.840.113549.1.5.4": _BlockCipher("RC2 with MD2", 8, 8),
    "1.2.840.113549.1.5.6": _BlockCipher("RC2 with MD5", 8, 8),
    "1.2.840.113549.1.5.10": _BlockCipher("DES with SHA-1", 8, 8),
    "1.2.840.113549.1.5.11": _BlockCipher("RC2 with SHA-1", 8, 8),
}
_CIPHERS = {
    "2.16.840.1.101.3.4.1.2": _aes(128),
    "2.16.840.1.101.3.4.1.22": _aes(192),
    "2.16.840.1.101.3.4.1.42": _aes(256),
    "1.2.840.113549.3.7": _BlockCipher("TripleDES", 24, 8, _triple_des),
    "1.2.840.113549.3.2": _BlockCipher("RC2", 16, 8),
    "1.3.14.3.2.7": _BlockCipher("DES", 8, 8),
    "1.2.392.200011.61.1.1.1.2": _BlockCipher("Camellia-128", 16, 16),
    "1.2.392.200011.61.1.1.1.3": _BlockCipher("Camellia-192", 24, 16),
    "1.2.392.200011.61.1.1.1.4": _BlockCipher("Camellia-256", 32, 16),
    "1.2.410.200046.1.1.2": _BlockCipher("ARIA-128", 16, 16),
    "1.2.410.200046.1.1.7": _BlockCipher("ARIA-192", 24, 16),
    "1.2.410.200046.1.1.12": _BlockCipher("ARIA-256", 32, 16),
    "1.2.410.200004.1.4": _BlockCipher("SEED", 16, 16),
    "1.2.156.10197.1.104.2": _BlockCipher("SM4", 16, 16),
}


class TooManyRounds(Exception):
    """A derivation would take too long; nothing was computed.

    :param rounds: what the file asks for
    """

    def __init__(self, rounds: int) -> None:
        super().__init__(f"{rounds} rounds")
        self.rounds = rounds


class Rounds:
    """Counts the work that one file asks for, and refuses it before it is done."""

    def __init__(self) -> None:
        self.spent = 0

    def spend(self, rounds: int, times: int = 1) -> None:
        """:raises TooManyRounds: when they are more than a file for one certificate can need"""
        self.spent += max(rounds, 1) * times
        if rounds > MOST_ROUNDS or self.spent > MOST_ROUNDS_OF_A_FILE:
            raise TooManyRounds(rounds if rounds > MOST_ROUNDS else self.spent)


def _pkcs12_spellings(password: str) -> list[bytes]:
    """How PKCS #12 may spell a password (RFC 7292, B.1), the right way first.

    An empty one is two zero bytes or nothing. OpenSSL before 1.1 took each byte of UTF-8 for a character.
    """
    if not password:
        return [b"\0\0", b""]
    spellings = [password.encode("utf-16-be")]
    if not password.isascii():
        spellings.append(password.encode().decode("latin-1").encode("utf-16-be"))
    return [spelling + b"\0\0" for spelling in spellings]


def _pkcs5_spellings(password: str) -> list[bytes]:
    """How PKCS #5 may spell a password: in UTF-8; old NSS spells it as PKCS #12 does."""
    return list(dict.fromkeys([password.encode(), *_pkcs12_spellings(password)]))


def _hash(name: str) -> t.Callable[..., t.Any]:
    return getattr(hashlib, name, None) or functools.partial(hashlib.new, name)


def _derive(name: str, password: bytes, salt: bytes, rounds: int, purpose: int, length: int) -> bytes:
    """The key derivation of PKCS #12 (RFC 7292, B.2).

    :param length: bytes wanted
    """
    new, block = _hash(name), _BLOCK.get(name, 128)

    def filled(part: bytes) -> bytes:
        whole = -(-len(part) // block) * block
        return (part * (whole // len(part) + 1))[:whole] if part else b""

    state, derived = filled(salt) + filled(password), b""
    while len(derived) < length:
        value = bytes([purpose]) * block + state
        for dummy in range(max(rounds, 1)):
            value = new(value, usedforsecurity=False).digest()  # FIPS hosts allow old ones for that only
        derived += value
        added = int.from_bytes((value * block)[:block], "big") + 1
        state = b"".join(
            ((int.from_bytes(state[place : place + block], "big") + added) % (1 << 8 * block)).to_bytes(block, "big")
            for place in range(0, len(state), block)
        )
    return derived[:length]


@dataclass(frozen=True)
class Encryption:
    """How a part of a file is encrypted.

    :param name: for people, such as `AES-256 (PBKDF2 with SHA-256, 2048 rounds)`
    :param rounds: of its derivation
    :param decryptions: what it decrypts to, for each spelling of the password that gives whole blocks with their
        padding; None when it is not decrypted here
    """

    name: str
    rounds: int
    decryptions: t.Callable[[bytes, str, Rounds], t.Iterator[bytes]] | None = field(default=None, repr=False)

    def decrypt(self, data: bytes, password: str, rounds: Rounds) -> bytes | None:
        """The SEQUENCE that was encrypted, or None when this password does not give one.

        :raises TooManyRounds: before anything is computed
        """
        for plain in self.decryptions(data, password, rounds) if self.decryptions else ():
            with suppress(Malformed):
                if read_all(plain).children(SEQUENCE):
                    return plain
        return None


@dataclass(frozen=True)
class Mac:
    """How a file is protected against changes.

    :param name: for people
    :param matches: whether the value fits these bytes with this password; None when that cannot be told here
    """

    name: str
    rounds: int
    matches: t.Callable[[bytes, str, Rounds], bool] | None = field(default=None, repr=False)


def read_encryption(algorithm: Element) -> Encryption:
    """The encryption that an AlgorithmIdentifier names (RFC 7292, C; RFC 8018, A.3 and A.4).

    :raises Malformed: when its parameters are not what they have to be
    """
    oid, parameters = _algorithm(algorithm)
    if oid == PBES2:
        return _pbes2(parameters)
    if oid in _PBES1:
        salt, count, *dummy = sequence(_there(parameters), OCTET_STRING, INTEGER)
        return _pbes1(_PBES1[oid], salt.octets(), count.integer())
    return Encryption(f"the encryption {oid}", 0)


def read_mac(mac: Element) -> Mac:
    """The MacData of a PKCS #12 file (RFC 7292, 4; RFC 9579).

    :raises Malformed: when it is not one
    """
    info, salt, *others = sequence(mac, SEQUENCE, OCTET_STRING)
    algorithm, value, *dummy = sequence(info, SEQUENCE, OCTET_STRING)
    count = others[0].integer() if others else 1
    oid, parameters = _algorithm(algorithm)
    if oid == PBMAC1:
        return _pbmac1(parameters, value.octets())
    digest = _HASHES.get(oid, "")
    if not _is_available(digest):
        return Mac(f"the digest {oid}", count)
    return _pkcs12_mac(digest, salt.octets(), count, value.octets())


def empty_password_mac(authenticated: bytes) -> bytes:
    """MacData (RFC 7292, 4) of one round of SHA-1, under the empty password in its right spelling."""
    salt = bytes(8)
    key = _derive("sha1", b"\0\0", salt, 1, _FOR_MAC, 20)
    algorithm = encode(SEQUENCE, encode_oid("1.3.14.3.2.26"), encode(NULL))
    value = encode(OCTET_STRING, hmac.digest(key, authenticated, "sha1"))
    return encode(SEQUENCE, encode(SEQUENCE, algorithm, value), encode(OCTET_STRING, salt), encode(INTEGER, b"\1"))


def _algorithm(element: Element) -> tuple[str, Element | None]:
    oid, *parameters = sequence(element, OBJECT_IDENTIFIER)
    return oid.oid(), parameters[0] if parameters else None


def _there(parameters: Element | None) -> Element:
    if parameters is None:
        raise Malformed("an algorithm without parameters")
    return parameters


def _is_available(digest: str) -> bool:
    """Whether this Python computes it; FIPS hosts leave some out."""
    try:
        return bool(hmac.digest(b"", b"", digest))
    except ValueError:
        return False


def _pbes1(cipher: _BlockCipher, salt: bytes, count: int) -> Encryption:
    def decryptions(data: bytes, password: str, rounds: Rounds) -> t.Iterator[bytes]:
        for spelling in _pkcs12_spellings(password):
            rounds.spend(count, -(-cipher.key_length // 20) + 1)
            key = _derive("sha1", spelling, salt, count, _FOR_KEY, cipher.key_length)
            iv = _derive("sha1", spelling, salt, count, _FOR_IV, cipher.block_length)
            yield from _decrypt(cipher, key, iv, data)

    return Encryption(f"{cipher.name} (PBES1, {count} rounds)", count, decryptions if cipher.algorithm else None)


def _pbes2(parameters: Element | None) -> Encryption:
    kdf, scheme, *dummy = sequence(_there(parameters), SEQUENCE, SEQUENCE)
    oid, scheme_parameters = _algorithm(scheme)
    cipher, derivation = _CIPHERS.get(oid), _derivation(kdf)
    name = f"{cipher.name if cipher else oid} ({derivation.name})"
    if cipher is None or cipher.algorithm is None or derivation.derive is None:
        return Encryption(name, derivation.rounds)
    iv = _there(scheme_parameters).octets()
    if len(iv) != cipher.block_length:
        raise Malformed(f"an IV of {len(iv)} bytes")
    known, derive = cipher, derivation.derive

    def decryptions(data: bytes, password: str, rounds: Rounds) -> t.Iterator[bytes]:
        for spelling in _pkcs5_spellings(password):
            yield from _decrypt(known, derive(spelling, known.key_length, rounds), iv, data)

    return Encryption(name, derivation.rounds, decryptions)


def _pbmac1(parameters: Element | None, value: bytes) -> Mac:
    kdf, scheme, *dummy = sequence(_there(parameters), SEQUENCE, SEQUENCE)
    derivation, digest = _derivation(kdf), _HMACS.get(_algorithm(scheme)[0], "")
    name, derive, length = f"PBMAC1 ({derivation.name})", derivation.derive, derivation.key_length
    if derive is None or not _is_available(digest):
        return Mac(name, derivation.rounds)
    if length is None:
        raise Malformed("PBMAC1 without the length of its key")  # RFC 9579, 5
    known, key_length = derive, length

    def matches(data: bytes, password: str, rounds: Rounds) -> bool:
        return any(
            hmac.compare_digest(hmac.digest(known(spelling, key_length, rounds), data, digest), value)
            for spelling in _pkcs5_spellings(password)
        )

    return Mac(name, derivation.rounds, matches)


def _pkcs12_mac(digest: str, salt: bytes, count: int, value: bytes) -> Mac:
    def matches(data: bytes, password: str, rounds: Rounds) -> bool:
        for spelling in _pkcs12_spellings(password):
            rounds.spend(count)
            key = _derive(digest, spelling, salt, count, _FOR_MAC, len(value))
            if hmac.compare_digest(hmac.digest(key, data, digest), value):
                return True
        return False

    if len(value) != _hash(digest)(usedforsecurity=False).digest_size:
        raise Malformed(f"a MAC of {len(value)} bytes")
    return Mac(f"HMAC with {_shown(digest)} ({count} rounds)", count, matches)


@dataclass(frozen=True)
class _Derivation:
    """PBKDF2 or scrypt with its parameters (RFC 8018, A.2; RFC 7914, 7).

    :param key_length: bytes, where the parameters say it
    :param derive: None when it is neither
    """

    name: str
    rounds: int = 0
    key_length: int | None = None
    derive: t.Callable[[bytes, int, Rounds], bytes] | None = field(default=None, repr=False)


def _derivation(kdf: Element) -> _Derivation:
    oid, parameters = _algorithm(kdf)
    if oid == _PBKDF2:
        return _pbkdf2(_there(parameters))
    if oid == _SCRYPT:
        return _scrypt(_there(parameters))
    return _Derivation(f"the derivation {oid}")


def _pbkdf2(parameters: Element) -> _Derivation:
    salt, count, *others = sequence(parameters, None, INTEGER)
    key_length = _key_length(others)
    functions = [other for other in others if other.tag == SEQUENCE]
    function = _algorithm(functions[0])[0] if functions else "1.2.840.113549.2.7"
    digest, octets, rounds = _HMACS.get(function, ""), salt.octets(), count.integer()
    if not _is_available(digest):
        return _Derivation(f"PBKDF2 with {function}", rounds, key_length)

    def derive(spelling: bytes, length: int, counted: Rounds) -> bytes:
        counted.spend(rounds, -(-length // _hash(digest)(usedforsecurity=False).digest_size))
        return hashlib.pbkdf2_hmac(digest, spelling, octets, max(rounds, 1), length)

    return _Derivation(f"PBKDF2 with {_shown(digest)}, {rounds} rounds", rounds, key_length, derive)


def _scrypt(parameters: Element) -> _Derivation:
    salt, cost, block, parallel, *others = sequence(parameters, OCTET_STRING, INTEGER, INTEGER, INTEGER)
    octets, n, r, p = salt.octets(), cost.integer(), block.integer(), parallel.integer()
    if n < 2 or n & (n - 1) or r < 1 or p < 1:
        raise Malformed("parameters of scrypt that cannot be")
    # As long as that many rounds of the others take, about.
    rounds = max(n * r * p // 4, 0 if 128 * n * r <= _MOST_SCRYPT_BYTES else MOST_ROUNDS + 1)

    def derive(spelling: bytes, length: int, counted: Rounds) -> bytes:
        counted.spend(rounds)
        return hashlib.scrypt(spelling, salt=octets, n=n, r=r, p=p, maxmem=2 * _MOST_SCRYPT_BYTES, dklen=length)

    return _Derivation(f"scrypt, N {n}, r {r}, p {p}", rounds, _key_length(others), derive)


def _key_length(others: list[Element]) -> int | None:
    lengths = [other.integer() for other in others if other.tag == INTEGER]
    if any(not 0 < length <= 128 for length in lengths):
        raise Malformed("a key of a length that cannot be")
    return lengths[0] if lengths else None


def _decrypt(cipher: _BlockCipher, key: bytes, iv: bytes, data: bytes) -> t.Iterator[bytes]:
    """The plaintext without its padding (RFC 8018, 6.1.1), if it has the right one."""
    if cipher.algorithm is None or not data or len(data) % cipher.block_length:
        return
    decryptor = Cipher(cipher.algorithm(key), modes.CBC(iv)).decryptor()
    plain = decryptor.update(data) + decryptor.finalize()
    padding = plain[-1]
    if 0 < padding <= cipher.block_length and plain.endswith(bytes([padding]) * padding):
        yield plain[:-padding]


def _shown(digest: str) -> str:
    """`SHA-256` for `sha256`."""
    return digest.upper().replace("SHA", "SHA-").replace("_", "/")
