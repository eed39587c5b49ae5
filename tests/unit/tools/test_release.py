# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `make release` refuses, played on a copy of this tree."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LAST = "3.1.4"


@pytest.fixture(name="tree")
def fixture_tree(tmp_path):
    """A repository with the script, and with a changelog that ends with version 3.1.4."""
    for name in ("release.py", "tree.py"):
        target = tmp_path / "tests" / "tools" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((ROOT / "tests" / "tools" / name).read_bytes())
    (tmp_path / ".gitignore").write_text("__pycache__/\n")
    (tmp_path / "changelogs").mkdir()
    (tmp_path / "changelogs" / "changelog.yaml").write_text(f"releases: {{2.10.0: {{}}, {LAST}: {{}}}}\n")
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "All")
    return tmp_path


def git(tree, *arguments):
    """Run git as somebody."""
    subprocess.run(
        ["git", "-c", "user.name=Somebody", "-c", "user.email=somebody@example.com", *arguments], cwd=tree, check=True
    )


def refusal(tree, *arguments):
    """Why the script refuses."""
    done = subprocess.run(
        [sys.executable, "tests/tools/release.py", *arguments], cwd=tree, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    return done.stderr


@pytest.mark.parametrize(
    "arguments", [(), ("",), ("4",), ("4.0",), ("v4.0.0",), ("4.0.0-rc.1",), ("4.0.00",)], ids=" ".join
)
def test_no_version(tree, arguments):
    assert refusal(tree, *arguments) == "No release: say which with VERSION=x.y.z.\n"


@pytest.mark.parametrize("version", ["3.1.3", "2.10.0", "2.9.9", "3.0.10"])
def test_not_greater(tree, version):
    assert (
        refusal(tree, version)
        == f"No release: {version} is not greater than {LAST}, the last version in the changelog.\n"
    )


def test_tag(tree):
    git(tree, "tag", LAST)
    assert (
        refusal(tree, LAST)
        == f"No release: there is a tag {LAST}, so this version has been released. Choose a greater one.\n"
    )


def test_nothing_new(tree):
    assert refusal(tree, "3.2.0") == "No release: changelogs/fragments has no fragment that would say what is new.\n"


def test_changes(tree):
    (tree / "new.py").touch()
    assert refusal(tree, "3.2.0") == "No release: the tree has changes that are not committed:\n?? new.py\n"
