# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Entra: discovery, credentials, tokens; and what Graph makes of tokens."""

from __future__ import annotations

import time

import jwt
import msal
import pytest
from emulator.credentials import ASSERTION_TYPE
from emulator.defaults import READ_ROLE, USER_FLOW_ADMINISTRATOR, WRITE_ROLE
from emulator_caller import LIST, error_code


@pytest.fixture
def register(emulator):
    """Gives the default application other credentials or roles."""

    def change(**fields):
        (tenant,) = emulator.tenants()
        app = {**tenant["apps"][0], **fields}
        emulator.set_tenants([{**tenant, "apps": [app]}])

    return change


def refusal(answer):
    """Status, error and number of an Entra error, after a look at its shape."""
    content = answer.json()
    assert set(content) == {
        "error",
        "error_description",
        "error_codes",
        "timestamp",
        "trace_id",
        "correlation_id",
        "error_uri",
    }
    (number,) = content["error_codes"]
    assert content["error_description"].startswith(f"AADSTS{number}: ")
    assert (
        f"Correlation ID: {content['correlation_id']} Timestamp: {content['timestamp']}" in content["error_description"]
    )
    return answer.status_code, content["error"], number


def assertion(emulator, identity, header=None, key=None, algorithm="RS256", **changes):
    """A client assertion; None as a claim leaves it out."""
    now = int(time.time())
    claims = {
        "aud": f"{emulator.authority_host}/{emulator.tenant}/oauth2/v2.0/token",
        "iss": emulator.client_id,
        "sub": emulator.client_id,
        "jti": "1",
        "nbf": now,
        "exp": now + 600,
        **changes,
    }
    thumbprint = jwt.utils.base64url_encode(bytes.fromhex(identity.thumbprint)).decode()
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, key or identity.key, algorithm=algorithm, headers={"x5t": thumbprint, **(header or {})})


def ask(caller, token, **changes):
    """Ask for a token with an assertion."""
    return caller.token_request(
        client_secret=None, client_assertion=token, client_assertion_type=ASSERTION_TYPE, **changes
    )


def test_discovery(caller):
    emulator = caller.emulator
    documents = [
        caller.session.get(f"{emulator.authority_host}/{name}/v2.0/.well-known/openid-configuration", timeout=10).json()
        for name in (emulator.tenant, emulator.tenant.upper(), "Contoso.onmicrosoft.com")
    ]
    assert documents[0] == documents[1] == documents[2]
    assert documents[0]["token_endpoint"] == f"{emulator.authority_host}/{emulator.tenant}/oauth2/v2.0/token"
    answer = caller.session.get(
        f"{emulator.authority_host}/nobody.example/v2.0/.well-known/openid-configuration", timeout=10
    )
    assert refusal(answer) == (400, "invalid_tenant", 90002)
    instances = caller.session.get(
        f"{emulator.authority_host}/common/discovery/instance?api-version=1.1", timeout=10
    ).json()
    assert "metadata" in instances
    assert caller.session.get(documents[0]["jwks_uri"], timeout=10).json()["keys"][0]["kty"] == "RSA"


def test_wrong_addresses(caller):
    base = f"{caller.emulator.authority_host}/{caller.emulator.tenant}"
    discovery = "/v2.0/.well-known/openid-configuration"
    for method, path, status in (
        ("GET", "/oauth2/v2.0/token", 405),
        ("POST", discovery, 405),
        ("GET", "/nothing", 404),
        ("GET", "", 404),
    ):
        answer = caller.session.request(method, base + path, timeout=10)
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html")


def test_secret(caller):
    answer = caller.token_request()
    content = answer.json()
    assert answer.status_code == 200
    assert (content["token_type"], content["expires_in"], content["ext_expires_in"]) == ("Bearer", 3599, 3599)
    claims = jwt.decode(content["access_token"], options={"verify_signature": False})
    assert claims["aud"] == caller.emulator.graph_url
    assert (claims["tid"], claims["appid"], claims["idtyp"], claims["roles"]) == (
        caller.emulator.tenant,
        caller.emulator.client_id,
        "app",
        [WRITE_ROLE],
    )
    caller.token = content["access_token"]
    assert caller.graph("GET").status_code == 200


