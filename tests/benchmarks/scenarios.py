# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is measured, what it is held against, and the goals."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from playbook.stage import BASTION

from . import contestants as the
from .goals import Goal
from .plays import Play

ROOT = Path(__file__).resolve().parents[2]
GROWTH = (1, 10, 30, 100)
INFO_GROWTH = (10, 100, 1000)


@dataclass(frozen=True)
class Scenario:
    """Plays that do comparable work, and goals for them; `skipped` says why they cannot be played.

    `growth` are smaller ones of the same kinds, for the chart. They are not played with latency.
    """

    letter: str
    title: str
    plays: tuple[Play, ...]
    goals: tuple[Goal, ...]
    growth: tuple[Play, ...] = ()
    skipped: str | None = None

    def played(self, with_latency: bool) -> tuple[Play, ...]:
        """What is played."""
        if self.skipped:
            return ()
        return self.plays if with_latency else (*self.growth, *self.plays)


def scenarios() -> list[Scenario]:
    """All scenarios, in the order of their letters."""
    return [_tasks(), _loops(), _loops_with_uploads(), _hand_written(), _tenants(), _lists(), _on_a_host()]


def _tasks() -> Scenario:
    ours, uri, debug = the.tasks_of_ours(20), the.tasks_of_uri(20), the.tasks_of_debug(20)
    return Scenario(
        "a", "20 converged tasks in one play", (ours, uri, debug), (Goal.time(ours, uri, 0.35), Goal.time(ours, debug))
    )


def _loops() -> Scenario:
    kinds = (the.loop_by_id, the.loop_by_name, the.loop_of_uri, the.loop_of_debug)
    *smaller, largest = GROWTH
    by_id, by_name, uri, debug = plays = tuple(kind(largest) for kind in kinds)
    goals = [
        goal
        for ours in (by_id, by_name)
        for goal in (Goal.time(ours, uri, 1 / 25), Goal.time(ours, debug, 5), Goal.requests(ours, 4))
    ]
    return Scenario(
        "b",
        "A loop over converged connectors",
        plays,
        tuple(goals),
        growth=tuple(kind(count) for count in smaller for kind in kinds),
    )


def _loops_with_uploads() -> Scenario:
    by_id, by_name, uri = the.loop_by_id(100, due=10), the.loop_by_name(100, due=10), the.loop_of_uri(100)
    # Four for the loop, then a fresh read and a write for each upload.
    goals = (Goal.requests(by_id, 24), Goal.requests(by_name, 24), Goal.time(by_id, uri), Goal.time(by_name, uri))
    return Scenario("c", "The same loop, 10 of 100 need an upload", (by_id, by_name, uri), goals)


def _hand_written() -> Scenario:
    converged, due = (the.one_of_ours(), the.one_by_hand()), (the.one_of_ours(due=1), the.one_by_hand(due=1))
    goals = (Goal.time(*converged, 1 / 4), Goal.time(*due, 1 / 4))
    return Scenario(
        "d",
        "One task against what a user would write without it: token, read, thumbprint, upload",
        (*converged, *due),
        goals,
    )


def _tenants() -> Scenario:
    (ours_5, uri_5), (ours_10, uri_10) = (
        (the.tenants_with_ours(forks), the.tenants_with_uri(forks)) for forks in (5, 10)
    )
    memory = (Goal.worker_memory(ours_5, uri_5, 1.25), Goal.worker_memory(ours_10, uri_10, 1.25))
    goals = (Goal.time(ours_10, ours_5, 1), *memory, Goal.time(ours_5, uri_5), Goal.time(ours_10, uri_10))
    return Scenario("e", "Many hosts, each a tenant of its own", (ours_5, uri_5, ours_10, uri_10), goals)


def _lists() -> Scenario:
    plays = tuple(the.info(count) for count in INFO_GROWTH)
    # A sign-in, and a request a page.
    goals = tuple(Goal.requests(play, 2 + the.pages(count)) for play, count in zip(plays, INFO_GROWTH))
    there = (ROOT / "plugins" / "modules" / f"{the.INFO}.py").exists()
    return Scenario(
        "f", "All connectors listed", plays, goals, skipped=None if there else f"there is no module {the.INFO} yet"
    )


def _on_a_host() -> Scenario:
    ours, uri = the.one_of_ours(hosts=BASTION), the.one_uri(BASTION)
    ours_due, uri_due = the.one_of_ours(due=1, hosts=BASTION), the.one_uri_upload(BASTION)
    goals = (Goal.time(ours, uri), Goal.time(ours_due, uri_due))
    return Scenario("g", "On a host, through a connection that is not local", (ours, uri, ours_due, uri_due), goals)
