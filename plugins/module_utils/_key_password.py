# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Passwords as users hand them over: what no password can be, and what is nearly the right one."""

from __future__ import annotations

import typing as t
import unicodedata

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError


def require_password(password: str, option: str) -> None:
    """Refuse what is no text, before a library is asked: one of them ends the process for it.

    :param option: what the password is called
    :raises IdentityError: without the password
    """
    if "\0" in password:
        raise IdentityError(f"{option} holds a NUL character; it was probably decoded from UTF-16.")
    if any("\ud800" <= character <= "\udfff" for character in password):
        raise IdentityError(f"{option} is not UTF-8 text. Save the file that it comes from in UTF-8.")


def near_miss(password: str, option: str, opens: t.Callable[[str], bool]) -> str | None:
    """What is wrong with a password that does not open a file, where the file itself can tell.

    :param opens: whether a password opens it
    :returns: a sentence, or None
    """
    quoted = len(password) > 2 and password[0] == password[-1] and password[0] in "\"'"
    without = f"{option} {{}}, and without {{}} the file opens. Take {{}} away."
    variants = [
        (password.rstrip("\r\n"), without.format("ends in a line end", "it", "it")),
        (password.strip(), without.format("begins or ends with white space", "it", "it")),
        (password.lstrip("\ufeff"), without.format("begins with a byte order mark", "it", "it")),
        (password[1:-1] if quoted else "", without.format("is in quotes", "them", "them")),
        *(
            (
                unicodedata.normalize(form, password),
                f"{option} is not in the Unicode form {form}, and in that form the file opens. Give it so.",
            )
            for form in ("NFC", "NFD")
        ),
    ]
    for variant, sentence in variants:
        if variant not in ("", password) and opens(variant):
            return sentence
    return None
