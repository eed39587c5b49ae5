# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
import requests

from ansible_collections.msgraph.identity.plugins.module_utils._api_connectors import ApiConnectors
from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import APICONNECTOR
from ansible_collections.msgraph.identity.plugins.module_utils._connector_model import (
    BASIC,
    CLIENT_CERTIFICATE,
    NIL_ID,
    NONE,
    ApiConnector,
    BasicAuthentication,
    ListedCertificate,
    Named,
)
from ansible_collections.msgraph.identity.plugins.module_utils._connector_plan import ConnectorIntent, Wanted, plan
from ansible_collections.msgraph.identity.plugins.module_utils._connector_steps import (
    CreateConnector,
    DeleteConnector,
    PatchConnector,
    UploadCertificate,
)
from ansible_collections.msgraph.identity.plugins.module_utils._ensure import ensure
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError, ServiceError
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import Upload, WantedCertificate
from ansible_collections.msgraph.identity.plugins.module_utils._source import Source

from ..fakes import CONNECTORS, make_graph

NOW = datetime(2026, 6, 1, 12, 0, 0, tzinfo=timezone.utc)
URL = "https://api.example/orders"
BY_NAME, BY_ID = Named(None, "Orders"), Named("c-1", None)
THUMBPRINTS = {"w": "0E" * 20, "a": "AA" * 20}


def make_certificate(starts=-10, ends=300):
    return WantedCertificate(
        THUMBPRINTS["w"],
        "CN=orders",
        "CN=orders",
        "1F",
        NOW + timedelta(days=starts),
        NOW + timedelta(days=ends),
        b"der",
    )


CERTIFICATE = make_certificate()
EXPIRED = make_certificate(-300, -10)
PASSWORD = BasicAuthentication("user", "pa$$word")


def make_connector(authentication="", *, name="Orders", url=URL, connector_id="c-1"):
    """A connector from "basic", "none", or a list such as "a W": w is the wanted certificate, capitals are active."""
    if authentication in ("basic", "none"):
        kind = {"basic": BASIC, "none": NONE}[authentication]
        return ApiConnector(connector_id, name, url, kind, username="user" if kind == BASIC else None)
    certificates = tuple(
        ListedCertificate(THUMBPRINTS[letter.lower()], CERTIFICATE.not_before, CERTIFICATE.not_after, letter.isupper())
        for letter in authentication.split()
    )
    return ApiConnector(connector_id, name, url, CLIENT_CERTIFICATE, certificates=certificates)


def brief(connector):
    """Name, URL and authentication of a connector, in the words of make_connector()."""
    if connector is None:
        return None
    names = {thumbprint: letter for letter, thumbprint in THUMBPRINTS.items()}
    found = [(names[certificate.thumbprint], certificate.is_active) for certificate in connector.certificates]
    letters = " ".join(letter.upper() if is_active else letter for letter, is_active in found)
    kinds = {BASIC: f"basic {connector.username}", NONE: "none", CLIENT_CERTIFICATE: letters}
    return connector.display_name, connector.target_url, kinds[connector.authentication]


OTHER_URL = "https://api.example/other"
ALL = ("display_name", "target_url", "authentication")
CREATE, DELETE, UPLOAD, PATCH = CreateConnector, DeleteConnector, UploadCertificate, PatchConnector

# connector today, wanted → steps, what the PATCH sends, connector afterwards, words of the reason
PLANS = {
    "absent, missing": (None, Wanted(BY_NAME, present=False), (), (), None, "does not exist"),
    "absent, there": (make_connector("A"), Wanted(BY_ID, present=False), (DELETE,), (), None, "exists"),
    "create with basic": (
        None,
        Wanted(BY_NAME, True, "Orders", URL, PASSWORD),
        (CREATE,),
        (),
        ("Orders", URL, "basic user"),
        "does not exist",
    ),
    "create with certificate": (
        None,
        Wanted(BY_NAME, True, "Orders", URL, CERTIFICATE),
        (CREATE,),
        (),
        ("Orders", URL, "W"),
        "does not exist",
    ),
    "same, basic": (
        make_connector("basic"),
        Wanted(BY_NAME, True, "Orders", URL, PASSWORD),
        (),
        (),
        ("Orders", URL, "basic user"),
        "as wanted",
    ),
    "same, certificate": (
        make_connector("a W"),
        Wanted(BY_NAME, True, "Orders", URL, CERTIFICATE),
        (),
        (),
        ("Orders", URL, "a W"),
        "as wanted",
    ),
    "superseded": (
        make_connector("A w"),
        Wanted(BY_NAME, True, "Orders", URL, CERTIFICATE),
        (),
        (),
        ("Orders", URL, "A w"),
        "as wanted",
    ),
    "nothing said": (make_connector("none"), Wanted(BY_ID), (), (), ("Orders", URL, "none"), "as wanted"),
    "only a name": (
        make_connector("A"),
        Wanted(BY_NAME, True, "Orders"),
        (),
        (),
        ("Orders", URL, "A"),
        "as wanted",
    ),
    "URL": (
        make_connector("A"),
        Wanted(BY_ID, target_url=OTHER_URL),
        (PATCH,),
        ("target_url",),
        ("Orders", OTHER_URL, "A"),
        "target URL differs",
    ),
    "same URL": (
        make_connector("A"),
        Wanted(BY_ID, target_url="HTTPS://API.example:443/orders"),
        (),
        (),
        ("Orders", URL, "A"),
        "as wanted",
    ),
    "rename": (
        make_connector("A"),
        Wanted(BY_ID, True, "New"),
        (PATCH,),
        ("display_name",),
        ("New", URL, "A"),
        "display name differs",
    ),
    "new certificate": (
        make_connector("A"),
        Wanted(BY_ID, authentication=CERTIFICATE),
        (UPLOAD,),
        (),
        ("Orders", URL, "a W"),
        "not listed",
    ),
    "certificate and URL": (
        make_connector("A"),
        Wanted(BY_ID, True, None, OTHER_URL, CERTIFICATE),
        (UPLOAD, PATCH),
        ("target_url",),
        ("Orders", OTHER_URL, "a W"),
        "target URL differs; the certificate is not listed",
    ),
    "basic to certificate, and all": (
        make_connector("basic"),
        Wanted(BY_ID, True, "New", OTHER_URL, CERTIFICATE),
        (PATCH,),
        ALL,
        ("New", OTHER_URL, "W"),
        "authentication is basic",
    ),
    "none to certificate": (
        make_connector("none"),
        Wanted(BY_ID, authentication=CERTIFICATE),
        (PATCH,),
        ("authentication",),
        ("Orders", URL, "W"),
        "authentication is none",
    ),
    "certificate to basic": (
        make_connector("a W"),
        Wanted(BY_ID, authentication=PASSWORD),
        (PATCH,),
        ("authentication",),
        ("Orders", URL, "basic user"),
        "authentication is client_certificate",
    ),
    "none to basic": (
        make_connector("none"),
        Wanted(BY_ID, authentication=PASSWORD),
        (PATCH,),
        ("authentication",),
        ("Orders", URL, "basic user"),
        "authentication is none",
    ),
    "user name": (
        make_connector("basic"),
        Wanted(BY_ID, authentication=BasicAuthentication("other", "p")),
        (PATCH,),
        ("authentication",),
        ("Orders", URL, "basic other"),
        "user name differs",
    ),
    "password each time": (
        make_connector("basic"),
        Wanted(BY_ID, authentication=PASSWORD, always=True),
        (PATCH,),
        ("authentication",),
        ("Orders", URL, "basic user"),
        "update_password: always",
    ),
    "expired, but listed": (
        make_connector("w"),
        Wanted(BY_ID, authentication=EXPIRED),
        (),
        (),
        ("Orders", URL, "w"),
        "as wanted",
    ),
}


