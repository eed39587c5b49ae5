# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others do while a request is on its way, and effects that show late."""

from __future__ import annotations

import base64

import pytest
import requests
from emulator.client import EmulatorFailed
from emulator_caller import LIST
from support.certificates import triple_des

BASIC = {"@odata.type": "#microsoft.graph.basicAuthentication", "username": "user", "password": "hidden"}
NEW = {"displayName": "n", "targetUrl": "https://api.contoso.com/", "authenticationConfiguration": BASIC}
GONE = requests.exceptions.ConnectionError


def urls(emulator):
    """The target URLs of all connectors, oldest first."""
    return [item["targetUrl"] for item in emulator.connectors()]


@pytest.mark.parametrize("when, first", [("before", "stranger"), ("after", "contoso")])
def test_a_stranger_takes_the_same_name(caller, when, first):
    caller.emulator.fault(action="pass", method="POST", skip=1, meanwhile=[{"create": {}, "when": when}])
    caller.graph("POST", json=NEW)
    assert len(urls(caller.emulator)) == 1
    caller.emulator.clear_connectors()
    assert caller.graph("POST", json=NEW).status_code == 201
    assert [item["displayName"] for item in caller.emulator.connectors()] == ["n", "n"]
    assert first in urls(caller.emulator)[0]
    strange = next(item for item in caller.emulator.connectors() if "stranger" in item["targetUrl"])
    assert strange["authentication"] == {"basic": {"username": "stranger", "password": "stranger"}}


def test_a_stranger_instead_of_a_lost_request(caller):
    stranger = {"displayName": "m", "targetUrl": "https://elsewhere.example/"}
    caller.emulator.fault(action="drop_before", method="POST", meanwhile=[{"create": stranger}])
    with pytest.raises(GONE):
        caller.graph("POST", json=NEW)
    assert [(item["displayName"], item["targetUrl"]) for item in caller.emulator.connectors()] == [
        ("m", "https://elsewhere.example/")
    ]


def test_a_stranger_where_the_request_names_nobody(caller):
    caller.emulator.fault(action="pass", method="GET", meanwhile=[{"create": {}}])
    assert [item["displayName"] for item in caller.graph("GET").json()["value"]] == ["Stranger"]


def test_others_change_and_delete(caller, identity, other):
    mine = caller.emulator.add_connector("a", certificates=[])
    theirs = caller.emulator.add_connector("b")
    change = {"id": mine, "displayName": "renamed", "authentication": {"certificates": [{"pfx": encoded(other)}]}}
    caller.emulator.fault(
        action="pass",
        method="POST",
        meanwhile=[{"change": change, "when": "after"}, {"delete": {"id": theirs}}, {"delete": {"id": "nobody"}}],
    )
    answer = caller.upload(mine, identity.pfx("pw", triple_des("pw")), "pw").json()
    assert (answer["displayName"], len(answer["authenticationConfiguration"]["certificateList"])) == ("a", 1)
    assert [item["displayName"] for item in caller.emulator.connectors()] == ["renamed"]
    assert [item["thumbprint"] for item in caller.certificates(mine)] == [other.thumbprint]


def encoded(identity):
    """A PFX as the control API wants it."""
    return base64.b64encode(identity.pfx()).decode()


def test_late_by_reads(caller):
    caller.emulator.fault(action="drop_after", method="POST", late={"reads": 3})
    with pytest.raises(GONE):
        caller.graph("POST", json=NEW)
    assert [len(caller.graph("GET").json()["value"]) for _look in range(5)] == [0, 0, 0, 1, 1]
    # Only what the rule was for was late.
    assert caller.graph("POST", json=NEW).status_code == 201
    assert len(caller.graph("GET").json()["value"]) == 2


def test_late_by_the_clock(caller):
    connector = caller.emulator.add_connector("old")
    caller.emulator.fault(action="pass", method="PATCH", late={"seconds": 30})
    caller.graph("PATCH", f"{LIST}/{connector}", json={"displayName": "new"})
    assert (caller.get(connector)["displayName"], caller.emulator.connectors()[0]["displayName"]) == ("old", "new")
    caller.emulator.advance_clock(31)
    assert caller.get(connector)["displayName"] == "new"


def test_late_never_shortens_the_usual_lag(caller):
    connector = caller.emulator.add_connector("old")
    caller.emulator.settings(read_lag=2)
    caller.emulator.fault(action="pass", method="PATCH", late={"reads": 1})
    caller.graph("PATCH", f"{LIST}/{connector}", json={"displayName": "new"})
    assert [caller.get(connector)["displayName"] for _look in range(3)] == ["old", "old", "new"]
    assert caller.emulator.settings()["read_lag"] == 2


@pytest.mark.parametrize(
    "rule",
    [
        {"meanwhile": {}},
        {"meanwhile": ["x"]},
        {"meanwhile": [{}]},
        {"meanwhile": [{"create": []}]},
        {"meanwhile": [{"create": {}, "delete": {"id": "x"}}]},
        {"meanwhile": [{"create": {}, "when": "later"}]},
        {"meanwhile": [{"change": {"displayName": "x"}}]},
        {"meanwhile": [{"delete": {}}]},
        {"late": {}},
        {"late": {"days": 1}},
        {"late": {"reads": -1}},
        {"late": 3},
        {"action": "drop_before", "late": {"reads": 1}},
        {"action": "status", "status": 503, "late": {"reads": 1}},
    ],
)
def test_refused(emulator, rule):
    with pytest.raises(EmulatorFailed):
        emulator.fault(**{"action": "pass", **rule})
    assert emulator.faults() == []
