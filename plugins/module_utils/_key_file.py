# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A key file, PKCS#12 or PEM, and its password → key, certificate and chain: for uploads and for signing in alike.
Where only public parts are asked for, a certificate alone will do.

Nothing here touches the disk, but for reading the file with which an application signs in.
"""

from __future__ import annotations

import base64
import os
import secrets
import typing as t
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone

from ansible_collections.msgraph.identity.plugins.module_utils._certificate import WantedCertificate, thumbprint
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._key_parts import (
    ReadCertificate,
    check_key,
    der_of,
    load_key,
    public_key,
    read_certificate,
)
from ansible_collections.msgraph.identity.plugins.module_utils._key_password import require_password
from ansible_collections.msgraph.identity.plugins.module_utils._key_text import LARGEST, Form, Held, read_key_text
from ansible_collections.msgraph.identity.plugins.module_utils._key_words import Words, ambiguous
from ansible_collections.msgraph.identity.plugins.module_utils._library_calls import (
    Unreadable,
    Unsupported,
    library_call,
)
from ansible_collections.msgraph.identity.plugins.module_utils._paths import require_path
from ansible_collections.msgraph.identity.plugins.module_utils._pem_contents import read_loose
from ansible_collections.msgraph.identity.plugins.module_utils._pkcs12_contents import (
    Contents,
    StoredCertificate,
    StoredKey,
    read_pkcs12,
)

with suppress(ImportError):  # require_libraries() names what is missing
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        pkcs12,
    )

__all__ = [
    "LARGEST",
    "ClientKey",
    "KeyFile",
    "Kind",
    "Upload",
    "WantedCertificate",
    "load_client_key",
    "open_certificate",
    "open_key_file",
    "received",
]

COMPATIBLE, PRESERVE = "compatible", "preserve"
_UNLOCK = "Leave decrypt at true and give the vault password to Ansible."


@dataclass(frozen=True)
class Upload:
    """What is sent to Graph: base64 of a PKCS#12 file, and its password (empty when it has none)."""

    pkcs12_value: str = field(repr=False)
    password: str = field(repr=False)

    def body(self) -> dict[str, str]:
        """As Graph takes it; the password is there even when it is empty."""
        return {"pkcs12Value": self.pkcs12_value, "password": self.password}


@dataclass(frozen=True)
class Kind:
    """What a file was, for people.

    :param container: `PKCS#12`, `PEM`, or `DER` for a certificate with its key apart
    :param encoding: `DER`, `BER` or `PEM`
    :param wrapping: what was around it, outermost first, such as `("JSON", "base64")`
    :param encryption: of the key, or None
    :param mac: what protects the file against changes, or None
    """

    container: str
    encoding: str
    wrapping: tuple[str, ...] = ()
    encryption: str | None = None
    mac: str | None = None


