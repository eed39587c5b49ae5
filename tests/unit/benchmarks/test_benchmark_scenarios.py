# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is measured, without measuring it."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks import scenarios as module
from benchmarks.scenarios import scenarios
from benchmarks.tasks import seed


def test_letters() -> None:
    """In order, each once."""
    assert "".join(scenario.letter for scenario in scenarios()) == "abcdefg"


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.letter)
def test_goals_are_about_plays_of_the_scenario(scenario) -> None:
    """Else a run of this scenario alone could not judge them; figures are found by name, so a name stands for one play."""
    names = [play.name for play in (*scenario.growth, *scenario.plays)]
    assert len(set(names)) == len(names)
    assert {name for goal in scenario.goals for name in (goal.play, goal.against) if name} <= {
        play.name for play in scenario.plays
    }


def test_growth_is_played_without_latency_only() -> None:
    """It would take long, and the chart shows none."""
    loops = scenarios()[1]
    assert "loop of 30, uri" in {play.name for play in loops.played(with_latency=False)}
    assert {play.name.split(",")[0] for play in loops.played(with_latency=True)} == {"loop of 100"}


def test_lists_are_played_once_the_module_exists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And skipped aloud before."""
    monkeypatch.setattr(module, "ROOT", tmp_path)
    skipped = scenarios()[5]
    assert skipped.skipped == "there is no module apiconnector_info yet"
    assert skipped.played(with_latency=False) == ()
    (tmp_path / "plugins" / "modules").mkdir(parents=True)
    (tmp_path / "plugins" / "modules" / "apiconnector_info.py").touch()
    there = scenarios()[5]
    assert [goal.limit for goal in there.goals] == [3, 3, 12]
    assert len(there.played(with_latency=True)) == 3


@pytest.mark.parametrize(("count", "due"), [(1, 0), (1, 1), (100, 10), (30, 7)])
def test_seeds(count: int, due: int) -> None:
    """As many connectors as were asked for, of which as many lack the certificate."""

    class Emulator:
        """Takes connectors and keeps them."""

        def add_connectors(self, documents) -> list[str]:
            self.documents = list(documents)
            return [document["displayName"] for document in self.documents]

    class Stage:
        """Has an emulator."""

        emulator = Emulator()

    assert len(seed(Stage(), count, due)) == count
    assert sum(not document["authentication"]["certificates"] for document in Stage.emulator.documents) == due
