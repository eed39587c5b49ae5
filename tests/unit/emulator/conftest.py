# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A started emulator for the session, and a caller of its services."""

from __future__ import annotations

import pytest
import requests
from emulator.client import Emulator
from emulator_caller import Caller
from support.certificates import make_certificate


@pytest.fixture(scope="session")
def started():
    """One process for all tests of a session."""
    with Emulator.start() as emulator:
        yield emulator


@pytest.fixture
def emulator(started):
    """The emulator as it is after a start."""
    started.reset()
    return started


@pytest.fixture
def caller(emulator):
    """Calls Graph with a token that may do everything."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify = emulator.ca_path
        yield Caller(emulator, session)


@pytest.fixture(scope="session")
def identity():
    """A certificate with its key, valid around now."""
    return make_certificate("one", ends=30)


@pytest.fixture(scope="session")
def other():
    """Another one."""
    return make_certificate("other", ends=30, key_number=1)
