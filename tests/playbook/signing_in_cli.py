# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stand-in for the Azure CLI."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SCRIPT = """#!/bin/sh
printf '%s\\n' "$@" > "$0.arguments"
cat "$0.errors" >&2
cat "$0.output"
exit {code}
"""


class AzureCli:
    """An executable `az` in a directory of its own, which says what it was told to."""

    def __init__(self, directory: Path, output: str = "", errors: str = "", code: int = 0) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        self._path = directory / "az"
        self._path.with_name("az.output").write_text(output, encoding="utf-8")
        self._path.with_name("az.errors").write_text(errors, encoding="utf-8")
        self._path.write_text(SCRIPT.format(code=code), encoding="utf-8")
        self._path.chmod(0o755)

    @property
    def arguments_path(self) -> Path:
        """The file that is written with each call."""
        return self._path.with_name("az.arguments")

    @property
    def arguments(self) -> list[str] | None:
        """What it was called with last, or None."""
        return self.arguments_path.read_text(encoding="utf-8").splitlines() if self.arguments_path.exists() else None


def token_answer(token: str, **times: Any) -> str:
    """What `az account get-access-token` prints."""
    return json.dumps(
        {"accessToken": token, "subscription": "5f7c8e4d-2a1b-4c3d-9e8f-7a6b5c4d3e2f", "tokenType": "Bearer", **times},
        indent=2,
    )
