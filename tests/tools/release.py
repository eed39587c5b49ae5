# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make a release ready to be committed: `python tests/tools/release.py VERSION`. Publishes nothing.

A version that the changelog has already, but no tag, is made again: new modules join its changelog, and its date stays.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tree import ROOT, copy_tree

BIN = Path(sys.executable).parent
CHANGED = ("galaxy.yml", "CHANGELOG.md", "changelogs/changelog.yaml", "changelogs/fragments")
VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")


class Refused(Exception):
    """The release is not made; the message says why."""


def main(version: str = "") -> int:
    """Make the release in a copy, and take over what changed once everything has passed."""
    try:
        require_clean_tree()
        releases = read_yaml(ROOT / "changelogs" / "changelog.yaml").get("releases", {})
        require_next(version, sorted(releases, key=parts))
        copy = copy_tree(ROOT / ".cache" / "release")
        galaxy = copy / "galaxy.yml"
        galaxy.write_text(
            re.sub(r"(?m)^version: .*", f"version: {version}", galaxy.read_text(encoding="utf-8")), encoding="utf-8"
        )
        write_changelog(copy, releases.get(version))
        artifact = build(copy, version)
        check(artifact)
    except Refused as exc:
        print(f"No release: {exc}", file=sys.stderr)
        return 1
    for name in CHANGED:
        take_over(copy / name, ROOT / name)
    print(f"{artifact.name} is built, and Galaxy would accept it. Nothing is published yet.")
    if git("status", "--porcelain"):
        print(
            f"Look at what changed with 'git diff', then run:\n\n  git add --all && git commit --message 'Release {version}'"
        )
    print(f"  git tag {version}\n  git push origin HEAD {version}\n  ansible-galaxy collection publish {artifact.name}")
    return 0


def parts(version: str) -> tuple[int, ...]:
    """A version as numbers, to compare it."""
    return tuple(int(part) for part in version.split("."))


def require_clean_tree() -> None:
    """What is released is what is committed."""
    if changes := git("status", "--porcelain"):
        raise Refused(f"the tree has changes that are not committed:\n{changes}")


def require_next(version: str, released: list[str]) -> None:
    """`version` has to be one, not a released one, and greater than those in the changelog or the last of them."""
    if not VERSION.fullmatch(version):
        raise Refused("say which with VERSION=x.y.z.")
    if git("tag", "--list", version):
        raise Refused(f"there is a tag {version}, so this version has been released. Choose a greater one.")
    if released and parts(version) < parts(released[-1]):
        raise Refused(f"{version} is not greater than {released[-1]}, the last version in the changelog.")
    if version not in released and not list((ROOT / "changelogs" / "fragments").glob("*.yml")):
        raise Refused("changelogs/fragments has no fragment that would say what is new.")


def write_changelog(copy: Path, existing: dict[str, Any] | None) -> None:
    """The changelog with the fragments and the new plugins."""
    again = (
        ["--update-existing", "--date", str(existing["release_date"]), "--reload-plugins", "--refresh-plugins"]
        if existing
        else []
    )
    run("antsibull-changelog", "release", *again, cwd=copy)
    run("antsibull-changelog", "lint", cwd=copy)


def build(copy: Path, version: str) -> Path:
    """The artifact, built beside the README."""
    run("ansible-galaxy", "collection", "build", "--force", "--output-path", str(ROOT), cwd=copy)
    return ROOT / f"msgraph-identity-{version}.tar.gz"


def check(artifact: Path) -> None:
    """Import it as Galaxy does; its log has to be free of errors and warnings."""
    # It leaves a file of its results where it runs.
    log = run("python", "-m", "galaxy_importer.main", str(artifact), cwd=ROOT / ".cache")
    if findings := re.findall(r"^(?:ERROR|WARNING):.*", log, re.MULTILINE):
        raise Refused("\n".join(["the check of Galaxy found:", *findings]))


def take_over(source: Path, target: Path) -> None:
    """Make `target` like `source`, a file or a directory that may be missing."""
    if source.is_file():
        shutil.copy2(source, target)
    elif target.is_dir():
        for path in target.iterdir():
            if not (source / path.name).exists():
                path.unlink()


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file; empty when there is none."""
    return (yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.exists() else {}


def git(*arguments: str) -> str:
    """What git says about this tree."""
    return subprocess.check_output(["git", *arguments], cwd=ROOT, text=True).rstrip()


def run(command: str, *arguments: str, cwd: Path) -> str:
    """Run a command and show what it prints; returns that."""
    done = subprocess.run(
        [str(BIN / command), *arguments],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(done.stdout, end="")
    if done.returncode:
        raise Refused(f"{command} failed, see above.")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
