# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order in which plays are measured."""

from __future__ import annotations

from benchmarks.rounds import order, play_rounds


def test_each_round_begins_elsewhere() -> None:
    """And plays all of them."""
    assert list(order("abcdef", 3)) == [list("abcdef"), list("cdefab"), list("efabcd")]


def test_more_rounds_than_plays() -> None:
    """Then some begin at the same place."""
    assert list(order("ab", 4)) == [["a", "b"], ["a", "b"], ["b", "a"], ["b", "a"]]


def test_plays_take_turns() -> None:
    """Results are by play, round by round."""
    played = []

    def play(entry: str, number: int) -> str:
        played.append(entry)
        return f"{entry}{number}"

    assert play_rounds("abc", 3, play) == {"a": ["a1", "a2", "a3"], "b": ["b1", "b2", "b3"], "c": ["c1", "c2", "c3"]}
    assert "".join(played) == "abcbcacab"
