# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measure: python tests/benchmarks [options] [scenarios]."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

# A directory that is run is not a package: make it one, and keep its own modules from being found as top-level ones.
PACKAGE = Path(__file__).resolve().parent
sys.path[:] = [str(PACKAGE.parent)] + [entry for entry in sys.path if Path(entry or ".").resolve() != PACKAGE]

from benchmarks.chart import draw
from benchmarks.contestants import startup
from benchmarks.figures import Figures
from benchmarks.machine import facts
from benchmarks.plays import Sample, measure
from benchmarks.report import Report, on_page
from benchmarks.rounds import play_rounds
from benchmarks.scenarios import ROOT, Scenario, scenarios
from emulator.client import Emulator

CACHE = ROOT / ".cache" / "bench"
PAGE = ROOT / "docs" / "performance.md"
RECORDED = {"results.json": "performance.json", "growth.svg": "performance-growth.svg"}


def _arguments(letters: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tests/benchmarks",
        description="Plays the same work side by side, with the collection and without it, and compares.",
    )
    parser.add_argument(
        "scenarios", nargs="*", metavar="scenario", help=f"which to play: {', '.join(letters)} (default: all)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often each play is measured (default: 3)")
    parser.add_argument(
        "--latency",
        type=int,
        nargs="+",
        default=[0, 50],
        metavar="MS",
        help="what the emulator waits before each answer (default: 0 and 50)",
    )
    parser.add_argument("--record", action="store_true", help="put the results into docs/")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.scenarios) - set(letters))
    if unknown:
        parser.error(f"there is no scenario {', '.join(unknown)}")
    if arguments.rounds < 1:
        parser.error("there has to be a round")
    if arguments.record and arguments.scenarios:
        parser.error("only a run of all scenarios is recorded")
    return arguments


def main() -> None:
    """Play all rounds, and write what came of them."""
    known = scenarios()
    arguments = _arguments([scenario.letter for scenario in known])
    wanted = [scenario for scenario in known if scenario.letter in arguments.scenarios or not arguments.scenarios]
    for scenario in wanted:
        if scenario.skipped:
            say(f"Scenario {scenario.letter} is skipped: {scenario.skipped}.")
    report = Report(facts(), arguments.rounds, wanted, _measured(wanted, arguments.rounds, arguments.latency))
    say(f"\n{report.markdown()}")
    CACHE.mkdir(parents=True, exist_ok=True)
    (CACHE / "results.json").write_text(json.dumps(report.document(), indent=2) + "\n", encoding="utf-8")
    (CACHE / "table.md").write_text(report.markdown(), encoding="utf-8")
    draw(report.figures[arguments.latency[0]], CACHE / "growth.svg")
    if arguments.record:
        PAGE.write_text(on_page(PAGE.read_text(encoding="utf-8"), report.markdown()), encoding="utf-8")
        for name, recorded in RECORDED.items():
            shutil.copyfile(CACHE / name, PAGE.with_name(recorded))


def _measured(wanted: list[Scenario], rounds: int, latencies: list[int]) -> dict[int, dict[str, Figures]]:
    """The figures of each play at each latency. A play that several scenarios share is played once a round."""
    none = startup()
    plays = {
        latency: [none, *(play for scenario in wanted for play in scenario.played(latency > 0))]
        for latency in latencies
    }
    by_entry = {(play.name, latency): play for latency in latencies for play in plays[latency]}
    with Emulator.start() as emulator:

        def play(entry: tuple[str, int], number: int) -> Sample:
            name, latency = entry
            with tempfile.TemporaryDirectory(prefix="bench-") as directory:
                sample = measure(by_entry[entry], emulator, latency, Path(directory))
            say(f"round {number} of {rounds}: {name}, {latency} ms: {sample.usage.seconds:.2f} s")
            return sample

        samples = play_rounds(list(by_entry), rounds, play)
    figures: dict[int, dict[str, Figures]] = {latency: {} for latency in latencies}
    for (name, latency), measured in samples.items():
        figures[latency][name] = Figures.of(measured, samples[none.name, latency])
    return figures


def say(text: str) -> None:
    """Print at once: a run takes minutes."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
