# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In a process of its own: a crash of the library is a failure of one test, and not the end of all."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from support import fuzz_key_files

# Of each property; more by hand, with tests/support/fuzz_key_files.py.
EXAMPLES = 200


def test_no_file_does_harm(tmp_path):
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", Path(fuzz_key_files.__file__), str(EXAMPLES)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-6000:]
    assert done.stderr == ""
    counted = {name: int(number) for name, number in re.findall(r"(.+): (\d+)", done.stdout)}
    assert len(counted) == 9 and min(counted.values()) >= EXAMPLES