@pytest.mark.parametrize("case", PLANS.values(), ids=PLANS)
def test_plan(case):
    today, wanted, steps, sent, afterwards, reason = case
    planned = plan(today, wanted, NOW)
    assert tuple(type(step) for step in planned.steps) == steps
    assert [step.sent for step in planned.steps if isinstance(step, PATCH)] == ([sent] if PATCH in steps else [])
    assert planned.before is today
    assert brief(planned.after) == afterwards
    assert reason in planned.reason
    if planned.after:
        assert planned.after.id == ("c-1" if today else NIL_ID)
        if not isinstance(wanted.authentication, WantedCertificate) or not steps:
            # Carried out, nothing is left to do.
            again = plan(planned.after, wanted, NOW)
            assert again.idle is not wanted.always


BLANK = Wanted(Named(None, "Orders "), True, "Orders ", URL, PASSWORD)
FAILURES = {
    "create with a blank at the end": (None, BLANK, "connector_name 'Orders ' begins or ends with a space"),
    "rename to a blank": (make_connector("A"), Wanted(BY_ID, True, " "), "begins or ends with a space"),
    "unknown id": (
        None,
        Wanted(BY_ID, True, "Orders", URL, PASSWORD),
        "with the ID 'c-1'. Microsoft Graph chooses the IDs: leave connector_id out",
    ),
    "create without URL": (
        None,
        Wanted(BY_NAME, True, "Orders", None, PASSWORD),
        "named 'Orders'. To create it, give target_url too.",
    ),
    "create with a name only": (
        None,
        Wanted(BY_NAME, True, "Orders"),
        "To create it, give target_url and authentication too.",
    ),
    "create with an expired certificate": (
        None,
        Wanted(BY_NAME, True, "Orders", URL, EXPIRED),
        "expired at 2026-05-22T12:00:00Z. Nothing was sent",
    ),
    "expired certificate": (make_connector("A"), Wanted(BY_ID, authentication=EXPIRED), "expired at"),
}


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("case", FAILURES.values(), ids=FAILURES)
def test_what_cannot_be(case, check_mode):
    today, wanted, words = case
    if check_mode and today is None and ("ID" in words or "To create it" in words):
        # A play may have created it before, and check mode did not.
        assert (
            "Unless an earlier task of this play creates it, the real run will fail here."
            in plan(today, wanted, NOW, check_mode).warnings[0]
        )
        return
    with pytest.raises(IdentityError) as caught:
        plan(today, wanted, NOW, check_mode)
    assert words in caught.value.message


def test_id_of_a_connector_that_the_play_would_have_created():
    planned = plan(None, Wanted(Named(NIL_ID, None), target_url=OTHER_URL), NOW, check_mode=True)
    assert (planned.assumed, brief(planned.after)) == (True, (None, OTHER_URL, "none"))
    assert (
        "There is no API connector with the ID '00000000-0000-0000-0000-000000000000'. Unless an earlier task"
        in planned.warnings[0]
    )


# --- from parameters ---


def from_parameters(certificate=None, **arguments):
    return Wanted.from_parameters(APICONNECTOR.validate(arguments), certificate)


