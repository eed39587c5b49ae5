# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Managed identities: IMDS, App Service and Azure Arc, and what Graph makes of their tokens."""

from __future__ import annotations

import time
from pathlib import Path

import jwt
import msal
import pytest
import requests
from emulator.client import EmulatorFailed
from emulator.defaults import READ_ROLE, SYSTEM_ASSIGNED, USER_ASSIGNED, WRITE_ROLE
from emulator_caller import error_code

IMDS = ("/metadata/identity/oauth2/token", "2018-02-01", {"Metadata": "true"})
ARC = ("/metadata/identity/oauth2/token", "2020-06-01", {"Metadata": "true"})


@pytest.fixture
def ask(emulator):
    """Asks for a token of an endpoint; None as a value leaves a parameter or header out."""
    with requests.Session() as session:
        session.trust_env = False

        def send(endpoint, headers=None, method="GET", **parameters):
            path, version, usual = endpoint
            query = {
                "api-version": version,
                "resource": emulator.graph_url,
                **{name.replace("_version", "-version"): parameters[name] for name in parameters},
            }
            sent = {name: value for name, value in {**usual, **(headers or {})}.items() if value is not None}
            asked = {name: value for name, value in query.items() if value is not None}
            return session.request(method, emulator.metadata_url + path, params=asked, headers=sent, timeout=10)

        yield send


@pytest.fixture
def app_service(emulator):
    """App Service, with the right header."""
    return "/msi/token", "2019-08-01", {"X-IDENTITY-HEADER": emulator.identity_header}


@pytest.fixture
def assign(emulator):
    """Gives the machine other identities."""

    def change(**identities):
        (tenant,) = emulator.tenants()
        emulator.set_tenants([{**tenant, "managed_identities": identities}])

    return change


def refusal(answer):
    """Status, error and description of an error of IMDS or Arc."""
    content = answer.json()
    assert set(content) == {"error", "error_description"}
    return answer.status_code, content["error"], content["error_description"]


def test_imds(caller, ask):
    content = ask(IMDS).json()
    assert set(content) == {
        "access_token",
        "client_id",
        "expires_in",
        "expires_on",
        "ext_expires_in",
        "not_before",
        "resource",
        "token_type",
    }
    assert all(isinstance(value, str) for value in content.values())
    assert (content["client_id"], content["resource"], content["token_type"]) == (
        SYSTEM_ASSIGNED,
        caller.emulator.graph_url,
        "Bearer",
    )
    assert content["expires_in"] == content["ext_expires_in"] == "3599"
    assert abs(int(content["expires_on"]) - 3599 - time.time()) < 5
    assert abs(int(content["not_before"]) - time.time()) < 5
    claims = jwt.decode(content["access_token"], options={"verify_signature": False})
    assert (claims["tid"], claims["appid"], claims["idtyp"], claims["roles"]) == (
        caller.emulator.tenant,
        SYSTEM_ASSIGNED,
        "app",
        [WRITE_ROLE],
    )
    assert claims["oid"] == claims["sub"] != SYSTEM_ASSIGNED
    assert claims["xms_mirid"].startswith("/subscriptions/")
    caller.token = content["access_token"]
    assert caller.graph("GET").status_code == 200


@pytest.mark.parametrize("client_id", [USER_ASSIGNED, USER_ASSIGNED.upper()])
def test_user_assigned(ask, app_service, client_id):
    for endpoint in (IMDS, app_service):
        content = ask(endpoint, client_id=client_id).json()
        assert content["client_id"] == USER_ASSIGNED
        assert jwt.decode(content["access_token"], options={"verify_signature": False})["appid"] == USER_ASSIGNED


@pytest.mark.parametrize(
    "headers, parameters, expected",
    [
        ({"Metadata": None}, {}, (400, "bad_request_102", "Required metadata header not specified")),
        ({"Metadata": "True"}, {}, (400, "bad_request_102", "Required metadata header not specified")),
        (
            {"X-Forwarded-For": "10.0.0.1"},
            {},
            (400, "invalid_request", "Requests with the header X-Forwarded-For are not allowed"),
        ),
        ({}, {"resource": None}, (400, "invalid_request", "Required query variable 'resource' is missing")),
        ({}, {"client_id": "nobody"}, (400, "invalid_request", "Identity not found")),
        # An application is not an identity of the machine.
        ({}, {"client_id": "7d3b1f52-84c6-4e0a-b1d9-2f5a6c7e8901"}, (400, "invalid_request", "Identity not found")),
        ({}, {"surprise": "1"}, (400, "invalid_request", "Unknown query variable 'surprise'")),
    ],
)
def test_imds_refuses(ask, headers, parameters, expected):
    assert refusal(ask(IMDS, headers, **parameters)) == expected


