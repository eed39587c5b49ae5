# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real ansible-playbook runs in a clean environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

BIN = Path(sys.executable).parent
COLLECTIONS = BIN.parent / "collections"
CONNECTION_PLUGINS = Path(__file__).parent / "connection_plugins"


@dataclass(frozen=True)
class Played:
    """What came of a run."""

    code: int
    stdout: str
    stderr: str

    @property
    def output(self) -> str:
        """All that was printed."""
        return self.stdout + self.stderr


def environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of a run: nothing of the developer's own."""
    return {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "TMPDIR": str(home / "tmp"),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS),
        "ANSIBLE_CONNECTION_PLUGINS": str(CONNECTION_PLUGINS),
        # The shell of a connection takes ~ from the user database, not from HOME.
        "ANSIBLE_REMOTE_TMP": str(home / ".ansible" / "tmp"),
        "ANSIBLE_ASYNC_DIR": str(home / ".ansible_async"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
        "ANSIBLE_NOCOLOR": "true",
        **more,
    }


def play(directory: Path, *arguments: str, environ: Mapping[str, str] | None = None, timeout: float = 120) -> Played:
    """Run `ansible-playbook arguments` in `directory`, whose `home` becomes the HOME of the run."""
    home = directory / "home"
    (home / "tmp").mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="play-") as short:
        # ansible-core 2.21 puts a socket below TMPDIR, and the path of a socket has to be short.
        link = Path(short, "tmp")
        link.symlink_to(home / "tmp")
        done = subprocess.run(
            [str(BIN / "ansible-playbook"), *arguments],
            cwd=directory,
            env=environment(home, **{"TMPDIR": str(link), **(environ or {})}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    return Played(done.returncode, done.stdout, done.stderr)


def write_playbook(
    directory: Path, tasks: list[dict[str, Any]], hosts: str = "localhost", name: str = "play.yml", **keywords: Any
) -> str:
    """A playbook of one play with `tasks`; returns its name."""
    document = [{"name": "Play", "hosts": hosts, "gather_facts": False, **keywords, "tasks": tasks}]
    (directory / name).write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return name


def registered(directory: Path, name: str) -> dict[str, Any]:
    """A result that a task of the play wrote with `copy` as JSON."""
    return json.loads((directory / name).read_text(encoding="utf-8"))