def test_parameters():
    basic = {"username": "user", "password": "pa$$word", "update_password": "always"}
    wanted = from_parameters(
        connector_id="c-1", connector_name="Orders", target_url=URL, authentication={"basic": basic}
    )
    assert wanted == Wanted(Named("c-1", "Orders"), True, "Orders", URL, PASSWORD, always=True)
    assert from_parameters(CERTIFICATE, connector_name="Orders") == Wanted(BY_NAME, True, "Orders", None, CERTIFICATE)
    absent = from_parameters(
        connector_name="Orders", state="absent", target_url="nonsense", authentication={"basic": basic}
    )
    assert absent == Wanted(BY_NAME, present=False)
    assert "pa$$word" not in repr(wanted)


def test_absent_needs_one_name_only():
    with pytest.raises(IdentityError, match="either connector_id or connector_name"):
        from_parameters(connector_id="c-1", connector_name="Orders", state="absent")


def test_url_is_checked():
    with pytest.raises(IdentityError, match="target_url is not an https URL with a host"):
        from_parameters(connector_name="Orders", target_url="http://a.example")


@pytest.mark.parametrize(
    "authentication, words",
    [
        ({}, "one of the following is required: basic, client_certificate found in authentication"),
        (
            {"basic": {"username": "u", "password": "p"}, "client_certificate": {"src": "x"}},
            "mutually exclusive: basic|client_certificate found in authentication",
        ),
        ({"basic": {"username": "u", "password": ""}}, "password found in authentication -> basic"),
        ({"basic": {"username": "u"}}, "password found in authentication -> basic"),
        ({"client_certificate": {"certificate_password": "x"}}, "one of the following is required: src, content"),
        ({"client_certificate": {"src": "a", "content": "b"}}, "mutually exclusive: src|content"),
        ({"client_certificate": {"src": "", "content": ""}}, "one of the following is required: src, content"),
    ],
)
def test_authentication_that_does_not_fit(authentication, words):
    with pytest.raises(IdentityError) as caught:
        from_parameters(connector_name="Orders", authentication=authentication)
    assert words in caught.value.message


@pytest.mark.parametrize("authentication", [None, ""])
def test_empty_authentication_is_none(authentication):
    assert from_parameters(connector_name="Orders", authentication=authentication).authentication is None


def test_empty_alternative_is_none():
    wanted = from_parameters(
        connector_name="Orders",
        authentication={"basic": {"username": "user", "password": "pa$$word"}, "client_certificate": None},
    )
    assert wanted.authentication == PASSWORD


# --- carried out over HTTP ---

PATH = f"{CONNECTORS}/c-1"
UPLOAD_PATH = f"{PATH}/uploadClientCertificate"
KEY = Upload("UEZY", "one-time")
KEY_BODY = {"pkcs12Value": "UEZY", "password": "one-time"}
BASIC_BODY = {"@odata.type": "#microsoft.graph.basicAuthentication", "username": "user", "password": "pa$$word"}
CERTIFICATE_BODY = {"@odata.type": "#microsoft.graph.pkcs12Certificate", **KEY_BODY}
LOST = requests.exceptions.ConnectionError("Connection aborted.")


def as_json(authentication="", **changes):
    """What Graph answers for make_connector()."""
    connector = make_connector(authentication, **changes)
    shown = {
        "id": connector.id,
        "displayName": connector.display_name,
        "targetUrl": connector.target_url,
        "authenticationConfiguration": None,
    }
    if connector.authentication == BASIC:
        shown["authenticationConfiguration"] = {**BASIC_BODY, "password": "******"}
    if connector.authentication == CLIENT_CERTIFICATE:
        entries = [
            {
                "thumbprint": certificate.thumbprint,
                "notBefore": int(certificate.not_before.timestamp()),
                "notAfter": int(certificate.not_after.timestamp()),
                "isActive": certificate.is_active,
            }
            for certificate in connector.certificates
        ]
        shown["authenticationConfiguration"] = {
            "@odata.type": "#microsoft.graph.clientCertificateAuthentication",
            "certificateList": entries,
        }
    return shown


def listing(*connectors):
    return {"value": list(connectors)}


def never():
    raise AssertionError("the key is not needed")


def ensure_it(graph, wanted, upload, check_mode):
    source = Source(wanted.certificate, upload) if wanted.certificate else None
    intent = ConnectorIntent(wanted, NOW, check_mode)
    return ensure(graph.resource(ApiConnectors), wanted.named, intent, source, check_mode, NOW)


def run_ensure(clock, wanted, upload=never, check_mode=False, **http):
    graph = make_graph(clock, **http)
    return ensure_it(graph, wanted, upload, check_mode), graph.budget.notices


def uploaded(outcome):
    return outcome.facts.get("uploaded", False)


CREATE_BASIC = Wanted(BY_NAME, True, "Orders", URL, PASSWORD)
CREATE_BODY = {"displayName": "Orders", "targetUrl": URL, "authenticationConfiguration": BASIC_BODY}


def test_create(wire, clock):
    wire.expect("GET", CONNECTORS, listing(as_json("A", name="Ordering", connector_id="c-0")))
    wire.expect("POST", CONNECTORS, as_json("basic"), 201, json=CREATE_BODY)
    wire.expect("GET", CONNECTORS, listing(as_json("basic")))
    outcome, dummy = run_ensure(clock, CREATE_BASIC)
    assert (outcome.changed, outcome.before, outcome.after) == (True, None, make_connector("basic"))
    assert clock.slept == []


