# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
import requests
import responses
from hypothesis import assume, given
from hypothesis import strategies as st

from ansible_collections.msgraph.identity.plugins.module_utils._api_connectors import ApiConnectors
from ansible_collections.msgraph.identity.plugins.module_utils._certificate_plan import CertificateIntent, Options, plan
from ansible_collections.msgraph.identity.plugins.module_utils._connector_model import (
    BASIC,
    CLIENT_CERTIFICATE,
    NIL_ID,
    NONE,
    ApiConnector,
    ListedCertificate,
    Named,
)
from ansible_collections.msgraph.identity.plugins.module_utils._connector_steps import PatchConnector, UploadCertificate
from ansible_collections.msgraph.identity.plugins.module_utils._ensure import ensure
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError, ServiceError
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import Upload, WantedCertificate
from ansible_collections.msgraph.identity.plugins.module_utils._source import Source

from ..fakes import CONNECTORS, ROOT, make_graph

NOW = datetime(2026, 6, 1, 12, 0, 0, tzinfo=timezone.utc)
NAMED = Named("c-1", None)
THUMBPRINTS = {"w": "0EB255CC895477798BA418B378255204304897AD", "a": "AA" * 20, "b": "BB" * 20}
VALIDITY = {"valid": (-10, 300), "early": (10, 300), "expired": (-300, -10)}  # days from NOW


def days(number):
    return NOW + timedelta(days=number)


def make_wanted(validity="valid"):
    starts, ends = VALIDITY[validity]
    return WantedCertificate(THUMBPRINTS["w"], "CN=orders", "CN=orders", "1F", days(starts), days(ends), b"der")


def make_connector(listed, validity="valid"):
    """A connector from "basic", "none", "missing", or a list such as "a W": w is the wanted certificate, capitals are
    active.
    """
    if listed == "missing":
        return None
    if listed in ("basic", "none"):
        return ApiConnector(
            "c-1",
            "Orders",
            "https://api.example",
            {"basic": BASIC, "none": NONE}[listed],
            username="user" if listed == "basic" else None,
        )
    certificates = []
    for letter in listed.split():
        starts, ends = VALIDITY[validity if letter in "wW" else "valid"]
        certificates.append(ListedCertificate(THUMBPRINTS[letter.lower()], days(starts), days(ends), letter.isupper()))
    return ApiConnector("c-1", "Orders", "https://api.example", CLIENT_CERTIFICATE, certificates=tuple(certificates))


def letters(connector):
    """The opposite of make_connector()."""
    names = {thumbprint: letter for letter, thumbprint in THUMBPRINTS.items()}
    found = [(names[certificate.thumbprint], certificate.is_active) for certificate in connector.certificates]
    return " ".join(letter.upper() if is_active else letter for letter, is_active in found)


def make_options(words):
    """Options from words such as "active exclusive check"."""
    names = {
        "active": "ensure_active",
        "exclusive": "exclusive",
        "basic": "replace_basic_authentication",
        "check": "check_mode",
    }
    return Options(NAMED, **{names[word]: True for word in words.split()})


# What a warning is known by.
SUPERSEDED = f"listed but not active: {'AA' * 20} is. Set ensure_active: true to have it uploaded again."
NONE_ACTIVE = "listed but not active, nor is any other. Set ensure_active: true"
EARLY = "is not valid before 2026-06-11T12:00:00Z"
NOBODY = "has no active certificate until then"
EXPIRED = "expired at 2026-05-22T12:00:00Z. Renew it"
PREDICTED = "There is no API connector with the ID 'c-1'. Unless an earlier task of this play creates it, the real run"
# What a failure is known by.
FAILS_EXPIRED = ("expired at 2026-05-22T12:00:00Z", "Nothing was sent", "give a certificate that is valid")
FAILS_MISSING = ("There is no API connector with the ID 'c-1'", "Create it first")
FAILS_TWICE = ("lists the certificate 0EB255", "2 times", "only lengthen the list; set exclusive: true")
FAILS_BASIC = ("basic authentication", "replace_basic_authentication")

# What a plan does.
NOTHING, UPLOADED, REPLACED = (), (UploadCertificate,), (PatchConnector,)


def kinds(planned):
    return tuple(type(step) for step in planned.steps)


