# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one task has: its time, what happened to it on the way, its secrets. Handed to whatever spends some of it or learns
of more.
"""

from __future__ import annotations

import copy
import math
import random
import time
from datetime import datetime, timedelta, timezone

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._foreign_text import Secrets
from ansible_collections.msgraph.identity.plugins.module_utils._times import about, http_date

FIRST_WAIT = 1.0  # seconds
LONGEST_WAIT = 30.0  # seconds, when the server does not say how long
TOLERATED = timedelta(minutes=5)  # by which clocks differ without harm
LONGEST = 1e6  # seconds, eleven days; of more, sockets and sleeping make an OverflowError


class Clock:
    """Time as the collection sees it; tests drive their own."""

    def utc(self) -> datetime:
        """The time of day in UTC, as this machine has it."""
        return datetime.now(timezone.utc)

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        time.sleep(seconds)


class Budget:
    """What one task may spend on requests, on repeating them and on waiting, and what it learns on the way.

    :param seconds: for everything together, from now on
    :param retries: how often one request may be repeated
    :param secrets: those that the task gives
    :ivar notices: sentences for the person who wonders about a slow task
    """

    def __init__(self, clock: Clock, seconds: float, retries: int, secrets: Secrets | None = None) -> None:
        self.clock = clock
        self.retries = retries
        self.secrets = secrets or Secrets()
        self.notices: list[str] = []
        self._doubts: list[str] = []
        self._seconds = min(seconds, LONGEST)
        self._deadline = clock.monotonic() + self._seconds

    def part(self, seconds: float = math.inf, retries: int | None = None) -> Budget:
        """Some of it, for something that is not worth all: with the same notices, and never longer than the whole.

        :param retries: instead of the task's own
        """
        part = copy.copy(self)
        part._deadline = min(self._deadline, self.clock.monotonic() + seconds)
        part.retries = self.retries if retries is None else retries
        return part

    def left(self) -> float:
        """Seconds until the task has to end."""
        return self._deadline - self.clock.monotonic()

    def time_for(self, longest: float) -> float:
        """Seconds for something that begins now and may take `longest`.

        :raises IdentityError: when there are none left
        """
        left = self.left()
        if left <= 0:
            raise IdentityError(
                f"the {self._seconds:g} s of retry_timeout were over. Allow more, or look why it is slow."
            )
        return min(longest, left)

    def has_time_for(self, wait: float) -> bool:
        """Whether it outlasts `wait` seconds."""
        return wait < self.left()

    def may_retry(self, attempt: int, wait: float) -> bool:
        """Whether attempt `attempt` (from 0) may be followed by another one after `wait` seconds."""
        return attempt < self.retries and self.has_time_for(wait)

    def wait(self, why: str, seconds: float) -> None:
        """Let `seconds` pass, and note why."""
        self.note(why)
        self.clock.sleep(seconds)

    def wait_to_retry(self, trouble: str, wait: float, attempt: int) -> None:
        """Let `wait` seconds pass after attempt `attempt` (from 0), which met `trouble`."""
        self.wait(f"{trouble}; retry {attempt + 1} of {self.retries} in {f'{wait:.1f}'.removesuffix('.0')} s.", wait)

    def compare_clocks(self, date: str | None, host: str, began: datetime) -> None:
        """Compare the `Date` of an answer (RFC 9110, 6.6.1) with the clock of this machine, and note once if they differ.

        :param host: whose answer it is
        :param began: when it was asked for
        """
        told = http_date(date)
        if told is None or self._doubts:
            return
        ended = self.clock.utc()
        differs = told - ended if told > ended else told - began if told < began else timedelta(0)
        if abs(differs) > TOLERATED:
            self._doubts.append(
                f"the clock of this machine, which is {about(differs)} {'behind' if differs > timedelta(0) else 'ahead of'} that of {host}"
            )
            self.note(f"What is said of dates goes by {self._doubts[0]}. Set it.")

    @property
    def doubt(self) -> str:
        """What has to follow a sentence about a date that has passed, or has not yet come; empty when clocks agree."""
        return f" This goes by {self._doubts[0]}." if self._doubts else ""

    def note(self, sentence: str) -> None:
        """Keep a sentence for the result of the task."""
        self.notices.append(sentence)


def backoff(attempt: int) -> float:
    """Seconds to wait after attempt `attempt` (from 0): doubled each time, with jitter so that many tasks do not return
    together.
    """
    return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(attempt, 16)) * random.uniform(0.5, 1.0)
