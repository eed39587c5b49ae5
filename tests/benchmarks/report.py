# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All results of a run: as JSON for programs, and as Markdown tables for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .figures import Figures
from .goals import REQUESTS, Goal
from .scenarios import Scenario

COMMAND = "make bench"
MARK = f"<!-- Written by {COMMAND} RECORD=1 from here on. -->"


@dataclass(frozen=True)
class Report:
    """The figures of each play at each latency (ms), by name, and what they mean."""

    machine: Mapping[str, Any]
    rounds: int
    scenarios: Sequence[Scenario]
    figures: Mapping[int, Mapping[str, Figures]]

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "machine": dict(self.machine),
            "rounds": self.rounds,
            "plays": [
                {"play": name, "latency_ms": latency, **figures.document()}
                for latency, by_name in self.figures.items()
                for name, figures in by_name.items()
            ],
            "goals": [
                self._goal_document(scenario, goal)
                for scenario in self.scenarios
                if not scenario.skipped
                for goal in scenario.goals
            ],
            "skipped": {scenario.letter: scenario.skipped for scenario in self.scenarios if scenario.skipped},
        }

    def _goal_document(self, scenario: Scenario, goal: Goal) -> dict[str, Any]:
        measured = {latency: goal.value(by_name) for latency, by_name in self.figures.items()}
        return {
            "scenario": scenario.letter,
            "quantity": goal.quantity,
            "play": goal.play,
            "against": goal.against,
            "limit": goal.limit,
            "measured": [
                {"latency_ms": latency, "value": round(value, 4), "met": goal.met(value)}
                for latency, value in measured.items()
            ],
        }

    def markdown(self) -> str:
        """As tables: the goals of all scenarios, then the plays of each."""
        parts = [MARK, self._machine(), self._goals()]
        parts += [self._plays(scenario) for scenario in self.scenarios]
        return "\n\n".join(parts) + "\n"

    def _machine(self) -> str:
        facts = ", ".join(f"{name} {value}" for name, value in self.machine.items())
        medians = f"Medians of {self.rounds} round{'s' if self.rounds > 1 else ''}; times in the first table are without the startup of ansible-playbook."
        return f"{medians} Measured on: {facts}."

    def _goals(self) -> str:
        heads = ["", "what", "of", "beside", "goal", *(_latency(latency) for latency in self.figures)]
        rows = []
        for scenario in self.scenarios:
            for goal in () if scenario.skipped else scenario.goals:
                measured = [_judged(goal, goal.value(by_name)) for by_name in self.figures.values()]
                limit = "" if goal.limit is None else f"at most {_number(goal, goal.limit)}"
                rows.append([scenario.letter, goal.quantity, goal.play, goal.against or "", limit, *measured])
        return table(heads, rows, words=5)

    def _plays(self, scenario: Scenario) -> str:
        title = f"**{scenario.letter}. {scenario.title}**"
        if scenario.skipped:
            return f"{title}\n\nSkipped: {scenario.skipped}."
        heads = [
            "play",
            "latency",
            "seconds",
            "from – to",
            "less startup",
            "CPU seconds",
            "requests: Entra",
            "Graph",
            "peak MiB",
            "largest worker MiB",
        ]
        rows = [
            [play.name, _latency(latency), *_cells(by_name[play.name])]
            for latency, by_name in self.figures.items()
            for play in scenario.played(latency > 0)
        ]
        return f"{title}\n\n{table(heads, rows, words=1)}"


def on_page(page: str, markdown: str) -> str:
    """The page with these tables in place of its own."""
    prose, mark, _tables = page.partition(MARK)
    if not mark:
        raise ValueError(f"the page has no line {MARK}")
    return prose + markdown


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], words: int) -> str:
    """A table in Markdown, in which all columns but the first `words` are numbers."""
    rules = ["---"] * words + ["--:"] * (len(heads) - words)
    return "\n".join(f"| {' | '.join(row)} |" for row in (heads, rules, *rows))


def _cells(figures: Figures) -> list[str]:
    entra, graph = (str(figures.requests.get(service, 0)) for service in ("entra", "graph"))
    spread = f"{figures.least:.2f} – {figures.most:.2f}"
    # The play may have been over before anybody looked.
    sizes = (f"{size:.0f}" if size else "" for size in (figures.memory_mib, figures.worker_mib))
    return [
        f"{figures.seconds:.2f}",
        spread,
        f"{figures.net_seconds:.2f}",
        f"{figures.cpu_seconds:.2f}",
        entra,
        graph,
        *sizes,
    ]


def _number(goal: Goal, value: float) -> str:
    return f"{value:.0f}" if goal.quantity == REQUESTS else f"{value:.2f}"


def _judged(goal: Goal, value: float) -> str:
    verdict = {True: "", False: " (missed)", None: ""}[goal.met(value)]
    return f"{_number(goal, value)}{verdict}"


def _latency(latency: int) -> str:
    return f"{latency} ms"
