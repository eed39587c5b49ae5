# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests know nothing of the machine they run on."""

from __future__ import annotations

import os

import pytest

from .fakes import FakeClock, Wire


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch):
    """Without the variables that the collection, requests and msal look at."""
    for name in list(os.environ):
        if name.upper().startswith(("AZURE_", "MSGRAPH_", "MSAL_", "REQUESTS_", "CURL_", "HTTP_", "HTTPS_", "ALL_PROXY", "NO_PROXY")):
            monkeypatch.delenv(name)


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def wire():
    with Wire() as expected:
        yield expected
