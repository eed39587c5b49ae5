# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import hashlib
import json
import shlex
import signal
import sys
import time
from dataclasses import replace
from types import SimpleNamespace
from urllib.parse import parse_qs, quote, urlencode

import jwt
import msal
import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from support.certificates import make_certificate

from ansible_collections.msgraph.identity.plugins.module_utils import _tokens
from ansible_collections.msgraph.identity.plugins.module_utils._budget import Budget
from ansible_collections.msgraph.identity.plugins.module_utils._clouds import CLOUDS, Cloud
from ansible_collections.msgraph.identity.plugins.module_utils._credentials import (
    AccessToken,
    AzureCli,
    ClientCertificate,
    ClientSecret,
    FederatedToken,
    ManagedIdentity,
)
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError, ServiceError
from ansible_collections.msgraph.identity.plugins.module_utils._foreign_text import one_line
from ansible_collections.msgraph.identity.plugins.module_utils._http import HttpClient
from ansible_collections.msgraph.identity.plugins.module_utils._tokens import EARLY

from ..fakes import FakeClock, Wire, make_budget

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
REFUSAL = "Could not sign in to tenant contoso as application app"
MADE = make_certificate("app.example")
ISSUER = make_certificate("Issuing CA", key_number=1)
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"  # RFC 7523, 2.2


@pytest.fixture(autouse=True)
def no_azure(monkeypatch):
    """Without the variables by which Azure's own hosts are recognized."""
    for name in (
        "IDENTITY_ENDPOINT",
        "IDENTITY_HEADER",
        "IDENTITY_SERVER_THUMBPRINT",
        "IMDS_ENDPOINT",
        "MSI_ENDPOINT",
        "MSI_SECRET",
        "REGION_NAME",
        "NETRC",
    ):
        monkeypatch.delenv(name, raising=False)


class Session:
    """Tokens for one task."""

    def __init__(self, credential, clock, cloud=CLOUD, verify=True, timeout=30, **budget):
        self.budget = make_budget(clock or FakeClock(), **budget)
        self._tokens = credential.authenticate(cloud, HttpClient(verify=verify, timeout=timeout))

    def token(self):
        return self._tokens.token(self.budget)

    def renew(self, claims=None):
        return self._tokens.renew(claims)

    @property
    def anew(self):
        return self._tokens.anew


def sign_in(clock, tenant="contoso", **changes):
    return Session(ClientSecret(tenant, "app", SECRET), clock, **changes)


def test_given_token_is_used_and_cannot_be_renewed():
    tokens = Session(AccessToken("t"), None)
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
    assert (body["grant_type"], body["client_id"], body["scope"]) == (
        "client_credentials",
        "app",
        "https%3A%2F%2Fgraph.example%2F.default",
    )
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


@pytest.mark.parametrize("variable", ["MSAL_FORCE_REGION", "REGION_NAME", "AZURE_REGIONAL_AUTHORITY_NAME"])
def test_region_of_the_environment_is_not_used(wire, clock, monkeypatch, variable):
    monkeypatch.setenv(variable, "westeurope")
    expect_discovery(wire)
    expect_token(wire)
    assert sign_in(clock).token() == "t0ken-1"


GUID = "45715bb8-13f9-4bf6-927f-ef96c102d394"
DOCUMENTED = ["AzureCloud", "AzureUSGovernment", "AzureUSGovernmentL5"]


@pytest.mark.parametrize("cloud", DOCUMENTED)
@pytest.mark.parametrize("tenant", ["contoso.onmicrosoft.com", GUID])
def test_known_endpoints_are_not_asked_for(wire, clock, cloud, tenant):
    wire.expect("POST", f"{CLOUDS[cloud].authority_host}/{tenant}/oauth2/v2.0/token", GRANTED)
    assert Session(ClientSecret(tenant, "app", SECRET), clock, CLOUDS[cloud]).token() == "t0ken-1"


def test_known_endpoint_keeps_the_tenant_in_one_segment(wire, clock):
    wire.expect("POST", "https://login.microsoftonline.com/a%2Fb/oauth2/v2.0/token", REFUSED, 400)
    with pytest.raises(ServiceError, match="AADSTS7000215"):
        Session(ClientSecret("a/b", "app", SECRET), clock, CLOUDS["AzureCloud"]).token()


@pytest.mark.parametrize(
    "cloud",
    [CLOUDS["AzureChinaCloud"], replace(CLOUDS["AzureCloud"], authority_host="https://login.windows.net")],
    ids=["China", "another host"],
)
def test_endpoints_that_are_not_documented_are_asked_for(wire, clock, cloud):
    endpoints = {name: url.replace(AUTHORITY, cloud.authority_host) for name, url in ENDPOINTS.items()}
    wire.expect("GET", f"{cloud.authority_host}/{GUID}/v2.0/.well-known/openid-configuration", endpoints)
    wire.expect("POST", endpoints["token_endpoint"], GRANTED)
    assert Session(ClientSecret(GUID, "app", SECRET), clock, cloud).token() == "t0ken-1"


@pytest.mark.parametrize("tenant, asked", [(GUID, False), (GUID.upper(), True), ("contoso.onmicrosoft.com", True)])
def test_what_is_signed_is_meant_for_the_id_of_the_tenant(wire, clock, tmp_path, tenant, asked):
    (tmp_path / "app.pem").write_bytes(MADE.key_pem + MADE.pem)
    token = f"https://login.microsoftonline.com/{tenant.lower()}/oauth2/v2.0/token"
    if asked:
        token = f"https://login.microsoftonline.com/{GUID}/oauth2/v2.0/token"
        endpoints = {"authorization_endpoint": token.replace("token", "authorize"), "token_endpoint": token}
        wire.expect(
            "GET", f"https://login.microsoftonline.com/{tenant}/v2.0/.well-known/openid-configuration", endpoints
        )
    wire.expect("POST", token, GRANTED)
    assert (
        Session(ClientCertificate(tenant, "app", f"{tmp_path}/app.pem", None), clock, CLOUDS["AzureCloud"]).token()
        == "t0ken-1"
    )
    assert jwt.decode(form(wire.calls[-1])["client_assertion"], options={"verify_signature": False})["aud"] == token


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
        f"{REFUSAL}: invalid client secret (AADSTS7000215). Give the secret's value, not its ID."
    )
    failure = caught.value.failure
    assert (failure["code"], failure["request_id"], failure["client_request_id"]) == (
        "AADSTS7000215",
        "trace-1",
        "correlation-1",
    )
    assert (
        failure["message"]
        == "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent is the value."
    )
    assert clock.slept == []


