# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Unit tests know nothing of the machine they run on."""

from __future__ import annotations

import os
import re

import pytest

from ansible_collections.msgraph.identity.plugins.module_utils import _budget
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError

from .fakes import FakeClock, Wire

VARIABLES = (
    "ALL_PROXY",
    "AZURE_",
    "CURL_",
    "HTTPS_",
    "HTTP_",
    "IDENTITY_",
    "IMDS_",
    "MSAL_",
    "MSGRAPH_",
    "MSI_",
    "NETRC",
    "NO_PROXY",
    "REQUESTS_",
)


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch, tmp_path_factory):
    """Without the variables that the collection, requests and msal look at, and with nothing at home."""
    for name in list(os.environ):
        if name.upper().startswith(VARIABLES):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path_factory.getbasetemp() / "nobody"))


@pytest.fixture(autouse=True)
def no_jitter(monkeypatch):
    """Waits are as long as they can be."""
    monkeypatch.setattr(_budget.random, "uniform", lambda low, high: high)


# What shows that a sentence was written by Python: names of classes, and how it shows an object. The exception is a code
# of Microsoft Graph.
OF_PYTHON = re.compile(
    r"\b(?!UnknownError\b)[A-Za-z]*[a-z](?:Error|Exception|Timeout)\b|\bNoneType\b|<[\w.]+ object|object at 0x|Traceback"
)


@pytest.fixture(autouse=True)
def sentences(monkeypatch):
    """Every error that a test provokes is a sentence for people."""
    made = []
    init = IdentityError.__init__

    def keep(error, *arguments, **keywords):
        made.append(error)
        init(error, *arguments, **keywords)

    monkeypatch.setattr(IdentityError, "__init__", keep)
    yield
    told = [error.message for error in made]
    assert [message for message in told if OF_PYTHON.search(message)] == []


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def wire():
    with Wire() as expected:
        yield expected
