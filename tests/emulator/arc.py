# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files by which Azure Arc tells who is at home on the machine: only they can read the key that the challenge
names.
"""

from __future__ import annotations

import secrets
import uuid
from pathlib import Path


class KeyFiles:
    """The keys that have been written and not used yet."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._paths: dict[str, Path] = {}

    def make(self) -> Path:
        """A new file with a key."""
        self._directory.mkdir(parents=True, exist_ok=True)
        path, key = self._directory / f"{uuid.uuid4()}.key", secrets.token_urlsafe(64)
        path.write_text(key, encoding="ascii")
        self._paths[key] = path
        return path

    def redeem(self, key: str) -> bool:
        """Whether the key was in one of the files, which is gone then."""
        path = self._paths.pop(key, None)
        if path is None:
            return False
        path.unlink(missing_ok=True)
        return True