# What follows the frame for each code; where it quotes Entra ID, that compares what it was shown.
QUOTED = "Microsoft Entra ID refused: The token is another one"
SENTENCES = {
    7000215: "invalid client secret (AADSTS7000215). Give the secret's value, not its ID.",
    7000222: "the client secret has expired (AADSTS7000222). Create a new one for the application.",
    700016: "this tenant has no application with this client_id (AADSTS700016). Check client_id and tenant.",
    7000229: (
        "the application is registered elsewhere, and this tenant has no enterprise application for it (AADSTS7000229). "
        "An administrator of the tenant has to consent to it."
    ),
    700027: (
        "the certificate is not registered for the application, or has expired (AADSTS700027). "
        "Add it under Certificates & secrets."
    ),
    700024: (
        "the assertion is not valid at this time (AADSTS700024). "
        "The clock of this machine is wrong, or the federated token has expired."
    ),
    70021: (
        f"{QUOTED} (AADSTS70021). "
        "Compare issuer, subject and audience of the token with the application's federated credential."
    ),
    700211: (
        f"{QUOTED} (AADSTS700211). Compare the issuer of the token with that of the application's federated credential."
    ),
    700213: (
        f"{QUOTED} (AADSTS700213). "
        "Compare the subject of the token with that of the application's federated credential."
    ),
    700212: (
        f"{QUOTED} (AADSTS700212). "
        "Compare the audience of the token with that of the application's federated credential."
    ),
    70025: "the application has no federated credential (AADSTS70025). Add one under Certificates & secrets.",
    65001: (
        "nobody has consented to the application's permissions (AADSTS65001). An administrator of the tenant has to."
    ),
    70011: "Microsoft Graph is not known under this name (AADSTS70011). Check cloud_environment and graph_url.",
    500011: (
        "Microsoft Graph is not known under this name in this tenant (AADSTS500011). "
        "Check cloud_environment and graph_url."
    ),
    90002: "this tenant is not known (AADSTS90002). Check tenant and cloud_environment.",
    900023: "the tenant is neither an ID nor a domain name (AADSTS900023). Check tenant.",
    900382: "the application belongs to another cloud (AADSTS900382). Check cloud_environment and authority_host.",
    7000112: (
        "the application is disabled in this tenant (AADSTS7000112). "
        "An administrator enables it under Enterprise applications."
    ),
    53003: "a Conditional Access policy of the tenant forbids it (AADSTS53003). See the sign-in log.",
}


@pytest.mark.parametrize("code, sentence", SENTENCES.items())
@pytest.mark.parametrize("where", ["discovery", "token"])
def test_refusals_that_are_known(wire, clock, code, sentence, where):
    answer = {
        "error": "x",
        "error_description": f"AADSTS{code}: The token is another one. Trace ID: t",
        "error_codes": [50000, code],
        "correlation_id": "c",
    }
    expect_discovery(wire, answer if where == "discovery" else None, status=400 if where == "discovery" else 200)
    if where == "token":
        expect_token(wire, answer, 401)
    with pytest.raises(ServiceError) as caught:
        sign_in(clock).token()
    assert caught.value.message == f"{REFUSAL}: {sentence}"
    assert sentence.endswith(f"(AADSTS{code}). {caught.value.failure['hint']}")
    assert (caught.value.code, caught.value.failure["client_request_id"]) == (f"AADSTS{code}", "c")
    assert caught.value.failure["message"] == f"AADSTS{code}: The token is another one."


def test_every_refusal_is_in_the_table():
    assert set(SENTENCES) == set(_tokens._REFUSALS)


def test_code_without_a_hint(wire, clock):
    expect_discovery(wire)
    expect_token(wire, {"error": "x", "error_description": "AADSTS50000: No.", "error_codes": [50000]}, 401)
    with pytest.raises(ServiceError) as caught:
        sign_in(clock).token()
    assert caught.value.message == f"{REFUSAL}: Microsoft Entra ID refused: No (AADSTS50000)."
    assert caught.value.failure["hint"] is None


def test_unknown_tenant_is_told_in_the_words_of_entra(wire, clock):
    answer = {
        "error": "invalid_tenant",
        "error_description": "AADSTS90002: Tenant 'contoso' not found. Check it.",
        "error_codes": [90002],
    }
    expect_discovery(wire, answer, status=400)
    with pytest.raises(ServiceError) as caught:
        sign_in(clock).token()
    assert caught.value.failure["message"] == "AADSTS90002: Tenant 'contoso' not found. Check it."
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
    with pytest.raises(IdentityError) as caught:
        sign_in(clock).token()
    assert "None" not in caught.value.message and "t0ken" not in caught.value.message


# Other than a number of seconds.
STRANGE_TIMES = [None, "soon", "", [1], {}]


@pytest.mark.parametrize("expires_in", STRANGE_TIMES, ids=repr)
def test_token_that_ends_at_no_time(wire, clock, expires_in):
    expect_discovery(wire)
    expect_token(wire, {**GRANTED, "expires_in": expires_in})
    with pytest.raises(IdentityError) as caught:
        sign_in(clock).token()
    assert "t0ken-1" not in caught.value.message


def test_token_is_renewed_before_it_ends(wire, clock):
    tokens = sign_in(clock)
    expect_discovery(wire)
    expect_token(wire, {**GRANTED, "expires_in": 299})
    assert tokens.token() == "t0ken-1"
    expect_token(wire, {**GRANTED, "access_token": "t0ken-2", "expires_in": 400})
    assert [tokens.token() for unused in range(3)] == ["t0ken-2"] * 3


def test_refused_sign_in_can_be_tried_again_after_renewal(wire, clock):
    tokens = sign_in(clock)
    expect_discovery(wire)
    expect_token(wire, REFUSED, 400)
    with pytest.raises(ServiceError):
        tokens.token()
    tokens.renew()
    expect_discovery(wire)
    expect_token(wire)
    assert tokens.token() == "t0ken-1"


@pytest.mark.parametrize(
    "answer", ["<html>login</html>", "", "[]", '{"error": {"code": "x"}}'], ids=["HTML", "empty", "list", "Graph's"]
)
@pytest.mark.parametrize("status", [200, 404])
@pytest.mark.parametrize("where", ["discovery", "token"])
def test_who_does_not_answer_as_entra(wire, clock, caplog, answer, status, where):
    expect_discovery(wire, answer if where == "discovery" else None, status=status if where == "discovery" else 200)
    if where == "token":
        expect_token(wire, answer, status)
    with pytest.raises(ServiceError) as caught:
        sign_in(clock, retries=0).token()
    page = "<html>" in answer
    assert caught.value.message == (
        f"{REFUSAL}: login.example answered {status} with a web page instead of JSON. "
        "Check authority_host and whether a proxy or login page is in between, or try again later."
        if page
        else f"{REFUSAL}: login.example answered {status}, but not as Microsoft Entra ID does. "
        "Check authority_host and the proxy, or try again later."
    )
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
    with pytest.raises(
        ServiceError, match=f"{REFUSAL}: Microsoft Entra ID answered {status}: .* retry_timeout"
    ) as caught:
        sign_in(clock, retries=0).token()
    assert caught.value.status == status


