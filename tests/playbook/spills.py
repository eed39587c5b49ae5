# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finding secrets where they do not belong, in whatever form."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

# A piece of this size is enough to tell a secret, and fits into a line of PEM many times.
PIECE = 24
# Access tokens are signed JWTs; nothing else in a run looks like one.
TOKEN = re.compile(rb"eyJ[\w-]{20,}\.[\w-]{20,}")


def forms(secret: bytes) -> Iterator[bytes]:
    """What a secret looks like: as it is, in hex, and in base64 wherever it starts in the encoded text."""
    yield secret
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    for skipped in range(3):
        whole = secret[skipped:]
        # Only groups of three bytes look the same whatever follows.
        encoded = base64.b64encode(whole[: len(whole) // 3 * 3])
        if len(encoded) >= 8:
            yield encoded
            yield encoded.translate(bytes.maketrans(b"+/", b"-_"))


def pieces(content: bytes) -> list[bytes]:
    """Pieces of something long, one of which is met in any part of it that is long enough."""
    return [content[start : start + PIECE] for start in range(0, len(content) - PIECE + 1, PIECE)]


def private_parts(key: rsa.RSAPrivateKey) -> list[bytes]:
    """Pieces of what is private in a key."""
    numbers = key.private_numbers()
    return [
        piece
        for number in (numbers.d, numbers.p, numbers.q)
        for piece in pieces(number.to_bytes((number.bit_length() + 7) // 8, "big"))
    ]


class Secrets:
    """What must not be seen, by name."""

    def __init__(self, **secrets: bytes | Iterable[bytes]) -> None:
        self._needles: dict[bytes, str] = {}
        self.add(secrets)

    def add(self, secrets: Mapping[str, bytes | Iterable[bytes]]) -> None:
        """Look for more."""
        for name, secret in secrets.items():
            for part in [secret] if isinstance(secret, bytes) else secret:
                self._needles.update(dict.fromkeys(forms(part), name))

    def add_sent(self, writes: Iterable[Mapping[str, Any]]) -> int:
        """Look for the files that were sent to Graph and for their passwords too; returns how many there were."""
        bodies = [entry["body"] for entry in writes]
        for body in bodies:
            body = body.get("authenticationConfiguration", body)
            self.add(
                {
                    "an uploaded file": pieces(base64.b64decode(body["pkcs12Value"])),
                    "the password of an uploaded file": body["password"].encode(),
                }
            )
        return len(bodies)

    def add_tokens(self, minted: str) -> None:
        """Look for every token of who minted this one, whatever it is encoded in: they all begin alike."""
        self.add({"an access token, encoded": minted.split(".")[0].encode()})

    def spilt(self, where: str, content: bytes) -> Iterator[str]:
        """The secrets in `content`, and the text around each first hit."""
        seen = set()
        hits = [
            (content.find(needle), name)
            for needle, name in self._needles.items()
            if name not in seen and needle in content
        ]
        hits += [(match.start(), "an access token") for match in TOKEN.finditer(content)]
        for start, name in hits:
            if name not in seen:
                seen.add(name)
                yield f"{name} in {where}: ...{content[max(0, start - 100) : start + 60]!r}..."

    def spilt_in_files(self, paths: Iterable[Path]) -> Iterator[str]:
        """The secrets in files."""
        for path in paths:
            try:
                yield from self.spilt(str(path), path.read_bytes())
            except FileNotFoundError:
                # Removed since it was listed.
                continue
