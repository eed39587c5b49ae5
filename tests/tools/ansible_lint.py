# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run ansible-lint over the playbooks, roles and the examples of the documentation: `python tests/tools/ansible_lint.py
[arguments]`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from awx_collection import provide
from tree import ROOT, copy_tree

sys.path.insert(0, str(ROOT / "tests"))

from support.examples import of_guides, of_modules, of_readme


def main(*arguments: str) -> int:
    """Run it on a copy; returns its exit code."""
    collections = ROOT / ".cache" / "ansible-lint"
    copy = copy_tree(collections)
    # An action plugin hides from ansible-lint which options its module has.
    shutil.rmtree(copy / "plugins" / "action")
    for example in (*of_modules(), *of_readme(), *of_guides()):
        if example.kind != "fragment":
            path = copy / "examples" / example.kind / f"{example.origin}.yml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"---\n{example.text}", encoding="utf-8")
    environ = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(map(str, (collections, provide())))}
    return subprocess.call([str(Path(sys.executable).with_name("ansible-lint")), *arguments], cwd=copy, env=environ)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
