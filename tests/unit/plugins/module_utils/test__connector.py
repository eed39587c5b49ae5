# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
import requests

from ansible_collections.msgraph.identity.plugins.module_utils import _http
from ansible_collections.msgraph.identity.plugins.module_utils._api_connectors import (
    BASIC,
    CLIENT_CERTIFICATE,
    NIL_ID,
    NONE,
    ApiConnector,
    BasicAuthentication,
    ListedCertificate,
    Target,
)
from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import APICONNECTOR
from ansible_collections.msgraph.identity.plugins.module_utils._connector import (
    CertificateStep,
    Step,
    Wanted,
    ensure,
    plan,
)
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError, ServiceError
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import Upload, WantedCertificate

from ..fakes import CONNECTORS, make_graph

NOW = datetime(2026, 6, 1, 12, 0, 0, tzinfo=timezone.utc)
URL = "https://api.example/orders"
BY_NAME, BY_ID = Target(None, "Orders"), Target("c-1", None)
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
UPLOAD, REPLACE, STAY = CertificateStep.UPLOAD, CertificateStep.REPLACE, CertificateStep.NONE

# connector today, wanted → step, what is sent with it, what happens to the authentication, connector afterwards, words
# of the reason
PLANS = {
    "absent, missing": (None, Wanted(BY_NAME, present=False), Step.NONE, (), STAY, None, "does not exist"),
    "absent, there": (make_connector("A"), Wanted(BY_ID, present=False), Step.DELETE, (), STAY, None, "exists"),
    "create with basic": (
        None,
        Wanted(BY_NAME, True, "Orders", URL, PASSWORD),
        Step.CREATE,
        ALL,
        REPLACE,
        ("Orders", URL, "basic user"),
        "does not exist",
    ),
    "create with certificate": (
        None,
        Wanted(BY_NAME, True, "Orders", URL, CERTIFICATE),
        Step.CREATE,
        ALL,
        REPLACE,
        ("Orders", URL, "W"),
        "does not exist",
    ),
    "same, basic": (
        make_connector("basic"),
        Wanted(BY_NAME, True, "Orders", URL, PASSWORD),
        Step.NONE,
        (),
        STAY,
        ("Orders", URL, "basic user"),
        "as wanted",
    ),
    "same, certificate": (
        make_connector("a W"),
        Wanted(BY_NAME, True, "Orders", URL, CERTIFICATE),
        Step.NONE,
        (),
        STAY,
        ("Orders", URL, "a W"),
        "as wanted",
    ),
    "superseded": (
        make_connector("A w"),
        Wanted(BY_NAME, True, "Orders", URL, CERTIFICATE),
        Step.NONE,
        (),
        STAY,
        ("Orders", URL, "A w"),
        "as wanted",
    ),
    "nothing said": (make_connector("none"), Wanted(BY_ID), Step.NONE, (), STAY, ("Orders", URL, "none"), "as wanted"),
    "only a name": (
        make_connector("A"),
        Wanted(BY_NAME, True, "Orders"),
        Step.NONE,
        (),
        STAY,
        ("Orders", URL, "A"),
        "as wanted",
    ),
    "URL": (
        make_connector("A"),
        Wanted(BY_ID, target_url=OTHER_URL),
        Step.UPDATE,
        ("target_url",),
        STAY,
        ("Orders", OTHER_URL, "A"),
        "target URL differs",
    ),
    "same URL": (
        make_connector("A"),
        Wanted(BY_ID, target_url="HTTPS://API.example:443/orders"),
        Step.NONE,
        (),
        STAY,
        ("Orders", URL, "A"),
        "as wanted",
    ),
    "rename": (
        make_connector("A"),
        Wanted(BY_ID, True, "New"),
        Step.UPDATE,
        ("display_name",),
        STAY,
        ("New", URL, "A"),
        "display name differs",
    ),
    "new certificate": (
        make_connector("A"),
        Wanted(BY_ID, authentication=CERTIFICATE),
        Step.UPDATE,
        (),
        UPLOAD,
        ("Orders", URL, "a W"),
        "not listed",
    ),
    "certificate and URL": (
        make_connector("A"),
        Wanted(BY_ID, True, None, OTHER_URL, CERTIFICATE),
        Step.UPDATE,
        ("target_url",),
        UPLOAD,
        ("Orders", OTHER_URL, "a W"),
        "target URL differs; the certificate is not listed",
    ),
    "basic to certificate, and all": (
        make_connector("basic"),
        Wanted(BY_ID, True, "New", OTHER_URL, CERTIFICATE),
        Step.UPDATE,
        ALL,
        REPLACE,
        ("New", OTHER_URL, "W"),
        "authentication is basic",
    ),
    "none to certificate": (
        make_connector("none"),
        Wanted(BY_ID, authentication=CERTIFICATE),
        Step.UPDATE,
        ("authentication",),
        REPLACE,
        ("Orders", URL, "W"),
        "authentication is none",
    ),
    "certificate to basic": (
        make_connector("a W"),
        Wanted(BY_ID, authentication=PASSWORD),
        Step.UPDATE,
        ("authentication",),
        REPLACE,
        ("Orders", URL, "basic user"),
        "authentication is client_certificate",
    ),
    "none to basic": (
        make_connector("none"),
        Wanted(BY_ID, authentication=PASSWORD),
        Step.UPDATE,
        ("authentication",),
        REPLACE,
        ("Orders", URL, "basic user"),
        "authentication is none",
    ),
    "user name": (
        make_connector("basic"),
        Wanted(BY_ID, authentication=BasicAuthentication("other", "p")),
        Step.UPDATE,
        ("authentication",),
        REPLACE,
        ("Orders", URL, "basic other"),
        "user name differs",
    ),
    "password each time": (
        make_connector("basic"),
        Wanted(BY_ID, authentication=PASSWORD, always=True),
        Step.UPDATE,
        ("authentication",),
        REPLACE,
        ("Orders", URL, "basic user"),
        "update_password: always",
    ),
    "expired, but listed": (
        make_connector("w"),
        Wanted(BY_ID, authentication=EXPIRED),
        Step.NONE,
        (),
        STAY,
        ("Orders", URL, "w"),
        "as wanted",
    ),
}


