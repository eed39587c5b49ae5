# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PEM, or a certificate and its key in DER, and a password → the keys and certificates in it, as they are stored."""

from __future__ import annotations

from contextlib import suppress

from ansible_collections.msgraph.identity.plugins.module_utils._ber import Malformed
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._key_password import near_miss
from ansible_collections.msgraph.identity.plugins.module_utils._key_text import Form, Held, Item
from ansible_collections.msgraph.identity.plugins.module_utils._key_words import Words
from ansible_collections.msgraph.identity.plugins.module_utils._library_calls import (
    Unreadable,
    Unsupported,
    library_call,
)
from ansible_collections.msgraph.identity.plugins.module_utils._password_based import Encryption, Rounds, TooManyRounds
from ansible_collections.msgraph.identity.plugins.module_utils._pkcs12_contents import (
    Contents,
    Locked,
    NotHere,
    StoredCertificate,
    StoredKey,
    open_encrypted_key,
    too_many_rounds,
)

with suppress(ImportError):  # require_libraries() names what is missing
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

_CIPHERS_OF_PEM = ("DES-EDE3-CBC", "AES-128-CBC", "AES-192-CBC", "AES-256-CBC")


def read_loose(held: Held, apart: Held | None, password: str, words: Words) -> Contents:
    """What is in PEM, or in a certificate in DER and its key."""
    rounds = Rounds()
    keys = (held if apart is None else apart).of(Form.KEY, Form.ENCRYPTED_KEY, Form.OLD_ENCRYPTED_KEY)
    stored = tuple(_stored_key(item, words.key_name, password, words.option, rounds) for item in keys)
    certificates = tuple(StoredCertificate(item.data) for item in held.of(Form.CERTIFICATE))
    return Contents(stored, certificates, password, encoding="PEM" if held.pem else "DER")


def _stored_key(item: Item, name: str, password: str, option: str, rounds: Rounds) -> StoredKey:
    """:raises IdentityError: when the password does not open it"""
    if item.form is Form.KEY:
        return StoredKey(item.data)
    if not password:
        raise IdentityError(f"{name} holds an encrypted key. Give its {option}.")
    try:
        return _decrypted(item, password, rounds)
    except TooManyRounds as exc:
        raise IdentityError(too_many_rounds(name, exc)) from exc
    except (Locked, NotHere, Malformed) as exc:

        def opens(variant: str) -> bool:
            with suppress(Locked, NotHere, Malformed):
                return bool(_decrypted(item, variant, rounds))
            return False

        complaint = f"The key in {name} cannot be opened."
        if isinstance(exc, NotHere):
            unsupported = f"this Python's cryptography does not support its encryption, {exc.encryption.name}"
            wrong = f"T{unsupported[1:]}" if exc.known else f"{option} is wrong, or {unsupported}"
            raise IdentityError(
                f"{complaint} {wrong}. Convert it with: openssl pkcs8 -topk8 -in OLD.pem -out NEW.pem"
            ) from exc
        problem = near_miss(password, option, opens) or f"{option} is wrong, or the key is damaged."
        raise IdentityError(f"{complaint} {problem}") from exc


def _decrypted(item: Item, password: str, rounds: Rounds) -> StoredKey:
    """:raises Locked, NotHere, Malformed, TooManyRounds: as `open_encrypted_key` does"""
    if item.form is not Form.OLD_ENCRYPTED_KEY:
        return open_encrypted_key(item.data, password, rounds)
    # Its password becomes the key of the cipher in one round of MD5, as openssl has always done it.
    encryption = Encryption(f"{item.cipher} (PEM)", rounds=1)
    try:
        with library_call():
            key = load_pem_private_key(item.data, password.encode(), unsafe_skip_rsa_key_validation=True)
            return StoredKey(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()), encryption)
    except Unsupported as exc:
        raise NotHere(encryption, known=True) from exc
    except Unreadable as exc:
        if item.cipher in _CIPHERS_OF_PEM:
            raise Locked("the private key") from exc
        raise NotHere(encryption, known=False) from exc