def test_nobody_answers(wire, clock):
    wire.expect("GET", DISCOVERY, requests.exceptions.ConnectTimeout("timed out"))
    with pytest.raises(IdentityError) as caught:
        sign_in(clock, retries=0).token()
    assert caught.value.message.startswith(f"{REFUSAL}: login.example could not be reached (timed out)")


def test_endpoints_that_are_missing(wire, clock):
    expect_discovery(wire, {"issuer": "x"})
    with pytest.raises(ServiceError, match="login.example answered 200, but not as Microsoft Entra ID does"):
        sign_in(clock, retries=0).token()


@pytest.mark.parametrize("endpoint", [None, 7, "", "http://login.example/token"], ids=repr)
def test_endpoints_that_are_strange(wire, clock, endpoint):
    expect_discovery(wire, {**ENDPOINTS, "token_endpoint": endpoint})
    with pytest.raises(IdentityError):
        sign_in(clock, retries=0).token()


@pytest.mark.parametrize("tenant", ["", " ", "a b", "größe", "?", "#", "..", "%"])
def test_strange_tenants(clock, tenant, monkeypatch):
    # Whatever is asked, it is asked of the authority, and a tenant that cannot be is an error in words.
    asked = []

    def refuse(http, budget, method, url, **unused):
        asked.append(url)
        raise IdentityError("refused")

    monkeypatch.setattr(HttpClient, "send", refuse)
    with pytest.raises(IdentityError):
        sign_in(clock, tenant).token()
    assert all(
        url.startswith(f"{AUTHORITY}/") and url.endswith("/v2.0/.well-known/openid-configuration") for url in asked
    )


def form(request):
    """What was posted."""
    return {name: value for name, (value,) in parse_qs(request.body).items()}


@pytest.fixture
def certificate_file(tmp_path):
    """A credential with a file of its own."""

    def write(data, password=""):
        (tmp_path / "app.pem").write_bytes(data)
        return ClientCertificate("contoso", "app", f"{tmp_path}/app.pem", password or None)

    return write


@pytest.mark.parametrize("kind", ["PEM", "PKCS#12"])
def test_certificate_signs_an_assertion(wire, clock, certificate_file, kind):
    data, password = (
        (MADE.key_pem + ISSUER.pem + MADE.pem, "")
        if kind == "PEM"
        else (MADE.pfx("pa55word", chain=(ISSUER,)), "pa55word")
    )
    tokens = Session(certificate_file(data, password), clock)
    expect_discovery(wire)
    expect_token(wire)
    assert [tokens.token(), tokens.token()] == ["t0ken-1", "t0ken-1"]

    posted = form(wire.calls[1])
    assertion = posted.pop("client_assertion")
    assert posted.pop("client_info", "1") == "1"
    assert posted == {
        "client_id": "app",
        "scope": "https://graph.example/.default",
        "grant_type": "client_credentials",
        "client_assertion_type": JWT_BEARER,
    }
    header = jwt.get_unverified_header(assertion)
    assert (header["alg"], header["typ"]) == ("PS256", "JWT")
    assert header["x5t#S256"].rstrip("=") == base64.urlsafe_b64encode(
        hashlib.sha256(MADE.der).digest()
    ).decode().rstrip("=")
    assert (
        header.get("x5c", [base64.b64encode(MADE.der).decode()])[0].replace("\n", "")
        == base64.b64encode(MADE.der).decode()
    )
    claims = jwt.decode(
        assertion,
        MADE.key.public_key(),
        algorithms=["PS256"],
        audience=TOKEN,
        options={"require": ["aud", "iss", "sub", "exp", "jti"]},
    )
    assert (claims["iss"], claims["sub"]) == ("app", "app")
    assert 0 < claims["exp"] - time.time() <= 600
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(assertion, ISSUER.key.public_key(), algorithms=["PS256"], audience=TOKEN)


def test_renewed_token_of_a_certificate_has_a_new_assertion(wire, clock, certificate_file):
    tokens = Session(certificate_file(MADE.key_pem + MADE.pem), clock)
    for number in (1, 2):
        expect_discovery(wire)
        expect_token(wire, {**GRANTED, "access_token": f"t0ken-{number}"})
        assert tokens.token() == f"t0ken-{number}"
        assert tokens.renew() is True
    assert form(wire.calls[1])["client_assertion"] != form(wire.calls[3])["client_assertion"]


def test_certificate_file_is_checked_before_anything_is_sent(wire, clock, certificate_file):
    with pytest.raises(IdentityError, match="holds no private key"):
        Session(certificate_file(MADE.pem), clock)
    assert wire.calls == []


def test_certificate_that_is_not_registered(wire, clock, certificate_file):
    expect_discovery(wire)
    expect_token(
        wire,
        {
            "error": "invalid_client",
            "error_description": "AADSTS700027: The certificate is unknown.",
            "error_codes": [700027],
        },
        401,
    )
    with pytest.raises(
        ServiceError,
        match=r"the certificate is not registered for the application, or has expired \(AADSTS700027\)",
    ) as caught:
        Session(certificate_file(MADE.key_pem + MADE.pem), clock).token()
    assert "PRIVATE" not in caught.value.message


def federated(clock, token=None, path=None):
    return Session(FederatedToken("contoso", "app", token, path), clock)


def test_federated_token_is_the_assertion(wire, clock):
    tokens = federated(clock, "0idc-1")
    expect_discovery(wire)
    expect_token(wire)
    assert [tokens.token(), tokens.token()] == ["t0ken-1", "t0ken-1"]
    posted = form(wire.calls[1])
    assert (posted["client_assertion"], posted["client_assertion_type"], posted["client_id"]) == (
        "0idc-1",
        JWT_BEARER,
        "app",
    )
    assert "client_secret" not in posted


def test_federated_token_file_is_read_anew_for_each_token(wire, clock, tmp_path):
    path = tmp_path / "token"
    tokens = federated(clock, path=str(path))
    for number in (1, 2):
        path.write_text(f" 0idc-{number}\n")
        expect_discovery(wire)
        expect_token(wire, {**GRANTED, "access_token": f"t0ken-{number}"})
        assert tokens.token() == f"t0ken-{number}"
        assert form(wire.calls[-1])["client_assertion"] == f"0idc-{number}"
        path.unlink()
        assert tokens.token() == f"t0ken-{number}"
        tokens.renew()


def test_federated_token_file_is_read_anew_when_the_token_ends(wire, clock, tmp_path):
    path = tmp_path / "token"
    tokens = federated(clock, path=str(path))
    expect_discovery(wire)
    for number in (1, 2):
        path.write_text(f"0idc-{number}")
        expect_token(wire, {**GRANTED, "expires_in": 60})
        tokens.token()
        assert form(wire.calls[-1])["client_assertion"] == f"0idc-{number}"


