# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.msgraph.identity.plugins.module_utils._api_connectors import (
    ApiConnector,
    ApiConnectors,
    Changes,
    ListedCertificate,
    Target,
    days_remaining,
    iso8601,
    normalize_thumbprint,
    parse_connector,
)
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import Upload

from ..fakes import CONNECTORS, make_graph

THUMBPRINT = "0EB255CC895477798BA418B378255204304897AD"
# https://learn.microsoft.com/graph/api/identityapiconnector-uploadclientcertificate
DOCUMENTED = {
    "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#identity/apiConnectors/$entity",
    "id": "45715bb8-13f9-4bf6-927f-ef96c102d394",
    "displayName": "My API connector",
    "targetUrl": "https://api.contoso.com/endpoint",
    "authenticationConfiguration": {
        "@odata.type": "#microsoft.graph.clientCertificateAuthentication",
        "certificateList": [
            {"thumbprint": THUMBPRINT, "notAfter": 1666350522, "notBefore": 1508670522, "isActive": True}
        ],
    },
}
LISTED = ListedCertificate(
    THUMBPRINT,
    datetime(2017, 10, 22, 11, 8, 42, tzinfo=timezone.utc),
    datetime(2022, 10, 21, 11, 8, 42, tzinfo=timezone.utc),
    True,
)


def changed(place, value):
    """The documented connector with another value at `place`; ... removes it."""
    answer = copy.deepcopy(DOCUMENTED)
    *path, last = place
    inner = answer
    for step in path:
        inner = inner[step]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return answer


AUTHENTICATION = ("authenticationConfiguration",)
LIST = (*AUTHENTICATION, "certificateList")
ENTRY = (*LIST, 0)


def test_documented_connector():
    assert parse_connector(DOCUMENTED) == ApiConnector(
        "45715bb8-13f9-4bf6-927f-ef96c102d394",
        "My API connector",
        "https://api.contoso.com/endpoint",
        "client_certificate",
        None,
        (LISTED,),
    )


@pytest.mark.parametrize("number", [1666350522, 1666350522.0, "1666350522", "1666350522.0"], ids=repr)
def test_numbers_as_odata_writes_them(number):
    assert parse_connector(changed((*ENTRY, "notAfter"), number)).certificates == (LISTED,)


@pytest.mark.parametrize(
    "thumbprint", [THUMBPRINT.lower(), bytes.fromhex(THUMBPRINT).hex(":"), f" {THUMBPRINT[:20]} {THUMBPRINT[20:]}"]
)
def test_thumbprints_as_tools_write_them(thumbprint):
    assert normalize_thumbprint(thumbprint) == THUMBPRINT
    assert parse_connector(changed((*ENTRY, "thumbprint"), thumbprint)).certificates == (LISTED,)


def test_thumbprint_copied_from_windows():
    assert normalize_thumbprint("\u200e" + THUMBPRINT) == THUMBPRINT


@pytest.mark.parametrize(
    "place, value, field, parsed",
    [
        (AUTHENTICATION, None, "authentication", "none"),
        (
            AUTHENTICATION,
            {"@odata.type": "#microsoft.graph.basicAuthentication", "username": "u", "password": "******"},
            "authentication",
            "basic",
        ),
        (
            AUTHENTICATION,
            {"@odata.type": "#microsoft.graph.basicAuthentication", "username": "u", "password": "******"},
            "username",
            "u",
        ),
        (AUTHENTICATION, {"@odata.type": "microsoft.graph.basicAuthentication"}, "username", None),
        (
            (*AUTHENTICATION, "@odata.type"),
            "microsoft.graph.clientCertificateAuthentication",
            "certificates",
            (LISTED,),
        ),
        (LIST, [], "certificates", ()),
        (("displayName",), None, "display_name", None),
        (("targetUrl",), None, "target_url", None),
        (("unknown",), {"a": [1]}, "display_name", "My API connector"),
    ],
)
def test_other_shapes(place, value, field, parsed):
    assert getattr(parse_connector(changed(place, value)), field) == parsed