def test_create_with_a_certificate_is_one_write(wire, clock):
    wire.expect("GET", CONNECTORS, listing())
    wire.expect(
        "POST", CONNECTORS, as_json("W"), 201, json={**CREATE_BODY, "authenticationConfiguration": CERTIFICATE_BODY}
    )
    wire.expect("GET", CONNECTORS, listing(as_json("W")))
    outcome, dummy = run_ensure(clock, Wanted(BY_NAME, True, "Orders", URL, CERTIFICATE), lambda: KEY)
    assert (uploaded(outcome), outcome.after) == (True, make_connector("W"))


def test_create_is_waited_for_until_it_is_listed(wire, clock):
    wire.expect("GET", CONNECTORS, listing())
    wire.expect("POST", CONNECTORS, as_json("basic"), 201, json=CREATE_BODY)
    wire.expect("GET", CONNECTORS, listing())
    wire.expect("GET", CONNECTORS, listing(as_json("basic")))
    assert run_ensure(clock, CREATE_BASIC)[0].after.id == "c-1"
    assert clock.slept == [1]


@pytest.mark.parametrize("lost", [LOST, 500, 502, 503, 504], ids=["reset", "500", "502", "503", "504"])
@pytest.mark.parametrize("carried_out", [True, False])
def test_create_whose_answer_is_lost(wire, clock, lost, carried_out):
    fate = {"status": lost} if isinstance(lost, int) else {"answer": lost}
    wire.expect("GET", CONNECTORS, listing())
    wire.expect("POST", CONNECTORS, json=CREATE_BODY, **fate)
    if not carried_out:
        wire.expect("GET", CONNECTORS, listing())
        wire.expect("POST", CONNECTORS, as_json("basic"), 201, json=CREATE_BODY)
    for unused in range(2 if carried_out else 3):
        wire.expect("GET", CONNECTORS, listing(as_json("basic")))
    outcome, dummy = run_ensure(clock, CREATE_BASIC)
    assert (outcome.changed, outcome.after.id) == (True, "c-1")


def test_create_that_was_carried_out_but_not_listed_in_time_leaves_one_connector(wire, clock):
    second = as_json("basic", connector_id="c-2")
    wire.expect("GET", CONNECTORS, listing())
    wire.expect("POST", CONNECTORS, LOST, json=CREATE_BODY)
    wire.expect("GET", CONNECTORS, listing())
    wire.expect("POST", CONNECTORS, second, 201, json=CREATE_BODY)
    wire.expect("GET", CONNECTORS, listing(as_json("basic"), second))
    wire.expect("DELETE", f"{CONNECTORS}/c-2", status=204)
    wire.expect("GET", f"{CONNECTORS}/c-2", status=404)
    outcome, notices = run_ensure(clock, CREATE_BASIC)
    assert outcome.after.id == "c-1"
    assert "Connector c-2, the second of that name, was deleted." in notices[-1]


def test_create_that_is_listed_later_than_the_second_leaves_one_connector(wire, clock):
    second = as_json("basic", connector_id="c-2")
    wire.expect("GET", CONNECTORS, listing())
    wire.expect("POST", CONNECTORS, LOST, json=CREATE_BODY)
    wire.expect("GET", CONNECTORS, listing())
    wire.expect("POST", CONNECTORS, second, 201, json=CREATE_BODY)
    wire.expect("GET", CONNECTORS, listing(second))
    wire.expect("GET", CONNECTORS, listing(second))
    wire.expect("GET", CONNECTORS, listing(second, as_json("basic")))
    wire.expect("DELETE", f"{CONNECTORS}/c-2", status=204)
    wire.expect("GET", f"{CONNECTORS}/c-2", status=404)
    assert run_ensure(clock, CREATE_BASIC)[0].after.id == "c-1"
    assert clock.slept == [1, 2, 4]


TWIN = as_json("basic", name="Orders\u00a0", connector_id="c-0")


@pytest.mark.parametrize("check_mode", [False, True])
def test_twin_is_not_created(wire, clock, check_mode):
    """What only looks like the wanted name is somebody's connector, which user flows go on calling."""
    wire.expect("GET", CONNECTORS, listing(TWIN, as_json("A", name="orders API", connector_id="c-5")))
    with pytest.raises(
        IdentityError, match=r"no API connector named 'Orders', but 'Orders<U\+00A0>' \(c-0\) looks alike"
    ):
        run_ensure(clock, CREATE_BASIC, check_mode=check_mode)


def test_rename_to_a_twin_is_refused(wire, clock):
    wire.expect("GET", PATH, as_json("basic", name="Loyalty"))
    wire.expect("GET", CONNECTORS, listing(TWIN, as_json("basic", name="Loyalty")))
    with pytest.raises(IdentityError, match=r"'Orders<U\+00A0>' \(c-0\) looks alike. Nothing was sent"):
        run_ensure(clock, Wanted(BY_ID, True, "Orders"))


def test_connector_may_be_renamed_to_what_only_looks_like_its_own_name(wire, clock):
    wire.expect("GET", PATH, as_json("A", name="Orders "))
    wire.expect("GET", CONNECTORS, listing(as_json("A", name="Orders ")))
    wire.expect("PATCH", PATH, status=204, json={"displayName": "Orders"})
    wire.expect("GET", PATH, as_json("A"))
    assert run_ensure(clock, Wanted(BY_ID, True, "Orders"))[0].changed


KEYED, OTHER_KEYED = (f"{URL}?code={key}&v=1" for key in ("k3y-before", "k3y-after"))