# connector today, wanted certificate, options → step, certificates afterwards, warnings; or the words of the failure
PLANS = [
    # in certificate mode, not listed
    ("", "valid", "", UPLOADED, "W", []),
    ("A", "valid", "", UPLOADED, "a W", []),
    ("a B", "valid", "", UPLOADED, "a b W", []),
    ("A", "valid", "active", UPLOADED, "a W", []),
    ("A", "valid", "basic", UPLOADED, "a W", []),
    ("A", "valid", "check", UPLOADED, "a W", []),
    ("", "early", "", UPLOADED, "w", [EARLY, NOBODY]),
    ("a", "early", "", UPLOADED, "a w", [EARLY, NOBODY]),
    ("A", "early", "", UPLOADED, "A w", [EARLY]),
    ("A", "early", "active", UPLOADED, "A w", [EARLY]),
    ("A", "early", "check", UPLOADED, "A w", [EARLY]),
    # listed, default options
    ("W", "valid", "", NOTHING, "W", []),
    ("a W", "valid", "", NOTHING, "a W", []),
    ("A w", "valid", "", NOTHING, "A w", [SUPERSEDED]),
    ("w", "valid", "", NOTHING, "w", [NONE_ACTIVE]),
    ("A w", "valid", "check", NOTHING, "A w", [SUPERSEDED]),
    ("A w", "valid", "basic", NOTHING, "A w", [SUPERSEDED]),
    ("A w", "early", "", NOTHING, "A w", [EARLY]),
    ("w", "early", "", NOTHING, "w", [EARLY, NOBODY]),
    ("A w", "expired", "", NOTHING, "A w", [EXPIRED]),
    ("w", "expired", "", NOTHING, "w", [EXPIRED]),
    # listed twice
    ("w w", "valid", "", NOTHING, "w w", [NONE_ACTIVE]),
    ("w W", "valid", "", NOTHING, "w W", []),
    ("W w", "valid", "active", NOTHING, "W w", []),
    ("w W", "valid", "active", NOTHING, "w W", []),
    ("w A w", "valid", "active", FAILS_TWICE),
    ("w w", "valid", "active", FAILS_TWICE),
    ("w A w", "valid", "active check", FAILS_TWICE),
    ("w A w", "valid", "", NOTHING, "w A w", [SUPERSEDED]),
    ("w A w", "early", "active", NOTHING, "w A w", [EARLY]),
    ("w A w", "valid", "active exclusive", REPLACED, "W", []),
    ("w W", "valid", "exclusive", NOTHING, "w W", []),
    ("w A w", "valid", "exclusive", REPLACED, "W", []),
    # listed, ensure_active
    ("W", "valid", "active", NOTHING, "W", []),
    ("a W", "valid", "active", NOTHING, "a W", []),
    ("A w", "valid", "active", UPLOADED, "a W", []),
    ("w A b", "valid", "active", UPLOADED, "a b W", []),
    ("w", "valid", "active", UPLOADED, "W", []),
    ("A w", "valid", "active check", UPLOADED, "a W", []),
    ("A w", "early", "active", NOTHING, "A w", [EARLY]),
    ("w", "early", "active", NOTHING, "w", [EARLY, NOBODY]),
    ("A w", "expired", "active", NOTHING, "A w", [EXPIRED]),
    # exclusive
    ("W", "valid", "exclusive", NOTHING, "W", []),
    ("w", "early", "exclusive", NOTHING, "w", [EARLY, NOBODY]),
    ("w", "expired", "exclusive", NOTHING, "w", [EXPIRED]),
    ("", "valid", "exclusive", REPLACED, "W", []),
    ("A", "valid", "exclusive", REPLACED, "W", []),
    ("a W", "valid", "exclusive", REPLACED, "W", []),
    ("A w", "valid", "exclusive", REPLACED, "W", []),
    ("A w b", "valid", "exclusive check", REPLACED, "W", []),
    ("A", "early", "exclusive", REPLACED, "w", [EARLY, NOBODY]),
    ("A w", "early", "exclusive", REPLACED, "w", [EARLY, NOBODY]),
    ("A w", "expired", "exclusive", NOTHING, "A w", [EXPIRED]),
    # exclusive and ensure_active
    ("W", "valid", "active exclusive", NOTHING, "W", []),
    ("w", "valid", "active exclusive", REPLACED, "W", []),
    ("a W", "valid", "active exclusive", REPLACED, "W", []),
    ("A w", "valid", "active exclusive", REPLACED, "W", []),
    ("A", "valid", "active exclusive", REPLACED, "W", []),
    ("w", "early", "active exclusive", NOTHING, "w", [EARLY, NOBODY]),
    ("w", "expired", "active exclusive", NOTHING, "w", [EXPIRED]),
    # basic authentication
    ("basic", "valid", "", FAILS_BASIC),
    ("basic", "valid", "check", FAILS_BASIC),
    ("basic", "valid", "active exclusive", FAILS_BASIC),
    ("basic", "early", "", FAILS_BASIC),
    ("basic", "valid", "basic", REPLACED, "W", []),
    ("basic", "valid", "basic check", REPLACED, "W", []),
    ("basic", "valid", "basic active exclusive", REPLACED, "W", []),
    ("basic", "early", "basic", REPLACED, "w", [EARLY, NOBODY]),
    # no authentication configured
    ("none", "valid", "", REPLACED, "W", []),
    ("none", "valid", "active", REPLACED, "W", []),
    ("none", "valid", "exclusive", REPLACED, "W", []),
    ("none", "valid", "basic", REPLACED, "W", []),
    ("none", "valid", "check", REPLACED, "W", []),
    ("none", "early", "", REPLACED, "w", [EARLY, NOBODY]),
    # missing
    ("missing", "valid", "", FAILS_MISSING),
    ("missing", "valid", "active exclusive basic", FAILS_MISSING),
    ("missing", "early", "", FAILS_MISSING),
    ("missing", "valid", "check", UPLOADED, "W", [PREDICTED]),
    ("missing", "valid", "check exclusive", UPLOADED, "W", [PREDICTED]),
    ("missing", "early", "check", UPLOADED, "w", [PREDICTED, EARLY, NOBODY]),
    # expired and not listed
    ("", "expired", "", FAILS_EXPIRED),
    ("A", "expired", "", FAILS_EXPIRED),
    ("A", "expired", "check", FAILS_EXPIRED),
    ("A", "expired", "active", FAILS_EXPIRED),
    ("A", "expired", "exclusive", FAILS_EXPIRED),
    ("basic", "expired", "", FAILS_EXPIRED),
    ("basic", "expired", "basic", FAILS_EXPIRED),
    ("none", "expired", "", FAILS_EXPIRED),
    ("missing", "expired", "", FAILS_EXPIRED),
    ("missing", "expired", "check", FAILS_EXPIRED),
]


