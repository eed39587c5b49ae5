# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
import requests

from ansible_collections.msgraph.identity.plugins.module_utils._clouds import Cloud
from ansible_collections.msgraph.identity.plugins.module_utils._credentials import (
    METHODS,
    AccessToken,
    ClientSecret,
    Found,
    Lacking,
    choose_credential,
)
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError, ServiceError

from ..fakes import make_http

AUTHORITY = "https://login.example"
CLOUD = Cloud("Test", AUTHORITY, "https://graph.example")
DISCOVERY = f"{AUTHORITY}/contoso/v2.0/.well-known/openid-configuration"
TOKEN = f"{AUTHORITY}/contoso/oauth2/v2.0/token"
ENDPOINTS = {
    "authorization_endpoint": f"{AUTHORITY}/contoso/oauth2/v2.0/authorize",
    "token_endpoint": TOKEN,
    "issuer": f"{AUTHORITY}/contoso/v2.0",
}
GRANTED = {"token_type": "Bearer", "expires_in": 3599, "access_token": "t0ken-1"}
REFUSED = {
    "error": "invalid_client",
    "error_description": "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent is the value. Trace ID: trace-1\r\n"
    "Correlation ID: correlation-1\r\nTimestamp: 2026-06-01 12:00:00Z",
    "error_codes": [7000215],
    "trace_id": "trace-1",
    "correlation_id": "correlation-1",
}
SECRET = "s3cr3t-value"


def options(origin="the task", **values):
    return {name: Found(value, origin) for name, value in values.items()}


WHOLE_SECRET = {"tenant": "contoso", "client_id": "app", "secret": SECRET}


def sign_in(clock, tenant="contoso", **changes):
    return ClientSecret(tenant, "app", SECRET).authenticate(CLOUD, make_http(clock, **changes))


# method, task, environment → credential
CHOICES = {
    "token of the task": ("auto", {"access_token": "t"}, {}, AccessToken("t")),
    "secret of the task": ("auto", WHOLE_SECRET, {}, ClientSecret("contoso", "app", SECRET)),
    "all in the environment": ("auto", {}, WHOLE_SECRET, ClientSecret("contoso", "app", SECRET)),
    "token before secret": ("auto", {**WHOLE_SECRET, "access_token": "t"}, {}, AccessToken("t")),
    "complete in the task beats the environment": ("auto", WHOLE_SECRET, {"access_token": "t"}, ClientSecret("contoso", "app", SECRET)),
    "token of the environment beats half a task": ("auto", {"tenant": "fabrikam"}, {"access_token": "t", **WHOLE_SECRET}, AccessToken("t")),
    "tenant of the task, the rest of the environment": ("auto", {"tenant": "fabrikam"}, WHOLE_SECRET, ClientSecret("fabrikam", "app", SECRET)),
    "secret asked for": ("client_secret", {**WHOLE_SECRET, "access_token": "t"}, {}, ClientSecret("contoso", "app", SECRET)),
    "token asked for": ("access_token", WHOLE_SECRET, {"access_token": "t"}, AccessToken("t")),
}


@pytest.mark.parametrize("case", CHOICES.values(), ids=CHOICES)
def test_choice(case):
    method, task, environment, credential = case
    from_task = options(**task)
    assert choose_credential(method, (from_task, {**options("E", **environment), **from_task})) == credential


# method, found → phrases, words that must not be there
LACKING = {
    "nothing": ("auto", {}, ["access_token has nothing and lacks access_token", "client_secret has nothing and lacks tenant, client_id, secret"], []),
    "no secret": (
        "auto",
        {"tenant": Found("contoso", "the task"), "client_id": Found("app", "environment variable AZURE_CLIENT_ID")},
        ["client_secret has tenant (from the task), client_id (from environment variable AZURE_CLIENT_ID) and lacks secret."],
        ["contoso"],
    ),
    "no tenant": ("auto", options(client_id="app", secret=SECRET), ["secret (from the task) and lacks tenant."], [SECRET]),
    "asked for what is not there": (
        "access_token",
        options(**WHOLE_SECRET),
        ["access_token has nothing and lacks access_token."],
        [SECRET, "client_secret"],
    ),
    "asked for what is not whole": ("client_secret", options(access_token="t0ken-1", tenant="contoso"), ["lacks client_id, secret."], ["t0ken-1"]),
}


@pytest.mark.parametrize("case", LACKING.values(), ids=LACKING)
def test_nothing_is_complete(case):
    method, found, phrases, unwanted = case
    with pytest.raises(IdentityError, match="^Cannot sign in: .* Give what is missing in the task or in the environment.$") as caught:
        choose_credential(method, (found, found))
    assert [phrase for phrase in phrases if phrase not in caught.value.message] == []
    assert [word for word in unwanted if word in caught.value.message] == []


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.method)
def test_each_method_tells_all_it_lacks(method):
    assert method.validate({}) == Lacking(method.needs)
    assert isinstance(method.validate(options(**dict.fromkeys(method.needs, "x"))), method)