@pytest.mark.parametrize("case", PLANS.values(), ids=PLANS)
def test_plan(case):
    today, wanted, step, sent, authentication, afterwards, reason = case
    planned = plan(today, wanted, NOW)
    assert (planned.step, planned.sent, planned.authentication_step) == (step, sent, authentication)
    assert planned.before is today
    assert brief(planned.after) == afterwards
    assert reason in planned.reason
    if planned.after:
        assert planned.after.id == ("c-1" if today else NIL_ID)
        if not isinstance(wanted.authentication, WantedCertificate) or authentication is STAY:
            # Carried out, nothing is left to do.
            again = plan(planned.after, wanted, NOW)
            assert again.step is (Step.UPDATE if wanted.always else Step.NONE)


BLANK = Wanted(Target(None, "Orders "), True, "Orders ", URL, PASSWORD)
FAILURES = {
    "create with a blank at the end": (None, BLANK, "connector_name 'Orders ' begins or ends with a blank"),
    "rename to a blank": (make_connector("A"), Wanted(BY_ID, True, " "), "begins or ends with a blank"),
    "unknown id": (
        None,
        Wanted(BY_ID, True, "Orders", URL, PASSWORD),
        "with the ID 'c-1'. Microsoft Graph chooses the IDs: leave connector_id out",
    ),
    "create without URL": (
        None,
        Wanted(BY_NAME, True, "Orders", None, PASSWORD),
        "the exact name 'Orders'. To create it, give target_url too.",
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
            "The change is predicted as if the play had created it before."
            in plan(today, wanted, NOW, check_mode).warnings[0]
        )
        return
    with pytest.raises(IdentityError) as caught:
        plan(today, wanted, NOW, check_mode)
    assert words in caught.value.message


def test_id_of_a_connector_that_the_play_would_have_created():
    planned = plan(None, Wanted(Target(NIL_ID, None), target_url=OTHER_URL), NOW, check_mode=True)
    assert (planned.step, brief(planned.after)) == (Step.CREATE, (None, OTHER_URL, "none"))
    assert (
        "There is no API connector with the ID '00000000-0000-0000-0000-000000000000' now. The change is predicted"
        in planned.warnings[0]
    )


def test_name_that_another_one_has():
    with pytest.raises(IdentityError, match="'c-1' cannot get the name 'New': API connector c-2 has it"):
        plan(
            make_connector("A"),
            Wanted(BY_ID, True, "New"),
            NOW,
            namesakes=[make_connector("A", name="New", connector_id="c-2")],
        )


# --- from parameters ---


def from_parameters(certificate=None, **arguments):
    return Wanted.from_parameters(APICONNECTOR.validate(arguments), certificate)


def test_parameters():
    basic = {"username": "user", "password": "pa$$word", "update_password": "always"}
    wanted = from_parameters(
        connector_id="c-1", connector_name="Orders", target_url=URL, authentication={"basic": basic}
    )
    assert wanted == Wanted(Target("c-1", "Orders"), True, "Orders", URL, PASSWORD, always=True)
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


@pytest.fixture(autouse=True)
def no_jitter(monkeypatch):
    monkeypatch.setattr(_http.random, "uniform", lambda low, high: high)


def never():
    raise AssertionError("the key is not needed")


def run_ensure(clock, wanted, upload=never, check_mode=False, **http):
    graph = make_graph(clock, **http)
    outcome = ensure(graph, wanted, upload, NOW, check_mode)
    return outcome, graph.http.notices


CREATE_BASIC = Wanted(BY_NAME, True, "Orders", URL, PASSWORD)
CREATE_BODY = {"displayName": "Orders", "targetUrl": URL, "authenticationConfiguration": BASIC_BODY}


def test_create(wire, clock):
    wire.expect("GET", CONNECTORS, listing(as_json("A", name="orders", connector_id="c-0")))
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
    assert (outcome.uploaded, outcome.certificate, outcome.after) == (True, CERTIFICATE, make_connector("W"))


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
        match="Could not create API connector 'Orders'.*Read again, API connector 'Orders' is not listed.",
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
    assert (outcome.uploaded, brief(outcome.after)) == (True, ("New", OTHER_URL, "W"))


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
    assert (outcome.uploaded, brief(outcome.after)) == (True, ("Orders", OTHER_URL, "a W"))


def test_upload_alone(wire, clock):
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("POST", UPLOAD_PATH, as_json("a W"), json=KEY_BODY)
    outcome, dummy = run_ensure(clock, Wanted(BY_ID, target_url=URL, authentication=CERTIFICATE), lambda: KEY)
    assert (outcome.changed, outcome.uploaded, brief(outcome.after)) == (True, True, ("Orders", URL, "a W"))


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
        match="'c-1': The answer of .* was lost .*The password may or may not be set. Run the task again.",
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
    for unused in range(2):
        wire.expect("GET", PATH, as_json("basic", url=wanted.target_url or URL))
    assert run_ensure(clock, wanted, retries=0)[0].changed


def test_upload_before_a_refused_change_is_told(wire, clock):
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("POST", UPLOAD_PATH, as_json("a W"), json=KEY_BODY)
    wire.expect("PATCH", PATH, REFUSED, 400, json={"targetUrl": OTHER_URL})
    with pytest.raises(IdentityError, match="Access is denied.* The certificate was uploaded before."):
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
    assert not ensure(graph, Wanted(BY_ID, target_url=URL), None, NOW, True).changed
    wire.expect("GET", CONNECTORS, listing(as_json("A")))
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("GET", CONNECTORS, listing(as_json("A")))
    assert ensure(graph, Wanted(BY_ID, True, "New"), None, NOW, True).changed


def test_without_the_key_nothing_is_due_for_a_connector_that_is_taken_for_granted(wire, clock):
    wire.expect("GET", PATH, status=404)
    outcome, dummy = run_ensure(clock, Wanted(BY_ID, authentication=CERTIFICATE), upload=None, check_mode=True)
    assert (outcome.changed, outcome.upload_due) == (True, False)


def test_patch_that_never_shows(wire, clock):
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("PATCH", PATH, status=204, json={"targetUrl": OTHER_URL})
    wire.expect("GET", PATH, as_json("A"))
    with pytest.raises(
        IdentityError, match="The change was sent at .*, but API connector 'c-1' does not show the new target URL"
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
    else:
        wire.expect("GET", PATH, status=404)
    wire.expect("GET", PATH, status=404)
    assert run_ensure(clock, Wanted(BY_ID, present=False))[0].after is None


def test_delete_of_one_that_is_not_there(wire, clock):
    wire.expect("GET", PATH, status=404)
    assert not run_ensure(clock, Wanted(BY_ID, present=False))[0].changed


def test_delete_of_an_ambiguous_name(wire, clock):
    wire.expect("GET", CONNECTORS, listing(as_json("A"), as_json("A", connector_id="c-2")))
    with pytest.raises(IdentityError, match="ambiguous: API connectors c-1, c-2 have it"):
        run_ensure(clock, Wanted(BY_NAME, present=False))


@pytest.mark.parametrize(
    "wanted",
    [
        CREATE_BASIC,
        Wanted(BY_NAME, True, "Orders", URL, CERTIFICATE),
        Wanted(Target(None, "There"), True, "There", OTHER_URL),
        Wanted(Target(None, "There"), False),
    ],
    ids=["create", "create with certificate", "change", "delete"],
)
def test_check_mode_never_writes(wire, clock, wanted):
    wire.expect("GET", CONNECTORS, listing(as_json("A", name="There")))
    outcome, dummy = run_ensure(clock, wanted, check_mode=True)
    assert (outcome.changed, outcome.uploaded, outcome.upload_due) == (True, False, False)


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
    assert (outcome.upload_due, outcome.changed, outcome.uploaded) == (due, due, False)


def test_without_the_key_what_needs_none_is_done(wire, clock):
    wire.expect("GET", PATH, as_json("W"))
    wire.expect("PATCH", PATH, status=204, json={"targetUrl": OTHER_URL})
    wire.expect("GET", PATH, as_json("W", url=OTHER_URL))
    outcome, dummy = run_ensure(clock, Wanted(BY_ID, target_url=OTHER_URL, authentication=CERTIFICATE), upload=None)
    assert (outcome.upload_due, outcome.changed, outcome.uploaded) == (False, True, False)


def test_warnings_are_those_of_the_connector_afterwards(wire, clock):
    wire.expect("GET", PATH, as_json("A w", url=URL))
    wire.expect("PATCH", PATH, status=204, json={"targetUrl": OTHER_URL})
    wire.expect("GET", PATH, as_json("A w", url=OTHER_URL))
    outcome, dummy = run_ensure(clock, Wanted(BY_ID, target_url=OTHER_URL, authentication=CERTIFICATE))
    assert "listed but not active" in outcome.warnings[0]
