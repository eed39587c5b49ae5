# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims challenges, and the tokens that meet them."""

from __future__ import annotations

import base64
import json
import re

import jwt
import msal
import pytest
from emulator.challenge import CLAIMS
from emulator_caller import LIST, error_code

CAPABILITY = {"xms_cc": {"values": ["CP1"]}}


def challenged(answer):
    """The claims that a 401 asks for."""
    header = answer.headers["WWW-Authenticate"]
    assert header.startswith("Bearer ") and 'error="insufficient_claims"' in header
    assert (answer.status_code, error_code(answer)) == (401, "InvalidAuthenticationToken")
    return json.loads(base64.b64decode(re.search(r'claims="([^"]+)"', header).group(1)))


def test_until_a_token_was_asked_with_the_claims(caller):
    caller.emulator.fault(action="claims_challenge", method="GET")
    for token in (caller.emulator.mint_token(), caller.token_request().json()["access_token"]):
        caller.token = token
        for _attempt in range(3):
            claims = challenged(caller.graph("GET"))
            assert claims == CLAIMS
    # More than the challenge names is fine, something else is not.
    more = {"access_token": {**claims["access_token"], **CAPABILITY}}
    for asked, status in ((more, 200), (claims, 200), ({"access_token": CAPABILITY}, 401), ({}, 401)):
        caller.token = caller.token_request(claims=json.dumps(asked)).json()["access_token"]
        assert caller.graph("GET").status_code == status
    assert [rule["times"] for rule in caller.emulator.faults()] == [None]


def test_other_requests_are_not_challenged(caller):
    connector = caller.emulator.add_connector("a")
    caller.emulator.fault(action="claims_challenge", method="DELETE")
    assert caller.graph("GET").status_code == 200
    challenged(caller.graph("DELETE", f"{LIST}/{connector}"))
    assert len(caller.emulator.connectors()) == 1


def test_for_ever(caller):
    wanted = {"access_token": {"acrs": {"essential": True, "value": "c1"}}}
    caller.emulator.fault(action="claims_challenge", claims=wanted, until="never")
    for _attempt in range(2):
        claims = challenged(caller.graph("GET"))
        assert claims == wanted
        caller.token = caller.token_request(claims=json.dumps(claims)).json()["access_token"]


def test_a_number_of_times(caller):
    caller.emulator.fault(action="claims_challenge", times=1)
    assert [caller.graph("GET").status_code for _attempt in range(2)] == [401, 200]


def test_tokens_tell_what_they_were_asked_with(caller):
    token = caller.token_request(claims=json.dumps(CLAIMS)).json()["access_token"]
    assert jwt.decode(token, options={"verify_signature": False})["xms_asked"] == CLAIMS
    token = caller.token_request().json()["access_token"]
    assert "xms_asked" not in jwt.decode(token, options={"verify_signature": False})


@pytest.mark.parametrize("claims", ["{", "[]", "5", ""])
def test_claims_that_are_no_object(caller, claims):
    answer = caller.token_request(claims=claims)
    assert (answer.status_code, answer.json()["error"], answer.json()["error_codes"]) == (
        400,
        "invalid_request",
        [90023],
    )


def test_msal(caller, monkeypatch):
    monkeypatch.delenv("MSAL_FORCE_REGION", raising=False)
    emulator = caller.emulator
    app = msal.ConfidentialClientApplication(
        emulator.client_id,
        client_credential=emulator.client_secret,
        authority=f"{emulator.authority_host}/{emulator.tenant}",
        instance_discovery=False,
        azure_region=False,
        client_capabilities=["CP1"],
        http_client=caller.session,
    )
    emulator.fault(action="claims_challenge")
    scopes = [f"{emulator.graph_url}/.default"]
    caller.token = app.acquire_token_for_client(scopes)["access_token"]
    claims = challenged(caller.graph("GET"))
    caller.token = app.acquire_token_for_client(scopes, claims_challenge=json.dumps(claims))["access_token"]
    assert caller.graph("GET").status_code == 200