# content, or what stands in its place → sentence
USELESS_FILES = {
    "missing": (None, "cannot be read: No such file or directory. Give the file with the token."),
    "directory": ("directory", "cannot be read: Is a directory. Give the file with the token."),
    "empty": (b"", "is empty. Whoever issues the token has not written it yet."),
    "blanks": (b" \n\t", "is empty. Whoever issues the token has not written it yet."),
    "another text": ("päß".encode(), "cannot be read: it is not text. Give the file with the token."),
    "two lines": (b"0idc\n0idc\n", "holds a line end within its text. Give the file with the token alone."),
    "tab": (b"0idc\t0idc", "holds the character U+0009 within its text. Give the file with the token alone."),
    "NUL": (b"0idc\0\0\0", "cannot be read: it is not text. Give the file with the token."),
    "binary": (b"\xff\xfe0idc", "cannot be read: it is not text. Give the file with the token."),
}


@pytest.mark.parametrize("case", USELESS_FILES.values(), ids=USELESS_FILES)
def test_federated_token_file_of_no_use(wire, clock, tmp_path, case):
    content, sentence = case
    path = tmp_path / "token"
    if content == "directory":
        path.mkdir()
    elif content is not None:
        path.write_bytes(content)
    expect_discovery(wire)
    with pytest.raises(IdentityError) as caught:
        federated(clock, path=str(path)).token()
    assert caught.value.message == f"{REFUSAL}: oidc_token_file_path '{path}' {sentence}"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("text", ["0idc-1", "0idc-1\r\n", ' "0idc-1"\n', "Bearer 0idc-1\n"])
def test_federated_token_file_as_tools_write_it(wire, clock, tmp_path, encoding, text):
    path = tmp_path / "token"
    path.write_bytes(text.encode(encoding))
    tokens = federated(clock, path=str(path))
    expect_discovery(wire)
    expect_token(wire)
    tokens.token()
    assert form(wire.calls[-1])["client_assertion"] == "0idc-1"


def test_federated_token_file_with_a_whole_answer(wire, clock, tmp_path):
    path = tmp_path / "token"
    path.write_text('{"count": 1, "value": "0idc-1"}\n')
    expect_discovery(wire)
    with pytest.raises(IdentityError) as caught:
        federated(clock, path=str(path)).token()
    assert (
        caught.value.message
        == f"{REFUSAL}: oidc_token_file_path is given JSON instead of a token. Give the token in it alone."
    )


def test_federated_token_that_is_refused(wire, clock):
    expect_discovery(wire)
    expect_token(
        wire,
        {"error": "invalid_client", "error_description": "AADSTS70021: No matching record.", "error_codes": [70021]},
        401,
    )
    with pytest.raises(ServiceError, match="Compare issuer, subject and audience of the token") as caught:
        federated(clock, "0idc-1").token()
    assert "0idc-1" not in caught.value.message


IMDS = "/metadata/identity/oauth2/token"
IDENTITY_HOST = "https://imds.example"
QUERY = {"api-version": "2018-02-01", "resource": "https://graph.example"}
APP_SERVICE = "https://app.example/msi/token"
APP_QUERY = {"api-version": "2019-08-01", "resource": "https://graph.example"}
IDENTITY = {
    "access_token": "t0ken-1",
    "expires_in": "86000",
    "resource": "https://graph.example",
    "token_type": "Bearer",
}
NO_IDENTITY = "Could not sign in with the managed identity: its endpoint does not answer. Use another auth_method outside of Azure."


def address(base, query, **more):
    return f"{base}?{urlencode({**query, **more})}"


@pytest.fixture
def slept(monkeypatch):
    """The waits, which take no time."""
    waits = []
    monkeypatch.setattr(FakeClock, "sleep", lambda clock, seconds: waits.append(seconds))
    return waits


@pytest.fixture
def imds(monkeypatch, slept):
    """A virtual machine whose metadata service is elsewhere."""
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", IDENTITY_HOST)
    return f"{IDENTITY_HOST}{IMDS}"


@pytest.fixture
def app_service(monkeypatch, slept):
    monkeypatch.setenv("IDENTITY_ENDPOINT", APP_SERVICE)
    monkeypatch.setenv("IDENTITY_HEADER", "h3ader-value")
    return APP_SERVICE


def managed(client_id=None):
    return Session(ManagedIdentity(client_id), None)


@pytest.mark.parametrize("client_id", [None, "user-assigned"])
def test_identity_of_a_virtual_machine(wire, imds, client_id):
    wire.expect("GET", address(imds, QUERY, **({"client_id": client_id} if client_id else {})), IDENTITY)
    tokens = managed(client_id)
    assert wire.calls == []
    assert [tokens.token() for unused in range(3)] == ["t0ken-1"] * 3
    assert wire.calls[0].headers["Metadata"] == "true"
    assert wire.calls[0].req_kwargs["timeout"] <= 5


@pytest.mark.parametrize("client_id", [None, "user-assigned"])
def test_identity_of_an_app_service(wire, app_service, client_id):
    answer = {
        "access_token": "t0ken-1",
        "expires_on": str(int(time.time()) + 86000),
        "resource": "https://graph.example",
        "token_type": "Bearer",
    }
    wire.expect("GET", address(app_service, APP_QUERY, **({"client_id": client_id} if client_id else {})), answer)
    tokens = managed(client_id)
    assert [tokens.token(), tokens.token()] == ["t0ken-1", "t0ken-1"]
    assert wire.calls[0].headers["X-IDENTITY-HEADER"] == "h3ader-value"


def test_managed_identity_is_asked_again_after_renewal(wire, imds):
    tokens = managed()
    for number in (1, 2):
        wire.expect("GET", address(imds, QUERY), {**IDENTITY, "access_token": f"t0ken-{number}"})
        assert [tokens.token(), tokens.token()] == [f"t0ken-{number}"] * 2
        assert tokens.renew() is True


def test_managed_identity_is_asked_again_before_the_token_ends(wire, imds):
    tokens = managed()
    for unused in range(2):
        wire.expect("GET", address(imds, QUERY), {**IDENTITY, "expires_in": "200"})
        assert tokens.token() == "t0ken-1"


