# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A PKCS#12 file and its password → the keys and certificates in it, all of them, as they are stored.

What is encrypted in a way that is not decrypted here, the library is asked for, part by part.
"""

from __future__ import annotations

import typing as t
from contextlib import suppress
from dataclasses import dataclass, field

from ansible_collections.msgraph.identity.plugins.module_utils._ber import Malformed, read_all
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._key_password import near_miss
from ansible_collections.msgraph.identity.plugins.module_utils._library_calls import (
    Unreadable,
    Unsupported,
    library_call,
)
from ansible_collections.msgraph.identity.plugins.module_utils._password_based import (
    MOST_ROUNDS,
    Encryption,
    Rounds,
    TooManyRounds,
    empty_password_mac,
)
from ansible_collections.msgraph.identity.plugins.module_utils._pkcs12_structure import (
    BagKind,
    NotByPassword,
    Pfx,
    part_of_encrypted_key,
    pfx_of,
    read_bags,
    read_encrypted_key,
    read_pfx,
)

with suppress(ImportError):  # require_libraries() names what is missing
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12

_CONVERT = "Convert it with: openssl pkcs12 -legacy -in OLD.pfx -nodes | openssl pkcs12 -export -out NEW.pfx"


@dataclass(frozen=True)
class StoredKey:
    """A private key as it is stored: PrivateKeyInfo (RFC 5958), or RSA, EC and DSA of old, in DER.

    :param encryption: None when everybody can read it
    """

    der: bytes = field(repr=False)
    encryption: Encryption | None = None


@dataclass(frozen=True)
class StoredCertificate:
    """A certificate in DER, which nobody has looked into, and its friendly name."""

    der: bytes = field(repr=False)
    name: str | None = None


@dataclass(frozen=True)
class Contents:
    """What is in a key file.

    :param password: that opens it; empty when none is needed
    :param mac: how it is protected against changes, for people
    :param encoding: `DER`, `BER` or `PEM`
    """

    keys: tuple[StoredKey, ...]
    certificates: tuple[StoredCertificate, ...]
    password: str = field(default="", repr=False)
    mac: str | None = None
    encoding: str = "PEM"


class Locked(Exception):
    """The password does not open a part; `what` is the part for people."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what


class NotHere(Exception):
    """The library cannot decrypt this."""

    def __init__(self, encryption: Encryption, known: bool) -> None:
        super().__init__(encryption.name)
        self.encryption = encryption
        self.known = known


def read_pkcs12(data: bytes, password: str, name: str, option: str) -> Contents:
    """What is in a PKCS#12 file.

    :param data: the file, in DER or BER
    :param password: is tried first; when it does not open the file, none is tried
    :param name: what to call the file in messages
    :param option: what to call the password
    :raises IdentityError: when it cannot be opened
    """
    try:
        return _Opening(read_pfx(read_all(data)), password, name, option).contents()
    except NotByPassword as exc:
        raise IdentityError(
            f"{name} is protected with a certificate and not with a password. Export it again with a password."
        ) from exc
    except TooManyRounds as exc:
        raise IdentityError(too_many_rounds(name, exc)) from exc
    except Malformed as exc:
        raise IdentityError(
            f"{name} is not PKCS#12, or is damaged. Check that it is a PFX file (.pfx, .p12) and complete."
        ) from exc


def too_many_rounds(name: str, exc: TooManyRounds) -> str:
    """What to say of a file that asks for work without end."""
    return (
        f"{name} asks for {exc.rounds} rounds of key derivation, and more than {MOST_ROUNDS} are not computed. "
        "Export it again with fewer."
    )