@pytest.mark.parametrize(
    "place, value",
    [
        *[((name,), ...) for name in ("id", "displayName", "targetUrl", "authenticationConfiguration")],
        *[((*ENTRY, name), ...) for name in ("thumbprint", "notBefore", "notAfter", "isActive")],
        (LIST, ...),
        ((*AUTHENTICATION, "@odata.type"), ...),
        (("id",), None),
        (("id",), 7),
        (("displayName",), 7),
        (("targetUrl",), []),
        (AUTHENTICATION, "x"),
        (AUTHENTICATION, []),
        (AUTHENTICATION, {}),
        ((*AUTHENTICATION, "@odata.type"), "#microsoft.graph.somethingNew"),
        ((*AUTHENTICATION, "@odata.type"), None),
        (LIST, None),
        (LIST, {}),
        (LIST, ""),
        (LIST, "text"),
        (LIST, 7),
        (LIST, [None]),
        (LIST, ["text"]),
        ((*ENTRY, "thumbprint"), None),
        ((*ENTRY, "thumbprint"), 7),
        ((*ENTRY, "isActive"), None),
        ((*ENTRY, "isActive"), "true"),
        ((*ENTRY, "isActive"), 1),
        *[
            ((*ENTRY, "notAfter"), value)
            for value in (
                None,
                "",
                "soon",
                "2026-01-01T00:00:00Z",
                [],
                {},
                True,
                False,
                10**15,
                -(10**15),
                10**400,
                float("nan"),
                float("inf"),
                "nan",
                "1e999",
            )
        ],
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else repr(value)[:30],
)
def test_strange_connectors_are_refused(place, value):
    with pytest.raises(IdentityError, match="described (an )?API connector.* in a way that is not understood"):
        parse_connector(changed(place, value))


@pytest.mark.parametrize("answer", [None, [], "x", 7, True, {}])
def test_what_is_not_a_connector(answer):
    with pytest.raises(IdentityError, match="not understood"):
        parse_connector(answer)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PLACES = [
    (),
    ("id",),
    ("displayName",),
    AUTHENTICATION,
    (*AUTHENTICATION, "@odata.type"),
    LIST,
    ENTRY,
    *[(*ENTRY, name) for name in ("thumbprint", "notBefore", "notAfter", "isActive")],
]


@given(place=st.sampled_from(PLACES), value=JSON)
def test_no_json_does_harm(place, value):
    try:
        connector = parse_connector(changed(place, value) if place else value)
    except IdentityError:
        return
    assert connector.render(LISTED.not_after)["authentication"]["type"] in ("client_certificate", "basic", "none")


@pytest.mark.parametrize(
    "left, days",
    [
        (timedelta(0), 0),
        (timedelta(seconds=1), 0),
        (timedelta(days=1) - timedelta(seconds=1), 0),
        (timedelta(days=1), 1),
        (timedelta(days=30, hours=23), 30),
        (-timedelta(seconds=1), -1),
        (-timedelta(days=1), -1),
        (-timedelta(days=1, seconds=1), -2),
    ],
)
def test_days_remaining(left, days):
    now = LISTED.not_after - left
    assert days_remaining(LISTED.not_after, now) == days
    assert LISTED.render(now)["days_remaining"] == days


def test_times_are_in_utc_without_fractions():
    assert (
        iso8601(datetime(2026, 1, 31, 13, 0, 0, 999999, tzinfo=timezone(timedelta(hours=1)))) == "2026-01-31T12:00:00Z"
    )


def test_connector_in_results():
    assert parse_connector(DOCUMENTED).render(LISTED.not_after - timedelta(days=3)) == {
        "id": "45715bb8-13f9-4bf6-927f-ef96c102d394",
        "display_name": "My API connector",
        "target_url": "https://api.contoso.com/endpoint",
        "authentication": {
            "type": "client_certificate",
            "username": None,
            "certificates": [
                {
                    "thumbprint": THUMBPRINT,
                    "not_before": "2017-10-22T11:08:42Z",
                    "not_after": "2022-10-21T11:08:42Z",
                    "is_active": True,
                    "days_remaining": 3,
                }
            ],
        },
    }


@pytest.mark.parametrize("active", [0, 1, None])
def test_of_several_entries_the_active_one_counts(active):
    entries = tuple(
        ListedCertificate(THUMBPRINT, LISTED.not_before, LISTED.not_after, place == active) for place in range(2)
    )
    connector = ApiConnector("x", "X", None, "client_certificate", None, entries)
    assert connector.listed(THUMBPRINT) is entries[active or 0]
    assert connector.listed("00") is None


def test_strange_connectors_are_no_trouble_for_others(wire, clock):
    strange = [None, 7, "text", {}, {"displayName": "Other", "authenticationConfiguration": 7}]
    wire.expect("GET", CONNECTORS, {"value": [*strange, DOCUMENTED]})
    assert ApiConnectors(make_graph(clock)).named("My API connector") == [parse_connector(DOCUMENTED)]


def test_strange_connector_of_that_name_is_refused(wire, clock):
    wire.expect("GET", CONNECTORS, {"value": [{"displayName": "My API connector"}]})
    with pytest.raises(IdentityError, match="not understood"):
        ApiConnectors(make_graph(clock)).named("My API connector")


@pytest.mark.parametrize("thumbprint", ["Tx9+not/hex=", "", "AB" * 19, "AB" * 32, "0x" + "AB" * 20])
def test_thumbprints_that_could_never_be_ours_are_refused(thumbprint):
    certificate = {"thumbprint": thumbprint, "notBefore": 0, "notAfter": 1, "isActive": False}
    authentication = {
        "@odata.type": "#microsoft.graph.clientCertificateAuthentication",
        "certificateList": [certificate],
    }
    with pytest.raises(IdentityError, match="not SHA-1 in hex"):
        parse_connector(
            {"id": "c-1", "displayName": "a", "targetUrl": "b", "authenticationConfiguration": authentication}
        )


@pytest.mark.parametrize("connector_id", [".", ".."])
def test_ids_that_would_lead_elsewhere_are_refused(wire, clock, connector_id):
    with pytest.raises(IdentityError, match="cannot be the ID"):
        ApiConnectors(make_graph(clock)).get(connector_id)


# --- one connector after the other ---

ID = DOCUMENTED["id"]
BY_ID, BY_NAME = Target(ID, None), Target(None, "My API connector")
OTHER = {**DOCUMENTED, "id": "c-2", "displayName": "Other"}


@dataclass(frozen=True)
class Decided:
    """A plan that is idle when the connector has the URL `https://done.example`, and an error when it has none."""

    connector: ApiConnector

    @property
    def idle(self):
        return self.connector.target_url == "https://done.example"


def decide(connectors, target):
    def plan(connector):
        if connector is None:
            raise IdentityError("It is missing.")
        return Decided(connector)

    return connectors.decide(target, plan).connector.target_url


def with_url(url, document=None):
    return {**(document or DOCUMENTED), "targetUrl": url}


DONE = "https://done.example"


def test_loop_by_id_is_one_read_and_one_list(wire, clock):
    connectors = ApiConnectors(make_graph(clock))
    wire.expect("GET", f"{CONNECTORS}/{ID}", with_url(DONE))
    wire.expect("GET", CONNECTORS, {"value": [with_url(DONE), with_url(DONE, OTHER)]})
    for target in (BY_ID, Target("c-2", None), BY_ID, Target("c-2", None)):
        assert decide(connectors, target) == DONE


def test_loop_by_name_is_one_list(wire, clock):
    connectors = ApiConnectors(make_graph(clock))
    wire.expect("GET", CONNECTORS, {"value": [with_url(DONE), with_url(DONE, OTHER)]})
    for target in (BY_NAME, Target(None, "Other"), BY_ID):
        assert decide(connectors, target) == DONE


def test_other_tasks_share_what_was_read(wire, clock):
    graph = make_graph(clock)
    wire.expect("GET", CONNECTORS, {"value": [with_url(DONE)]})
    for unused in range(2):
        assert decide(ApiConnectors(graph), BY_NAME) == DONE


def test_list_is_read_again_after_a_few_seconds(wire, clock):
    connectors = ApiConnectors(make_graph(clock))
    for unused in range(2):
        wire.expect("GET", CONNECTORS, {"value": [with_url(DONE)]})
        assert decide(connectors, BY_NAME) == DONE
        clock.now += 5


@pytest.mark.parametrize("target", [BY_ID, BY_NAME], ids=["id", "name"])
def test_what_is_not_idle_is_read_again(wire, clock, target):
    connectors = ApiConnectors(make_graph(clock))
    wire.expect("GET", CONNECTORS, {"value": [with_url("https://old.example"), with_url(DONE, OTHER)]})
    assert decide(connectors, Target(None, "Other")) == DONE
    wire.expect("GET", f"{CONNECTORS}/{ID}", with_url("https://new.example"))
    assert decide(connectors, target) == "https://new.example"


@pytest.mark.parametrize(
    "answer", [{"status": 404}, {"answer": {**DOCUMENTED, "displayName": "Renamed"}}], ids=["gone", "renamed"]
)
def test_name_that_moved_on_is_looked_up_anew(wire, clock, answer):
    connectors = ApiConnectors(make_graph(clock))
    wire.expect("GET", CONNECTORS, {"value": [DOCUMENTED, with_url(DONE, OTHER)]})
    assert decide(connectors, Target(None, "Other")) == DONE
    wire.expect("GET", f"{CONNECTORS}/{ID}", **answer)
    wire.expect("GET", CONNECTORS, {"value": [{**with_url(DONE), "id": "c-3"}]})
    assert decide(connectors, BY_NAME) == DONE


@pytest.mark.parametrize("status", [404, 403])
def test_nothing_is_hidden_by_what_was_read_before(wire, clock, status):
    """A connector that the list does not have is asked for, and so is one that would be written to."""
    connectors = ApiConnectors(make_graph(clock))
    wire.expect("GET", CONNECTORS, {"value": [DOCUMENTED, with_url(DONE, OTHER)]})
    assert decide(connectors, Target(None, "Other")) == DONE
    wire.expect("GET", f"{CONNECTORS}/c-9", status=status)
    with pytest.raises(IdentityError):
        decide(connectors, Target("c-9", None))
    wire.expect("GET", f"{CONNECTORS}/{ID}", status=status)
    with pytest.raises(IdentityError):
        decide(connectors, BY_ID)


def test_ambiguous_and_strange_ones_are_looked_up_anew(wire, clock):
    connectors = ApiConnectors(make_graph(clock))
    strange = {**DOCUMENTED, "displayName": "Strange", "authenticationConfiguration": 7}
    answer = {"value": [DOCUMENTED, {**DOCUMENTED, "id": "c-3"}, strange, with_url(DONE, OTHER)]}
    wire.expect("GET", CONNECTORS, answer)
    assert decide(connectors, Target(None, "Other")) == DONE
    wire.expect("GET", CONNECTORS, answer)
    with pytest.raises(IdentityError, match="ambiguous"):
        decide(connectors, BY_NAME)
    wire.expect("GET", CONNECTORS, answer)
    with pytest.raises(IdentityError, match="'Strange' in a way that is not understood"):
        decide(connectors, Target(None, "Strange"))


def no():
    return False


WRITES = {
    "upload": (
        lambda connectors: connectors.upload_client_certificate(ID, Upload("", ""), no),
        "POST",
        f"{CONNECTORS}/{ID}/uploadClientCertificate",
        200,
    ),
    "update": (
        lambda connectors: connectors.update(ID, Changes(target_url=DONE), no),
        "PATCH",
        f"{CONNECTORS}/{ID}",
        204,
    ),
    "delete": (lambda connectors: connectors.delete(ID, no), "DELETE", f"{CONNECTORS}/{ID}", 204),
    "create": (lambda connectors: connectors.create(Changes(display_name="New"), no), "POST", CONNECTORS, 201),
}


@pytest.mark.parametrize("refused", [False, True])
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_no_write_is_survived(wire, clock, write, refused):
    connectors = ApiConnectors(make_graph(clock))
    do, method, path, status = write
    wire.expect("GET", CONNECTORS, {"value": [with_url(DONE), with_url(DONE, OTHER)]})
    assert decide(connectors, BY_NAME) == DONE
    wire.expect(method, path, status=403 if refused else status)
    with suppress(IdentityError):
        do(connectors)
    if method != "POST" or path.endswith("uploadClientCertificate"):
        # Nobody else is concerned, and a loop may have many.
        assert decide(connectors, Target("c-2", None)) == DONE
    wire.expect("GET", f"{CONNECTORS}/{ID}", with_url(DONE))
    assert decide(connectors, BY_ID) == DONE


def test_new_name_makes_all_names_uncertain(wire, clock):
    connectors = ApiConnectors(make_graph(clock))
    wire.expect("GET", CONNECTORS, {"value": [with_url(DONE), with_url(DONE, OTHER)]})
    assert decide(connectors, BY_NAME) == DONE
    wire.expect("PATCH", f"{CONNECTORS}/c-2", status=204)
    connectors.update("c-2", Changes(display_name="My API connector"), no)
    wire.expect(
        "GET", CONNECTORS, {"value": [with_url(DONE), {**with_url(DONE, OTHER), "displayName": "My API connector"}]}
    )
    with pytest.raises(IdentityError, match="ambiguous"):
        decide(connectors, BY_NAME)


def test_ambiguous_name_stays_ambiguous_after_a_write_to_one_of_them(wire, clock):
    connectors = ApiConnectors(make_graph(clock))
    twins = {"value": [with_url(DONE), with_url(DONE, {**DOCUMENTED, "id": "c-3"}), with_url(DONE, OTHER)]}
    wire.expect("GET", CONNECTORS, twins)
    assert decide(connectors, Target(None, "Other")) == DONE
    wire.expect("POST", f"{CONNECTORS}/c-3/uploadClientCertificate", status=200)
    connectors.upload_client_certificate("c-3", Upload("", ""), no)
    wire.expect("GET", CONNECTORS, twins)
    with pytest.raises(IdentityError, match="ambiguous"):
        decide(connectors, BY_NAME)


def test_list_that_cannot_be_read_is_no_trouble_for_who_asks_for_one(wire, clock):
    """It is tried once, and not again."""
    connectors = ApiConnectors(make_graph(clock))
    wire.expect("GET", f"{CONNECTORS}/{ID}", with_url(DONE))
    wire.expect("GET", CONNECTORS, status=500)
    for unused in range(3):
        if unused:
            wire.expect("GET", f"{CONNECTORS}/{ID}", with_url(DONE))
        assert decide(connectors, BY_ID) == DONE
    assert clock.slept == []


def test_list_that_is_too_slow_to_serve_is_not_read_again(wire, clock):
    graph = make_graph(clock)
    pages = graph.pages

    def slowly(*given):
        clock.now += 5
        yield from pages(*given)

    graph.pages = slowly
    connectors = ApiConnectors(graph)
    wire.expect("GET", f"{CONNECTORS}/{ID}", with_url(DONE))
    wire.expect("GET", CONNECTORS, {"value": [with_url(DONE)]})
    for unused in range(3):
        if unused:
            wire.expect("GET", f"{CONNECTORS}/{ID}", with_url(DONE))
        assert decide(connectors, BY_ID) == DONE