@pytest.fixture
def arc(monkeypatch, slept, tmp_path):
    """A machine outside of Azure with the agent of Azure Arc; the file in which it leaves a secret."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{IDENTITY_HOST}{IMDS}")
    monkeypatch.setenv("IMDS_ENDPOINT", IDENTITY_HOST)
    monkeypatch.setattr(
        msal.managed_identity, "_supported_arc_platforms_and_their_prefixes", {sys.platform: str(tmp_path)}
    )
    return tmp_path / "asked.key"


ARC = address(f"{IDENTITY_HOST}{IMDS}", {"api-version": "2020-06-01", "resource": "https://graph.example"})
# The agent of Arc answers like this when it is asked without the secret.
CHALLENGES = {
    "no body": "",
    "text": "Unauthorized",
    "refusal": {
        "error": "unauthorized_client",
        "error_description": "Missing Basic Authorization header",
        "error_codes": [401],
    },
}


@pytest.mark.parametrize("challenge", CHALLENGES.values(), ids=CHALLENGES)
def test_identity_of_a_machine_with_azure_arc(wire, arc, challenge):
    arc.write_text("s3cr3t-of-arc")
    wire.expect("GET", ARC, challenge, 401, headers={"WWW-Authenticate": f"Basic realm={arc}"})
    wire.expect("GET", ARC, {**IDENTITY, "expires_in": 86000})
    tokens = managed()
    assert [tokens.token(), tokens.token()] == ["t0ken-1", "t0ken-1"]
    assert wire.calls[1].headers["Authorization"] == "Basic s3cr3t-of-arc"


def test_secret_of_azure_arc_that_may_not_be_read(wire, arc):
    wire.expect("GET", ARC, "", 401, headers={"WWW-Authenticate": f"Basic realm={arc}"})
    with pytest.raises(
        IdentityError,
        match="^Could not sign in with the managed identity: the key of Azure Arc cannot be read: No such file or directory. ",
    ):
        managed().token()


# where, status, answer → phrase
REFUSALS = {
    "identity that is unknown": (
        "imds",
        400,
        {"error": "invalid_request", "error_description": "Identity not found"},
        "endpoint refused: Identity not found. ",
    ),
    "resource that is unknown": (
        "imds",
        400,
        {
            "error": "invalid_resource",
            "error_description": "AADSTS500011: The resource was not found. Trace ID: t",
            "error_codes": [500011],
        },
        "endpoint refused: AADSTS500011: The resource was not found. ",
    ),
    "identity that is unknown, App Service": (
        "app_service",
        400,
        {"statusCode": 400, "message": "No User Assigned identity"},
        "endpoint refused: No User Assigned identity. ",
    ),
    "answer without token": ("imds", 200, {"token_type": "Bearer"}, "the answer holds no token."),
    "empty token": ("imds", 200, {**IDENTITY, "access_token": ""}, ""),
    "token that is no text": ("imds", 200, {**IDENTITY, "access_token": ["t0ken-1"]}, ""),
    "token that ends at no time": ("imds", 200, {**IDENTITY, "expires_in": "soon"}, ""),
    "token that ends at a list": ("imds", 200, {**IDENTITY, "expires_in": [1]}, ""),
    "list": (
        "imds",
        200,
        [],
        "Could not sign in with the managed identity: its endpoint answered 200, but not as a managed identity does. ",
    ),
    "page": (
        "imds",
        200,
        "<html>t0ken-1</html>",
        "Could not sign in with the managed identity: its endpoint answered 200, but not as a managed identity does. ",
    ),
    "page that is not there": (
        "imds",
        404,
        "<html>t0ken-1</html>",
        "Could not sign in with the managed identity: its endpoint answered 404, but not as a managed identity does. ",
    ),
    "trouble": (
        "imds",
        500,
        {"error": "x"},
        "Could not sign in with the managed identity: its endpoint answered 500, but not as a managed identity does. ",
    ),
    "something of no sense, App Service": ("app_service", 200, {**IDENTITY, "expires_on": "soon"}, ""),
}


@pytest.mark.parametrize("case", REFUSALS.values(), ids=REFUSALS)
def test_managed_identity_that_is_refused(wire, request, monkeypatch, case):
    where, status, answer, phrase = case
    url = address(request.getfixturevalue(where), QUERY if where == "imds" else APP_QUERY)
    # Whether a strange answer is worth another try is not the question here.
    monkeypatch.setattr(Budget, "may_retry", lambda *unused: False)
    wire.expect("GET", url, answer, status)
    with pytest.raises(IdentityError) as caught:
        managed().token()
    message = caught.value.message
    assert phrase in message
    assert "t0ken-1" not in message and "h3ader" not in message and "None" not in message


def test_refusal_of_a_managed_identity_is_told_with_its_code(wire, imds):
    answer = {"error": "invalid_request", "error_description": "Identity not found. More of it."}
    wire.expect("GET", address(imds, QUERY, client_id="user-assigned"), answer, 400)
    with pytest.raises(ServiceError) as caught:
        managed("user-assigned").token()
    failure = caught.value.failure
    assert (failure["status"], failure["code"], failure["message"]) == (
        400,
        "invalid_request",
        "Identity not found. More of it.",
    )
    assert "client_id" in failure["hint"]


def test_hints_for_a_managed_identity_speak_of_it(wire, imds):
    wire.expect("GET", address(imds, QUERY), "<html>", 404)
    with pytest.raises(IdentityError) as caught:
        managed().token()
    assert "authority_host" not in caught.value.message


@pytest.mark.parametrize(
    "trouble",
    [
        requests.exceptions.ConnectTimeout("t"),
        requests.exceptions.ConnectionError("refused"),
        requests.exceptions.ReadTimeout("t"),
    ],
    ids=lambda trouble: type(trouble).__name__,
)
def test_nothing_answers_for_managed_identities(wire, imds, slept, trouble):
    for unused in range(2):
        wire.expect("GET", address(imds, QUERY), trouble)
    with pytest.raises(IdentityError) as caught:
        managed().token()
    assert caught.value.message == NO_IDENTITY
    assert len(slept) == 1 and slept[0] <= 2


def test_metadata_service_is_asked_where_it_always_is(monkeypatch, slept):
    asked = []

    def send(http, budget, method, url, **arguments):
        asked.append((method, url, arguments["params"]))
        raise _tokens.Unreachable("nobody there")

    monkeypatch.setattr(HttpClient, "send", send)
    with pytest.raises(IdentityError, match="Could not sign in with the managed identity: its"):
        managed("user-assigned").token()
    assert asked == [("GET", f"http://169.254.169.254{IMDS}", {**QUERY, "client_id": "user-assigned"})]


def test_managed_identity_passes_by_proxies_and_netrc(wire, imds, monkeypatch, tmp_path):
    (tmp_path / "netrc").write_text("machine imds.example login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://proxy.example:3128")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/elsewhere.pem")
    wire.expect("GET", address(imds, QUERY), IDENTITY)
    assert managed().token() == "t0ken-1"
    assert "Authorization" not in wire.calls[0].headers
    assert not wire.calls[0].req_kwargs["proxies"]
    assert wire.calls[0].req_kwargs["verify"] is True


def test_service_fabric_is_refused_in_words(wire, app_service, monkeypatch):
    monkeypatch.setenv("IDENTITY_SERVER_THUMBPRINT", "0" * 40)
    if not hasattr(msal.managed_identity, "_create_service_fabric_http_client"):
        wire.expect(
            "GET",
            address(app_service, {"api-version": "2019-07-01-preview", "resource": "https://graph.example"}),
            {"error": {"code": "x"}},
        )
    with pytest.raises(IdentityError):
        managed().token()


NOW = 1_800_000_000.0


class Az:
    """An executable `az` that answers what it is told and keeps what it was called with."""

    def __init__(self, directory):
        self.directory = directory
        self.answers({"accessToken": "t0ken-1", "expires_on": NOW + 3600})

    def answers(self, answer=None, *, code=0, stderr="", last=""):
        text = answer if isinstance(answer, str) else json.dumps(answer)
        self.write(
            f"""#!/bin/sh
{{ pwd; for argument in "$@"; do echo "$argument"; done; echo; }} >> {shlex.quote(str(self.directory))}/calls
printf %s {shlex.quote(text)}
printf %s {shlex.quote(stderr)} >&2
{last}
exit {code}
"""
        )

    def write(self, text, mode=0o755):
        path = self.directory / "az"
        path.write_text(text)
        path.chmod(mode)

    @property
    def calls(self):
        """Directory and arguments of each call."""
        path = self.directory / "calls"
        return [call.split("\n") for call in path.read_text().split("\n\n")[:-1]] if path.exists() else []


@pytest.fixture
def az(tmp_path, monkeypatch):
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    monkeypatch.setattr(_tokens, "time", SimpleNamespace(time=lambda: NOW))
    return Az(directory)


def cli(tenant=None):
    return Session(AzureCli(tenant), None)


@pytest.mark.parametrize("tenant", [None, "contoso", "--help", "a b; $(c)"])
def test_azure_cli_is_asked_for_a_token_for_graph(az, tenant, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert cli(tenant).token() == "t0ken-1"
    (called,) = az.calls
    asked = ["account", "get-access-token", "--output", "json", "--resource", "https://graph.example"]
    assert called == [str(az.directory), *asked, *(["--tenant", tenant] if tenant else [])]


def test_azure_cli_is_asked_once(az):
    tokens = cli()
    assert az.calls == []
    assert [tokens.token() for unused in range(3)] == ["t0ken-1"] * 3
    assert len(az.calls) == 1


def test_azure_cli_is_asked_again_after_renewal(az):
    tokens = cli()
    assert tokens.token() == "t0ken-1"
    az.answers({"accessToken": "t0ken-2", "expires_on": NOW + 3600})
    assert tokens.token() == "t0ken-1"
    assert tokens.renew() is True
    assert tokens.token() == "t0ken-2"


@pytest.mark.parametrize("as_text", [False, True])
def test_azure_cli_is_asked_again_shortly_before_the_token_ends(az, monkeypatch, as_text):
    ends = int(NOW + 3600)
    az.answers({"accessToken": "t0ken-1", "expires_on": str(ends) if as_text else ends})
    tokens = cli()
    for now, calls in ((NOW, 1), (ends - EARLY - 1, 1), (ends - EARLY + 1, 2)):
        monkeypatch.setattr(_tokens, "time", SimpleNamespace(time=lambda now=now: now))
        tokens.token()
        assert len(az.calls) == calls


@pytest.mark.parametrize("zone", ["UTC0", "JST-9"])
def test_azure_cli_of_old_tells_local_time(az, monkeypatch, zone):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        ends = time.strftime("%Y-%m-%d %H:%M:%S.000000", time.localtime(NOW + 3600))
        az.answers({"accessToken": "t0ken-1", "expiresOn": ends, "tokenType": "Bearer"})
        tokens = cli()
        for now, calls in ((NOW, 1), (NOW + 3600 - EARLY - 1, 1), (NOW + 3600 - EARLY + 1, 2)):
            monkeypatch.setattr(_tokens, "time", SimpleNamespace(time=lambda now=now: now))
            tokens.token()
            assert len(az.calls) == calls
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()


TRY = "Try: az account get-access-token"
LOGIN = "Please run 'az login' to setup account. s3cr3t-output"
NO_TOKEN = f"Could not sign in with the Azure CLI: it did not answer with a token. {TRY}"
# what it prints, how it ends, what it says → sentence
FAILURES = {
    "not signed in": (
        {"answer": "", "code": 1, "stderr": LOGIN},
        "Could not sign in with the Azure CLI: it is not signed in. Run: az login",
    ),
    "failing": (
        {"answer": "s3cr3t-output", "code": 3, "stderr": "s3cr3t-output"},
        f"Could not sign in with the Azure CLI: it failed with exit code 3. {TRY}",
    ),
    "failing with a token": (
        {"answer": {"accessToken": "s3cr3t-output", "expires_on": NOW}, "code": 1},
        f"Could not sign in with the Azure CLI: it failed with exit code 1. {TRY}",
    ),
    "silent": ({"answer": ""}, NO_TOKEN),
    "text": ({"answer": "s3cr3t-output"}, NO_TOKEN),
    "list": ({"answer": ["s3cr3t-output"]}, NO_TOKEN),
    "null": ({"answer": "null"}, NO_TOKEN),
    "no token": ({"answer": {"expires_on": NOW + 3600, "x": "s3cr3t-output"}}, NO_TOKEN),
    "token null": ({"answer": {"accessToken": None, "expires_on": NOW + 3600}}, NO_TOKEN),
    "token empty": ({"answer": {"accessToken": "", "expires_on": NOW + 3600}}, NO_TOKEN),
    "token that is no text": ({"answer": {"accessToken": ["s3cr3t-output"], "expires_on": NOW + 3600}}, NO_TOKEN),
    "no end": ({"answer": {"accessToken": "s3cr3t-output"}}, NO_TOKEN),
    "end null": ({"answer": {"accessToken": "s3cr3t-output", "expires_on": None}}, NO_TOKEN),
    "end without sense": ({"answer": {"accessToken": "s3cr3t-output", "expires_on": "soon"}}, NO_TOKEN),
    "old end without sense": ({"answer": {"accessToken": "s3cr3t-output", "expiresOn": "soon"}}, NO_TOKEN),
    "old end that is no text": ({"answer": {"accessToken": "s3cr3t-output", "expiresOn": 7}}, NO_TOKEN),
    "old end before time began": (
        {"answer": {"accessToken": "s3cr3t-output", "expiresOn": "0001-01-01 00:00:00"}},
        NO_TOKEN,
    ),
    "killed": (
        {"answer": "", "last": "kill -9 $$"},
        f"Could not sign in with the Azure CLI: it failed with exit code -9. {TRY}",
    ),
}


@pytest.mark.parametrize("case", FAILURES.values(), ids=FAILURES)
@pytest.mark.parametrize("tenant", [None, "contoso"])
def test_azure_cli_without_a_token(az, capfd, case, tenant):
    behaviour, sentence = case
    az.answers(**behaviour)
    with pytest.raises(IdentityError) as caught:
        cli(tenant).token()
    message = caught.value.message
    assert message.removesuffix(" --tenant contoso") == sentence
    assert (" --tenant contoso" in message) <= (tenant is not None)
    if "az login" in message:
        assert message.endswith(" --tenant contoso") == (tenant is not None)
    assert "s3cr3t-output" not in repr(caught.value.__cause__)
    assert "s3cr3t-output" not in "".join(capfd.readouterr())


def test_azure_cli_that_prints_what_is_no_text(az):
    az.write("#!/bin/sh\nprintf '\\377\\376'\n")
    with pytest.raises(IdentityError) as caught:
        cli().token()
    assert caught.value.message == NO_TOKEN


def test_azure_cli_that_failed_is_asked_again(az):
    tokens = cli()
    az.answers("", code=1)
    with pytest.raises(IdentityError):
        tokens.token()
    az.answers({"accessToken": "t0ken-1", "expires_on": NOW + 3600})
    assert tokens.token() == "t0ken-1"


def test_azure_cli_that_hangs(az, monkeypatch):
    monkeypatch.setattr(_tokens, "CLI_TIMEOUT", 0.2)
    az.answers("s3cr3t-output", last="exec /bin/sleep 20")
    began = time.monotonic()
    with pytest.raises(IdentityError) as caught:
        cli().token()
    assert caught.value.message == f"Could not sign in with the Azure CLI: it did not answer within 0.2 s. {TRY}"
    assert time.monotonic() - began < 15


def test_azure_cli_is_left_time_to_start_and_nothing_to_read(az):
    az.answers('{"accessToken": "t0ken-1", "expires_on": 9e9}', last="cat")
    assert cli().token() == "t0ken-1"
    assert 30 <= _tokens.CLI_TIMEOUT <= 120


def test_child_of_an_azure_cli_that_hangs_does_not_live_on(az, monkeypatch, tmp_path):
    monkeypatch.setattr(_tokens, "CLI_TIMEOUT", 0.3)
    az.answers("", last=f"/bin/sh -c 'echo $$ > {tmp_path}/child; exec /bin/sleep 20'")
    with pytest.raises(IdentityError):
        cli().token()
    child = int((tmp_path / "child").read_text(encoding="utf-8"))
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and alive(child):
        time.sleep(0.01)
    assert not alive(child)


def alive(process):
    """Whether it runs; a zombie that nobody waited for does not."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