@pytest.mark.parametrize("case", PLANS, ids=lambda case: f"[{case[0]}] {case[1]} {case[2] or 'default'}")
def test_plan(case):
    today, validity, words, *expected = case
    connector, wanted, options = make_connector(today, validity), make_wanted(validity), make_options(words)
    if len(expected) == 1:
        with pytest.raises(IdentityError) as caught:
            plan(connector, wanted, options, NOW)
        assert [phrase for phrase in expected[0] if phrase not in caught.value.message] == []
        return
    step, afterwards, warnings = expected
    planned = plan(connector, wanted, options, NOW)
    assert (kinds(planned), letters(planned.after)) == (step, afterwards)
    assert planned.before is connector
    assert planned.reason
    assert len(planned.warnings) == len(warnings)
    for warning, phrase in zip(planned.warnings, warnings):
        assert phrase in warning
    assert planned.after.authentication == CLIENT_CERTIFICATE
    assert planned.after.username is None
    assert planned.after.id == "c-1"
    if connector:
        assert (planned.after.display_name, planned.after.target_url) == ("Orders", "https://api.example")
    if step:
        new = planned.after.listed(wanted.thumbprint)
        assert (new.not_before, new.not_after) == (wanted.not_before, wanted.not_after)


def test_plan_of_a_connector_that_is_missing_by_name():
    planned = plan(None, make_wanted(), Options(Named(None, "Orders"), check_mode=True), NOW)
    assert (planned.after.id, planned.after.display_name, planned.after.target_url) == (NIL_ID, "Orders", None)
    assert "There is no API connector named 'Orders'. Unless an earlier task" in planned.warnings[0]


@pytest.mark.parametrize(
    "starts, ends, step",
    [
        (0, 1, UPLOADED),  # valid from this very second
        (-1, 0, None),  # its last second is over
        (-1, 1 / 86400, UPLOADED),
        (1 / 86400, 1, UPLOADED),
    ],
)
def test_validity_at_its_edges(starts, ends, step):
    wanted = WantedCertificate(THUMBPRINTS["w"], "CN=x", "CN=x", "1", days(starts), days(ends), b"")
    if step is None:
        with pytest.raises(IdentityError, match="expired at"):
            plan(make_connector(""), wanted, make_options(""), NOW)
    else:
        planned = plan(make_connector(""), wanted, make_options(""), NOW)
        assert (kinds(planned), planned.after.certificates[0].is_active) == (step, starts <= 0)


@pytest.mark.parametrize(
    "ends, warn_within, warning",
    [
        (29.5, 30, "expires in 29 days, at 2026-07-01T00:00:00Z."),
        (30.5, 30, None),
        (0.5, 30, "expires within a day, at 2026-06-02T00:00:00Z."),
        (0.5, 1, "expires within a day"),
        (0.5, 0, None),
        (400, 500, "expires in 400 days"),
    ],
)
@pytest.mark.parametrize("listed", ["W", ""])
def test_warning_before_it_expires(listed, ends, warn_within, warning):
    wanted = WantedCertificate(THUMBPRINTS["w"], "CN=x", "CN=x", "1", days(-1), days(ends), b"")
    planned = plan(make_connector(listed), wanted, Options(NAMED, expiry_warning_days=warn_within), NOW)
    assert len(planned.warnings) == (warning is not None)
    assert warning is None or warning in planned.warnings[0]


LISTS = st.lists(st.sampled_from("wab"), max_size=4).flatmap(
    lambda names: st.integers(-1, len(names) - 1).map(
        lambda active: " ".join(name.upper() if place == active else name for place, name in enumerate(names))
    )
)
CONNECTORS_TODAY = st.one_of(LISTS, st.sampled_from(["basic", "none", "missing"]))


@given(
    today=CONNECTORS_TODAY,
    validity=st.sampled_from(sorted(VALIDITY)),
    words=st.sets(st.sampled_from(["active", "exclusive", "basic", "check"])).map(" ".join),
)
def test_what_is_true_of_every_plan(today, validity, words):
    connector, wanted, options = make_connector(today, validity), make_wanted(validity), make_options(words)
    listed = connector is not None and connector.listed(wanted.thumbprint) is not None
    try:
        planned = plan(connector, wanted, options, NOW)
    except IdentityError:
        twice = today.lower().split().count("w") > 1 and "W" not in today
        refused = validity == "valid" and "active" in words and "exclusive" not in words and twice
        assert (validity == "expired" and not listed) or today in ("basic", "missing") or refused
        return
    assert validity != "expired" or listed
    assert planned.steps or planned.after == planned.before == connector
    assert not planned.steps or planned.after.listed(wanted.thumbprint)
    assert kinds(planned) != REPLACED or letters(planned.after) in ("w", "W")
    assert sum(certificate.is_active for certificate in planned.after.certificates) <= 1
    if "exclusive" in words and connector is not None and validity != "expired":
        assert {certificate.thumbprint for certificate in planned.after.certificates} == {wanted.thumbprint}
    if "active" in words and validity == "valid":
        assert planned.after.listed(wanted.thumbprint).is_active