@pytest.mark.parametrize(
    "changes, expected",
    [
        ({"tenant": "nobody.example"}, (400, "invalid_request", 90002)),
        ({"grant_type": None}, (400, "invalid_request", 900144)),
        ({"grant_type": "password"}, (400, "unsupported_grant_type", 70003)),
        ({"client_id": None}, (400, "invalid_request", 900144)),
        ({"client_id": "00000000-0000-0000-0000-000000000000"}, (400, "unauthorized_client", 700016)),
        ({"client_secret": "wrong"}, (401, "invalid_client", 7000215)),
        ({"client_secret": None}, (401, "invalid_client", 7000216)),
        ({"client_secret": ""}, (401, "invalid_client", 7000216)),
        ({"scope": None}, (400, "invalid_request", 900144)),
        ({"scope": "https://graph.microsoft.com/.default"}, (400, "invalid_scope", 70011)),
        ({"scope": "User.Read"}, (400, "invalid_scope", 70011)),
    ],
)
def test_refusals(caller, changes, expected):
    assert refusal(caller.token_request(**changes)) == expected


def test_only_forms_are_read(caller):
    emulator = caller.emulator
    answer = caller.session.post(
        f"{emulator.authority_host}/{emulator.tenant}/oauth2/v2.0/token",
        json={"grant_type": "client_credentials"},
        timeout=10,
    )
    assert refusal(answer) == (400, "invalid_request", 900144)


def test_expired_secret(caller, register):
    register(secrets=[{"value": caller.emulator.client_secret, "expires_at": time.time() + 100}])
    assert caller.token_request().status_code == 200
    caller.emulator.advance_clock(101)
    assert refusal(caller.token_request()) == (401, "invalid_client", 7000222)


def test_certificate(caller, register, identity, other):
    emulator = caller.emulator
    register(certificates=[identity.pem.decode()])
    assert ask(caller, assertion(emulator, identity)).status_code == 200
    assert ask(caller, assertion(emulator, identity, algorithm="PS256")).status_code == 200
    assert (
        ask(caller, assertion(emulator, identity, aud=f"{emulator.authority_host}/{emulator.tenant}/v2.0")).status_code
        == 200
    )
    for token, number in (
        (assertion(emulator, other), 700027),
        (assertion(emulator, identity, key=other.key), 700027),
        (assertion(emulator, identity, key="a shared secret that is long enough", algorithm="HS256"), 700027),
        (assertion(emulator, identity, aud="https://elsewhere.example"), 700023),
        (assertion(emulator, identity, sub="somebody"), 700021),
        (assertion(emulator, identity, exp=int(time.time()) - 1000), 700024),
        (assertion(emulator, identity, nbf=int(time.time()) + 1000, exp=int(time.time()) + 2000), 700024),
        (assertion(emulator, identity, exp=None), 50027),
        (assertion(emulator, identity, iss="https://issuer.example"), 700211),
        ("no.jwt.at-all", 50027),
    ):
        assert refusal(ask(caller, token)) == (401, "invalid_client", number)
    assert refusal(caller.token_request(client_secret=None, client_assertion="x", client_assertion_type="y")) == (
        400,
        "invalid_request",
        900144,
    )


def test_assertion_and_certificate_go_by_the_emulator_clock(caller, register, identity):
    register(certificates=[identity.pem.decode()])
    caller.emulator.advance_clock(2000)
    assert refusal(ask(caller, assertion(caller.emulator, identity)))[2] == 700024
    caller.emulator.advance_clock(60 * 86400)
    assert refusal(ask(caller, assertion(caller.emulator, identity)))[2] == 700027


def test_federated_token(caller, register, identity):
    register(federated_tokens=["the-right-token"])
    assert ask(caller, "the-right-token").status_code == 200
    assert refusal(ask(caller, "another-token")) == (401, "invalid_client", 70021)
    assert refusal(ask(caller, assertion(caller.emulator, identity, iss="https://issuer.example"))) == (
        401,
        "invalid_client",
        700211,
    )


def test_audiences(caller):
    caller.emulator.settings(audiences=["https://graph.microsoft.com"])
    caller.token = caller.token_request(scope="https://graph.microsoft.com/.default").json()["access_token"]
    assert caller.graph("GET").status_code == 200
    caller.emulator.settings(audiences=[])
    assert caller.graph("GET").status_code == 401


