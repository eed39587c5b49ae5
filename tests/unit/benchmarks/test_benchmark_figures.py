# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Medians."""

from __future__ import annotations

import pytest
from benchmarks.figures import Figures


def test_medians_over_rounds(sample) -> None:
    """Each number is a median of its own, and the startup is that of the same rounds."""
    samples = [
        sample(5.0, cpu=3, memory=10, worker=7),
        sample(2.0, cpu=1, memory=30, worker=9),
        sample(3.0, cpu=2, memory=20, worker=8),
    ]
    figures = Figures.of(samples, [sample(0.4), sample(0.6), sample(9.0)])
    assert (figures.seconds, figures.least, figures.most) == (3.0, 2.0, 5.0)
    assert figures.net_seconds == pytest.approx(2.4)
    assert (figures.cpu_seconds, figures.memory_mib, figures.worker_mib) == (2, 20, 8)


def test_an_even_number_of_rounds(sample) -> None:
    """The mean of the two in the middle."""
    assert Figures.of([sample(1.0), sample(2.0)], [sample(0.5)]).seconds == 1.5


def test_requests_are_those_of_the_worst_round(sample) -> None:
    """By service, and all together."""
    figures = Figures.of([sample(1, entra=2, graph=4), sample(1, graph=5)], [sample(0.5)])
    assert figures.requests == {"entra": 2, "graph": 5}
    assert figures.all_requests == 7


def test_as_json(sample) -> None:
    """Rounded: more digits would only pretend."""
    document = Figures.of([sample(1 / 3, graph=1)], [sample(0)]).document()
    assert document["seconds"] == 0.333
    assert document["requests"] == {"graph": 1}