def test_no_secret_shows():
    shown = f"{AccessToken(SECRET)!r} {ClientSecret('contoso', 'app', SECRET)!r} {Found(SECRET, 'the task')!r}"
    assert SECRET not in shown
    assert "contoso" in shown


def test_given_token_is_used_and_cannot_be_renewed(wire, clock):
    tokens = AccessToken("t").authenticate(CLOUD, make_http(clock))
    assert (tokens.token(), tokens.renew(), tokens.token()) == ("t", False, "t")


def expect_discovery(wire, answer=None, **more):
    wire.expect("GET", DISCOVERY, ENDPOINTS if answer is None else answer, **more)


def expect_token(wire, answer=None, status=200, **more):
    wire.expect("POST", TOKEN, GRANTED if answer is None else answer, status, **more)


def test_nothing_is_sent_before_a_token_is_asked_for(wire, clock):
    sign_in(clock)
    assert wire.calls == []


def test_client_secret_signs_in_once(wire, clock):
    expect_discovery(wire)
    expect_token(wire)
    tokens = sign_in(clock, timeout=4, verify="/ca.pem")
    assert [tokens.token() for unused in range(3)] == ["t0ken-1"] * 3
    body = dict(pair.split("=") for pair in wire.calls[1].body.split("&"))
    assert (body["grant_type"], body["client_id"], body["scope"]) == ("client_credentials", "app", "https%3A%2F%2Fgraph.example%2F.default")
    assert body["client_secret"] == SECRET
    assert {(call.req_kwargs["timeout"], call.req_kwargs["verify"]) for call in wire.calls} == {(4, "/ca.pem")}


def test_renewed_token_is_a_new_one(wire, clock):
    tokens = sign_in(clock)
    expect_discovery(wire)
    expect_token(wire)
    assert tokens.token() == "t0ken-1"
    assert tokens.renew() is True
    expect_discovery(wire)
    expect_token(wire, {**GRANTED, "access_token": "t0ken-2"})
    assert [tokens.token(), tokens.token()] == ["t0ken-2", "t0ken-2"]


def test_region_of_the_environment_is_not_used(wire, clock, monkeypatch):
    monkeypatch.setenv("MSAL_FORCE_REGION", "westeurope")
    monkeypatch.setenv("REGION_NAME", "westeurope")
    expect_discovery(wire)
    expect_token(wire)
    assert sign_in(clock).token() == "t0ken-1"


def test_tenant_stays_one_segment_of_the_path(wire, clock):
    wire.expect("GET", f"{AUTHORITY}/a%2Fb/v2.0/.well-known/openid-configuration", ENDPOINTS)
    expect_token(wire)
    assert sign_in(clock, tenant="a/b").token() == "t0ken-1"


@pytest.mark.parametrize("status", [400, 401])
def test_refusal_is_told_with_its_code_and_a_hint(wire, clock, status):
    expect_discovery(wire)
    expect_token(wire, REFUSED, status)
    with pytest.raises(ServiceError) as caught:
        sign_in(clock).token()
    assert caught.value.message == (
        "Microsoft Entra ID refused to sign in: AADSTS7000215: Invalid client secret provided. The secret is wrong: give the secret's value, not its ID."
    )
    failure = caught.value.failure
    assert (failure["code"], failure["request_id"], failure["client_request_id"]) == ("AADSTS7000215", "trace-1", "correlation-1")
    assert failure["message"] == "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent is the value."
    assert clock.slept == []


@pytest.mark.parametrize(
    "code, hint",
    [
        (7000215, "give the secret's value"),
        (7000222, "The secret has expired"),
        (700016, "check client_id and tenant"),
        (90002, "check tenant and cloud_environment"),
        (50000, None),
    ],
)
def test_hints(wire, clock, code, hint):
    expect_discovery(wire)
    expect_token(wire, {"error": "x", "error_description": f"AADSTS{code}: No.", "error_codes": [code]}, 401)
    with pytest.raises(ServiceError, match=f"AADSTS{code}: No") as caught:
        sign_in(clock).token()
    found = caught.value.failure["hint"]
    assert found == hint or hint in found


def test_unknown_tenant_is_told_in_the_words_of_entra(wire, clock):
    answer = {"error": "invalid_tenant", "error_description": "AADSTS90002: Tenant 'contoso' not found. Check it.", "error_codes": [90002]}
    expect_discovery(wire, answer, status=400)
    with pytest.raises(ServiceError, match="AADSTS90002: Tenant 'contoso' not found. This tenant is not known") as caught:
        sign_in(clock).token()
    assert (caught.value.status, caught.value.code) == (400, "AADSTS90002")