def test_key_in_the_url_is_compared_and_sent_whole_and_never_shown(wire, clock):
    wire.expect("GET", PATH, as_json("A", url=KEYED))
    wire.expect("PATCH", PATH, status=204, json={"targetUrl": OTHER_KEYED})
    wire.expect("GET", PATH, as_json("A", url=OTHER_KEYED))
    outcome, dummy = run_ensure(clock, Wanted(BY_ID, target_url=OTHER_KEYED))
    result = outcome.render(True)
    assert "k3y" not in json.dumps(result)
    starred = f"{URL}?code=********&v=********"
    assert result["connector"]["target_url"] == result["diff"]["before"]["target_url"] == starred
    assert result["diff"]["after"]["target_url"] == f"{starred} (with other values)"
    assert result["reason"] == "the target URL differs in values that are not shown"


def test_key_in_the_url_that_is_the_same_is_no_difference(wire, clock):
    wire.expect("GET", PATH, as_json("A", url=KEYED))
    assert not run_ensure(clock, Wanted(BY_ID, target_url=KEYED))[0].changed


STRANGER = {"connector_id": "c-9", "url": "https://stranger.example/"}


def test_stranger_of_that_name_is_not_taken_for_what_a_lost_request_created(wire, clock):
    """Nothing of ours may exist, or it may appear later: nobody knows, and nothing is sent that would make it worse."""
    wire.expect("GET", CONNECTORS, listing())
    wire.expect("POST", CONNECTORS, LOST, json=CREATE_BODY)
    wire.expect("GET", CONNECTORS, listing(as_json("basic", **STRANGER)))
    with pytest.raises(IdentityError, match="was not created again: somebody else created c-9.*may still make it"):
        run_ensure(clock, CREATE_BASIC)


@pytest.mark.parametrize(
    "stranger",
    [
        as_json("basic", **STRANGER),
        as_json("A", connector_id="c-9"),
        as_json("none", connector_id="c-9"),
        {**as_json("basic", connector_id="c-9"), "authenticationConfiguration": {**BASIC_BODY, "username": "other"}},
    ],
    ids=["URL", "certificate", "no authentication", "user name"],
)
def test_own_connector_is_not_deleted_for_a_stranger(wire, clock, stranger):
    wire.expect("GET", CONNECTORS, listing())
    wire.expect("POST", CONNECTORS, LOST, json=CREATE_BODY)
    wire.expect("GET", CONNECTORS, listing())
    wire.expect("POST", CONNECTORS, as_json("basic", connector_id="c-2"), 201, json=CREATE_BODY)
    wire.expect("GET", CONNECTORS, listing(stranger, as_json("basic", connector_id="c-2")))
    with pytest.raises(IdentityError, match="was created as c-2 while somebody else created c-9 with the same name"):
        run_ensure(clock, CREATE_BASIC)


def test_stranger_beside_what_a_lost_request_created(wire, clock):
    wire.expect("GET", CONNECTORS, listing())
    wire.expect("POST", CONNECTORS, LOST, json=CREATE_BODY)
    for unused in range(2):
        wire.expect("GET", CONNECTORS, listing(as_json("basic", **STRANGER), as_json("basic")))
    with pytest.raises(IdentityError, match="was created as c-1 while somebody else created c-9 with the same name"):
        run_ensure(clock, CREATE_BASIC)


def test_lost_creation_that_may_still_appear_is_told(wire, clock):
    wire.expect("GET", CONNECTORS, listing())
    wire.expect("POST", CONNECTORS, LOST, json=CREATE_BODY)
    wire.expect("GET", CONNECTORS, listing())
    wire.expect("POST", CONNECTORS, as_json("basic"), 201, json=CREATE_BODY)
    for unused in range(3):
        wire.expect("GET", CONNECTORS, listing(as_json("basic")))
    outcome, notices = run_ensure(clock, CREATE_BASIC)
    assert outcome.after.id == "c-1"
    assert "Should a second connector of that name appear, delete it." in notices[-1]


@pytest.mark.parametrize(
    "answer",
    [as_json("basic", name="Other"), as_json("basic", url="https://stranger.example/"), {"value": []}],
    ids=["name", "URL", "a list"],
)
def test_creation_answered_with_something_else_is_settled_by_reading(wire, clock, answer):
    wire.expect("GET", CONNECTORS, listing())
    wire.expect("POST", CONNECTORS, answer, 201, json=CREATE_BODY)
    for unused in range(2):
        wire.expect("GET", CONNECTORS, listing(as_json("basic")))
    assert run_ensure(clock, CREATE_BASIC)[0].after.id == "c-1"


def test_created_with_another_authentication_than_was_sent_is_not_done(wire, clock):
    wire.expect("GET", CONNECTORS, listing())
    wire.expect("POST", CONNECTORS, as_json("none"), 201, json=CREATE_BODY)
    wire.expect("GET", CONNECTORS, listing(as_json("none")))
    with pytest.raises(IdentityError, match="API connector 'Orders' has another authentication"):
        run_ensure(clock, CREATE_BASIC, retry_timeout=1)


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(BY_ID, present=False),
        Wanted(BY_ID, target_url=OTHER_URL),
        Wanted(BY_ID, authentication=CERTIFICATE),
        Wanted(BY_ID),
    ],
    ids=["delete", "change", "upload", "nothing"],
)
def test_another_connector_in_the_answer_is_an_error_before_any_write(wire, clock, wanted):
    wire.expect("GET", PATH, as_json("A", connector_id="other"))
    with pytest.raises(IdentityError, match="read API connector 'c-1': Microsoft Graph answered with another one"):
        run_ensure(clock, wanted, lambda: KEY)


def test_identifiers_are_the_same_whatever_their_case(wire, clock):
    wire.expect("GET", PATH, as_json("A", connector_id="C-1"))
    wire.expect("DELETE", f"{CONNECTORS}/C-1", status=204)
    wire.expect("GET", f"{CONNECTORS}/C-1", status=404)
    assert run_ensure(clock, Wanted(BY_ID, present=False))[0].changed


