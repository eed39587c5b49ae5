# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.msgraph.identity.plugins.module_utils._connector_model import (
    BASIC,
    CLIENT_CERTIFICATE,
    ApiConnector,
    ListedCertificate,
)
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import WantedCertificate
from ansible_collections.msgraph.identity.plugins.module_utils._outcome import Outcome

NOW = datetime(2026, 6, 1, 12, 0, 0, tzinfo=timezone.utc)
WANTED = WantedCertificate(
    "0E" * 20, "CN=orders", "CN=orders", "1F", NOW - timedelta(days=10), NOW + timedelta(days=300), b"der"
)
FACTS = {"uploaded": True, "certificate": {**WANTED.render(), "is_active": True}}
THUMBPRINTS = {"w": WANTED.thumbprint, "a": "AA" * 20}


def make_connector(listed):
    """A connector from a list such as "a W": w is the wanted certificate, capitals are active."""
    certificates = (
        ListedCertificate(THUMBPRINTS[letter.lower()], WANTED.not_before, WANTED.not_after, letter.isupper())
        for letter in listed.split()
    )
    return ApiConnector("c-1", "Orders", "https://api.example", CLIENT_CERTIFICATE, certificates=tuple(certificates))


@pytest.mark.parametrize("with_diff", [False, True])
def test_outcome_in_results(with_diff):
    before, after = make_connector("A"), make_connector("a W")
    outcome = Outcome(
        True, "the certificate is not listed", before, after, NOW, ("Mind this.",), "It was changed.", FACTS
    )
    result = outcome.render(with_diff)
    assert result.pop("diff", None) == (
        {
            "before": before.compared(None, NOW),
            "after": after.compared(before, NOW),
            "before_header": "API connector 'Orders'",
            "after_header": "API connector 'Orders'",
        }
        if with_diff
        else None
    )
    assert result == {
        "changed": True,
        "msg": "It was changed.",
        "uploaded": True,
        "reason": "the certificate is not listed",
        "certificate": {
            "thumbprint": WANTED.thumbprint,
            "subject": "CN=orders",
            "issuer": "CN=orders",
            "serial_number": "1F",
            "not_before": "2026-05-22T12:00:00Z",
            "not_after": "2027-03-28T12:00:00Z",
            "is_active": True,
        },
        "connector": after.render(NOW),
        "warnings": ["Mind this."],
    }


def test_without_a_certificate_nothing_is_said_of_one():
    result = Outcome(False, "x", make_connector("A"), make_connector("A"), NOW).render(False)
    assert sorted(result) == ["changed", "connector", "msg", "reason"]


def test_connector_that_comes_and_goes():
    connector = make_connector("A")
    rendered, compared = connector.render(NOW), connector.compared(None, NOW)
    title = "API connector 'Orders'"
    created = Outcome(True, "x", None, connector, NOW).render(True)
    assert created["diff"] == {"before": {}, "after": compared, "before_header": title, "after_header": title}
    assert created["connector"] == rendered
    deleted = Outcome(True, "x", connector, None, NOW).render(True)
    assert deleted["diff"] == {"before": compared, "after": {}, "before_header": title, "after_header": title}
    assert "connector" not in deleted
    assert Outcome(False, "x", None, None, NOW).render(True)["diff"] == {"before": {}, "after": {}}


def test_new_name_in_the_headers():
    connector = make_connector("A")
    diff = Outcome(True, "x", connector, replace(connector, display_name="Other"), NOW).render(True)["diff"]
    assert (diff["before_header"], diff["after_header"]) == ("API connector 'Orders'", "API connector 'Other'")


def test_change_that_cannot_be_shown_is_said():
    connector = ApiConnector("c-1", "Orders", "https://api.example", BASIC, "user")
    assert (
        Outcome(True, "the password is sent", connector, connector, NOW).render(True)["diff"]["prepared"]
        == "API connector 'Orders': the password is sent\n"
    )
    assert "prepared" not in Outcome(False, "x", connector, connector, NOW).render(True)["diff"]


def test_upload_due():
    connector = make_connector("W")
    assert Outcome(True, "x", connector, connector, NOW, upload_due=True).render(False)["upload_due"] is True
