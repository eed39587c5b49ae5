# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PEM (RFC 7468, RFC 1421): text → its blocks. Labels are told, not believed."""

from __future__ import annotations

import base64
import re
import textwrap
import typing as t
from dataclasses import dataclass, field

BEGIN = "-----BEGIN "
_LABEL = re.compile(r"[A-Z0-9][A-Z0-9 .#]{0,60}(?=-----)")
# RFC 1421, 4.6.1; in one line when the line ends were lost.
_ENCRYPTED = re.compile(r"\s*Proc-Type:\s*4,\s*ENCRYPTED\s+DEK-Info:\s*([A-Z0-9-]{1,30}),([0-9A-Fa-f]{1,64})\s")
_HEADER = re.compile(r"\s*[A-Za-z][A-Za-z0-9-]{0,40}: [^\n]*\n")


class CutOffBlock(Exception):
    """A block does not end; `label` is its label."""

    def __init__(self, label: str) -> None:
        super().__init__(label)
        self.label = label


@dataclass(frozen=True)
class Block:
    """A block between `-----BEGIN label-----` and `-----END label-----`.

    :param der: what is in it, or None when it is not base64
    :param encrypted: for a key encrypted as of old, the whole block as a library reads it
    :param cipher: the name of that encryption
    """

    label: str
    der: bytes | None = field(repr=False)
    encrypted: bytes | None = field(default=None, repr=False)
    cipher: str = ""


def read_blocks(text: str) -> t.Iterator[Block]:
    """The blocks of `text`, whatever stands around them and however their lines end.

    :raises CutOffBlock: when the last one has no end
    """
    position = text.find(BEGIN)
    while position >= 0:
        label = _LABEL.match(text, position + len(BEGIN))
        if label is None:
            position = text.find(BEGIN, position + 1)
            continue
        end = text.find(f"-----END {label[0]}-----", label.end())
        if end < 0:
            raise CutOffBlock(label[0])
        yield _block(label[0], text[label.end() + 5 : end])
        position = text.find(BEGIN, end)


def _block(label: str, body: str) -> Block:
    encrypted = _ENCRYPTED.match(body)
    if encrypted is None:
        while header := _HEADER.match(body):
            body = body[header.end() :]
        return Block(label, decode_base64(body))
    der = decode_base64(body[encrypted.end() :])
    if der is None:
        return Block(label, None)
    cipher, salt = encrypted.groups()
    lines = "".join(f"{line}\n" for line in textwrap.wrap(base64.b64encode(der).decode(), 64))
    whole = (
        f"-----BEGIN {label}-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: {cipher},{salt}\n\n{lines}-----END {label}-----\n"
    )
    return Block(label, der, whole.encode(), cipher)


def decode_base64(text: str) -> bytes | None:
    """The bytes, or None when `text` is not base64; white space does not count, and the padding may be missing."""
    digits = "".join(text.split()).rstrip("=")
    try:
        return base64.b64decode(digits + "=" * (-len(digits) % 4), validate=True)
    except ValueError:  # letters of other alphabets too
        return None