def test_imds_knows_its_resources(caller, ask):
    status, error, said = refusal(ask(IMDS, resource="https://graph.microsoft.com"))
    assert (status, error) == (400, "invalid_resource")
    assert said.startswith(
        "AADSTS500011: The resource principal named https://graph.microsoft.com was not found in the tenant"
    )
    caller.emulator.settings(audiences=["https://graph.microsoft.com"])
    assert ask(IMDS, resource="https://graph.microsoft.com").json()["resource"] == "https://graph.microsoft.com"


@pytest.mark.parametrize("version", [None, "2017-01-01"])
def test_imds_checks_the_version(ask, version):
    answer = ask(IMDS, api_version=version)
    assert answer.status_code == 400
    assert answer.json()["error"] == "Bad request. api-version is invalid or was not specified in the request."
    assert "2018-02-01" in answer.json()["newest-versions"]


def test_wrong_addresses(ask):
    assert ask(("/metadata/instance", "2018-02-01", {"Metadata": "true"})).status_code == 404
    assert ask(IMDS, method="POST").status_code == 405


def test_identities_of_a_machine(emulator, ask, app_service, assign):
    first, second = {"client_id": "First", "roles": [READ_ROLE]}, {"client_id": "second"}
    assign()
    assert refusal(ask(IMDS)) == (400, "invalid_request", "Identity not found")
    assert (
        ask(app_service).json()["message"] == "No Managed Identity found for specified ClientId/ResourceId/PrincipalId."
    )
    assign(user_assigned=[first])
    assert ask(IMDS).json()["client_id"] == "First"
    assign(user_assigned=[first, second])
    status, error, said = refusal(ask(IMDS))
    assert (status, error, said.split(",")[0]) == (400, "invalid_request", "Multiple user assigned identities exist")
    assign(system_assigned=first, user_assigned=[second])
    assert ask(IMDS).json()["client_id"] == "First"
    emulator.set_tenants([])
    assert refusal(ask(IMDS)) == (400, "invalid_request", "Identity not found")


@pytest.mark.parametrize(
    "identities",
    [
        [],
        {"surprise": {}},
        {"system_assigned": {}},
        {"user_assigned": {}},
        {"user_assigned": [{"client_id": "x", "y": 1}]},
    ],
)
def test_refused_identities(emulator, assign, identities):
    before = emulator.tenants()
    with pytest.raises(EmulatorFailed):
        emulator.set_tenants([{**before[0], "managed_identities": identities}])
    assert emulator.tenants() == before


def test_roles_of_an_identity(caller, ask, assign):
    assign(system_assigned={"client_id": "poor"})
    caller.token = ask(IMDS).json()["access_token"]
    assert (caller.graph("GET").status_code, error_code(caller.graph("GET"))) == (403, "AADB2C")


def test_app_service(caller, ask, app_service):
    content = ask(app_service).json()
    assert set(content) == {"access_token", "client_id", "expires_on", "resource", "token_type"}
    assert all(isinstance(value, str) for value in content.values())
    assert (content["client_id"], content["resource"], content["token_type"]) == (
        SYSTEM_ASSIGNED,
        caller.emulator.graph_url,
        "Bearer",
    )
    assert abs(int(content["expires_on"]) - 3599 - time.time()) < 5
    caller.token = content["access_token"]
    assert caller.graph("GET").status_code == 200


@pytest.mark.parametrize(
    "headers, parameters, status, said",
    [
        ({"X-IDENTITY-HEADER": None}, {}, 401, "X-IDENTITY-HEADER is missing"),
        ({"X-IDENTITY-HEADER": None, "Metadata": "true"}, {}, 401, "X-IDENTITY-HEADER is missing"),
        ({"X-IDENTITY-HEADER": "wrong"}, {}, 403, "not that of this site"),
        ({}, {"api_version": "2017-09-01"}, 400, "api-version"),
        ({}, {"resource": None}, 400, "'resource' is required"),
        ({}, {"resource": "https://graph.microsoft.com"}, 500, "unexpected error"),
        ({}, {"client_id": "nobody"}, 400, "No User Assigned or Delegated Managed Identity found"),
    ],
)
def test_app_service_refuses(ask, app_service, headers, parameters, status, said):
    answer = ask(app_service, headers, **parameters)
    content = answer.json()
    assert (answer.status_code, content["statusCode"]) == (status, status)
    assert said in content["message"]


def test_arc(caller, ask):
    challenge = ask(ARC)
    assert (challenge.status_code, challenge.json()["error"]) == (401, "unauthorized_client")
    scheme, path = challenge.headers["WWW-Authenticate"].split("=")
    assert (scheme, Path(path).parent, Path(path).suffix) == ("Basic realm", caller.emulator.arc_directory, ".key")
    key = Path(path).read_text(encoding="ascii")
    content = ask(ARC, {"Authorization": f"Basic {key}"}).json()
    assert (content["client_id"], content["expires_in"]) == (SYSTEM_ASSIGNED, "3599")
    caller.token = content["access_token"]
    assert caller.graph("GET").status_code == 200
    assert not Path(path).exists()
    for authorization in (f"Basic {key}", "Basic ", "Basic nonsense", f"Bearer {key}"):
        assert ask(ARC, {"Authorization": authorization}).status_code == 401
    assert ask(ARC, {"Metadata": None}).status_code == 400


