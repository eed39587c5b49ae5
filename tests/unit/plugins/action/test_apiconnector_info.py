# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.msgraph.identity.plugins.action.apiconnector_info import ActionModule

from ..fakes import CONNECTORS, ModuleCalls, make_action

SIGNED_IN = {"access_token": "t0ken-long-enough"}


@pytest.mark.parametrize("check_mode", [False, True])
def test_here(wire, tmp_path, check_mode):
    wire.expect("GET", CONNECTORS, {"value": []})
    calls = ModuleCalls()
    result = make_action(ActionModule, tmp_path, SIGNED_IN, calls=calls, check_mode=check_mode).run(task_vars={})
    assert (result["changed"], result["connectors"], calls.arguments) == (False, [], [])


def test_on_a_host(wire, tmp_path):
    calls = ModuleCalls({"changed": False, "connectors": []})
    arguments = {**SIGNED_IN, "connector_name": "", "expiring_within_days": "0"}
    make_action(ActionModule, tmp_path, arguments, transport="ssh", calls=calls).run(task_vars={})
    assert calls.arguments == [{**SIGNED_IN, "expiring_within_days": "0"}]


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        ({"connector_id": "a", "connector_name": "b"}, "mutually exclusive: connector_id|connector_name"),
        ({"expiring_within_days": "soon"}, "expiring_within_days"),
        ({"expiring_within_days": -1}, "expiring_within_days is negative"),
    ],
    ids=["two connectors", "no number", "negative"],
)
def test_what_does_not_fit(wire, tmp_path, arguments, sentence):
    result = make_action(ActionModule, tmp_path, {**SIGNED_IN, **arguments}).run(task_vars={})
    assert result["failed"] and sentence in result["msg"]
