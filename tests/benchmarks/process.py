# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A process and all that it starts, measured from outside."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import psutil

INTERVAL = 0.02  # seconds between two looks at the memory
MIB = 1024 * 1024


@dataclass(frozen=True)
class Usage:
    """What a run took. Memory is resident memory, in MiB: pages that processes share count in each of them.

    `worker_mib` is the largest child of the process, with all that this child had started.
    """

    seconds: float
    cpu_seconds: float
    memory_mib: float
    worker_mib: float


def run(command: Sequence[str], directory: Path, environ: Mapping[str, str], output: Path) -> tuple[int, Usage]:
    """Run `command`, with what it prints in `output`; returns its exit code and what it took."""
    with open(output, "wb") as file:
        began = perf_counter()
        process = subprocess.Popen(
            command, cwd=directory, env=environ, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT
        )
        peak = _Peak(process.pid)
        peak.start()
        # Unlike subprocess, wait4 tells what the process and its children took of the processors.
        dummy, status, usage = os.wait4(process.pid, 0)
        seconds = perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        peak.stop()
    return process.returncode, Usage(seconds, usage.ru_utime + usage.ru_stime, peak.memory / MIB, peak.worker / MIB)


class _Peak(threading.Thread):
    """Looks at the memory of a process and of all below it, again and again."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.memory = self.worker = 0
        self._pid = pid
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.wait(INTERVAL):
            with suppress(psutil.NoSuchProcess):
                process = psutil.Process(self._pid)
                workers = _workers(process)
                self.memory = max(self.memory, _memory(process) + sum(workers))
                self.worker = max(self.worker, *workers, 0)

    def stop(self) -> None:
        """Look no more."""
        self._ended.set()
        self.join()


def _workers(process: psutil.Process) -> list[int]:
    """The memory of each child, with all below it; the list of processes is read once, as that is what takes time."""
    child_of = {process.pid: 0}
    memory: dict[int, int] = {}
    for below in process.children(recursive=True):  # parents come first
        with suppress(psutil.NoSuchProcess):
            child_of[below.pid] = child = child_of.get(below.ppid(), 0) or below.pid
            memory[child] = memory.get(child, 0) + _memory(below)
    return list(memory.values())


def _memory(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0
