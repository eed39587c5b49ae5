# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Samples of plays that nobody played."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from benchmarks.figures import Figures
from benchmarks.plays import Sample
from benchmarks.process import Usage

MakeSample = Callable[..., Sample]
MakeFigures = Callable[..., Figures]


@pytest.fixture(name="sample")
def fixture_sample() -> MakeSample:
    """Makes a sample."""

    def make(seconds: float, cpu: float = 1, memory: float = 100, worker: float = 50, **requests: int) -> Sample:
        return Sample(Usage(seconds, cpu, memory, worker), requests)

    return make


@pytest.fixture(name="figures")
def fixture_figures(sample: MakeSample) -> MakeFigures:
    """Makes the figures of one round; the startup is half a second."""

    def make(seconds: float, **others: float) -> Figures:
        return Figures.of([sample(seconds, **others)], [sample(0.5)])

    return make
