# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run ansible-test on a copy of this tree: `python tests/tools/ansible_test.py sanity|integration [arguments]`."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

from tree import ROOT, copy_tree

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"

# ansible-test fills its virtual environments with a get-pip.py that it downloads from a host of its own. Where there is
# only a package
# index, the pip that comes with Python does: this stands in for get-pip.py, under the names of the versions that
# ansible-test asks for.
GET_PIP_CACHE = Path.home() / ".ansible" / "test" / "cache"
GET_PIP_VERSIONS = ("23_1_2", "24_2", "25_2")
GET_PIP = '''\
"""Stands in for get-pip.py: pip from ensurepip, then the packages that were asked for."""
import subprocess
import sys

# A process of its own: ensurepip turns pip's configuration off for the process it runs in.
subprocess.check_call([sys.executable, "-m", "ensurepip"])
packages = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install"] + packages))
'''


def main(command: str, *arguments: str) -> int:
    """Run one command of ansible-test; returns its exit code."""
    copy = copy_tree(ROOT / ".cache")
    provide_get_pip()
    if command != "integration":
        return ansible_test(copy, command, *arguments)
    sys.path.insert(0, str(ROOT / "tests"))
    from emulator.client import Emulator
    from integration.prepare import configuration

    with tempfile.TemporaryDirectory(prefix="msgraph-identity-") as directory, Emulator.start() as emulator:
        config = configuration(emulator, Path(directory))
        (copy / "tests" / "integration" / "integration_config.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
        return ansible_test(copy, command, *arguments)


def ansible_test(copy: Path, command: str, *arguments: str) -> int:
    """Run ansible-test in the copy."""
    executable = Path(sys.executable).with_name("ansible-test")
    environ = {**os.environ, "PATH": f"{executable.parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.call(
        [str(executable), command, "--python", PYTHON, "--color", "yes" if sys.stdout.isatty() else "no", *arguments],
        cwd=copy,
        env=environ,
    )


def provide_get_pip() -> None:
    """Put the stand-in where ansible-test looks before it downloads; a file that is there already stays."""
    GET_PIP_CACHE.mkdir(parents=True, exist_ok=True)
    for version in GET_PIP_VERSIONS:
        path = GET_PIP_CACHE / f"get_pip_{version}.py"
        if not path.exists():
            path.write_text(GET_PIP, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
