# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The opaque text by which a next link names a place in the list."""

from __future__ import annotations

import base64

from .errors import bad_request


def skiptoken(serial: int) -> str:
    """A place in the list as text."""
    return base64.urlsafe_b64encode(f"after:{serial}".encode()).decode().rstrip("=")


def place(text: str) -> int:
    """The place a text names."""
    try:
        name, colon, number = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii").partition(":")
        if name != "after" or not colon:
            raise ValueError(name)
        return int(number)
    except ValueError as exc:
        raise bad_request("The value of $skiptoken is not valid.") from exc
