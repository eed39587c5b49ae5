# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An emulator for each test process, and a stage for each test: a directory with an inventory in which plays run
against it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from emulator.client import Emulator
from support.certificates import Made, make_certificate

from stage import Stage


@pytest.fixture(name="started", scope="session")
def fixture_started() -> Iterator[Emulator]:
    """An emulator that serves all tests of this process."""
    with Emulator.start() as emulator:
        yield emulator


@pytest.fixture(name="emulator")
def fixture_emulator(started: Emulator) -> Emulator:
    """An emulator without connectors."""
    started.reset()
    return started


@pytest.fixture(name="stage")
def fixture_stage(tmp_path: Path, emulator: Emulator) -> Stage:
    """A directory for plays against the emulator."""
    return Stage(tmp_path, emulator)


@pytest.fixture(name="orders", scope="session")
def fixture_orders() -> Made:
    """A certificate that is valid today."""
    return make_certificate("orders.example")
