# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.msgraph.identity.plugins.module_utils._connector_model import (
    CLIENT_CERTIFICATE,
    ApiConnector,
    ListedCertificate,
    days_remaining,
    iso8601,
    normalize_thumbprint,
    parse_connector,
)
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError

from ..fakes import DOCUMENTED, THUMBPRINT

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
    with pytest.raises(
        IdentityError, match="described (an )?API connector.* in a way that is not understood: "
    ) as caught:
        parse_connector(changed(place, value))
    assert "Error" not in caught.value.message
    if value is ...:
        assert caught.value.message.endswith(f"{place[-1]} is missing.")


@pytest.mark.parametrize("value", [..., None])
def test_certificates_that_are_not_listed_are_none(value):
    connector = parse_connector(changed(LIST, value))
    assert (connector.authentication, connector.certificates) == (CLIENT_CERTIFICATE, ())


@pytest.mark.parametrize("name", ["id", "displayName", "targetUrl"])
def test_text_that_cannot_be_sent_is_refused(name):
    with pytest.raises(IdentityError, match=f"not understood: {name} is not valid text"):
        parse_connector({**DOCUMENTED, name: "\ud800"})


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