def test_times_go_by_the_emulator_clock(emulator, ask, caller):
    emulator.settings(token_lifetime=60)
    caller.token = ask(IMDS).json()["access_token"]
    emulator.advance_clock(61)
    assert caller.graph("GET").status_code == 401
    assert abs(int(ask(IMDS).json()["expires_on"]) - emulator.now() - 60) < 5


def test_faults(emulator, ask, app_service):
    emulator.fault(
        service="metadata", action="status", status=429, headers={"Retry-After": "1"}, code="too_many", message="Slowly"
    )
    answer = ask(IMDS)
    assert (refusal(answer), answer.headers["Retry-After"]) == ((429, "too_many", "Slowly"), "1")
    emulator.fault(service="metadata", action="status", status=503, path="^/msi")
    assert ask(IMDS).status_code == 200
    assert ask(app_service).json()["statusCode"] == 503
    emulator.fault(service="metadata", action="drop_before")
    with pytest.raises(requests.exceptions.ConnectionError):
        ask(IMDS)
    emulator.fault(service="metadata", action="html")
    assert "<html>" in ask(IMDS).text


def test_log(emulator, ask, app_service):
    ask(IMDS, client_id=USER_ASSIGNED)
    ask(app_service)
    imds, site = emulator.requests("metadata")
    assert (imds["method"], imds["path"], imds["status"], imds["body"]) == (
        "GET",
        "/metadata/identity/oauth2/token",
        200,
        None,
    )
    assert imds["query"] == {"api-version": "2018-02-01", "resource": emulator.graph_url, "client_id": USER_ASSIGNED}
    asked = [
        (entry["headers"]["metadata"], entry["headers"]["x-identity-header"], entry["headers"]["authorization"])
        for entry in (imds, site)
    ]
    assert asked == [(True, False, False), (False, True, False)]
    assert emulator.identity_header not in str(emulator.requests())
    assert emulator.requests("entra") == []


@pytest.fixture
def managed_identity(monkeypatch):
    """msal's client, as it finds its endpoint by the environment."""
    for name in (
        "IDENTITY_ENDPOINT",
        "IDENTITY_HEADER",
        "IDENTITY_SERVER_THUMBPRINT",
        "IMDS_ENDPOINT",
        "MSI_ENDPOINT",
        "MSI_SECRET",
    ):
        monkeypatch.delenv(name, raising=False)

    def make(kind=None, **environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        session = requests.Session()
        session.trust_env = False
        return msal.ManagedIdentityClient(kind or msal.SystemAssignedManagedIdentity(), http_client=session)

    return make


@pytest.mark.parametrize(
    "kind, client_id",
    [
        (msal.SystemAssignedManagedIdentity(), SYSTEM_ASSIGNED),
        (msal.UserAssignedManagedIdentity(client_id=USER_ASSIGNED), USER_ASSIGNED),
    ],
)
@pytest.mark.parametrize("source", ["imds", "app_service", "arc"])
def test_msal(caller, managed_identity, monkeypatch, source, kind, client_id):
    if source == "arc" and client_id == USER_ASSIGNED and tuple(map(int, msal.__version__.split("."))) < (1, 38):
        pytest.skip("this msal asks Azure Arc for system-assigned identities only")
    emulator = caller.emulator
    environment = {
        "imds": {"AZURE_POD_IDENTITY_AUTHORITY_HOST": emulator.metadata_url},
        "app_service": {
            "IDENTITY_ENDPOINT": f"{emulator.metadata_url}/msi/token",
            "IDENTITY_HEADER": emulator.identity_header,
        },
        "arc": {"IDENTITY_ENDPOINT": emulator.metadata_url + ARC[0], "IMDS_ENDPOINT": emulator.metadata_url},
    }[source]
    monkeypatch.setitem(
        msal.managed_identity._supported_arc_platforms_and_their_prefixes, "linux", str(emulator.arc_directory)
    )
    answer = managed_identity(kind, **environment).acquire_token_for_client(resource=emulator.graph_url)
    caller.token = answer["access_token"]
    assert jwt.decode(caller.token, options={"verify_signature": False})["appid"] == client_id
    assert caller.graph("GET").status_code == 200
    assert [entry["status"] for entry in emulator.requests("metadata")] == ([401, 200] if source == "arc" else [200])


def test_msal_is_refused(emulator, managed_identity):
    client = managed_identity(
        msal.UserAssignedManagedIdentity(client_id="nobody"), AZURE_POD_IDENTITY_AUTHORITY_HOST=emulator.metadata_url
    )
    assert client.acquire_token_for_client(resource=emulator.graph_url) == {
        "error": "invalid_request",
        "error_description": "Identity not found",
    }
