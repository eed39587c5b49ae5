# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What others say, made fit for our own sentences: one line, no control characters, no secret.

Services, libraries and files are quoted in messages, warnings and the headers of diffs. What they say goes through here
before it does.
"""

from __future__ import annotations

import base64
import functools
import html
import json
import re
import typing as t
import unicodedata
from urllib.parse import quote, quote_plus

STARS = "********"
LONGEST = 300  # characters of what somebody else says, in a sentence
LONGEST_QUOTE = 1000  # characters of it, as data
MOST_READ = 64 * 1024  # characters of it that are looked at
# A piece of a secret is one too, from this length on: a service may quote the beginning of a request.
PIECE = 16
# In results a shorter one would star out parts of thumbprints and dates.
SHORTEST_IN_RESULTS = 8
# A shorter one is starred only where it stands as a word of its own.
SHORTEST_WITHIN_WORDS = 4

# Words of one sentence or name, dates and times, thumbprints: a password may be one of them by chance, and results
# hold them because they say so.
_ORDINARY = re.compile(r"[A-Za-z_]+( [A-Za-z_]+)*|\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?|[0-9A-F]{40}")
# What the libraries of .NET write as \uXXXX in JSON although they need not.
_DOTNET = {ord(char): f"\\u{ord(char):04X}" for char in "&'+<>`"}


def one_line(text: str, longest: int = LONGEST) -> str:
    """`text` on one line of at most `longest` characters, without anything that steers a terminal: Unicode's control
    characters and separators become blanks, marks that are not seen (Cf) go, halves of surrogate pairs become U+FFFD.
    """
    # Much more than is kept, as blanks may go; much less than a hostile answer may have.
    line = " ".join("".join(_printable(char) for char in text[: 20 * longest]).split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def _printable(char: str) -> str:
    category = unicodedata.category(char)
    return {"Cf": "", "Cs": "\ufffd"}.get(category, " " if category == "Cc" or category[0] == "Z" else char)


@functools.lru_cache(maxsize=64)
def spellings(secret: str) -> frozenset[str]:
    """`secret` as it may be written elsewhere: in a form or URL, in JSON, in HTML, in base64 (RFC 4648), there also as a
    part of something longer, as a password is in `Authorization: Basic`.
    """
    data = secret.encode("utf-8", "surrogatepass")
    escaped = json.dumps(secret)[1:-1]
    found = {escaped, json.dumps(secret, ensure_ascii=False)[1:-1], html.escape(secret)}
    dotnet = escaped.replace('\\"', "\\u0022").translate(_DOTNET)
    found.add(re.sub(r"(?<=\\u)[0-9a-f]{4}", lambda match: match.group().upper(), dotnet))
    encoded = {quote(data, safe=""), quote(data), quote_plus(data)}
    found |= encoded | {re.sub("%..", lambda match: match.group().lower(), text) for text in encoded}
    for before in range(3):
        text = base64.b64encode(b"\0" * before + data).decode().rstrip("=")
        # Of six bits each, without those that its neighbours have a part in.
        part = text[(0, 2, 3)[before] : len(text) - ((before + len(data)) % 3 > 0)]
        for written in (part if len(part) >= SHORTEST_IN_RESULTS else "", "" if before else text):
            found |= {written, written.replace("+", "-").replace("/", "_")}
    return frozenset(found - {""} | {secret})


class Secrets:
    """The secrets of one task, from the moment they exist, and what is no secret although it looks like one.

    :param open_values: what the task gives without calling it a secret
    """

    def __init__(self, open_values: t.Iterable[str] = ()) -> None:
        self._open = set(open_values)
        self._chosen: set[str] = set()
        self._made: set[str] = set()

    def add(self, *secrets: str | bytes | None) -> None:
        """Know of some that somebody has chosen, such as passwords: they may be equal to names by chance."""
        self._chosen |= _cleaned(secrets)

    def add_made(self, *secrets: str | bytes | None) -> None:
        """Know of some that a machine has made, such as tokens: where they stand, they are meant."""
        self._made |= _cleaned(secrets) - self._chosen

    def add_open(self, value: t.Any) -> None:
        """Know what Graph shows to whoever may read: a value in it that equals a secret, as a whole, is a name."""
        if isinstance(value, str):
            if value in self._chosen:
                self._open.add(value)
        elif isinstance(value, (dict, list)):
            for entry in value.values() if isinstance(value, dict) else value:
                self.add_open(entry)

    def foreign(self, text: str, longest: int = LONGEST) -> str:
        """What somebody else says, fit for a sentence or for `failure`: on one line and without a secret or a piece of one,
        however it is spelled. Too many stars do no harm there.
        """
        # Starred before it is cut, so that no half of a secret is left.
        starred = self._starred(text[:MOST_READ], SHORTEST_WITHIN_WORDS)
        return one_line(_without_pieces(starred, self._spelled), longest)

    def message(self, value: t.Any) -> str | None:
        """A message of a service, fit for `failure`; None when it is no text, or blank."""
        return (self.foreign(value, LONGEST_QUOTE) or None) if isinstance(value, str) else None

    def code(self, value: t.Any) -> str | None:
        """The same for a code or an id, in which a short secret has to be a word of its own: decisions depend on it."""
        if not isinstance(value, str):
            return None
        return one_line(self._starred(value[:MOST_READ], SHORTEST_IN_RESULTS)) or None

    @property
    def in_results(self) -> set[str]:
        """The secrets that no result may hold, in all their spellings: none that are short, and none that results hold
        because they say so.
        """
        chosen = {secret for secret in self._chosen if not any(secret in value for value in self._open)}
        spelled = set[str]().union(*map(spellings, chosen | self._made))
        return {text for text in spelled if len(text) >= SHORTEST_IN_RESULTS and not _ORDINARY.fullmatch(text)}

    def without(self, result: t.Any) -> t.Any:
        """`result` with stars where it quotes a secret: the second line, as results are built without them.

        What the collection itself says stays as it is: its words, dates, thumbprints, names, and what the task gave
        openly.
        """
        told = "\n".join(_texts(result))
        # Nearly always there is none, and then nothing is changed.
        quoted = [secret for secret in self.in_results if secret in told]
        return _replaced(result, _longest_first(quoted)) if quoted else result

    @property
    def _spelled(self) -> list[str]:
        return _longest_first(set[str]().union(*map(spellings, self._chosen | self._made)))

    def _starred(self, text: str, shortest: int) -> str:
        """`text` with stars for secrets; those that are shorter than `shortest` have to be words of their own."""
        for secret in self._spelled:
            if len(secret) >= shortest:
                text = text.replace(secret, STARS)
            else:
                text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", lambda match: STARS, text)
        return text


def _cleaned(secrets: t.Iterable[str | bytes | None]) -> set[str]:
    texts = [secret.decode(errors="replace") if isinstance(secret, bytes) else secret for secret in secrets if secret]
    # White space at the ends is often no part of it: what comes out of a file or a command ends with a line break.
    return {form for text in texts for form in (text, text.strip()) if form.strip()}


def _longest_first(secrets: t.Iterable[str]) -> list[str]:
    # As it may contain others.
    return sorted(secrets, key=lambda text: (-len(text), text))


def _without_pieces(text: str, secrets: t.Iterable[str]) -> str:
    """`text` with stars for what is in a secret and at least `PIECE` characters long."""
    pieces = {secret[at : at + PIECE] for secret in secrets for at in range(len(secret) - PIECE + 1)}
    kept, end = "", 0
    for at in range(len(text)):
        if text[at : at + PIECE] in pieces:
            kept += STARS if at >= end else ""
            end = at + PIECE
        elif at >= end:
            kept += text[at]
    return kept


def _texts(value: t.Any) -> t.Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list, tuple)):
        for entry in value.values() if isinstance(value, dict) else value:
            yield from _texts(entry)


def _replaced(value: t.Any, secrets: t.Sequence[str]) -> t.Any:
    if isinstance(value, str):
        for secret in secrets:
            # Only where it is, as what Ansible knows of a text is lost with any change.
            value = value.replace(secret, STARS) if secret in value else value
        return value
    if isinstance(value, dict):
        return {name: _replaced(entry, secrets) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [_replaced(entry, secrets) for entry in value]
    return value