@dataclass(frozen=True)
class KeyFile:
    """An opened key file.

    :param wanted: the certificate that belongs to the key
    :param key: a private key of the library
    :param certificates: the certificate, then the others in the order of the file
    :param friendly_name: of the certificate
    :param kind: what the file was
    :param warnings: sentences
    """

    wanted: WantedCertificate
    key: t.Any = field(repr=False)
    certificates: tuple[x509.Certificate, ...] = field(repr=False)
    friendly_name: str | None
    kind: Kind
    warnings: tuple[str, ...]
    _names: tuple[str | None, ...] = field(repr=False)
    _data: bytes | None = field(repr=False)
    _password: str = field(repr=False)

    def require_encryption(self, encryption: str) -> None:
        """Refuse, before anything is read of a connector, what `upload` could not do.

        :param encryption: `compatible` or `preserve`
        :raises IdentityError: with the remedy
        """
        if encryption == PRESERVE and self._data is None:
            raise IdentityError(
                f"pkcs12_encryption is preserve, but there is no PKCS#12 file to preserve: the key is {self.kind.container}. "
                "Leave pkcs12_encryption at compatible."
            )
        if encryption != PRESERVE and self.wanted.key_type == "RSA-PSS":
            preserve = "" if self._data is None else "Set pkcs12_encryption to preserve, or use"
            raise IdentityError(
                "The certificate is for an RSA-PSS key, which cannot be re-encoded. "
                f"{preserve or 'Use'} a certificate with a plain RSA key."
            )

    def upload(self, encryption: str) -> Upload:
        """What to send to Graph.

        :param encryption: `preserve` sends a PKCS#12 file and its password as they are; `compatible` sends key and
            certificates in the encryption that Microsoft documents as the accepted one (TripleDES-SHA1), under a
            password made for this one upload
        :raises IdentityError: when that cannot be
        """
        self.require_encryption(encryption)
        if encryption == PRESERVE and self._data is not None:
            return Upload(base64.b64encode(self._data).decode(), self._password)
        password = secrets.token_urlsafe(32)
        try:
            with library_call():
                made = self._encoded(password)
        except Unreadable as exc:
            raise IdentityError(
                "The certificate and its key cannot be re-encoded here, as this Python's cryptography cannot write "
                f"TripleDES ({exc.words}). Make a PKCS#12 file of TripleDES-SHA1 elsewhere, with openssl pkcs12 -export "
                "-legacy, and set pkcs12_encryption to preserve."
                if isinstance(exc, Unsupported)
                else f"The certificate and its key cannot be re-encoded: {exc.words}."
            ) from exc
        if not self._is_same(made, password):
            raise IdentityError(
                "The certificate and its key cannot be re-encoded: what was made of them is not the same. "
                "Use a certificate with a plain RSA key."
            )
        return Upload(base64.b64encode(made).decode(), password)

    def _encoded(self, password: str) -> bytes:
        builder = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(2000)
        builder = builder.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC).hmac_hash(hashes.SHA1())
        names = [text.encode() if text else None for text in self._names]
        chain = [pkcs12.PKCS12Certificate(link, name) for link, name in zip(self.certificates[1:], names[1:])]
        return pkcs12.serialize_key_and_certificates(
            names[0], self.key, self.certificates[0], chain or None, builder.build(password.encode())
        )

    def _is_same(self, made: bytes, password: str) -> bool:
        """Whether a file holds this key and these certificates, and no others."""
        contents = read_pkcs12(made, password, "The re-encoded file", "its password")
        if [stored.der for stored in contents.certificates] != [der_of(link) for link in self.certificates]:
            return False
        with library_call():
            keys = [public_key(load_key(stored)) for stored in contents.keys]
            return keys == [public_key(self.key)] and keys[0] == public_key(self.certificates[0])


def open_key_file(
    data: bytes,
    password: str,
    name: str,
    *,
    key_data: bytes | None = None,
    key_name: str = "the private key",
    key_option: str | None = None,
    password_option: str = "certificate_password",
    vault_remedy: str = _UNLOCK,
    now: datetime | None = None,
) -> KeyFile:
    """The one key in a file, with its certificate and chain.

    :param data: PKCS#12 or PEM, or what `_key_text` takes for them
    :param password: of the PKCS#12 file, or of the key; empty stands for none
    :param name: what to call the file in messages
    :param key_data: the key, when it is not in `data`
    :param key_name: what to call `key_data` in messages
    :param key_option: the option in which a key could be given apart, for messages
    :param password_option: what the option for the password is called
    :param vault_remedy: what to do with a file that Ansible Vault encrypted, as a sentence
    :param now: with a zone; decides between certificates of the same key
    :raises IdentityError: when it cannot be opened, or does not hold one key with its certificate
    """
    require_password(password, password_option)
    held = read_key_text(data, name, vault_remedy)
    apart = None if key_data is None else read_key_text(key_data, key_name, vault_remedy)
    words = Words(name, name if apart is None else key_name, password_option, key_option)
    contents, pkcs12_data = _read_contents(held, apart, password, words)
    return _chosen(contents, held, apart, pkcs12_data, words, password, now or datetime.now(timezone.utc))


