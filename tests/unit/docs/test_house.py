# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The drawing of the rooms in the page for developers is true to the imports."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
ROOMS = ROOT / "plugins" / "module_utils"
PAGE = (ROOT / "docs" / "docsite" / "rst" / "guide_development.rst").read_text(encoding="utf-8")


def drawn():
    """The floor of each room in the drawing."""
    floors, floor = {}, None
    for line in PAGE[PAGE.index("a room uses rooms") : PAGE.index("test_house.py")].splitlines():
        number = re.match(r" +(\d)  ", line)
        floor = int(number.group(1)) if number else floor
        for room in re.findall(r"_\w+(?=\.py)", line):
            assert room not in floors, f"{room} is drawn twice"
            floors[room] = floor
    return floors


def imports_of(path):
    """The rooms that a file uses when it runs."""
    prefix = "ansible_collections.msgraph.identity.plugins.module_utils"
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(prefix):
            name = node.module.removeprefix(prefix).removeprefix(".")
            yield from [name] if name else [alias.name for alias in node.names]


FLOORS = drawn()
USED = {path.stem: set(imports_of(path)) for path in ROOMS.glob("_*.py") if path.stem != "__init__"}


def test_every_room_is_drawn():
    assert sorted(FLOORS) == sorted(USED)


@pytest.mark.parametrize("room", sorted(USED))
def test_nothing_runs_upwards(room):
    assert {used for used in USED[room] if FLOORS[used] > FLOORS[room]} == set()


def test_there_is_no_circle():
    below = {}

    def height(room, above=()):
        assert room not in above, f"{' -> '.join((*above, room))}"
        if room not in below:
            below[room] = 1 + max((height(used, (*above, room)) for used in USED[room]), default=0)
        return below[room]

    for room in USED:
        height(room)