def test_created_connector_is_the_same_whatever_the_case_of_its_id(wire, clock):
    wire.expect("GET", CONNECTORS, listing())
    wire.expect("POST", CONNECTORS, as_json("basic", connector_id="C-1"), 201, json=CREATE_BODY)
    wire.expect("GET", CONNECTORS, listing(as_json("basic")))
    outcome, dummy = run_ensure(clock, CREATE_BASIC)
    assert (outcome.changed, clock.slept) == (True, [])


def test_renamed_connector_is_the_same_whatever_the_case_of_its_id(wire, clock):
    wire.expect("GET", PATH, as_json("A", connector_id="C-1"))
    wire.expect("GET", CONNECTORS, listing(as_json("A", name="New")))
    wire.expect("PATCH", f"{CONNECTORS}/C-1", status=204, json={"displayName": "New"})
    wire.expect("GET", f"{CONNECTORS}/C-1", as_json("A", name="New", connector_id="C-1"))
    assert run_ensure(clock, Wanted(BY_ID, True, "New"))[0].changed


def test_upload_answered_with_another_connector_is_settled_by_reading(wire, clock):
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("POST", UPLOAD_PATH, as_json("a W", connector_id="other"), json=KEY_BODY)
    wire.expect("GET", PATH, as_json("a W"))
    assert run_ensure(clock, Wanted(BY_ID, authentication=CERTIFICATE), lambda: KEY)[0].after.id == "c-1"


@pytest.mark.parametrize("status", [408, 501, 503, 505, 507, 509, 520, 524])
@pytest.mark.parametrize("headers", [{}, {"Retry-After": "1"}], ids=["", "Retry-After"])
def test_no_status_of_a_service_in_trouble_makes_a_second_write(wire, clock, status, headers):
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("POST", UPLOAD_PATH, status=status, headers=headers, json=KEY_BODY)
    wire.expect("GET", PATH, as_json("a W"))
    assert run_ensure(clock, Wanted(BY_ID, authentication=CERTIFICATE), lambda: KEY)[0].after.listed(THUMBPRINTS["w"])


def test_create_that_somebody_else_did_at_the_same_time_is_told(wire, clock):
    """Nothing was lost, so the other one is somebody's."""
    wire.expect("GET", CONNECTORS, listing())
    wire.expect("POST", CONNECTORS, as_json("basic"), 201, json=CREATE_BODY)
    wire.expect("GET", CONNECTORS, listing(as_json("basic", connector_id="c-0"), as_json("basic")))
    with pytest.raises(
        IdentityError,
        match="was created as c-1 while somebody else created c-0 with the same name. Delete all but one.*run_once",
    ):
        run_ensure(clock, CREATE_BASIC)


REFUSED = {"error": {"code": "AADB2C", "message": "Access is denied."}}


@pytest.mark.parametrize("found", [True, False])
def test_create_whose_answer_is_lost_and_that_is_then_refused(wire, clock, found):
    wire.expect("GET", CONNECTORS, listing())
    wire.expect("POST", CONNECTORS, LOST, json=CREATE_BODY)
    wire.expect("GET", CONNECTORS, listing())
    wire.expect("POST", CONNECTORS, REFUSED, 403, json=CREATE_BODY)
    for unused in range(2 if found else 1):
        wire.expect("GET", CONNECTORS, listing(as_json("basic")) if found else listing())
    if found:
        assert run_ensure(clock, CREATE_BASIC)[0].after.id == "c-1"
    else:
        with pytest.raises(IdentityError, match="Access is denied.*The answer to an earlier try was lost"):
            run_ensure(clock, CREATE_BASIC)


def test_create_that_is_lost_for_good(wire, clock):
    wire.expect("GET", CONNECTORS, listing())
    wire.expect("POST", CONNECTORS, status=500, json=CREATE_BODY)
    wire.expect("GET", CONNECTORS, listing())
    with pytest.raises(
        IdentityError,
        match="Could not create API connector 'Orders'.*It was read afterwards: API connector 'Orders' is not listed.",
    ):
        run_ensure(clock, CREATE_BASIC, retries=0)


def test_create_that_is_refused(wire, clock):
    wire.expect("GET", CONNECTORS, listing())
    wire.expect(
        "POST",
        CONNECTORS,
        {"error": {"code": "AADB2C99039", "message": "The feature is not enabled."}},
        400,
        json=CREATE_BODY,
    )
    with pytest.raises(ServiceError, match="Could not create API connector 'Orders': The feature is not enabled"):
        run_ensure(clock, CREATE_BASIC)


def test_one_patch_with_all_that_differs(wire, clock):
    wire.expect("GET", PATH, as_json("basic"))
    wire.expect("GET", CONNECTORS, listing(as_json("basic")))
    body = {"displayName": "New", "targetUrl": OTHER_URL, "authenticationConfiguration": CERTIFICATE_BODY}
    wire.expect("PATCH", PATH, status=204, json=body)
    wire.expect("GET", PATH, as_json("W", name="New", url=OTHER_URL))
    outcome, dummy = run_ensure(clock, Wanted(BY_ID, True, "New", OTHER_URL, CERTIFICATE), lambda: KEY)
    assert (uploaded(outcome), brief(outcome.after)) == (True, ("New", OTHER_URL, "W"))