@given(
    today=st.one_of(LISTS, st.sampled_from(["basic", "none"])),
    validity=st.sampled_from(["valid", "early"]),
    words=st.sets(st.sampled_from(["active", "exclusive"])).map(" ".join),
)
def test_a_second_run_finds_nothing_to_do(today, validity, words):
    wanted, options = make_wanted(validity), make_options(f"{words} basic")
    try:
        after = plan(make_connector(today, validity), wanted, options, NOW).after
    except IdentityError:
        assume("active" not in words)
        raise
    assert plan(after, wanted, options, NOW).idle


NEWER = replace(make_connector("A"), certificates=(ListedCertificate(THUMBPRINTS["a"], days(-1), days(300), True),))


def with_ours(connector, is_active=False):
    ours = ListedCertificate(THUMBPRINTS["w"], *(days(number) for number in VALIDITY["valid"]), is_active)
    others = tuple(replace(certificate, is_active=not is_active) for certificate in connector.certificates)
    return replace(connector, certificates=(*others, ours))


@pytest.mark.parametrize(
    "before, words, warnings",
    [
        (with_ours(NEWER), "", ["not active: AAAAAAAA", "which is newer (valid from 2026-05-31T12:00:00Z). Set"]),
        (with_ours(NEWER), "active", ["takes the place of a newer one: AAAAAAAA", "the two take turns"]),
        (with_ours(NEWER, True), "active", []),
        (NEWER, "active", []),
        (make_connector("A w"), "active", []),
    ],
    ids=str,
)
def test_newer_certificate_that_is_active_is_told(before, words, warnings):
    planned = plan(before, make_wanted(), make_options(words), NOW)
    assert len(planned.warnings) == bool(warnings)
    assert all(words in planned.warnings[0] for words in warnings)


@pytest.mark.parametrize(
    "validity, words",
    [
        (
            "early",
            "not valid before 2026-06-11T12:00:00Z by the clock of this machine, but it is active. Check the clock.",
        ),
        ("expired", "expired at 2026-05-22T12:00:00Z by the clock of this machine, but it is active. Renew it, or"),
    ],
)
def test_service_is_believed_where_the_clock_says_otherwise(validity, words):
    planned = plan(make_connector("W", validity), make_wanted(validity), make_options("active"), NOW)
    assert planned.idle
    assert len(planned.warnings) == 1 and words in planned.warnings[0]


# Which of the listed certificates is active, of those that are valid: the documented rule, and two that are in doubt.
RULES = {
    "newest upload": lambda entries: entries[-1],
    "oldest upload": lambda entries: entries[0],
    "latest notBefore": lambda entries: max(entries, key=lambda entry: entry[1]),
}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@given(
    others=st.lists(st.tuples(st.sampled_from("ab"), st.integers(-50, 50)), max_size=3),
    age=st.integers(-50, -1),
    listed=st.booleans(),
    keeps_duplicates=st.booleans(),
)
def test_nights_under_any_rule_end_well_or_in_one_clear_failure(rule, others, age, listed, keeps_duplicates):
    """Whoever runs `ensure_active` every night does not make the list grow for ever."""
    wanted = replace(make_wanted(), not_before=days(age))
    entries = [*others, *([("w", age)] if listed else [])]

    def connector():
        valid = [entry for entry in entries if entry[1] <= 0]
        active = rule(valid) if valid else None
        shown = tuple(
            ListedCertificate(THUMBPRINTS[letter], days(starts), days(300), active is entry)
            for entry in entries
            for letter, starts in [entry]
        )
        return replace(make_connector(""), certificates=shown)

    lengths, ends = [], []
    for dummy in range(5):
        try:
            planned = plan(connector(), wanted, make_options("active"), NOW)
        except IdentityError as exc:
            assert "exclusive: true" in exc.message
            ends.append("failed")
        else:
            if planned.steps and (keeps_duplicates or not any(letter == "w" for letter, dummy in entries)):
                entries.append(("w", age))
            ends.append("ok" if connector().listed(THUMBPRINTS["w"]).is_active else "failed")
        lengths.append(len(entries))
    assert ends in (["ok"] * 5, ["failed"] * 5)
    assert lengths[-1] == lengths[1] <= len(others) + listed + 2


# --- carried out over HTTP ---

