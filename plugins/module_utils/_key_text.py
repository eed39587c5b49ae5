# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users hold in their hands → the keys, certificates and PKCS#12 files in it, each recognized by its structure.

Taken: DER and BER; PEM; base64 of them, also as Key Vault, PowerShell, certutil, JSON and data: URLs wrap it. What is
recognizably something else is named, with the way to something that is taken.
"""

from __future__ import annotations

import codecs
import enum
import json
import re
import typing as t
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from ansible_collections.msgraph.identity.plugins.module_utils._ber import (
    BIT_STRING,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    CutOff,
    Element,
    Malformed,
    context,
    read,
)
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._pem import (
    BEGIN,
    Block,
    CutOffBlock,
    decode_base64,
    read_blocks,
)

LARGEST = 1024 * 1024  # bytes as they are read; a key with a long chain needs some ten thousand
_MOST_WRAPPINGS = 6

# PowerShell writes text with them.
_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_NO_TEXT = re.compile(r"[\0-\x08\x0e-\x19\x1b-\x1f\x7f]")
_WRITTEN_OUT = re.compile(r"\\r\\n|\\n|\\r")
_QUOTED = re.compile(r"""b?(["'`])(.*)\1,?""", re.DOTALL)
_DATA_URL = re.compile(r"data:[\w.+/-]*(?:;[\w-]+=[^;,]*)*(;base64)?,(.*)", re.DOTALL | re.IGNORECASE)
_HEX = re.compile(r"(?:0x)?(?:[0-9a-f]{2}[\s:-]*)+", re.IGNORECASE)


class Form(enum.Enum):
    """What is taken."""

    PKCS12 = "PKCS#12"
    CERTIFICATE = "certificate"
    KEY = "private key"  # RFC 5958, or RSA, EC and DSA of old
    ENCRYPTED_KEY = "encrypted private key"  # RFC 5958
    OLD_ENCRYPTED_KEY = "private key, encrypted as RFC 1421 does"


@dataclass(frozen=True)
class Item:
    """One thing in a file.

    :param data: BER or DER; of a key encrypted as of old, PEM
    :param cipher: the name of that encryption
    """

    form: Form
    data: bytes = field(repr=False)
    cipher: str = ""


@dataclass(frozen=True)
class Held:
    """What a file holds.

    :param wrapping: what was taken off, outermost first, such as `("JSON", "base64")`
    :param pem: whether it is PEM
    :param others: what else is there, each as a phrase with the remedy
    :param ignored: bytes that follow the last thing
    """

    items: tuple[Item, ...]
    wrapping: tuple[str, ...] = ()
    pem: bool = False
    others: tuple[str, ...] = ()
    ignored: int = 0

    def of(self, *forms: Form) -> list[Item]:
        """The items of these forms."""
        return [item for item in self.items if item.form in forms]


_JAVA = (
    "a Java key store (JKS). Convert it with: keytool -importkeystore -srckeystore OLD.jks -destkeystore NEW.p12 "
    "-deststoretype PKCS12"
)
_PKCS7 = (
    "PKCS#7 (.p7b, .p7c), which holds certificates and never a key. Export the certificate together with its key, "
    "as PKCS#12 (.pfx, .p12) or PEM"
)
_SSH = (
    "an OpenSSH key, which is another format. Convert a copy of it with: ssh-keygen -p -N '' -m PKCS8 -f COPY, and give "
    "its certificate too"
)
_ENCRYPTED_BY = "encrypted with {}. Decrypt it first"
# Binary files, by their first bytes.
_MAGIC = {
    b"\xfe\xed\xfe\xed": _JAVA,
    b"\xce\xce\xce\xce": _JAVA.replace("(JKS)", "(JCEKS)").replace("OLD.jks", "OLD.jceks -srcstoretype JCEKS"),
    b"PK\x03\x04": "a ZIP archive. Unpack it, and give the key file in it",
    b"\x1f\x8b": "compressed with gzip. Decompress it first",
    b"%PDF": "a PDF document. Give the key file itself",
    b"SQLite format 3": "a SQLite database, as browsers keep certificates in. Export the certificate with its key from there",
    b"\0GITCRYPT\0": _ENCRYPTED_BY.format("git-crypt"),
    b"age-encryption.org/": _ENCRYPTED_BY.format("age"),
    b"\xd0\xcf\x11\xe0": "a document of Microsoft Office. Give the key file itself",
}
# Text, by a pattern at its beginning.
_TEXTS = {
    r"\$ANSIBLE_VAULT;": "encrypted with Ansible Vault. {vault}",
    r"version https://git-lfs\.github\.com/": "a Git LFS pointer and not the file itself. Run git lfs pull where it was cloned",
    r"(?i)\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*)?<(!doctype html|html|head|body)\b": (
        "a web page (HTML), such as a login page. Download the file again, signed in"
    ),
    r"<": "XML or HTML. Give the key file itself",
    r"PuTTY-User-Key-File-": "a key of PuTTY. Export it with PuTTYgen as an OpenSSH key and convert that to PEM",
    r"---- BEGIN SSH2 ": "an SSH2 key, which is another format. A certificate with its key is needed",
    r"(ssh-(rsa|dss|ed25519)|ecdsa-sha2-\S+) AAAA": "a public SSH key. A certificate with its private key is needed",
    r"age-encryption\.org/": _ENCRYPTED_BY.format("age"),
}
# Blocks of PEM that are not recognized by the structure of what is in them.
_LABELS = {
    "OPENSSH PRIVATE KEY": _SSH,
    "SSH2 ENCRYPTED PRIVATE KEY": _SSH,
    "AGE ENCRYPTED FILE": _ENCRYPTED_BY.format("age"),
    "PGP MESSAGE": _ENCRYPTED_BY.format("PGP"),
    "PGP PRIVATE KEY BLOCK": "a PGP key, which is another format and has no certificate. Give a certificate with its key",
    "PGP PUBLIC KEY BLOCK": "a public PGP key. Give a certificate with its private key",
    "EC PARAMETERS": "",
    "DSA PARAMETERS": "",
    "DH PARAMETERS": "",
    "X9.42 DH PARAMETERS": "",
}
_REQUEST = "a certificate request, which is no certificate yet. Give what the certificate authority made of it"
_PUBLIC_KEY = "a public key. Give a certificate with its private key"
_REVOCATIONS = "a list of revoked certificates (CRL). Give a certificate with its private key"


def read_key_text(data: bytes, name: str, vault: str = "") -> Held:
    """What `data` holds.

    :param name: what to call it in messages
    :param vault: the remedy for what Ansible Vault encrypted, as a sentence
    :raises IdentityError: for what is recognizably something else, or nothing known
    """
    if len(data) > LARGEST:
        raise IdentityError(
            f"{name} is larger than {LARGEST // 1024} KiB and cannot be the key file of one certificate."
        )
    wrapping: list[str] = []
    while True:
        _refuse_magic(data, name)
        text, encoding = _text(data)
        if text is None:
            return _binary(data, name, tuple(wrapping))
        wrapping += [encoding] if encoding else []
        stripped = text.strip("\ufeff\0\x1a \t\r\n\f\v")
        if not stripped:
            raise IdentityError(f"{name} is empty.")
        _refuse_text(stripped, name, vault)
        if BEGIN in stripped and not stripped.startswith("{"):
            return _pem(stripped, name, tuple(wrapping))
        how, data = _unwrapped(stripped, name, tuple(wrapping))
        wrapping.append(how)
        if len(wrapping) > _MOST_WRAPPINGS:
            raise IdentityError(_neither(name))


def _neither(name: str) -> str:
    return (
        f"{name} is neither PKCS#12 nor base64 text of it, and not PEM. "
        "Check that it is a key file (.pfx, .p12, .pem) and complete."
    )


def _first_line(name: str) -> str:
    return f"{name} looks like PEM, but a first line is not complete. It has to begin and to end with five hyphens."


def _damaged(name: str) -> str:
    return f"{name} is not PKCS#12, or is damaged. Check that it is a PFX file (.pfx, .p12) and complete."


def _refuse_magic(data: bytes, name: str) -> None:
    for magic, what in _MAGIC.items():
        if data.startswith(magic):
            raise IdentityError(f"{name} is {what}.")


def _refuse_text(text: str, name: str, vault: str) -> None:
    for pattern, what in _TEXTS.items():
        if re.match(pattern, text):
            raise IdentityError(f"{name} is {what.format(vault=vault).rstrip('. ')}.")


def _text(data: bytes) -> tuple[str | None, str]:
    """`data` as text, and the encoding where it is not plain; None when it is binary."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace"), encoding.removesuffix("-sig").upper()
    for encoding, zeros in (("utf-16-le", data[1::2]), ("utf-16-be", data[::2])):
        if len(data) > 3 and not any(zeros) and any(data):
            return data.decode(encoding, "replace"), "UTF-16"
    if data[:1] == b"\x30" and _NO_TEXT.search(data.decode("latin-1")):
        return None, ""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        # Attributes around PEM may be in any encoding.
        return (data.decode("latin-1"), "") if BEGIN.encode() in data else (None, "")
    return (None if _NO_TEXT.search(text.rstrip("\0\x1a")) and BEGIN not in text else text), ""


def _unwrapped(text: str, name: str, wrapping: tuple[str, ...]) -> tuple[str, bytes]:
    """What was taken off `text`, and what is left."""
    if text.startswith("{"):
        return "JSON", _json_value(text, name).encode(errors="replace")
    if url := _DATA_URL.fullmatch(text):
        content = unquote_to_bytes(url[2])
        return "data URL", content if not url[1] else _base64(content.decode("latin-1"), name, wrapping)
    if quoted := _QUOTED.fullmatch(text):
        return "quotes", quoted[2].encode(errors="replace")
    written_out = _WRITTEN_OUT.sub("\n", text)
    if written_out != text:
        return "written-out line ends", written_out.encode(errors="replace")
    if re.search(r"BEGIN [A-Z0-9 ]*(CERTIFICATE|KEY|PKCS)", text):
        raise IdentityError(_first_line(name))
    if _HEX.fullmatch(text) and re.sub(r"0x|[\s:-]", "", text[:8])[:2] == "30":
        raise IdentityError(f"{name} is hexadecimal text. Make a binary file of it with: xxd -r -p FILE.txt FILE.pfx")
    return "base64", _base64(text, name, wrapping)


def _base64(text: str, name: str, wrapping: tuple[str, ...]) -> bytes:
    decoded = decode_base64(text.translate(str.maketrans("-_", "+/")))
    if not decoded:
        raise IdentityError(_damaged(name) if "base64" in wrapping else _neither(name))
    if "base64" in wrapping and (decoded[:1] == b"\x30" or BEGIN.encode() in decoded):
        raise IdentityError(f"{name} is encoded in base64 twice. Encode it once, or decode it once before it is given.")
    if "base64" in wrapping:
        raise IdentityError(_damaged(name))
    return decoded


def _json_value(text: str, name: str) -> str:
    """The value of a Key Vault secret, as `az keyvault secret show` prints it."""
    document: t.Any = None
    with suppress(ValueError, RecursionError):
        document = json.loads(text)
    if isinstance(document, dict) and isinstance(document.get("value"), str):
        return t.cast(str, document["value"])
    if isinstance(document, dict) and isinstance(document.get("cer"), str):
        raise IdentityError(
            f"{name} is the JSON of a Key Vault certificate, which has no key. Its key is in the secret of the same name: "
            "az keyvault secret show"
        )
    if isinstance(document, dict) and "sops" in document:
        raise IdentityError(f"{name} is {_ENCRYPTED_BY.format('SOPS')}.")
    raise IdentityError(
        f"{name} is JSON, but not that of a Key Vault secret, which has the file in its member value. "
        "Give the text of the file alone."
    )


def _binary(data: bytes, name: str, wrapping: tuple[str, ...]) -> Held:
    """A file in DER or BER, with what follows it."""
    if not data.startswith(b"\x30"):
        raise IdentityError(_damaged(name) if "base64" in wrapping else _neither(name))
    _refuse_converted(data, name)
    try:
        element, rest = read(data)
        item, other = _recognize(element)
    except CutOff as exc:
        raise IdentityError(
            f"{name} is incomplete: it has {len(data)} of its {exc.announced} bytes. It was cut off, or transferred as text."
        ) from exc
    except Malformed as exc:
        raise IdentityError(_damaged(name)) from exc
    if item is None and not other:
        raise IdentityError(_damaged(name))
    return Held(
        (item,) if item else (), wrapping, others=(other,) if other else (), ignored=len(rest.strip(b"\0\x1a \t\r\n"))
    )


def _refuse_converted(data: bytes, name: str) -> None:
    """What was once a file, and went through a program that took it for text."""
    if b"\xef\xbf\xbd" in data[:8]:  # U+FFFD
        raise IdentityError(
            f"{name} was read as text and saved again, which destroyed it. Get the file again, and copy it as binary."
        )
    if data.count(b"\r\n") == data.count(b"\n") > 0:
        restored = data.replace(b"\r\n", b"\n")
        with suppress(Malformed):
            if not read(restored)[1] and read(data)[1]:
                raise IdentityError(
                    f"{name} was transferred as text, which changed its line ends and destroyed it. Copy it as binary."
                )


def _pem(text: str, name: str, wrapping: tuple[str, ...]) -> Held:
    items, others = [], []
    text = _WRITTEN_OUT.sub("\n", text)
    try:
        blocks = list(read_blocks(text))
        if text.count("-----END ") > len(blocks):
            raise IdentityError(_first_line(name))
        for block in blocks:
            item, other = _recognize_block(block, name)
            items += [item] if item else []
            others += [other] if other else []
    except CutOffBlock as exc:
        raise IdentityError(f"{name} is cut off: the line -----END {exc.label}----- is missing.") from exc
    return Held(tuple(items), wrapping, pem=True, others=tuple(others))


def _recognize_block(block: Block, name: str) -> tuple[Item | None, str]:
    if block.label in _LABELS:
        return None, _LABELS[block.label]
    if block.encrypted:
        return Item(Form.OLD_ENCRYPTED_KEY, block.encrypted, block.cipher), ""
    with suppress(Malformed):
        if block.der:
            # OpenSSL's TRUSTED CERTIFICATE goes on after the certificate.
            item, other = _recognize(read(block.der)[0])
            if item or other:
                return item, other
    if "PRIVATE KEY" in block.label:
        raise IdentityError(f"The key in {name} cannot be opened. It is damaged.")
    if "CERTIFICATE" in block.label:
        raise IdentityError(f"A certificate in {name} cannot be read. It is damaged.")
    if "PUBLIC KEY" in block.label:
        return None, _PUBLIC_KEY
    return None, f"PEM of another kind ({block.label}). Give a certificate with its private key"


def _recognize(element: Element) -> tuple[Item | None, str]:
    """What an element is by its shape, or what else it is as a phrase."""
    parts = element.children(SEQUENCE)
    tags = [part.tag for part in parts]
    form, other = None, ""
    if tags[:2] == [INTEGER, SEQUENCE] and _begins_with(parts[1], OBJECT_IDENTIFIER):
        if tags[2:3] == [OCTET_STRING] or tags[2:3] == [OCTET_STRING | 0x20]:
            form = Form.KEY  # PrivateKeyInfo, RFC 5958
        else:
            form = Form.PKCS12  # RFC 7292, 4
    elif tags[:2] == [INTEGER, OCTET_STRING] or (len(tags) >= 6 and set(tags) == {INTEGER}):
        form = Form.KEY  # RFC 5915; RFC 8017, A.1.2, and DSA
    elif len(tags) == 2 and tags[0] == SEQUENCE and tags[1] & ~0x20 == OCTET_STRING:
        form = Form.ENCRYPTED_KEY  # RFC 5958, 3
    elif tags[:1] == [OBJECT_IDENTIFIER]:
        other = _PKCS7
    elif tags == [SEQUENCE, BIT_STRING]:
        other = _PUBLIC_KEY
    elif tags == [SEQUENCE, SEQUENCE, BIT_STRING]:
        form, other = _recognize_signed(parts[0])
    return (Item(form, element.raw) if form else None), other


def _recognize_signed(to_be_signed: Element) -> tuple[Form | None, str]:
    """A certificate, a request or a list of revocations: all are signed alike (RFC 5280, RFC 2986)."""
    tags = [part.tag for part in to_be_signed.children(SEQUENCE)]
    if tags[:1] == [context(0)] or tags[:6] == [INTEGER, *[SEQUENCE] * 5]:
        return Form.CERTIFICATE, ""
    if tags == [INTEGER, SEQUENCE, SEQUENCE, context(0)]:
        return None, _REQUEST
    return None, _REVOCATIONS


def _begins_with(element: Element, tag: int) -> bool:
    return bool(element.content) and element.content[0] == tag
