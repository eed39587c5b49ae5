# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Python libraries that the collection needs where it runs; keep in step with requirements.txt."""

from __future__ import annotations

from importlib.util import find_spec

from ansible.module_utils.basic import missing_required_lib

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError

REQUIRED = {
    "cryptography": "cryptography >= 42.0.0",
    "msal": "msal >= 1.35.0",
    "requests": "requests >= 2.31.0",
}


def missing_libraries(*names: str) -> list[str]:
    """The names of `names` (default: all) that this Python cannot import."""
    return [name for name in names or REQUIRED if find_spec(name) is None]


def require_libraries(*names: str) -> None:
    """:raises IdentityError: naming the first library that is missing, and the Python that misses it"""
    for name in missing_libraries(*names):
        raise IdentityError(missing_required_lib(REQUIRED[name]))