def test_patch_with_nothing_but_what_differs(wire, clock):
    wire.expect("GET", CONNECTORS, listing(as_json("A")))
    wire.expect("PATCH", PATH, status=204, json={"targetUrl": OTHER_URL})
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("GET", PATH, as_json("A", url="https://API.example/other"))
    outcome, dummy = run_ensure(clock, Wanted(BY_NAME, True, "Orders", OTHER_URL))
    assert (outcome.changed, outcome.after.target_url) == (True, "https://API.example/other")
    assert clock.slept == [1]


def test_certificate_is_uploaded_before_the_url_changes(wire, clock):
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("POST", UPLOAD_PATH, as_json("a W"), json=KEY_BODY)
    wire.expect("PATCH", PATH, status=204, json={"targetUrl": OTHER_URL})
    wire.expect("GET", PATH, as_json("a W", url=OTHER_URL))
    outcome, dummy = run_ensure(clock, Wanted(BY_ID, target_url=OTHER_URL, authentication=CERTIFICATE), lambda: KEY)
    assert (uploaded(outcome), brief(outcome.after)) == (True, ("Orders", OTHER_URL, "a W"))


def test_upload_alone(wire, clock):
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("POST", UPLOAD_PATH, as_json("a W"), json=KEY_BODY)
    outcome, dummy = run_ensure(clock, Wanted(BY_ID, target_url=URL, authentication=CERTIFICATE), lambda: KEY)
    assert (outcome.changed, uploaded(outcome), brief(outcome.after)) == (True, True, ("Orders", URL, "a W"))


def test_refused_certificate_changes_nothing_else(wire, clock):
    wire.expect("GET", PATH, as_json("A"))
    wire.expect(
        "POST", UPLOAD_PATH, {"error": {"code": "AADB2C90215", "message": "Badly formatted."}}, 400, json=KEY_BODY
    )
    wire.expect("GET", PATH, as_json("A"))
    with pytest.raises(ServiceError, match="Badly formatted"):
        run_ensure(clock, Wanted(BY_ID, target_url=OTHER_URL, authentication=CERTIFICATE), lambda: KEY)


def test_lost_patch_that_was_carried_out(wire, clock):
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("PATCH", PATH, LOST, json={"targetUrl": OTHER_URL})
    wire.expect("GET", PATH, as_json("A", url=OTHER_URL))
    assert run_ensure(clock, Wanted(BY_ID, target_url=OTHER_URL))[0].changed


def test_lost_password_is_sent_again_as_it_cannot_be_read(wire, clock):
    wire.expect("GET", PATH, as_json("basic"))
    wire.expect("PATCH", PATH, LOST, json={"authenticationConfiguration": BASIC_BODY})
    wire.expect("PATCH", PATH, status=204, json={"authenticationConfiguration": BASIC_BODY})
    wire.expect("GET", PATH, as_json("basic"))
    assert run_ensure(clock, Wanted(BY_ID, authentication=PASSWORD, always=True))[0].changed


def test_password_that_is_lost_for_good(wire, clock):
    wire.expect("GET", PATH, as_json("basic"))
    wire.expect("PATCH", PATH, LOST, json={"authenticationConfiguration": BASIC_BODY})
    with pytest.raises(
        IdentityError,
        match="'Orders' \\(c-1\\): The answer of .* was lost\\. The password may or may not be set. Run the task again.",
    ):
        run_ensure(clock, Wanted(BY_ID, authentication=PASSWORD, always=True), retries=0)


@pytest.mark.parametrize(
    "wanted",
    [Wanted(BY_ID, target_url=OTHER_URL, authentication=PASSWORD, always=True), Wanted(BY_ID, authentication=PASSWORD)],
)
def test_lost_password_that_came_with_what_can_be_read(wire, clock, wanted):
    """Who sees the one knows of the other, as it was one request."""
    wire.expect("GET", PATH, as_json("basic" if wanted.always else "A"))
    wire.expect("PATCH", PATH, LOST)
    wire.expect("GET", PATH, as_json("basic", url=wanted.target_url or URL))
    assert run_ensure(clock, wanted, retries=0)[0].changed


def test_upload_before_a_refused_change_is_told(wire, clock):
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("POST", UPLOAD_PATH, as_json("a W"), json=KEY_BODY)
    wire.expect("PATCH", PATH, REFUSED, 400, json={"targetUrl": OTHER_URL})
    with pytest.raises(IdentityError, match="Access is denied.* The certificate had already been uploaded."):
        run_ensure(clock, Wanted(BY_ID, target_url=OTHER_URL, authentication=CERTIFICATE), lambda: KEY)


def test_read_from_before_the_upload_is_not_the_result(wire, clock):
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("POST", UPLOAD_PATH, as_json("a W"), json=KEY_BODY)
    wire.expect("PATCH", PATH, status=204, json={"targetUrl": OTHER_URL})
    wire.expect("GET", PATH, as_json("A", url=OTHER_URL))
    wire.expect("GET", PATH, as_json("a W", url=OTHER_URL))
    outcome, dummy = run_ensure(clock, Wanted(BY_ID, target_url=OTHER_URL, authentication=CERTIFICATE), lambda: KEY)
    assert brief(outcome.after) == ("Orders", OTHER_URL, "a W")


def test_renamed_connector_is_not_its_own_namesake(wire, clock):
    """The list may know the new name before the connector does."""
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("GET", CONNECTORS, listing(as_json("A", name="New")))
    wire.expect("PATCH", PATH, status=204, json={"displayName": "New"})
    wire.expect("GET", PATH, as_json("A", name="New"))
    assert run_ensure(clock, Wanted(BY_ID, True, "New"))[0].changed


