# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Display names: which ones only look alike, and how to say so."""

from __future__ import annotations

import unicodedata


def look(name: str) -> str:
    """What a name looks like to somebody who reads it: equal for names that differ only in what is not seen.

    Compatibility forms (Unicode's NFKC), case, white space, and characters that show nothing (category Cf) make no
    difference.
    """
    seen = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join("".join(char for char in seen if unicodedata.category(char) != "Cf").split())


def only_looks_like(one: str, other: str) -> bool:
    """Whether two names are different and look alike."""
    return one != other and look(one) == look(other)


def spelled_out(name: str, identifier: str = "") -> str:
    """A name in quotes in which nothing is invisible, and its ID in brackets where that is given.

    Each character that cannot be printed and each white space but the single ones between words is shown as its code
    point, such as `<U+0020>`.
    """
    words = name.split(" ")
    shown = []
    for place, word in enumerate(words):
        text = "".join(char if char.isprintable() else f"<U+{ord(char):04X}>" for char in word)
        is_outer = place in (0, len(words) - 1)
        shown.append(text if word or (is_outer and len(words) == 1) else "<U+0020>")
    return f"'{' '.join(shown)}'" + (f" ({identifier})" if identifier else "")