def open_certificate(
    data: bytes,
    password: str,
    name: str,
    *,
    password_option: str = "certificate_password",
    vault_remedy: str = _UNLOCK,
    now: datetime | None = None,
) -> WantedCertificate:
    """The certificate that belongs to the key in a file; where there is no key, the one that issued none of the others.

    The parameters are those of `open_key_file`, and PEM, DER or PKCS#12 without a key is taken too.

    :raises IdentityError: when it cannot be opened, or holds several certificates that could be meant
    """
    require_password(password, password_option)
    held = read_key_text(data, name, vault_remedy)
    words = Words(name, name, password_option, None)
    contents, pkcs12_data = _read_contents(held, None, password, words)
    if contents.keys:
        return _chosen(contents, held, None, pkcs12_data, words, password, now or datetime.now(timezone.utc)).wanted
    found = _read_certificates(contents.certificates, words, pkcs12_data is not None, [])
    if not found:
        raise IdentityError(words.without_certificate(held))
    try:
        with library_call():
            # By name (RFC 5280, 4.1.2.4): a chain is not checked here, and may not be whole.
            issuers = {one.x509.issuer for one in found if one.x509.issuer != one.x509.subject}
            leaves = [one.x509 for one in found if one.x509.subject not in issuers]
            if len(leaves) == 1:
                return WantedCertificate.of(leaves[0])
    except Unreadable as exc:
        raise IdentityError(words.unreadable("a certificate", pkcs12_data is not None, exc.words)) from exc
    raise IdentityError(
        f"{name} holds {len(found)} certificates and no key, so which one is meant cannot be told. Give one alone, with its "
        "chain at most."
    )


def _read_contents(held: Held, apart: Held | None, password: str, words: Words) -> tuple[Contents, bytes | None]:
    """What is in a file, and the PKCS#12 file if it is one."""
    files = held.of(Form.PKCS12)
    if not files:
        return read_loose(held, apart, password, words), None
    words.require_alone(held, apart)
    return read_pkcs12(files[0].data, password, words.name, words.option), files[0].data


def _chosen(
    contents: Contents,
    held: Held,
    apart: Held | None,
    data: bytes | None,
    words: Words,
    password: str,
    now: datetime,
) -> KeyFile:
    """The key that is meant, with its certificate: the one that has one."""
    if not contents.keys:
        raise IdentityError(words.without_key(held, apart))
    complaints: list[str] = []
    keys = _read_keys(contents.keys, words, data is not None)
    certificates = _read_certificates(contents.certificates, words, data is not None, complaints)
    if not certificates:
        if len(keys) > 1:
            raise IdentityError(ambiguous(words.key_name, len(keys), ()))
        raise IdentityError(words.without_certificate(held))
    owners = {public: [found for found in certificates if found.public == public] for public in keys}
    owners = {public: own for public, own in owners.items() if own}
    if len(owners) > 1 or (not owners and len(keys) > 1):
        raise IdentityError(ambiguous(words.key_name, len(keys), [own[0] for own in owners.values()]))
    if not owners:
        raise IdentityError(words.without_own_certificate(data is not None))
    ((public, own),) = owners.items()
    leaf, warning = _newest(own, words, now)
    # The other certificates of the key are what this one replaces.
    chosen = [leaf, *(found for found in certificates if found not in own)]
    stored = keys[public]
    try:
        with library_call(complaints):
            key = load_key(stored)
            check_key(key, leaf.x509)
            wanted = WantedCertificate.of(leaf.x509)
    except Unreadable as exc:
        raise IdentityError(words.unreadable("the key", data is not None, exc.words)) from exc
    warnings = [warning] if warning else []
    if password and (stored.encryption is None or not contents.password):
        warnings.append(
            f"{words.key_name} is not protected by a password, although {words.option} is given. "
            "Whoever reads the file has the key."
        )
    if complaints:
        warnings.append(
            f"A certificate in {words.name} is not as RFC 5280 wants it, and a later version of cryptography may refuse "
            f"it: {complaints[0].split('. ')[0].rstrip('.')}."
        )
    if held.ignored:
        warnings.append(f"{words.name} goes on for {held.ignored} bytes after its end. They were left out.")
    return KeyFile(
        wanted=wanted,
        key=key,
        certificates=tuple(found.x509 for found in chosen),
        friendly_name=leaf.name,
        kind=Kind(
            "PKCS#12" if data is not None else contents.encoding,
            contents.encoding,
            held.wrapping,
            stored.encryption.name if stored.encryption else None,
            contents.mac,
        ),
        warnings=tuple(warnings),
        _names=tuple(found.name for found in chosen),
        _data=data,
        _password=contents.password,
    )