PATH = f"{CONNECTORS}/c-1"
UPLOAD_PATH = f"{PATH}/uploadClientCertificate"
UPLOAD = Upload("UEZY", "one-time")
UPLOAD_BODY = {"pkcs12Value": "UEZY", "password": "one-time"}
REPLACE_BODY = {"authenticationConfiguration": {"@odata.type": "#microsoft.graph.pkcs12Certificate", **UPLOAD_BODY}}
LOST = {
    "reset": requests.exceptions.ConnectionError("Connection aborted."),
    "read timeout": requests.exceptions.ReadTimeout("timed out"),
    "half an answer": requests.exceptions.ChunkedEncodingError("broken"),
    "500": 500,
    "502": 502,
    "503 without Retry-After": 503,
    "504": 504,
}


def as_json(listed, validity="valid", **changes):
    """What Graph answers for a connector like that of make_connector()."""
    connector = make_connector(listed, validity)
    kinds = {CLIENT_CERTIFICATE: "clientCertificateAuthentication", BASIC: "basicAuthentication"}
    authentication = None
    if connector.authentication != NONE:
        authentication = {"@odata.type": f"#microsoft.graph.{kinds[connector.authentication]}"}
    if connector.authentication == BASIC:
        authentication.update({"username": "user", "password": "******"})
    if connector.authentication == CLIENT_CERTIFICATE:
        authentication["certificateList"] = [
            {
                "thumbprint": certificate.thumbprint,
                "notBefore": int(certificate.not_before.timestamp()),
                "notAfter": int(certificate.not_after.timestamp()),
                "isActive": certificate.is_active,
            }
            for certificate in connector.certificates
        ]
    return {
        "id": "c-1",
        "displayName": "Orders",
        "targetUrl": "https://api.example",
        "authenticationConfiguration": authentication,
        **changes,
    }


def run_ensure(clock, words="", validity="valid", named=None, upload=lambda: UPLOAD, **http):
    options = make_options(words)
    if named:
        options = Options(
            named,
            options.ensure_active,
            options.exclusive,
            options.replace_basic_authentication,
            30,
            options.check_mode,
        )
    wanted = make_wanted(validity)
    return ensure(
        make_graph(clock, **http).resource(ApiConnectors),
        options.named,
        CertificateIntent(wanted, options, NOW),
        Source(wanted, upload),
        options.check_mode,
        NOW,
    )


def uploaded(outcome):
    return outcome.facts["uploaded"]


def fate(answer):
    """The answer and status for Wire.expect()."""
    return {"status": answer} if isinstance(answer, int) else {"answer": answer}


def never():
    raise AssertionError("the key is not needed")


@pytest.mark.parametrize("today, words", [("W", ""), ("A w", ""), ("W", "active exclusive")])
def test_nothing_to_do_is_one_read(wire, clock, today, words):
    wire.expect("GET", PATH, as_json(today))
    outcome = run_ensure(clock, words, upload=never)
    assert (outcome.changed, uploaded(outcome), outcome.upload_due) == (False, False, False)
    assert letters(outcome.after) == today
    assert clock.slept == []


@pytest.mark.parametrize("today, words, after", [("", "", "W"), ("A", "", "a W"), ("A w", "active", "a W")])
def test_upload_is_one_read_and_one_write(wire, clock, today, words, after):
    wire.expect("GET", PATH, as_json(today))
    wire.expect("POST", UPLOAD_PATH, as_json(after), json=UPLOAD_BODY)
    outcome = run_ensure(clock, words)
    assert (outcome.changed, uploaded(outcome), outcome.upload_due) == (True, True, False)
    assert (letters(outcome.before), letters(outcome.after)) == (today, after)
    assert outcome.warnings == ()


def test_result_shows_what_graph_says_not_what_was_predicted(wire, clock):
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("POST", UPLOAD_PATH, as_json("w b A"), json=UPLOAD_BODY)
    outcome = run_ensure(clock)
    assert letters(outcome.after) == "w b A"
    assert len(outcome.warnings) == 1
    assert SUPERSEDED in outcome.warnings[0]


@pytest.mark.parametrize("today, words", [("A", "exclusive"), ("a W", "exclusive"), ("basic", "basic"), ("none", "")])
def test_replace_is_seen_by_reading(wire, clock, today, words):
    wire.expect("GET", PATH, as_json(today))
    wire.expect("PATCH", PATH, status=204, json=REPLACE_BODY)
    wire.expect("GET", PATH, as_json("W"))
    outcome = run_ensure(clock, words)
    assert (outcome.changed, uploaded(outcome), letters(outcome.after)) == (True, True, "W")
    assert clock.slept == []


def test_upload_that_the_answer_does_not_show_is_read_until_it_is_seen(wire, clock):
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("POST", UPLOAD_PATH, as_json("A"), json=UPLOAD_BODY)
    for unused in range(3):
        wire.expect("GET", PATH, as_json("A"))
    wire.expect("GET", PATH, as_json("a W"))
    assert letters(run_ensure(clock).after) == "a W"
    assert clock.slept == [1, 2, 4]


