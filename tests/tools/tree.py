# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Copies of this tree at paths that end in `ansible_collections/msgraph/identity`, as Ansible's tools want it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def copy_tree(collections: Path) -> Path:
    """Copy what git tracks, or would track, below `collections`; returns the copy. Output of ansible-test that is there
    stays.
    """
    copy = collections / "ansible_collections" / "msgraph" / "identity"
    listed = subprocess.check_output(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, text=True
    ).split("\0")
    if not (copy / ".git").exists():
        # ansible-test asks git which files there are, and to the repository around the copy all of it is ignored.
        subprocess.check_call(["git", "init", "--quiet", str(copy)])
    wanted = {name for name in listed if name and (ROOT / name).is_file()}
    for path in copy.rglob("*"):
        name = path.relative_to(copy).as_posix()
        if path.is_file() and name not in wanted and not name.startswith((".git/", "tests/output/")):
            path.unlink()
    for name in wanted:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy / name)
    return copy