MISSING = (
    "Could not sign in with the Azure CLI: there is no az in PATH. "
    "Install the Azure CLI where the task runs, or use another auth_method."
)


@pytest.mark.parametrize("path", ["", ".", "bin", ":", "./bin:.", "../{name}/bin", "/does/not/exist", None])
def test_azure_cli_is_not_taken_from_the_current_directory(az, monkeypatch, tmp_path, path):
    monkeypatch.chdir(tmp_path)
    if path is None:
        monkeypatch.delenv("PATH")
    else:
        monkeypatch.setenv("PATH", path.format(name=tmp_path.name))
    for directory in (tmp_path / "bin", tmp_path):
        monkeypatch.chdir(directory)
        with pytest.raises(IdentityError) as caught:
            cli().token()
        assert caught.value.message == MISSING
    assert az.calls == []


def test_azure_cli_is_found_behind_relative_entries(az, monkeypatch, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "az").write_text("#!/bin/sh\nexit 9\n")
    (other / "az").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f":.:other:{az.directory}:{other}")
    assert cli().token() == "t0ken-1"


def test_azure_cli_that_is_not_executable(az):
    az.write("#!/bin/sh\n", 0o644)
    with pytest.raises(IdentityError) as caught:
        cli().token()
    assert caught.value.message == MISSING


