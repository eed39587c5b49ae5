# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is asked of a play: a number of its own, or one beside that of another play."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .figures import Figures
from .plays import Play

TIME, REQUESTS, WORKER_MEMORY = "time", "requests", "memory per worker"


@dataclass(frozen=True)
class Goal:
    """`quantity` of `play`, divided by that of `against` where there is one, is at most `limit`; without a limit it is
    only told.
    """

    quantity: str
    play: str
    against: str | None
    limit: float | None

    @classmethod
    def time(cls, play: Play, against: Play, limit: float | None = None) -> Goal:
        """How long the tasks take; the startup is no merit or fault of theirs."""
        return cls(TIME, play.name, against.name, limit)

    @classmethod
    def requests(cls, play: Play, limit: int) -> Goal:
        """How many requests are sent, to all services."""
        return cls(REQUESTS, play.name, None, limit)

    @classmethod
    def worker_memory(cls, play: Play, against: Play, limit: float) -> Goal:
        """How much the largest worker needs."""
        return cls(WORKER_MEMORY, play.name, against.name, limit)

    def value(self, figures: Mapping[str, Figures]) -> float:
        """What was measured, from the figures of all plays."""
        mine = self._of(figures[self.play])
        return mine / self._of(figures[self.against]) if self.against else mine

    def met(self, value: float) -> bool | None:
        """Whether `value` is good enough; None where nothing is asked."""
        return None if self.limit is None else value <= self.limit

    def _of(self, figures: Figures) -> float:
        return {TIME: figures.net_seconds, REQUESTS: figures.all_requests, WORKER_MEMORY: figures.worker_mib}[
            self.quantity
        ]
