# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who plays when: all in turn, round after round, so that a busy minute of the machine does not hit one of them alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

Entry = TypeVar("Entry")
Result = TypeVar("Result")


def order(entries: Sequence[Entry], rounds: int) -> Iterator[list[Entry]]:
    """The entries as each round plays them, begun at another place each time."""
    for number in range(rounds):
        first = number * len(entries) // rounds
        yield [*entries[first:], *entries[:first]]


def play_rounds(
    entries: Sequence[Entry], rounds: int, play: Callable[[Entry, int], Result]
) -> dict[Entry, list[Result]]:
    """What each entry came to, round by round."""
    results: dict[Entry, list[Result]] = {entry: [] for entry in entries}
    for number, in_order in enumerate(order(entries, rounds), start=1):
        for entry in in_order:
            results[entry].append(play(entry, number))
    return results
