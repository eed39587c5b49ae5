# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ratios, and whether they are good enough."""

from __future__ import annotations

import pytest
from benchmarks.goals import Goal
from benchmarks.plays import Play

OURS, URI = (Play(name, lambda dummy: []) for name in ("ours", "uri"))


def test_time_is_without_the_startup(figures) -> None:
    """(1.5 - 0.5) / (4.5 - 0.5)."""
    goal = Goal.time(OURS, URI, 0.25)
    value = goal.value({"ours": figures(1.5), "uri": figures(4.5)})
    assert value == pytest.approx(0.25)
    assert goal.met(0.25)
    assert not goal.met(0.26)


def test_requests_are_those_to_all_services(figures) -> None:
    """A number of its own, beside nothing."""
    goal = Goal.requests(OURS, 4)
    assert goal.value({"ours": figures(1, entra=2, graph=3)}) == 5
    assert not goal.met(5)


def test_memory_of_the_largest_worker(figures) -> None:
    """A ratio, whatever the whole run took."""
    assert (
        Goal.worker_memory(OURS, URI, 1.25).value(
            {"ours": figures(1, memory=900, worker=60), "uri": figures(1, worker=80)}
        )
        == 0.75
    )


def test_a_ratio_of_which_nothing_is_asked(figures) -> None:
    """It is told, and neither met nor missed."""
    goal = Goal.time(OURS, URI)
    assert goal.value({"ours": figures(1.5), "uri": figures(1.0)}) == 2
    assert goal.met(2) is None
