# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python libraries that the collection needs where it runs; keep in step with requirements.txt."""

from __future__ import annotations

import functools
import platform
import re
import shlex
import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError

REQUIRED = {
    "cryptography": "cryptography >= 43.0.0",
    "msal": "msal >= 1.35.0",
    "requests": "requests >= 2.31.0",
}
# There on the controller; a host gets the code alone.
_REQUIREMENTS = Path(__file__).parents[2] / "requirements.txt"


def missing_libraries(*names: str) -> list[str]:
    """The names of `names` (default: all) that this Python cannot import, or has in a version that is too old."""
    return [name for name in names or REQUIRED if find_spec(name) is None or _is_too_old(name)]


def require_libraries(*names: str) -> None:
    """Refuse to go on without the libraries.

    :raises IdentityError: naming what is missing or too old, the Python that misses it, and the command that helps
    """
    missing = missing_libraries(*names)
    if missing:
        described = [
            REQUIRED[name] if find_spec(name) is None else f"{REQUIRED[name]} (it has {_version(name)})"
            for name in missing
        ]
        raise IdentityError(
            f"The Python {sys.executable} on {platform.node()} lacks {', '.join(described)}. "
            f"Install with: {sys.executable} -m pip install {_arguments(missing)}"
        )


def _arguments(missing: list[str]) -> str:
    if _REQUIREMENTS.exists():
        return f"-r {shlex.quote(str(_REQUIREMENTS))}"
    return " ".join(shlex.quote(REQUIRED[name].replace(" ", "")) for name in missing)


def _is_too_old(name: str) -> bool:
    # Of what says no version, nothing is known.
    found, least = (_numbers(version or "") for version in (_version(name), REQUIRED[name].split()[-1]))
    return bool(found) and found < least


def _numbers(version: str) -> tuple[int, ...]:
    """`43.1.0rc1` → (43, 1)."""
    release = re.match(r"\d+(?:\.\d+)*", version)
    return tuple(int(number) for number in re.sub(r"(\.0+)+$", "", release[0]).split(".")) if release else ()


@functools.cache
def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
