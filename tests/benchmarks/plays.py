# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A play that is measured, and what one round of it came to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator.client import Emulator
from playbook.stage import LOCAL, Stage
from support.plays import BIN, environment, write_playbook

from .process import Usage, run
from .tasks import Task


class PlayFailed(Exception):
    """A play did not do what it was measured for."""


@dataclass(frozen=True)
class Play:
    """One contestant.

    `prepare` sets the emulator and the files up, and returns the tasks; `changed` is what the play has to report.
    """

    name: str
    prepare: Callable[[Stage], list[Task]]
    hosts: str = LOCAL
    forks: int = 5
    changed: int = 0


@dataclass(frozen=True)
class Sample:
    """One round of one play."""

    usage: Usage
    requests: Mapping[str, int]


def measure(play: Play, emulator: Emulator, latency_ms: int, directory: Path) -> Sample:
    """Play it in `directory`, against an emulator in the state that it asks for."""
    emulator.reset()
    stage = Stage(directory, emulator)
    name = write_playbook(directory, play.prepare(stage), hosts=play.hosts)
    stage.write("inventory", "\n".join([*stage.inventory, ""]).encode())
    (stage.home / "tmp").mkdir(parents=True)
    emulator.settings(latency_ms=latency_ms)
    emulator.clear_requests()
    output = directory / "output"
    command = [str(BIN / "ansible-playbook"), "-i", "inventory", "--forks", str(play.forks), name]
    code, usage = run(command, directory, environment(stage.home), output)
    printed = output.read_text(encoding="utf-8", errors="replace")
    if code != 0 or changes(printed) != play.changed:
        raise PlayFailed(
            f"'{play.name}' ended with exit code {code} and changed={changes(printed)}, not {play.changed}:\n{printed[-4000:]}"
        )
    return Sample(usage, count(emulator.requests()))


def changes(printed: str) -> int:
    """How many tasks have changed something, as the recap says."""
    return sum(int(number) for number in re.findall(r"\bchanged=(\d+)", printed))


def count(log: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """The requests to each service."""
    return dict(Counter(entry["service"] for entry in log))
