# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options that name files."""

from __future__ import annotations

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError

# How base64 of DER, a JSON web token, PEM and base64 of PEM begin.
_CONTENT = ("MII", "eyJ", "-----", "LS0tLS1CRUdJTi")
_LONGEST_NAME = 255


def require_path(option: str, value: str, remedy: str) -> None:
    """Refuse what is the content of a file instead of its name, before a message quotes it: it may be a key or a token.

    :param remedy: what to do with the content, as a sentence
    :raises IdentityError: without the value
    """
    longest = max(len(part) for part in value.split("/"))
    if value.lstrip().startswith(_CONTENT) or "\n" in value or longest > _LONGEST_NAME:
        raise IdentityError(f"{option} looks like the content of a file and not like its name. {remedy}")
