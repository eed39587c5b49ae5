# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The YAML that the documentation shows."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Example:
    """A piece of YAML, and where it stands."""

    origin: str
    text: str

    @property
    def document(self) -> Any:
        """Plays, tasks, or a fragment of one."""
        return yaml.safe_load(self.text)

    @property
    def kind(self) -> str:
        """`playbooks`, `tasks` or `fragment`."""
        document = self.document
        if not isinstance(document, list):
            return "fragment"
        return "playbooks" if "hosts" in document[0] else "tasks"


def of_modules() -> Iterator[Example]:
    """The examples of each module."""
    for path in sorted((ROOT / "plugins" / "modules").glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and [getattr(target, "id", "") for target in node.targets] == ["EXAMPLES"]:
                yield Example(path.stem, ast.literal_eval(node.value))


def of_readme() -> Iterator[Example]:
    """The YAML blocks of the README."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    for number, (_indent, text) in enumerate(
        re.findall(r"^( *)```ya?ml\n(.*?)^\1```", page, re.MULTILINE | re.DOTALL), 1
    ):
        yield Example(f"README.md-{number}", text)


def of_guides() -> Iterator[Example]:
    """The YAML blocks of the guides."""
    for guide in sorted((ROOT / "docs" / "docsite" / "rst").glob("*.rst")):
        blocks = re.findall(
            r"^\.\. code-block:: yaml\n\n((?:(?: +.*)?\n)+)", guide.read_text(encoding="utf-8"), re.MULTILINE
        )
        for number, text in enumerate(blocks, 1):
            yield Example(f"{guide.stem}-{number}", textwrap.dedent(text).strip() + "\n")