def test_connector_that_is_not_found_for_a_moment_after_the_write(wire, clock):
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("POST", UPLOAD_PATH, as_json("A"), json=UPLOAD_BODY)
    wire.expect("GET", PATH, {"error": {"code": "AADB2C", "message": "Not found."}}, 404)
    wire.expect("GET", PATH, as_json("a W"))
    assert letters(run_ensure(clock).after) == "a W"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({}, id="empty object"),
        pytest.param({"value": []}, id="a list of none"),
        pytest.param(
            as_json("none", authenticationConfiguration={"@odata.type": "#microsoft.graph.new"}),
            id="unknown authentication",
        ),
    ],
)
def test_upload_answered_with_something_else_is_settled_by_reading(wire, clock, answer):
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("POST", UPLOAD_PATH, answer, json=UPLOAD_BODY)
    wire.expect("GET", PATH, as_json("a W"))
    assert letters(run_ensure(clock).after) == "a W"


def test_read_that_fails_for_a_moment_after_the_write(wire, clock):
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("PATCH", PATH, status=204, json=REPLACE_BODY)
    wire.expect("GET", PATH, {"error": {"code": "AADB2C90063", "message": "There is a problem with the service."}}, 500)
    wire.expect("GET", PATH, as_json("W"))
    assert letters(run_ensure(clock, "exclusive").after) == "W"


def test_upload_answered_without_a_body_is_settled_by_reading(wire, clock):
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("POST", UPLOAD_PATH, status=204, json=UPLOAD_BODY)
    wire.expect("GET", PATH, as_json("a W"))
    assert letters(run_ensure(clock).after) == "a W"


def test_replace_that_other_certificates_survive_is_not_done(wire, clock):
    wire.expect("GET", PATH, as_json("A w"))
    wire.expect("PATCH", PATH, status=204, json=REPLACE_BODY)
    wire.expect("GET", PATH, as_json("a W"))
    wire.expect("GET", PATH, as_json("W"))
    assert letters(run_ensure(clock, "exclusive").after) == "W"


def test_write_that_is_never_seen_fails_when_the_budget_ends(wire, clock):
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("POST", UPLOAD_PATH, as_json("A"), json=UPLOAD_BODY)
    for unused in range(4):
        wire.expect("GET", PATH, as_json("A"))
    with pytest.raises(
        IdentityError,
        match="was sent at .* and accepted, but API connector 'Orders' \\(c-1\\) does not list the certificate.*retry_timeout",
    ):
        run_ensure(clock, retry_timeout=10)
    assert clock.slept == [1, 2, 4]


def test_certificate_that_does_not_become_active_fails(wire, clock):
    wire.expect("GET", PATH, as_json("A w"))
    wire.expect("POST", UPLOAD_PATH, as_json("A w"), json=UPLOAD_BODY)
    wire.expect("GET", PATH, as_json("A w"))
    wire.expect("GET", PATH, as_json("A w"))
    with pytest.raises(IdentityError, match="does not show the certificate as the active one; with exclusive: true"):
        run_ensure(clock, "active", retry_timeout=2)


@pytest.mark.parametrize(
    "words, today, later, wrong",
    [
        pytest.param("active exclusive", "A", "w", "exclusive: true", id="exclusive was given"),
        pytest.param("active", "A", "A", "as the active one", id="not listed at all"),
    ],
)
def test_advice_fits_what_was_seen(wire, clock, words, today, later, wrong):
    wire.expect("GET", PATH, as_json(today))
    if "exclusive" in words:
        wire.expect("PATCH", PATH, status=204, json=REPLACE_BODY)
    else:
        wire.expect("POST", UPLOAD_PATH, as_json(later), json=UPLOAD_BODY)
    wire.expect("GET", PATH, as_json(later))
    with pytest.raises(IdentityError) as caught:
        run_ensure(clock, words, retry_timeout=1)
    assert wrong not in caught.value.message


def test_certificate_that_is_not_valid_yet_need_not_become_active(wire, clock):
    wire.expect("GET", PATH, as_json("A", "early"))
    wire.expect("POST", UPLOAD_PATH, as_json("A w", "early"), json=UPLOAD_BODY)
    assert letters(run_ensure(clock, "active", "early").after) == "A w"


@pytest.mark.parametrize("answer", LOST.values(), ids=LOST)
def test_lost_answer_of_an_upload_that_was_carried_out(wire, clock, answer):
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("POST", UPLOAD_PATH, json=UPLOAD_BODY, **fate(answer))
    wire.expect("GET", PATH, as_json("a W"))
    outcome = run_ensure(clock)
    assert (outcome.changed, uploaded(outcome), letters(outcome.after)) == (True, True, "a W")
    assert clock.slept == [1]


@pytest.mark.parametrize("answer", LOST.values(), ids=LOST)
def test_lost_answer_of_an_upload_that_was_not_carried_out(wire, clock, answer):
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("POST", UPLOAD_PATH, json=UPLOAD_BODY, **fate(answer))
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("POST", UPLOAD_PATH, as_json("a W"), json=UPLOAD_BODY)
    outcome = run_ensure(clock)
    assert letters(outcome.after) == "a W"
    assert clock.slept == [1]


@pytest.mark.parametrize("answer", LOST.values(), ids=LOST)
def test_lost_answer_of_a_replace(wire, clock, answer):
    wire.expect("GET", PATH, as_json("A w"))
    wire.expect("PATCH", PATH, json=REPLACE_BODY, **fate(answer))
    wire.expect("GET", PATH, as_json("A w"))
    wire.expect("PATCH", PATH, json=REPLACE_BODY, **fate(answer))
    wire.expect("GET", PATH, as_json("W"))
    assert letters(run_ensure(clock, "exclusive").after) == "W"


