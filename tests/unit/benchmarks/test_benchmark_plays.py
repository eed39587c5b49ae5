# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read off a play, and what a process took."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from benchmarks.plays import changes, count
from benchmarks.process import run
from emulator.client import Emulator

RECAP = """
PLAY RECAP *********************************************************************
tenant0                    : ok=1    changed=1    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0
tenant1                    : ok=1    changed=12   unreachable=0    failed=0    skipped=0    rescued=0    ignored=0
"""

# A parent that stays small, and a child of it that does not: it fills 64 MiB.
PARENT = "import subprocess, sys; print('printed'); sys.exit(subprocess.call([sys.executable, '-c', sys.argv[1]]))"
CHILD = "import sys, time; filled = bytearray(64 << 20); time.sleep(0.6); sys.exit(3)"


def test_changes_of_all_hosts() -> None:
    """They add up."""
    assert changes(RECAP) == 13
    assert changes("no recap") == 0


def test_requests_by_service() -> None:
    """Counted in the log of an emulator, without the calls that steer it."""
    with Emulator.start() as emulator:
        for url, times in ((emulator.graph_url, 2), (emulator.authority_host, 1)):
            for dummy in range(times):
                emulator._session.get(f"{url}/nothing", timeout=10)
        assert count(emulator.requests()) == {"graph": 2, "entra": 1}


def test_a_process_and_its_children(tmp_path: Path) -> None:
    """Exit code, output and memory, where the child counts as the worker."""
    output = tmp_path / "output"
    code, usage = run([sys.executable, "-c", PARENT, CHILD], tmp_path, os.environ, output)
    assert code == 3
    assert output.read_text(encoding="utf-8") == "printed\n"
    assert usage.seconds >= 0.6
    assert 0 < usage.cpu_seconds < 60
    assert usage.worker_mib > 64
    assert usage.memory_mib > usage.worker_mib