def test_azure_cli_that_cannot_be_run(az):
    az.write("#!/does/not/exist\n")
    with pytest.raises(
        IdentityError, match="^Could not sign in with the Azure CLI: it cannot be run: No such file or directory.$"
    ):
        cli().token()


# --- answers that nobody has foreseen ---

NOT_ENTRA = "but not as Microsoft Entra ID does. Check authority_host and the proxy"
STRANGE_TOKENS = {
    "scope is a list": {"scope": ["x"]},
    "scope is a number": {"scope": 7},
    "id_token is a number": {"id_token": 5},
    "id_token is text": {"id_token": "x"},
    "id_token is half a token": {"id_token": "a.b"},
    "id_token holds a list": {"id_token": "a." + base64.b64encode(b"[1]").decode() + ".c"},
    "client_info is a number": {"client_info": 7, "id_token": None},
    "client_info is text": {"client_info": "x"},
    "expires_in is a list": {"expires_in": [1]},
    "expires_in is enormous": {"expires_in": 10**400},
    "refresh_in is a list": {"refresh_in": [1]},
    "token_type is a list": {"token_type": ["Bearer"]},
    "refresh_token is a list": {"refresh_token": ["x"]},
    "token with a line end": {"access_token": "t0ken-1\nX: y"},
    "token with a letter that no header holds": {"access_token": "t0ken-1\u20ac"},
}


@pytest.mark.parametrize("strange", STRANGE_TOKENS.values(), ids=STRANGE_TOKENS)
def test_strange_token_is_a_token_or_no_answer_of_entra(wire, clock, caplog, strange):
    expect_discovery(wire)
    expect_token(wire, {**GRANTED, **strange})
    try:
        assert sign_in(clock, retries=0).token() == "t0ken-1"
    except IdentityError as exc:
        assert NOT_ENTRA in exc.message
        assert "t0ken" not in exc.message
    assert "t0ken-1" not in caplog.text


MUST_FAIL = [
    "scope is a list",
    "id_token is a number",
    "id_token is text",
    "token with a line end",
]


@pytest.mark.parametrize("name", MUST_FAIL)
def test_what_msal_stumbles_over_is_no_answer_of_entra(wire, clock, name):
    expect_discovery(wire)
    expect_token(wire, {**GRANTED, **STRANGE_TOKENS[name]})
    with pytest.raises(ServiceError, match=NOT_ENTRA) as caught:
        sign_in(clock, retries=0).token()
    assert caught.value.status == 200


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
MEMBERS = (
    *("access_token", "token_type", "expires_in", "ext_expires_in", "refresh_in", "scope", "id_token", "client_info"),
    *("refresh_token", "foci", "error", "error_description", "error_codes", "suberror", "trace_id", "correlation_id"),
)
ANSWERS = st.dictionaries(st.sampled_from(MEMBERS), ANY, max_size=5)


@given(answer=ANSWERS, status=st.sampled_from([200, 400, 401, 500]))
def test_no_answer_of_entra_does_harm(answer, status):
    with Wire() as wire:
        expect_discovery(wire)
        expect_token(wire, {**GRANTED, **answer}, status)
        try:
            token = sign_in(FakeClock(), retries=0).token()
            assert token.isascii() and token.isprintable()
        except IdentityError as exc:
            assert exc.message == one_line(exc.message, 5000) and SECRET not in exc.message