def test_rename_in_a_loop_reads_the_names_once_an_item(wire, clock):
    graph = make_graph(clock)
    wire.expect("GET", PATH, as_json("A"))
    assert not ensure_it(graph, Wanted(BY_ID, target_url=URL), None, True).changed
    wire.expect("GET", CONNECTORS, listing(as_json("A")))
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("GET", CONNECTORS, listing(as_json("A")))
    assert ensure_it(graph, Wanted(BY_ID, True, "New"), None, True).changed


def test_without_the_key_nothing_is_due_for_a_connector_that_is_taken_for_granted(wire, clock):
    wire.expect("GET", PATH, status=404)
    outcome, dummy = run_ensure(clock, Wanted(BY_ID, authentication=CERTIFICATE), upload=None, check_mode=True)
    assert (outcome.changed, outcome.upload_due) == (True, False)


def test_patch_that_never_shows(wire, clock):
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("PATCH", PATH, status=204, json={"targetUrl": OTHER_URL})
    wire.expect("GET", PATH, as_json("A"))
    with pytest.raises(
        IdentityError,
        match="The change was sent at .*, but API connector 'Orders' \\(c-1\\) does not show the new target URL",
    ):
        run_ensure(clock, Wanted(BY_ID, target_url=OTHER_URL), retry_timeout=1)


def test_rename_to_a_name_that_is_taken(wire, clock):
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("GET", CONNECTORS, listing(as_json("A"), as_json("A", name="New", connector_id="c-2")))
    with pytest.raises(IdentityError, match="cannot get the name 'New'"):
        run_ensure(clock, Wanted(BY_ID, True, "New"))


def test_delete(wire, clock):
    wire.expect("GET", CONNECTORS, listing(as_json("A")))
    wire.expect("DELETE", PATH, status=204)
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("GET", PATH, status=404)
    outcome, dummy = run_ensure(clock, Wanted(BY_NAME, present=False))
    assert (outcome.changed, outcome.before, outcome.after) == (True, make_connector("A"), None)


def test_delete_that_somebody_else_did(wire, clock):
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("DELETE", PATH, {"error": {"code": "AADB2C", "message": "Not found."}}, 404)
    wire.expect("GET", PATH, status=404)
    assert run_ensure(clock, Wanted(BY_ID, present=False))[0].changed


@pytest.mark.parametrize("carried_out", [True, False])
def test_delete_whose_answer_is_lost(wire, clock, carried_out):
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("DELETE", PATH, LOST)
    if not carried_out:
        wire.expect("GET", PATH, as_json("A"))
        wire.expect("DELETE", PATH, status=204)
    wire.expect("GET", PATH, status=404)
    assert run_ensure(clock, Wanted(BY_ID, present=False))[0].after is None


def test_delete_of_one_that_is_not_there(wire, clock):
    wire.expect("GET", PATH, status=404)
    assert not run_ensure(clock, Wanted(BY_ID, present=False))[0].changed


def test_delete_of_an_ambiguous_name(wire, clock):
    wire.expect("GET", CONNECTORS, listing(as_json("A"), as_json("A", connector_id="c-2")))
    with pytest.raises(IdentityError, match="'Orders' is ambiguous: API connectors c-1 and c-2 have that name"):
        run_ensure(clock, Wanted(BY_NAME, present=False))


@pytest.mark.parametrize(
    "wanted",
    [
        CREATE_BASIC,
        Wanted(BY_NAME, True, "Orders", URL, CERTIFICATE),
        Wanted(Named(None, "There"), True, "There", OTHER_URL),
        Wanted(Named(None, "There"), False),
    ],
    ids=["create", "create with certificate", "change", "delete"],
)
def test_check_mode_never_writes(wire, clock, wanted):
    wire.expect("GET", CONNECTORS, listing(as_json("A", name="There")))
    outcome, dummy = run_ensure(clock, wanted, check_mode=True)
    assert (outcome.changed, uploaded(outcome), outcome.upload_due) == (True, False, False)


@pytest.mark.parametrize(
    "today, wanted, due",
    [
        ("A", Wanted(BY_ID, target_url=OTHER_URL, authentication=CERTIFICATE), True),
        ("basic", Wanted(BY_ID, authentication=CERTIFICATE), True),
        ("W", Wanted(BY_ID, authentication=CERTIFICATE), False),
    ],
)
def test_without_the_key_nothing_is_written(wire, clock, today, wanted, due):
    wire.expect("GET", PATH, as_json(today))
    outcome, dummy = run_ensure(clock, wanted, upload=None)
    assert (outcome.upload_due, outcome.changed, uploaded(outcome)) == (due, due, False)


def test_without_the_key_what_needs_none_is_done(wire, clock):
    wire.expect("GET", PATH, as_json("W"))
    wire.expect("PATCH", PATH, status=204, json={"targetUrl": OTHER_URL})
    wire.expect("GET", PATH, as_json("W", url=OTHER_URL))
    outcome, dummy = run_ensure(clock, Wanted(BY_ID, target_url=OTHER_URL, authentication=CERTIFICATE), upload=None)
    assert (outcome.upload_due, outcome.changed, uploaded(outcome)) == (False, True, False)


def test_warnings_are_those_of_the_connector_afterwards(wire, clock):
    wire.expect("GET", PATH, as_json("A w", url=URL))
    wire.expect("PATCH", PATH, status=204, json={"targetUrl": OTHER_URL})
    wire.expect("GET", PATH, as_json("A w", url=OTHER_URL))
    outcome, dummy = run_ensure(clock, Wanted(BY_ID, target_url=OTHER_URL, authentication=CERTIFICATE))
    assert "listed but not active" in outcome.warnings[0]
