# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.msgraph.identity.plugins.module_utils._connector_list import work
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError, ServiceError

from ..fakes import CONNECTORS, ROOT, make_graph

NOW = datetime(2026, 6, 1, 12, 0, 0, tzinfo=timezone.utc)


def as_json(name, *days, active=None, basic=False):
    """A connector as Graph answers it, with a certificate for each number of `days` that are left; the one at `active`
    is active.
    """
    ends = [int((NOW + timedelta(days=left)).timestamp()) for left in days]
    entries = [
        {"thumbprint": f"{place:040X}", "notBefore": end - 10**8, "notAfter": end, "isActive": place == active}
        for place, end in enumerate(ends)
    ]
    certificates = {"@odata.type": "#microsoft.graph.clientCertificateAuthentication", "certificateList": entries}
    username = {"@odata.type": "#microsoft.graph.basicAuthentication", "username": "user", "password": "******"}
    return {
        "id": f"id-{name}",
        "displayName": name,
        "targetUrl": "https://x.example",
        "authenticationConfiguration": username if basic else certificates,
    }


def show(clock, **parameters):
    given = {"connector_id": None, "connector_name": None, "expiring_within_days": None, **parameters}
    result = work(make_graph(clock), given, None, False, NOW).render(True)
    assert (sorted(set(result) - {"warnings"}), result["changed"]) == (["changed", "connectors", "msg"], False)
    return result["connectors"]


def test_all_in_one_request_a_page(wire, clock):
    wire.expect(
        "GET",
        CONNECTORS,
        {
            "value": [as_json("a", 5, 9, active=1), as_json("b", basic=True)],
            "@odata.nextLink": f"{ROOT}{CONNECTORS}?$skiptoken=x",
        },
    )
    wire.expect("GET", f"{CONNECTORS}?$skiptoken=x", {"value": [as_json("c", 3)]})
    shown = show(clock)
    assert [connector["display_name"] for connector in shown] == ["a", "b", "c"]
    assert shown[0]["active_certificate"] == shown[0]["authentication"]["certificates"][1]
    assert shown[0]["active_certificate"]["days_remaining"] == 9
    assert [connector["active_certificate"] for connector in shown[1:]] == [None, None]
    assert shown[1]["authentication"] == {"type": "basic", "username": "user", "certificates": []}


def test_one_by_id(wire, clock):
    wire.expect("GET", f"{CONNECTORS}/id-a", as_json("a"))
    assert [connector["id"] for connector in show(clock, connector_id="id-a")] == ["id-a"]


def test_all_that_have_a_name(wire, clock):
    wire.expect("GET", CONNECTORS, {"value": [as_json("a"), as_json("A"), {**as_json("a"), "id": "other"}]})
    assert [connector["id"] for connector in show(clock, connector_name="a")] == ["id-a", "other"]


def test_none_found_is_no_error(wire, clock):
    wire.expect("GET", f"{CONNECTORS}/id-a", status=404)
    wire.expect("GET", CONNECTORS, {"value": []})
    assert show(clock, connector_id="id-a") == show(clock, connector_name="a") == []


def test_only_404_means_absent(wire, clock):
    wire.expect("GET", f"{CONNECTORS}/id-a", {"error": {"code": "AADB2C", "message": "Denied."}}, 403)
    with pytest.raises(ServiceError, match="Could not read API connector 'id-a': Denied"):
        show(clock, connector_id="id-a")


@pytest.mark.parametrize(
    "connector, within, kept",
    [
        (as_json("a", 30, active=0), 30, True),
        (as_json("a", 30.001, active=0), 30, False),
        (as_json("a", 29.5, active=0), 30, True),
        (as_json("a", 5, 400, active=1), 30, False),
        (as_json("a", 5, 400, active=0), 30, True),
        (as_json("a", -1, active=0), 0, True),  # Graph has not noticed yet
        (as_json("a", 0.5, active=0), 0, False),
        (as_json("a", 400, active=0), 10**12, True),
        (as_json("a", 400), 30, True),
        (as_json("a"), 30, True),
        (as_json("a", basic=True), 30, False),
        ({**as_json("a"), "authenticationConfiguration": None}, 30, False),
    ],
    ids=[
        "ends in time",
        "ends later",
        "ends earlier",
        "a later one is active",
        "an earlier one is active",
        "has ended",
        "not yet ended",
        "any time",
        "not active",
        "none",
        "basic",
        "no authentication",
    ],
)
def test_expiring(wire, clock, connector, within, kept):
    wire.expect("GET", CONNECTORS, {"value": [connector]})
    assert bool(show(clock, expiring_within_days=within)) == kept


def test_days_cannot_be_negative(wire, clock):
    with pytest.raises(IdentityError, match="expiring_within_days is negative"):
        show(clock, expiring_within_days=-1)


STRANGE = {**as_json("b"), "authenticationConfiguration": {"@odata.type": "#microsoft.graph.new"}}


def test_strange_connector_is_named_and_left_out(wire, clock):
    wire.expect("GET", CONNECTORS, {"value": [as_json("a"), STRANGE]})
    result = work(
        make_graph(clock),
        {"connector_id": None, "connector_name": None, "expiring_within_days": None},
        None,
        False,
        NOW,
    ).render(False)
    assert [connector["id"] for connector in result["connectors"]] == ["id-a"]
    (warning,) = result["warnings"]
    assert "API connector 'b' in a way that is not understood" in warning and warning.endswith("It is left out.")


def test_strange_connector_that_was_asked_for_is_an_error(wire, clock):
    wire.expect("GET", CONNECTORS, {"value": [as_json("a"), STRANGE]})
    with pytest.raises(IdentityError, match="API connector 'b' in a way that is not understood"):
        show(clock, connector_name="b")


def test_nothing_found_offers_what_looks_alike(wire, clock):
    wire.expect("GET", CONNECTORS, {"value": [as_json("Orders API "), as_json("other")]})
    parameters = {"connector_id": None, "connector_name": "Orders API", "expiring_within_days": None}
    result = work(make_graph(clock), parameters, None, False, NOW).render(True)
    assert (result["connectors"], result["msg"]) == ([], "No API connectors of that name.")
    assert result["warnings"] == [
        "There is no API connector named 'Orders API'. "
        "Names match exactly: did you mean 'Orders API <U+0020>' (id-Orders API )?"
    ]


@pytest.mark.parametrize(
    "connector_id, helps",
    [
        ("Orders API", True),
        ("orders", True),
        ("45715bb8-13f9-4bf6-927f-ef96c102d394", False),
        ("RestApi_45715bb8-13f9-4bf6-927f-ef96c102d394", False),
    ],
)
def test_name_given_as_an_id_is_told(wire, clock, connector_id, helps):
    wire.expect("GET", f"{CONNECTORS}/{connector_id.replace(' ', '%20')}", status=404)
    parameters = {"connector_id": connector_id, "connector_name": None, "expiring_within_days": None}
    result = work(make_graph(clock), parameters, None, False, NOW).render(True)
    assert ("give a display name as connector_name" in str(result.get("warnings"))) is helps