@pytest.mark.parametrize("use_certificate", [False, True])
def test_msal(caller, register, identity, monkeypatch, use_certificate):
    monkeypatch.delenv("MSAL_FORCE_REGION", raising=False)
    register(certificates=[identity.pem.decode()])
    emulator = caller.emulator
    credential = (
        {"private_key": identity.key_pem.decode(), "public_certificate": identity.pem.decode()}
        if use_certificate
        else emulator.client_secret
    )
    app = msal.ConfidentialClientApplication(
        emulator.client_id,
        client_credential=credential,
        authority=f"{emulator.authority_host}/contoso.onmicrosoft.com",
        instance_discovery=False,
        azure_region=False,
        http_client=caller.session,
    )
    caller.token = app.acquire_token_for_client([f"{emulator.graph_url}/.default"])["access_token"]
    assert caller.graph("GET").status_code == 200
    assert [entry["path"].rsplit("/", 1)[-1] for entry in emulator.requests("entra")] == [
        "openid-configuration",
        "token",
    ]


def test_graph_refuses_bad_tokens(caller):
    emulator = caller.emulator
    good = emulator.mint_token()
    bad = {
        "": None,
        "nonsense": None,
        "a.b.c": None,
        good[:-8] + "AAAAAAAA": None,
        emulator.mint_token(lifetime=-10): "expired",
        emulator.mint_token(audience="https://elsewhere.example"): "audience",
    }
    for token, word in bad.items():
        answer = caller.graph("GET", headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, error_code(answer)) == (401, "InvalidAuthenticationToken")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
        assert word is None or word in answer.json()["error"]["message"]
    for header in (None, "Basic eA=="):
        assert caller.graph("GET", headers={"Authorization": header}).status_code == 401


def test_tokens_expire(caller):
    caller.emulator.settings(token_lifetime=60)
    caller.token = caller.token_request().json()["access_token"]
    assert caller.graph("GET").status_code == 200
    caller.emulator.advance_clock(61)
    assert caller.graph("GET").status_code == 401


def test_revoke(caller):
    assert caller.graph("GET").status_code == 200
    caller.emulator.revoke_tokens()
    answer = caller.graph("GET")
    assert (answer.status_code, error_code(answer)) == (401, "InvalidAuthenticationToken")
    caller.token = caller.token_request().json()["access_token"]
    assert caller.graph("GET").status_code == 200


@pytest.mark.parametrize(
    "claims, read, write",
    [
        ({"roles": [WRITE_ROLE]}, 200, 204),
        ({"roles": [READ_ROLE]}, 200, 403),
        ({"roles": []}, 403, 403),
        ({"roles": ["User.Read.All"]}, 403, 403),
        ({"scp": f"openid {WRITE_ROLE}", "wids": [USER_FLOW_ADMINISTRATOR]}, 200, 204),
        ({"scp": READ_ROLE, "wids": [USER_FLOW_ADMINISTRATOR]}, 200, 403),
        ({"scp": WRITE_ROLE, "wids": []}, 403, 403),
        ({"scp": "User.Read", "wids": [USER_FLOW_ADMINISTRATOR]}, 403, 403),
    ],
)
def test_permissions(caller, claims, read, write):
    connector = caller.emulator.add_connector("a")
    caller.token = caller.emulator.mint_token(**claims)
    answer = caller.graph("GET")
    assert answer.status_code == read
    if read == 403:
        assert error_code(answer) == "AADB2C"
        expected = (
            "User Authorization"
            if claims.get("scp") == WRITE_ROLE
            else "The application does not have any of the required"
        )
        assert answer.json()["error"]["message"].startswith(expected)
    assert caller.graph("DELETE", f"{LIST}/{connector}").status_code == write


def test_an_app_without_roles_gets_a_token_that_graph_refuses(caller, register):
    register(roles=[])
    answer = caller.token_request()
    caller.token = answer.json()["access_token"]
    assert "roles" not in jwt.decode(caller.token, options={"verify_signature": False})
    refused = caller.graph("GET")
    assert refused.status_code == 403
    assert refused.json()["error"]["message"] == (
        "The application does not have any of the required application permissions (APIConnectors.Read.All, APIConnectors.ReadWrite.All) "
        "to access the resource."
    )