@pytest.mark.parametrize(
    "answer",
    [
        {"error": ""},
        {"error": "", "error_description": ""},
        {"error": "x", "error_description": None, "error_codes": None},
        {"error": "x", "error_description": "\r\nNo.", "error_codes": []},
        {"error": "x", "error_codes": 7},
        {"error": "x", "error_codes": "7000215"},
        {"error": "x", "error_codes": [[7]]},
        {"error": "x", "error_description": ["No."]},
    ],
    ids=repr,
)
@pytest.mark.parametrize("where", ["discovery", "token"])
def test_strange_refusals_are_still_refusals(wire, clock, answer, where):
    expect_discovery(wire, answer if where == "discovery" else None, status=400 if where == "discovery" else 200)
    if where == "token":
        expect_token(wire, answer, 400)
    with pytest.raises(IdentityError) as caught:
        sign_in(clock, retries=0).token()
    assert SECRET not in caught.value.message


@pytest.mark.parametrize("answer", [{}, {"token_type": "Bearer"}], ids=repr)
@pytest.mark.parametrize("status", [200, 400])
def test_answer_without_token_and_without_error(wire, clock, answer, status):
    expect_discovery(wire)
    expect_token(wire, answer, status)
    with pytest.raises(IdentityError) as caught:
        sign_in(clock).token()
    assert "None" not in caught.value.message


@pytest.mark.parametrize("token", [None, "", 7, ["t0ken"]], ids=repr)
def test_token_that_is_none(wire, clock, token):
    expect_discovery(wire)
    expect_token(wire, {**GRANTED, "access_token": token})
    with pytest.raises(IdentityError):
        sign_in(clock).token()


@pytest.mark.parametrize("answer", ["<html>login</html>", "", "[]", '{"error": {"code": "x"}}'], ids=["HTML", "empty", "list", "Graph's"])
@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize("where", ["discovery", "token"])
def test_who_does_not_answer_as_entra(wire, clock, caplog, answer, status, where):
    expect_discovery(wire, answer if where == "discovery" else None, status=status if where == "discovery" else 200)
    if where == "token":
        expect_token(wire, answer, status)
    with pytest.raises(ServiceError, match=f"login.example answered {status}, which is not an answer of Microsoft Entra ID. Check authority_host"):
        sign_in(clock).token()
    assert "login</html>" not in caplog.text


@pytest.mark.parametrize("where", ["discovery", "token"])
def test_service_in_trouble_is_asked_again(wire, clock, where):
    if where == "discovery":
        expect_discovery(wire, "<html>", status=503)
    expect_discovery(wire)
    if where == "token":
        wire.expect("POST", TOKEN, requests.exceptions.ReadTimeout("timed out"))
        expect_token(wire, "<html>", 504)
        expect_token(wire, REFUSED, 429, headers={"Retry-After": "2"})
    expect_token(wire)
    assert sign_in(clock).token() == "t0ken-1"
    assert len(clock.slept) == (3 if where == "token" else 1)


@pytest.mark.parametrize("status", [500, 503])
def test_service_in_trouble_to_the_end(wire, clock, status):
    expect_discovery(wire)
    expect_token(wire, REFUSED, status)
    with pytest.raises(ServiceError, match=f"Could not sign in: login.example answered {status}") as caught:
        sign_in(clock, retries=0).token()
    assert caught.value.status == status


def test_nobody_answers(wire, clock):
    wire.expect("GET", DISCOVERY, requests.exceptions.ConnectTimeout("timed out"))
    with pytest.raises(IdentityError) as caught:
        sign_in(clock, retries=0).token()
    assert caught.value.message.startswith("Could not sign in: login.example could not be reached (ConnectTimeout)")


def test_endpoints_that_are_missing(wire, clock):
    expect_discovery(wire, {"issuer": "x"})
    with pytest.raises(IdentityError, match="Signing in at https://login.example failed for tenant 'contoso'. Check tenant and authority_host"):
        sign_in(clock).token()


@pytest.mark.parametrize("endpoint", [None, 7, "", "http://login.example/token"], ids=repr)
def test_endpoints_that_are_strange(wire, clock, endpoint):
    expect_discovery(wire, {**ENDPOINTS, "token_endpoint": endpoint})
    with pytest.raises(IdentityError):
        sign_in(clock, retries=0).token()


@pytest.mark.parametrize("tenant", ["", " ", "a b", "größe", "?", "#", "..", "%"])
def test_strange_tenants(clock, tenant, monkeypatch):
    # Whatever is asked, it is asked of the authority, and a tenant that cannot be is an error in words.
    asked = []

    def refuse(self, method, url, **unused):
        asked.append(url)
        raise IdentityError("refused")

    http = make_http(clock)
    monkeypatch.setattr(type(http), "send", refuse)
    with pytest.raises(IdentityError):
        ClientSecret(tenant, "app", SECRET).authenticate(CLOUD, http).token()
    assert all(url.startswith(f"{AUTHORITY}/") and url.endswith("/v2.0/.well-known/openid-configuration") for url in asked)