def _read_keys(stored: t.Iterable[StoredKey], words: Words, pkcs12_file: bool) -> dict[bytes, StoredKey]:
    """The distinct keys by their public part; an encrypted copy of a key does not protect the other one."""
    keys: dict[bytes, StoredKey] = {}
    for key in stored:
        try:
            with library_call():
                public = public_key(load_key(key))
        except Unreadable as exc:
            raise IdentityError(words.unreadable("the key", pkcs12_file, exc.words)) from exc
        if public not in keys or key.encryption is None:
            keys[public] = key
    return keys


def _read_certificates(
    stored: t.Iterable[StoredCertificate], words: Words, pkcs12_file: bool, complaints: list[str]
) -> list[ReadCertificate]:
    """The distinct certificates in their order."""
    found: dict[bytes, ReadCertificate] = {}
    for certificate in stored:
        before = found.get(certificate.der)
        if before is not None and (before.name or not certificate.name):
            continue
        try:
            with library_call(complaints):
                found[certificate.der] = read_certificate(certificate)
        except Unreadable as exc:
            raise IdentityError(words.unreadable("a certificate", pkcs12_file, exc.words)) from exc
    return list(found.values())


def _newest(own: list[ReadCertificate], words: Words, now: datetime) -> tuple[ReadCertificate, str | None]:
    """Of the certificates of one key the one that is meant, and a warning when there are others."""
    if len(own) == 1:
        return own[0], None
    listed = " and ".join(str(certificate) for certificate in own)
    valid = [certificate for certificate in own if certificate.begins <= now <= certificate.ends]
    begins = sorted(certificate.begins for certificate in own)
    if len(valid) == 1 and valid[0].begins == begins[-1] > begins[-2]:
        return valid[0], (
            f"{words.name} holds {len(own)} certificates of the same key: {listed}. "
            f"{thumbprint(valid[0].x509)} is taken, the newest and the only one that is valid now."
        )
    raise IdentityError(
        f"{words.name} holds {len(own)} certificates of the same key: {listed}. Which one is meant cannot be told; "
        "leave the others out."
    )


def received(content: str, password: str) -> tuple[WantedCertificate, Upload | None]:
    """What the action plugin sent to the host: a key file to upload, or the certificate alone while the key may not
    be needed.

    :raises IdentityError: when it is neither
    """
    data = content.encode(errors="replace")
    held = read_key_text(data, "content", _UNLOCK)
    if [item.form for item in held.items] == [Form.CERTIFICATE]:
        wanted = WantedCertificate.from_der(held.items[0].data)
        # As it was sent, and not a letter more: a key that was not recognized is no missing key.
        if content.split() == wanted.pem.split():
            return wanted, None
    file = open_key_file(data, password, "content")
    return file.wanted, file.upload(COMPATIBLE if file.kind.container != "PKCS#12" else PRESERVE)


@dataclass(frozen=True)
class ClientKey:
    """An RSA key and its certificate, the chain after it, in PEM (RFC 7468)."""

    private_key: str = field(repr=False)
    certificates: str


def load_client_key(path: str, password: str) -> ClientKey:
    """The key with which an application signs in.

    :param path: of a key file, on the machine where this runs
    :param password: of the PKCS#12 file or of the encrypted key; empty stands for none
    :raises IdentityError: when the file holds no RSA key with its certificate, or cannot be opened
    """
    require_path(
        "x509_certificate_path", path, "Write it to a file that only the user of the task can read, and give its name."
    )
    name = f"x509_certificate_path '{path}'"
    try:
        with open(os.path.expanduser(path), "rb") as file:
            data = file.read(LARGEST + 1)
    except (OSError, ValueError) as exc:
        raise IdentityError(
            f"{name} cannot be read: {getattr(exc, 'strerror', None) or 'this cannot be a path'}."
        ) from exc
    opened = open_key_file(
        data,
        password,
        name,
        password_option="x509_certificate_password",
        vault_remedy="Protect it with an x509_certificate_password instead.",
    )
    if not isinstance(opened.key, rsa.RSAPrivateKey):
        raise IdentityError(
            f"{name} holds a key that is not RSA. Microsoft Entra ID accepts only RSA keys of applications."
        )
    with library_call():
        return ClientKey(
            opened.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
            "".join(certificate.public_bytes(Encoding.PEM).decode() for certificate in opened.certificates),
        )