def test_lost_answer_of_an_upload_that_was_to_make_it_active(wire, clock):
    wire.expect("GET", PATH, as_json("A w"))
    wire.expect("POST", UPLOAD_PATH, LOST["reset"], json=UPLOAD_BODY)
    wire.expect("GET", PATH, as_json("A w"))
    wire.expect("POST", UPLOAD_PATH, as_json("a W"), json=UPLOAD_BODY)
    assert letters(run_ensure(clock, "active").after) == "a W"


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_lost_uploads_are_repeated_no_more_than_allowed(wire, clock, retries):
    wire.expect("GET", PATH, as_json("A"))
    for unused in range(retries + 1):
        wire.expect(
            "POST",
            UPLOAD_PATH,
            {"error": {"code": "AADB2C90063", "message": "There is a problem with the service."}},
            500,
            json=UPLOAD_BODY,
        )
        wire.expect("GET", PATH, as_json("A"))
    with pytest.raises(
        IdentityError,
        match="There is a problem with the service.*It was read afterwards: API connector 'Orders' \\(c-1\\) does not list the certificate",
    ) as caught:
        run_ensure(clock, retries=retries)
    assert (caught.value.failure["status"], caught.value.failure["code"]) == (500, "AADB2C90063")
    assert len(clock.slept) == retries


@pytest.mark.parametrize("retries", [0, 1, 2])
def test_throttled_and_lost_uploads_together_are_no_more_than_allowed(clock, retries):
    troubles = itertools.cycle([{"status": 429, "headers": {"Retry-After": "1"}}, {"body": LOST["reset"]}])
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.get(ROOT + PATH, json=as_json("A"))
        for trouble in itertools.islice(troubles, 20):
            mock.post(ROOT + UPLOAD_PATH, **trouble)
        with pytest.raises(IdentityError):
            run_ensure(clock, retries=retries)
        assert [call.request.method for call in mock.calls].count("POST") <= retries + 1


def test_lost_uploads_are_not_repeated_when_the_budget_is_spent(wire, clock):
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("POST", UPLOAD_PATH, status=500, json=UPLOAD_BODY)
    wire.expect("GET", PATH, as_json("A"))
    with pytest.raises(IdentityError, match="does not list the certificate"):
        run_ensure(clock, retry_timeout=1)
    assert clock.slept == []


def test_connector_that_is_gone_after_a_lost_upload(wire, clock):
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("POST", UPLOAD_PATH, status=500, json=UPLOAD_BODY)
    wire.expect("GET", PATH, status=404)
    with pytest.raises(IdentityError, match="Could not upload the certificate to API connector 'Orders' \\(c-1\\)"):
        run_ensure(clock)


def test_lost_upload_whose_fate_cannot_be_read_says_so(wire, clock):
    wire.expect("GET", PATH, as_json("A"))
    wire.expect("POST", UPLOAD_PATH, LOST["reset"], json=UPLOAD_BODY)
    wire.expect("GET", PATH, {"error": {"code": "AADB2C", "message": "Access is denied."}}, 403)
    with pytest.raises(IdentityError, match="upload the certificate"):
        run_ensure(clock)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_write_that_was_refused_for_now_is_sent_again_after_the_time_asked_for(wire, clock, method, status):
    words, path, body = ("", UPLOAD_PATH, UPLOAD_BODY) if method == "POST" else ("exclusive", PATH, REPLACE_BODY)
    wire.expect("GET", PATH, as_json("A"))
    wire.expect(method, path, status=status, json=body, headers={"Retry-After": "17"})
    if status == 503:
        # A gateway may say so of a service that has done it.
        wire.expect("GET", PATH, as_json("A"))
    if method == "POST":
        wire.expect("POST", path, as_json("a W"), json=body)
    else:
        wire.expect("PATCH", path, status=204, json=body)
        wire.expect("GET", PATH, as_json("W"))
    assert uploaded(run_ensure(clock, words))
    assert clock.slept == [17]


@pytest.mark.parametrize("status", [400, 409])
def test_upload_that_is_refused_because_another_task_was_faster(wire, clock, status):
    wire.expect("GET", PATH, as_json("A"))
    wire.expect(
        "POST",
        UPLOAD_PATH,
        {"error": {"code": "AADB2C90180", "message": "The key exists already."}},
        status,
        json=UPLOAD_BODY,
    )
    wire.expect("GET", PATH, as_json("a W"))
    assert letters(run_ensure(clock).after) == "a W"


@pytest.mark.parametrize("status", [400, 403, 404, 409, 413])
def test_refused_write_is_not_repeated(wire, clock, status):
    wire.expect("GET", PATH, as_json("A"))
    wire.expect(
        "POST",
        UPLOAD_PATH,
        {"error": {"code": "AADB2C90215", "message": "The certificate is badly formatted."}},
        status,
        json=UPLOAD_BODY,
    )
    if status in (400, 409):
        wire.expect("GET", PATH, as_json("A"))
    with pytest.raises(
        ServiceError,
        match="Could not upload the certificate to API connector 'Orders' \\(c-1\\): The certificate is badly formatted",
    ):
        run_ensure(clock)
    assert clock.slept == []