@given(answer=ANSWERS, status=st.sampled_from([200, 400, 404, 500]))
def test_no_answer_of_a_managed_identity_does_harm(answer, status):
    with Wire() as wire, pytest.MonkeyPatch.context() as context:
        context.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", IDENTITY_HOST)
        context.setattr(Budget, "may_retry", lambda *unused: False)
        wire.expect("GET", address(f"{IDENTITY_HOST}{IMDS}", QUERY), {**IDENTITY, **answer}, status)
        try:
            assert managed().token().isascii()
        except IdentityError as exc:
            assert exc.message == one_line(exc.message, 5000)


@pytest.mark.parametrize("description", ["   ", "\r\n", "\x1b\u200b", None, 7, ["No."]], ids=repr)
@pytest.mark.parametrize("where", ["discovery", "token"])
def test_refusal_without_a_reason_has_its_code(wire, clock, description, where):
    answer = {"error": "invalid_client", "error_description": description}
    expect_discovery(wire, answer if where == "discovery" else None, status=400 if where == "discovery" else 200)
    if where == "token":
        expect_token(wire, answer, 400)
    with pytest.raises(ServiceError) as caught:
        sign_in(clock).token()
    assert (
        caught.value.message
        == "Could not sign in to tenant contoso as application app: Microsoft Entra ID refused: invalid_client."
    )


def test_what_entra_says_is_cleaned_and_holds_no_secret(wire, clock):
    answer = {
        "error": "invalid_client",
        "error_description": f"AADSTS1: \x1b[2JYou sent\nclient_secret={quote(ODD_SECRET, safe='')}. More.",
        "error_codes": [True, 1000001],
        "trace_id": "x" * 5000 + "\n",
        "correlation_id": {"a": 1},
    }
    expect_discovery(wire)
    expect_token(wire, answer, 401)
    with pytest.raises(ServiceError) as caught:
        Session(ClientSecret("contoso", "app", ODD_SECRET), clock).token()
    assert caught.value.message == (
        "Could not sign in to tenant contoso as application app: Microsoft Entra ID refused: [2JYou sent client_secret=******** (AADSTS1000001)."
    )
    failure = caught.value.failure
    assert (failure["code"], failure["client_request_id"]) == ("AADSTS1000001", None)
    assert len(failure["request_id"]) == 300


ODD_SECRET = "s3cr3t/Value+x=="


@pytest.mark.parametrize("kind", ["secret", "certificate", "federated", "file"])
def test_what_is_shown_to_entra_is_a_secret(wire, clock, certificate_file, tmp_path, kind):
    (tmp_path / "oidc").write_text("0idc-long-enough\n")
    credential = {
        "secret": lambda: ClientSecret("contoso", "app", ODD_SECRET),
        "certificate": lambda: certificate_file(MADE.key_pem + MADE.pem),
        "federated": lambda: FederatedToken("contoso", "app", "0idc-long-enough", None),
        "file": lambda: FederatedToken("contoso", "app", None, str(tmp_path / "oidc")),
    }[kind]()
    expect_discovery(wire)
    expect_token(wire, REFUSED, 401)
    session = Session(credential, clock)
    with pytest.raises(ServiceError):
        session.token()
    sent = form(wire.calls[-1])
    shown = sent.get("client_secret") or sent["client_assertion"]
    assert session.budget.secrets.without([shown]) == ["********"]


def test_what_is_shown_to_a_managed_identity_is_a_secret(wire, app_service):
    wire.expect("GET", address(app_service, APP_QUERY), {"error": "x", "error_description": "h3ader-value"}, 400)
    session = managed()
    with pytest.raises(ServiceError, match=r"its endpoint refused: \*{8}\."):
        session.token()
    assert session.budget.secrets.without(["h3ader-value"]) == ["********"]


# --- who gets the secret ---


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://evil.example/contoso/oauth2/v2.0/token",
        "https://login.example.evil.example/token",
        "https://login.example@evil.example/token",
        "https://login.example:8443/token",
        "https://login.microsoftonline.com.evil.example/token",
        "https://login.microsoftonline.com:8443/token",
    ],
)
@pytest.mark.parametrize("name", ["token_endpoint", "authorization_endpoint"])
def test_secret_is_not_sent_to_a_stranger(wire, clock, endpoint, name):
    expect_discovery(wire, {**ENDPOINTS, name: endpoint})
    with pytest.raises(
        IdentityError,
        match="login.example leads to .*, which is no known host of Microsoft Entra ID. Nothing was sent there",
    ):
        sign_in(clock).token()


@pytest.mark.parametrize(
    "host",
    [
        *(
            "login.example",
            "LOGIN.example",
            "login.example:443",
            "login.microsoftonline.com",
            "login.microsoftonline.us",
        ),
        *("login.chinacloudapi.cn", "login.partner.microsoftonline.cn", "login.windows.net"),
    ],
)
def test_secret_is_sent_to_known_hosts(wire, clock, host):
    endpoint = f"https://{host}/contoso/oauth2/v2.0/token"
    expect_discovery(wire, {**ENDPOINTS, "token_endpoint": endpoint})
    wire.expect("POST", endpoint.replace("LOGIN", "login"), GRANTED)
    assert sign_in(clock).token() == "t0ken-1"


# --- claims ---


def test_claims_are_asked_for_once(wire, clock):
    tokens = sign_in(clock)
    for number, claims in enumerate((None, '{"access_token": {"nbf": 1}}', None), 1):
        if claims:
            assert tokens.renew(claims) is True
        elif number > 1:
            tokens.renew()
        expect_discovery(wire)
        expect_token(wire, {**GRANTED, "access_token": f"t0ken-{number}"})
        assert [tokens.token(), tokens.token()] == [f"t0ken-{number}"] * 2
        assert form(wire.calls[-1]).get("claims") == claims


@pytest.mark.parametrize("claims", ["{}", ""])
def test_who_cannot_pass_claims_on_has_nothing_to_renew(az, claims):
    for tokens in (Session(AccessToken("t"), None), cli(), managed()):
        assert tokens.renew(claims) is False
        assert tokens.anew.startswith(("Give", "Run: az login", "Try again later"))


def test_azure_cli_does_not_outlive_an_interruption(az, tmp_path):
    def interrupt(*unused):
        raise KeyboardInterrupt

    az.answers("", last=f"/bin/sh -c 'echo $$ > {tmp_path}/child; exec /bin/sleep 20'")
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        with pytest.raises(KeyboardInterrupt):
            cli().token()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    child = int((tmp_path / "child").read_text(encoding="utf-8"))
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and alive(child):
        time.sleep(0.01)
    assert not alive(child)


def test_azure_cli_is_given_what_the_task_has_left(az):
    az.answers("", last="exec /bin/sleep 20")
    began = time.monotonic()
    with pytest.raises(IdentityError, match="the Azure CLI: it did not answer within 0.2 s"):
        Session(AzureCli(None), None, retry_timeout=0.2).token()
    assert time.monotonic() - began < 15