class _Opening:
    """One attempt at one file: what is said of its failure depends on what was found out on the way."""

    def __init__(self, pfx: Pfx, password: str, name: str, option: str) -> None:
        self.pfx = pfx
        self.password = password
        self.name = name
        self.option = option
        self.rounds = Rounds()

    def contents(self) -> Contents:
        if self.pfx.mac and self.pfx.mac.matches is None:
            raise IdentityError(
                f"{self.name} is protected against changes with {self.pfx.mac.name}, which is not known here. "
                "Export it again with a MAC of SHA-1 or SHA-256."
            )
        tried = [self.password, ""] if self.password else [""]
        fitting = [password for password in tried if self.fits(password)][:1] if self.pfx.mac else tried
        problem: Locked | NotHere | None = None
        for password in fitting:
            try:
                return self.read(password)
            except (Locked, NotHere) as exc:
                problem = problem or exc
        raise IdentityError(f"{self.name} {self.complaint(problem)}") from problem

    def fits(self, password: str) -> bool:
        """Whether the MAC says that this is the password."""
        mac = self.pfx.mac
        return bool(mac and mac.matches and mac.matches(self.pfx.authenticated, password, self.rounds))

    def opens(self, password: str) -> bool:
        """Whether a password opens the file, with a MAC or without."""
        if self.pfx.mac:
            return self.fits(password)
        try:
            self.read(password)
        except (Locked, NotHere):
            return False
        return True

    def complaint(self, problem: Locked | NotHere | None) -> str:
        """Why it does not open, as what follows its name."""
        sure = bool(self.pfx.mac and problem)  # of the password
        if isinstance(problem, NotHere) and (sure or problem.known):
            reason = "does not support" if problem.known else f"cannot decrypt, although {self.option} is right"
            return f"is encrypted with {problem.encryption.name}, which this Python's cryptography {reason}. {_CONVERT}"
        if sure and isinstance(problem, Locked):
            return (
                f"opens with its {self.option}, but {problem.what} in it does not: it has another password, or an "
                "encryption that is not standard. Export it again with one password for everything."
            )
        if not self.password:
            return f"cannot be opened. It needs {self.option}, or is damaged."
        if sentence := near_miss(self.password, self.option, self.opens):
            return f"cannot be opened. Its {sentence}"
        if isinstance(problem, NotHere):
            return (
                f"cannot be opened. Its {self.option} is wrong, or this Python's cryptography does not support its "
                f"encryption, {problem.encryption.name}."
            )
        return f"cannot be opened. Its {self.option} is wrong, or the file is damaged."

    def read(self, password: str) -> Contents:
        """What is in it.

        :raises Locked: when the password does not open a part
        :raises NotHere: when nothing here decrypts a part
        """
        keys: list[StoredKey] = []
        certificates: list[StoredCertificate] = []
        opened = False
        for part in self.pfx.parts:
            if part.encryption is None:
                bags = read_bags(part.content)
            elif part.encryption.decryptions is None:
                more_keys, more_certificates = _by_library(part.der, part.encryption, password, self.rounds)
                keys += more_keys
                certificates += more_certificates
                opened = True
                continue
            else:
                bags = read_bags(_decrypted(part.encryption, part.content, password, self.rounds, "a part"))
                opened = True
            for bag in bags:
                if bag.kind is BagKind.CERTIFICATE:
                    certificates.append(StoredCertificate(bag.der, bag.name))
                elif bag.kind is BagKind.KEY:
                    keys.append(StoredKey(bag.der, part.encryption))
                else:
                    keys.append(open_encrypted_key(bag.der, password, self.rounds))
        opened = opened or any(key.encryption for key in keys)
        return Contents(
            tuple(keys),
            tuple(certificates),
            password if opened or self.pfx.mac else "",
            self.pfx.mac.name if self.pfx.mac else None,
            "DER" if self.pfx.der else "BER",
        )


def open_encrypted_key(der: bytes, password: str, rounds: Rounds) -> StoredKey:
    """The key in an EncryptedPrivateKeyInfo (RFC 5958, 3).

    :raises Locked: when this is not its password
    :raises NotHere: when nothing here decrypts it; perhaps because this is not its password
    :raises TooManyRounds: before anything is computed
    :raises Malformed: when it is something else
    """
    encryption, data = read_encrypted_key(der)
    if encryption.decryptions is None:
        keys, dummy = _by_library(part_of_encrypted_key(der), encryption, password, rounds)
        if not keys:
            raise NotHere(encryption, known=False)
        return keys[0]
    return StoredKey(_decrypted(encryption, data, password, rounds, "the private key"), encryption)


def _decrypted(encryption: Encryption, data: bytes, password: str, rounds: Rounds, what: str) -> bytes:
    try:
        with library_call():
            plain = encryption.decrypt(data, password, rounds)
    except Unreadable as exc:
        raise NotHere(encryption, isinstance(exc, Unsupported)) from exc
    if plain is None:
        raise Locked(what)
    return plain


def _by_library(
    part: bytes, encryption: Encryption, password: str, rounds: Rounds
) -> tuple[list[StoredKey], list[StoredCertificate]]:
    """The first key and the certificates of a part, as far as the library tells."""
    problem: Unreadable | None = None
    for attempt in _attempts(part, password):
        rounds.spend(encryption.rounds, times=3)
        try:
            with library_call():
                return _read_by_library(attempt, password, encryption)
        except Unreadable as exc:
            problem = exc
    raise NotHere(encryption, isinstance(problem, Unsupported)) from problem


def _attempts(part: bytes, password: str) -> t.Iterator[bytes]:
    """Files of this part alone. By its MAC, the library tells an empty password from none."""
    if not password:
        yield pfx_of(part, mac=empty_password_mac)
    yield pfx_of(part)


def _read_by_library(
    data: bytes, password: str, encryption: Encryption
) -> tuple[list[StoredKey], list[StoredCertificate]]:
    read = pkcs12.load_pkcs12(data, password.encode() or None)
    keys = [read.key] if read.key else []
    certificates = [found for found in (read.cert, *read.additional_certs) if found]
    return [
        StoredKey(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()), encryption) for key in keys
    ], [
        StoredCertificate(
            found.certificate.public_bytes(Encoding.DER),
            found.friendly_name.decode(errors="replace") if found.friendly_name else None,
        )
        for found in certificates
    ]
