# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text as people and tools hand it over: what cannot belong to a value is taken off, and what no value can hold is said
before a service complains of something else.
"""

from __future__ import annotations

import codecs
import re

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError

TOKENS = ("access_token", "oidc_token")
PATHS = ("x509_certificate_path", "oidc_token_file_path")
# Anything may belong to it, so nothing is taken off.
PASSWORDS = ("x509_certificate_password",)

# White space, and what cannot be seen: zero width spaces, marks of direction and byte order.
_BLANKS = r"[\s\u200b-\u200f\u2060\ufeff]+"
_AROUND = re.compile(f"^{_BLANKS}|{_BLANKS}$")
_QUOTES = ('""', "''", "\u201c\u201d", "\u2018\u2019")
_BEARER = re.compile(r"(?:authorization\s*:\s*)?bearer\s+", re.IGNORECASE)
# The longer marks first: that of UTF-32 begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode_text(data: bytes) -> str:
    """The text in a file of a few lines, in UTF-8 or in what Windows tools write: UTF-16 or UTF-32 with a mark, and
    UTF-16 without one, which shows in the NUL bytes of its Latin letters.

    :raises ValueError: when it is none of these
    """
    encoding = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), None)
    if encoding is None:
        encoding = "utf-8"
        if b"\0" in data:
            encoding = "utf-16-le" if data[1::2].count(0) >= data[::2].count(0) else "utf-16-be"
    return data.decode(encoding)


def clean(option: str, value: str, origin: str) -> str:
    """The `value` of an option of signing in without what is around it: white space and quotes, and for tokens the word
    Bearer. A secret keeps its quotes, a path loses line ends alone, a password nothing.

    :param origin: where it was found, as in "the task"
    :raises IdentityError: when it holds what no such value can hold; it is not quoted
    """
    if "\0" in value:
        raise IdentityError(f"{option} ({origin}) holds a NUL character; it was probably decoded from UTF-16.")
    if option in PATHS:
        return value.strip("\r\n")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise IdentityError(f"{option} ({origin}) is not UTF-8 text. Save it in UTF-8.")
    if option in PASSWORDS:
        return value
    cleaned = clean_token(option, value) if option in TOKENS else trim(value)
    if option not in TOKENS and option != "secret":
        cleaned = unquoted(cleaned)
    odd = out_of_place(cleaned, ascii_only=option in TOKENS)
    if odd:
        raise IdentityError(f"No request can be made with this {option} ({origin}): it holds {odd}.")
    return cleaned


def out_of_place(text: str, ascii_only: bool = False) -> str | None:
    """The first character of one line of text that cannot be in it, as in "a line end"; None when all may be there."""
    for character in text:
        if not character.isprintable() or (ascii_only and not character.isascii()):
            return "a line end" if character in "\r\n" else f"the character U+{ord(character):04X}"
    return None


def clean_token(option: str, text: str) -> str:
    """A token without white space and quotes around it and without the word Bearer before it.

    :param option: by which it was given
    :raises IdentityError: when it is JSON, as programs print it that obtain tokens
    """
    before, cleaned = "", text
    while cleaned != before:
        before, cleaned = cleaned, _BEARER.sub("", unquoted(trim(cleaned)), count=1)
    if cleaned.startswith("{"):
        raise IdentityError(f"{option} is given JSON instead of a token. Give the token in it alone.")
    return cleaned


def trim(text: str) -> str:
    """`text` without white space around it, visible or not."""
    return _AROUND.sub("", text)


def is_quoted(text: str) -> bool:
    """Whether `text` is in one pair of quotes."""
    return len(text) >= 2 and text[0] + text[-1] in _QUOTES


def unquoted(text: str) -> str:
    """`text` without one pair of quotes around it."""
    return trim(text[1:-1]) if is_quoted(text) else text


def listed(words: list[str] | tuple[str, ...], conjunction: str = "and") -> str:
    """`words` as in a sentence: a, b and c."""
    *first, last = words
    return f"{', '.join(first)} {conjunction} {last}" if first else last
