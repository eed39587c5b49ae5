# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables and the JSON."""

from __future__ import annotations

import json

import pytest
from benchmarks.goals import Goal
from benchmarks.plays import Play
from benchmarks.report import MARK, Report, on_page, table
from benchmarks.scenarios import Scenario

OURS, URI, SMALL = (Play(name, lambda dummy: []) for name in ("ours", "uri", "small"))


@pytest.fixture(name="report")
def fixture_report(figures) -> Report:
    """One scenario that was played and one that was skipped."""
    played = Scenario(
        "a",
        "Tasks",
        (OURS, URI),
        (Goal.time(OURS, URI, 0.5), Goal.requests(OURS, 4), Goal.time(URI, OURS)),
        growth=(SMALL,),
    )
    skipped = Scenario("f", "Lists", (SMALL,), (Goal.requests(SMALL, 1),), skipped="there is no module yet")
    without = {"ours": figures(1.5, entra=2, graph=3), "uri": figures(4.5, graph=1), "small": figures(0.7)}
    latent = {"ours": figures(3.5, entra=2, graph=2, worker=0), "uri": figures(4.5, graph=1)}
    return Report({"cores": 2, "python": "3.11"}, 3, [played, skipped], {0: without, 50: latent})


def test_a_table() -> None:
    """Words to the left, numbers to the right."""
    assert (
        table(["play", "seconds"], [["ours", "1.50"]], words=1) == "| play | seconds |\n| --- | --: |\n| ours | 1.50 |"
    )


def test_goals_are_judged_at_each_latency(report: Report) -> None:
    """A goal that is missed says so."""
    lines = report.markdown().splitlines()
    assert "| a | time | ours | uri | at most 0.50 | 0.25 | 0.75 (missed) |" in lines
    assert "| a | requests | ours |  | at most 4 | 5 (missed) | 4 |" in lines
    assert "| a | time | uri | ours |  | 4.00 | 1.33 |" in lines


def test_plays(report: Report) -> None:
    """A line for each play and latency; growth is not played with latency, and what nobody saw stays empty."""
    lines = report.markdown().splitlines()
    assert "| ours | 0 ms | 1.50 | 1.50 – 1.50 | 1.00 | 1.00 | 2 | 3 | 100 | 50 |" in lines
    assert "| ours | 50 ms | 3.50 | 3.50 – 3.50 | 3.00 | 1.00 | 2 | 2 | 100 |  |" in lines
    assert [line.split(" | ")[1] for line in lines if line.startswith("| small")] == ["0 ms"]


def test_what_was_skipped_is_said(report: Report) -> None:
    """And its goals are neither met nor missed."""
    assert "Skipped: there is no module yet." in report.markdown()
    assert report.document()["skipped"] == {"f": "there is no module yet"}
    assert {goal["scenario"] for goal in report.document()["goals"]} == {"a"}


def test_the_machine_is_described(report: Report) -> None:
    """By what numbers depend on."""
    assert "Medians of 3 rounds;" in report.markdown()
    assert "Measured on: cores 2, python 3.11." in report.markdown()


def test_as_json(report: Report) -> None:
    """Figures of each play, and what each goal came to."""
    document = json.loads(json.dumps(report.document()))
    assert {(play["play"], play["latency_ms"]) for play in document["plays"]} == {
        ("ours", 0),
        ("uri", 0),
        ("small", 0),
        ("ours", 50),
        ("uri", 50),
    }
    assert document["goals"][0] == {
        "scenario": "a",
        "quantity": "time",
        "play": "ours",
        "against": "uri",
        "limit": 0.5,
        "measured": [{"latency_ms": 0, "value": 0.25, "met": True}, {"latency_ms": 50, "value": 0.75, "met": False}],
    }


def test_page_keeps_its_words_and_gets_new_tables(report: Report) -> None:
    """What people wrote stays; what was measured before goes."""
    page = on_page(f"# Words\n\n{MARK}\n\nold tables\n", report.markdown())
    assert page == f"# Words\n\n{report.markdown()}"
    assert on_page(page, report.markdown()) == page
    with pytest.raises(ValueError, match="has no line"):
        on_page("# Words\n", report.markdown())
