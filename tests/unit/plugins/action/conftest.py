# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of all action plugins stand on."""

from __future__ import annotations

import pytest

from ansible_collections.msgraph.identity.plugins.plugin_utils import _graph_action

from ..fakes import make_graph


@pytest.fixture(autouse=True)
def graph(monkeypatch, clock):
    """The one client that tasks get."""
    client = make_graph(clock)
    monkeypatch.setattr(_graph_action, "_clients", {})
    monkeypatch.setattr(_graph_action, "connect", lambda settings: client)
    return client