@pytest.mark.parametrize(
    "today, words", [("A", "check"), ("A w", "check active"), ("A w", "check exclusive"), ("basic", "check basic")]
)
def test_check_mode_never_writes(wire, clock, today, words):
    wire.expect("GET", PATH, as_json(today))
    outcome = run_ensure(clock, words, upload=never)
    assert (outcome.changed, uploaded(outcome), outcome.upload_due) == (True, False, False)
    assert outcome.after.listed(THUMBPRINTS["w"]).is_active


@pytest.mark.parametrize(
    "today, words, due",
    [("A", "", True), ("A w", "exclusive", True), ("W", "", False), ("A", "check", True), ("W", "check", False)],
)
def test_without_the_key_an_upload_is_only_due(wire, clock, today, words, due):
    wire.expect("GET", PATH, as_json(today))
    outcome = run_ensure(clock, words, upload=None)
    assert (outcome.upload_due, uploaded(outcome)) == (due, False)
    assert outcome.render(False).get("upload_due", False) is due


def test_missing_connector(wire, clock):
    wire.expect("GET", PATH, status=404)
    with pytest.raises(
        IdentityError, match="There is no API connector with the ID 'c-1'. connector_id takes an ID such as"
    ):
        run_ensure(clock)


def test_missing_connector_in_check_mode(wire, clock):
    wire.expect("GET", PATH, status=404)
    outcome = run_ensure(clock, "check")
    assert (outcome.changed, uploaded(outcome), outcome.before) == (True, False, None)
    result = outcome.render(True)
    assert result["diff"]["before"] == {}
    assert result["diff"]["after"]["id"] == result["connector"]["id"]
    assert "None" not in result["diff"]["before_header"]


def test_name_is_found_on_any_page_and_matched_exactly(wire, clock):
    others = [
        as_json("A", id=f"c-{number}", displayName=name)
        for number, name in enumerate(["orders", "Orders ", "Orders API", None])
    ]
    wire.expect("GET", CONNECTORS, {"value": others[:2], "@odata.nextLink": f"{ROOT}{CONNECTORS}?$skiptoken=x"})
    wire.expect("GET", f"{CONNECTORS}?$skiptoken=x", {"value": [*others[2:], as_json("A", id="c/9")]})
    wire.expect("POST", f"{CONNECTORS}/c%2F9/uploadClientCertificate", as_json("a W", id="C/9"), json=UPLOAD_BODY)
    assert uploaded(run_ensure(clock, named=Named(None, "Orders")))


def test_name_that_nobody_bears(wire, clock):
    wire.expect("GET", CONNECTORS, {"value": [as_json("A", displayName="orders")]})
    with pytest.raises(
        IdentityError, match="There is no API connector named 'Orders'. .* did you mean 'orders' \\(c-1\\)\\?"
    ):
        run_ensure(clock, named=Named(None, "Orders"))


def test_name_that_several_bear(wire, clock):
    wire.expect("GET", CONNECTORS, {"value": [as_json("A"), as_json("A", id="c-2")]})
    with pytest.raises(
        IdentityError,
        match="'Orders' is ambiguous: API connectors c-1 and c-2 have that name. Give one of them as connector_id",
    ):
        run_ensure(clock, named=Named(None, "Orders"))


@pytest.mark.parametrize(
    "identifier, segment",
    [
        ("45715bb8-13f9-4bf6-927f-ef96c102d394", "45715bb8-13f9-4bf6-927f-ef96c102d394"),
        ("RestApi_f6e8e73d", "RestApi_f6e8e73d"),
        ("a/b", "a%2Fb"),
        ("a?b#c", "a%3Fb%23c"),
        ("a b", "a%20b"),
        ("a%2Fb", "a%252Fb"),
        ("größe", "gr%C3%B6%C3%9Fe"),
        ("../x", "..%2Fx"),
    ],
)
def test_id_stays_one_segment_of_the_path(wire, clock, identifier, segment):
    wire.expect("GET", f"{CONNECTORS}/{segment}", as_json("A", id=identifier))
    wire.expect(
        "POST", f"{CONNECTORS}/{segment}/uploadClientCertificate", as_json("a W", id=identifier), json=UPLOAD_BODY
    )
    assert uploaded(run_ensure(clock, named=Named(identifier, None)))


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("values", list(itertools.product([False, True], repeat=3)), ids=str)
def test_options_from_parameters(values, check_mode):
    names = ("ensure_active", "exclusive", "replace_basic_authentication")
    parameters = {
        "connector_id": "c",
        "connector_name": None,
        "expiry_warning_days": 7,
        "unused": 1,
        **dict(zip(names, values)),
    }
    assert Options.from_parameters(parameters, check_mode) == Options(Named("c", None), *values, 7, check_mode)


@pytest.mark.parametrize("listed, is_active", [("a W", True), ("A w", False), ("A", False)])
def test_result_tells_whether_the_certificate_is_active(listed, is_active):
    intent = CertificateIntent(make_wanted(), make_options(""), NOW)
    assert intent.facts(make_connector(listed))["certificate"]["is_active"] is is_active
