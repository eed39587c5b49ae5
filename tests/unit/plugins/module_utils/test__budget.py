# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import math
import socket
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

import pytest

from ansible_collections.msgraph.identity.plugins.module_utils._budget import (
    FIRST_WAIT,
    LONGEST,
    LONGEST_WAIT,
    Budget,
    Clock,
    backoff,
)
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError


def test_time_passes(clock):
    budget = Budget(clock, 10, 5)
    assert (budget.left(), budget.time_for(3), budget.time_for(30)) == (10, 3, 10)
    clock.now += 9
    assert (budget.left(), budget.time_for(3)) == (1, 1)
    assert (budget.has_time_for(0.9), budget.has_time_for(1)) == (True, False)
    clock.now += 1
    with pytest.raises(IdentityError, match="the 10 s of retry_timeout were over. Allow more"):
        budget.time_for(3)


@pytest.mark.parametrize(
    "attempt, wait, own, may",
    [
        (0, 1, None, True),
        (1, 1, None, True),
        (2, 1, None, False),
        (0, 9.9, None, True),
        (0, 10, None, False),
        (0, 1, 0, False),
        (4, 1, 5, True),
    ],
)
def test_when_something_may_be_tried_again(clock, attempt, wait, own, may):
    assert Budget(clock, 10, 2).part(retries=own).may_retry(attempt, wait) is may


@pytest.mark.parametrize("seconds, left", [(3, 3), (30, 10), (math.inf, 10)])
def test_part_ends_with_the_whole_at_the_latest(clock, seconds, left):
    whole = Budget(clock, 10, 2)
    part = whole.part(seconds, retries=0)
    assert (part.left(), part.time_for(99), part.retries, whole.left(), whole.retries) == (left, left, 0, 10, 2)
    part.note("Mind this.")
    assert whole.notices == ["Mind this."]
    clock.now += 4
    assert (part.left() > 0, whole.left()) == (left > 4, 6)


def test_no_time_is_too_long_for_sockets_and_sleeping(clock):
    budget = Budget(clock, 10**12, 5)
    assert budget.time_for(10**12) == LONGEST
    with socket.socket() as sock:
        sock.settimeout(budget.time_for(10**12))
    assert not budget.has_time_for(10**12)


def test_waits_are_noted(clock):
    budget = Budget(clock, 10, 2)
    budget.wait_to_retry("graph.example answered 429", 3, 0)
    budget.part(retries=1).wait_to_retry("graph.example answered 429", 1, 0)
    budget.note("Mind this.")
    assert budget.notices == [
        "graph.example answered 429; retry 1 of 2 in 3 s.",
        "graph.example answered 429; retry 1 of 1 in 1 s.",
        "Mind this.",
    ]
    assert clock.slept == [3, 1]


@pytest.mark.parametrize("attempt, longest", [(0, 1), (1, 2), (2, 4), (4, 16), (5, 30), (50, 30), (5000, 30)])
def test_backoff_is_doubled_and_bounded(monkeypatch, attempt, longest):
    monkeypatch.undo()
    waits = [backoff(attempt) for unused in range(50)]
    assert longest / 2 <= min(waits) < max(waits) <= longest


def test_first_and_longest_wait():
    assert (FIRST_WAIT, LONGEST_WAIT) == (1, 30)


def test_real_clock(monkeypatch):
    slept = []
    monkeypatch.setattr(time, "sleep", slept.append)
    monkeypatch.setattr(time, "monotonic", lambda: 5.0)
    clock = Clock()
    clock.sleep(2)
    assert (clock.monotonic(), slept) == (5.0, [2])
    assert abs(clock.utc() - datetime.now(timezone.utc)) < timedelta(minutes=1)


NOON = datetime(2026, 6, 1, 12, 0, 0, tzinfo=timezone.utc)  # by the clock of the test


@pytest.mark.parametrize(
    "minutes, took, doubt",
    [
        (0, 0, None),
        (5, 0, None),
        (-5, 0, None),
        (6, 0, "6 minutes behind"),
        (-6, 0, "6 minutes ahead of"),
        (-60 * 24 * 30, 0, "30 days ahead of"),
        # The answer may be as old as the question.
        (-20, 20, None),
        (-26, 20, "6 minutes ahead of"),
    ],
)
def test_clocks_that_differ_are_noted_once(clock, minutes, took, doubt):
    budget = Budget(clock, 1e6, 5)
    assert clock.utc() == NOON
    clock.now += took * 60
    date = format_datetime(clock.utc() + timedelta(minutes=minutes), usegmt=True)
    for host in ("graph.example", "login.example"):
        budget.part(5).compare_clocks(date, host, NOON)
    if doubt is None:
        assert (budget.notices, budget.doubt) == ([], "")
    else:
        clock_of_this_machine = f"the clock of this machine, which is {doubt} that of graph.example"
        assert budget.notices == [f"What is said of dates goes by {clock_of_this_machine}. Set it."]
        assert budget.doubt == f" This goes by {clock_of_this_machine}."


@pytest.mark.parametrize("date", [None, "", "soon"])
def test_answer_that_tells_no_time_raises_no_doubt(clock, date):
    budget = Budget(clock, 10, 5)
    budget.compare_clocks(date, "graph.example", NOON)
    assert (budget.notices, budget.doubt) == ([], "")
