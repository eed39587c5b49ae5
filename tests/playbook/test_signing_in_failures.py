# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a task says when it cannot sign in or may not do its work, and that it says no secret, whatever Ansible prints
at -vvv.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from emulator.client import Emulator
from emulator.defaults import CLIENT_ID, DOMAIN, READ_ROLE, TENANT, WRITE_ROLE
from support.certificates import Made, make_certificate, make_ec_certificate

from signing_in_cli import AzureCli
from signing_in_tasks import Attempt, attempt_tasks, change_app, write_values
from spills import Secrets, private_parts
from stage import RESULTS, Stage

SECRETS = {
    "wrong_secret": "wrong~client-secret~Kp8dT3",
    "expired_secret": "expired~client-secret~Xc5jM7",
    "poor_secret": "poor~client-secret~Qz2vB6",
    "key_password": "key~password~Hn7rF4",
    "wrong_password": "wrong~key~password~Ts3yL9",
    "federated_token": "wrong~federated~token~Gw6kD2",
    "user_password": "user~password~Jb4xN8",
    "cli_secret": "secret~of~the~cli~Rm9cV5",
}
POOR_CLIENT = "0b5d7c1e-32a4-4f6b-9c8d-5e1f2a3b4c5d"
NOBODY = "00000000-0000-4000-8000-000000000000"
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
ECHO = "echo.example"
APPLICATION = {"tenant": TENANT, "client_id": CLIENT_ID}
WITH_SECRET = {**APPLICATION, "secret": "{{ given.secret }}"}


@dataclass(frozen=True)
class Case(Attempt):
    """An attempt that fails: the message of its result, where `ENTRA` stands for its address, and status and code of
    the answer.
    """

    message: str = ""
    status: int | None = None
    code: str | None = None


def frame(options: Mapping[str, Any]) -> str:
    """How everything begins that is said of the sign-in of an application."""
    return f"Could not sign in to tenant {options['tenant']} as application {options['client_id']}: "


def refused(options: Mapping[str, Any], cause: str, remedy: str, status: int, code: str) -> Case:
    """An application that Entra turns away."""
    message = f"{frame(options)}{cause} ({code}).{f' {remedy}' if remedy else ''}"
    return Case(options, message=message, status=status, code=code)


def certificate(path: str, message: str, **options: str) -> Case:
    """A file that is no use to sign in."""
    return Case({**APPLICATION, "x509_certificate_path": path, **options}, message=message)


def azure_cli(directory: str, message: str, **options: str) -> Case:
    """An az that is of no use."""
    return Case(
        {"auth_method": "azure_cli", **options},
        {"PATH": f"{{{{ given.directory }}}}/{directory}:/usr/bin:/bin"},
        message=message,
    )


def forbidden(options: Mapping[str, Any], message: str) -> Case:
    """Somebody who is signed in, and may not do it."""
    return Case(options, message=message, status=403, code="AADB2C")


CLI = "Could not sign in with the Azure CLI: "
NO_CLI = f"{CLI}there is no az in PATH. Install the Azure CLI where the task runs, or use another auth_method."
NO_TOKEN = f"{CLI}it did not answer with a token. Try: az account get-access-token"
INCOMPLETE = (
    "Cannot sign in: no credentials found. Give tenant, client_id and secret (AZURE_TENANT, AZURE_CLIENT_ID, AZURE_SECRET) "
    "or set auth_method."
)

CASES = {
    "wrong_secret": refused(
        {**APPLICATION, "secret": "{{ given.wrong_secret }}"},
        "invalid client secret",
        "Give the secret's value, not its ID.",
        401,
        "AADSTS7000215",
    ),
    "expired_secret": refused(
        {**APPLICATION, "secret": "{{ given.expired_secret }}"},
        "the client secret has expired",
        "Create a new one for the application.",
        401,
        "AADSTS7000222",
    ),
    "unknown_client": refused(
        {**WITH_SECRET, "client_id": NOBODY},
        "this tenant has no application with this client_id",
        "Check client_id and tenant.",
        400,
        "AADSTS700016",
    ),
    "unknown_tenant": refused(
        {**WITH_SECRET, "tenant": "nobody.example"},
        "this tenant is not known",
        "Check tenant and cloud_environment.",
        400,
        "AADSTS90002",
    ),
    "secret_in_the_answer": refused(
        {**APPLICATION, "tenant": ECHO, "secret": "{{ given.wrong_secret }}"},
        "Microsoft Entra ID refused: Not ********",
        "",
        401,
        "AADSTS90033",
    ),
    "page_instead_of_entra": Case(
        {**WITH_SECRET, "tenant": "page.example"},
        message=f"{frame({**WITH_SECRET, 'tenant': 'page.example'})}ENTRA answered 200 with a web page instead of JSON. "
        "Check authority_host and whether a proxy or login page is in between, or try again later.",
        status=200,
    ),
    "redirected": Case(
        {**WITH_SECRET, "tenant": "redirected.example"},
        message=f"{frame({**WITH_SECRET, 'tenant': 'redirected.example'})}ENTRA answered 302, but not as Microsoft Entra ID "
        "does. Check authority_host and the proxy, or try again later.",
        status=302,
    ),
    "certificate_not_registered": refused(
        {**APPLICATION, "x509_certificate_path": "key.pem"},
        "the certificate is not registered for the application, or has expired",
        "Add it under Certificates & secrets.",
        401,
        "AADSTS700027",
    ),
    "wrong_password_of_pem": certificate(
        "encrypted.pem",
        "The key in x509_certificate_path 'encrypted.pem' cannot be opened. x509_certificate_password is wrong, or the key is damaged.",
        x509_certificate_password="{{ given.wrong_password }}",
    ),
    "wrong_password_of_pfx": certificate(
        "encrypted.pfx",
        "x509_certificate_path 'encrypted.pfx' cannot be opened. Its x509_certificate_password is wrong, or the file is damaged.",
        x509_certificate_password="{{ given.wrong_password }}",
    ),
    "no_password_of_pem": certificate(
        "encrypted.pem",
        "x509_certificate_path 'encrypted.pem' holds an encrypted key. Give its x509_certificate_password.",
    ),
    "no_password_of_pfx": certificate(
        "encrypted.pfx",
        "x509_certificate_path 'encrypted.pfx' cannot be opened. It needs x509_certificate_password, or is damaged.",
    ),
    "no_certificate_file": certificate(
        "missing.pem", "x509_certificate_path 'missing.pem' cannot be read: No such file or directory."
    ),
    "certificate_without_key": certificate(
        "certificate.pem",
        "x509_certificate_path 'certificate.pem' holds no private key. Put the certificate and its key into one PEM file.",
    ),
    "pfx_without_key": certificate(
        "certificate.pfx",
        "x509_certificate_path 'certificate.pfx' holds no private key. Export it again together with its key.",
    ),
    "key_without_certificate": certificate(
        "alone.pem",
        "x509_certificate_path 'alone.pem' holds no certificate. Put the certificate and its key into one PEM file.",
    ),
    "key_of_another_certificate": certificate(
        "mixed.pem",
        "The key in x509_certificate_path 'mixed.pem' belongs to none of the certificates in it. Put the certificate of the key there.",
    ),
    "key_on_a_curve": certificate(
        "curve.pem",
        "x509_certificate_path 'curve.pem' holds a key that is not RSA. Microsoft Entra ID accepts only RSA keys of applications.",
    ),
    "no_certificate_at_all": certificate(
        "nonsense.pem",
        "x509_certificate_path 'nonsense.pem' is not PKCS#12, or is damaged. Check that it is a PFX file (.pfx, .p12) and complete.",
    ),
    "federated_token_refused": refused(
        {**APPLICATION, "oidc_token": "{{ given.federated_token }}"},
        "Microsoft Entra ID refused: No matching federated identity record found for presented assertion",
        "Compare issuer, subject and audience of the token with the application's federated credential.",
        401,
        "AADSTS70021",
    ),
    "federated_token_file_empty": Case(
        {**APPLICATION, "oidc_token_file_path": "empty.txt"},
        message=f"{frame(APPLICATION)}oidc_token_file_path 'empty.txt' is empty. Whoever issues the token has not written it yet.",
    ),
    "federated_token_file_missing": Case(
        {**APPLICATION, "oidc_token_file_path": "missing.txt"},
        message=f"{frame(APPLICATION)}oidc_token_file_path 'missing.txt' cannot be read: No such file or directory. Give the file with the token.",
    ),
    "no_managed_identity": Case(
        {"auth_method": "managed_identity"},
        {"AZURE_POD_IDENTITY_AUTHORITY_HOST": "{{ given.closed }}"},
        message="Could not sign in with the managed identity: its endpoint does not answer. Use another auth_method outside of Azure.",
    ),
    "no_azure_cli": Case({"auth_method": "azure_cli"}, {"PATH": "{{ given.directory }}/empty"}, message=NO_CLI),
    "azure_cli_in_a_relative_directory": Case(
        {"auth_method": "azure_cli"}, {"PATH": "az-relative:.::{{ given.directory }}/empty"}, message=NO_CLI
    ),
    "azure_cli_not_signed_in": azure_cli("az-login", f"{CLI}it is not signed in. Run: az login"),
    "azure_cli_not_signed_in_to_a_tenant": azure_cli(
        "az-login", f"{CLI}it is not signed in. Run: az login --tenant {DOMAIN}", tenant=DOMAIN
    ),
    "azure_cli_with_another_answer": azure_cli("az-garbage", NO_TOKEN),
    "azure_cli_with_another_json": azure_cli("az-json", NO_TOKEN),
    "azure_cli_failed": azure_cli("az-failed", f"{CLI}it failed with exit code 1. Try: az account get-access-token"),
    "application_without_permission": forbidden(
        {**APPLICATION, "client_id": POOR_CLIENT, "secret": "{{ given.poor_secret }}"},
        "The application does not have any of the required application permissions (APIConnectors.Read.All, APIConnectors.ReadWrite.All) to access the "
        "resource (403 AADB2C). The application needs the permission APIConnectors.Read.All with admin consent.",
    ),
    "application_that_may_only_read": forbidden(
        {"access_token": "{{ given.reading_token }}", "src": "other.pfx"},
        "The application does not have any of the required application permissions (APIConnectors.ReadWrite.All) to access the resource (403 AADB2C). "
        "The application needs the permission APIConnectors.ReadWrite.All with admin consent.",
    ),
    "user_without_role": forbidden(
        {"access_token": "{{ given.user_token }}"},
        "User Authorization: Access is denied (403 AADB2C). The token is a user's: the application needs the delegated permission APIConnectors.Read.All "
        "with admin consent, and the user the role External ID User Flow Administrator.",
    ),
    "user_of_azure_cli": forbidden(
        {"access_token": "{{ given.cli_token }}"},
        "The application does not have any of the required delegated permissions (APIConnectors.Read.All, APIConnectors.ReadWrite.All) to access the "
        "resource (403 AADB2C). Azure CLI has no permission APIConnectors.Read.All for users: sign in to it as a service principal, or use another "
        "auth_method.",
    ),
    "token_for_something_else": Case(
        {"access_token": "{{ given.foreign_token }}"},
        message="Access token validation failure (401 InvalidAuthenticationToken). The token was not accepted: check that it is meant for this Graph "
        "(graph_url, cloud_environment) and has not expired.",
        status=401,
        code="InvalidAuthenticationToken",
    ),
    "user_and_password": Case(
        environment={"AZURE_AD_USER": "user@contoso.onmicrosoft.com", "AZURE_PASSWORD": "{{ given.user_password }}"},
        message=f"{INCOMPLETE} AZURE_AD_USER and AZURE_PASSWORD are not used: Microsoft Entra ID asks users for a second factor, which a "
        "playbook cannot give. Let an application sign in.",
    ),
    "nothing": Case(message=INCOMPLETE),
    "not_enough": Case(
        {"tenant": DOMAIN},
        {"AZURE_CLIENT_ID": CLIENT_ID, "AZURE_SECRET": ""},
        message="Cannot sign in: tenant (the task) and client_id (the environment) are there, but no secret, x509_certificate_path or oidc_token.",
    ),
    "two_credentials": Case(
        {**WITH_SECRET, "x509_certificate_path": "key.pem"},
        message="The task gives secret and x509_certificate_path, module_defaults included, and each is enough to sign in. "
        "Give one of them, or choose with auth_method.",
    ),
    "nul": Case(
        {**WITH_SECRET, "client_id": "{{ given.nul }}"},
        message="client_id (the task) holds a NUL character; it was probably decoded from UTF-16.",
    ),
    "token_in_json": Case(
        {"access_token": "{{ given.json_token }}"},
        message="access_token is given JSON instead of a token. Give the token in it alone.",
    ),
    "graph_url_with_a_line_end": Case(
        {**WITH_SECRET, "graph_url": "https://graph.\nexample"},
        message="No request can be made with this graph_url (the task): it holds a line end.",
    ),
    "not_enough_for_the_method": Case(
        {**WITH_SECRET, "auth_method": "client_certificate"},
        message="Cannot sign in: auth_method is client_certificate, tenant and client_id are there (the task), but no x509_certificate_path.",
    ),
    "http_authority": Case(
        {**WITH_SECRET, "authority_host": "http://login.example"},
        message="authority_host has to be an https URL, without a query or user, such as that of the cloud: https://login.microsoftonline.com.",
    ),
    "http_graph": Case(
        WITH_SECRET,
        {"MSGRAPH_URL": "http://graph.example"},
        message="graph_url has to be an https URL, without a query or user, such as that of the cloud: https://graph.microsoft.com.",
    ),
    "unknown_cloud": Case(
        WITH_SECRET,
        {"AZURE_CLOUD_ENVIRONMENT": "AzureGermanCloud"},
        message="cloud_environment 'AzureGermanCloud' is not known; it is one of AzureCloud, AzureUSGovernment, AzureUSGovernmentL5, AzureChinaCloud.",
    ),
    "unknown_profile": Case(
        {**WITH_SECRET, "profile": "missing"},
        message="There is no profile 'missing': ~/.azure/credentials does not exist where the task runs.",
    ),
}

IMDS = {"AZURE_POD_IDENTITY_AUTHORITY_HOST": "{{ given.metadata }}"}
APP_SERVICE = {"IDENTITY_ENDPOINT": "{{ given.metadata }}/msi/token", "IDENTITY_HEADER": "{{ given.identity_header }}"}
MACHINE = {"auth_method": "managed_identity"}
# What is said is left to the endpoint; it is not Entra that refuses, and the remedy is on the machine.
MANAGED_IDENTITY_CASES = {
    "no_such_identity": (Attempt({**MACHINE, "client_id": NOBODY}, IMDS), ("Identity not found", "client_id")),
    "no_such_identity_of_app_service": (
        Attempt({**MACHINE, "client_id": NOBODY}, APP_SERVICE),
        ("No User Assigned", "client_id"),
    ),
    "wrong_header_of_app_service": (
        Attempt(MACHINE, {**APP_SERVICE, "IDENTITY_HEADER": "{{ given.wrong_secret }}"}),
        ("refused", "X-IDENTITY-HEADER"),
    ),
    # Other clouds have something else at the address of IMDS.
    "page_instead_of_imds": (
        Attempt(MACHINE, {"AZURE_POD_IDENTITY_AUTHORITY_HOST": "{{ given.metadata }}/elsewhere"}),
        ("Could not sign in with the managed identity", "404", "auth_method"),
    ),
}


@dataclass(frozen=True)
class Failed:
    """What came of all cases in one play."""

    results: Mapping[str, dict[str, Any]]
    spilt: tuple[str, ...]
    entra: str


@pytest.fixture(name="failed", scope="module")
def fixture_failed(tmp_path_factory: pytest.TempPathFactory, started: Emulator, orders: Made) -> Failed:
    """All cases in one play."""
    started.reset()
    stage = Stage(tmp_path_factory.mktemp("failed"), started)
    key = make_certificate("application.example", key_number=8)
    register(started)
    write_files(stage, key)
    write_clients(stage)
    tokens = {
        "user_token": started.mint_token(scp=WRITE_ROLE),
        "cli_token": started.mint_token(client_id=AZURE_CLI, scp="User.Read"),
        "reading_token": started.mint_token(roles=[READ_ROLE]),
        "foreign_token": started.mint_token(audience="https://management.example"),
    }
    values = write_values(
        stage,
        **tokens,
        **SECRETS,
        closed=closed_url(),
        nul="a\0b\0",
        json_token='{"accessToken": "' + SECRETS["federated_token"] + '"}',
    )
    attempts = {**CASES, **{name: attempt for name, (attempt, dummy) in MANAGED_IDENTITY_CASES.items()}}
    played = stage.play(attempt_tasks(stage, orders, attempts), "-vvv", *values, environ=stage.hosts_environment)
    assert played.code == 0, played.output
    secrets = Secrets(
        the_secret=str(started.client_secret).encode(),
        the_identity_header=started.identity_header.encode(),
        the_key=private_parts(key.key),
        **{name: secret.encode() for name, secret in SECRETS.items()},
    )
    kept = (stage.directory / RESULTS).read_bytes()
    spilt = (*secrets.spilt("the output", played.output.encode()), *secrets.spilt("the results", kept))
    return Failed(stage.results, spilt, urlsplit(started.authority_host).netloc)


def register(emulator: Emulator) -> None:
    """Applications and tenants of which something is wrong."""
    tenant = emulator.tenants()[0]
    change_app(
        emulator,
        {"client_id": POOR_CLIENT, "secrets": [{"value": SECRETS["poor_secret"]}]},
        secrets=[{"value": emulator.client_secret}, {"value": SECRETS["expired_secret"], "expires_at": 1}],
        federated_tokens=["another"],
    )
    emulator.set_tenants([*emulator.tenants(), {**tenant, "id": NOBODY, "domains": [ECHO]}])
    emulator.fault(
        service="entra",
        action="status",
        status=401,
        message=f"Not {SECRETS['wrong_secret']}.",
        method="POST",
        path=f"/{NOBODY}/",
        times=None,
    )
    emulator.fault(service="entra", action="html", status=200, path="/page.example/", times=None)
    emulator.fault(
        service="entra",
        action="status",
        status=302,
        headers={"Location": "https://elsewhere.example/"},
        path="/redirected.example/",
        times=None,
    )


def write_files(stage: Stage, key: Made) -> None:
    """Files that are of no use to sign in, and one for another connector."""
    other = make_certificate("other.example", key_number=9)
    stage.write("key.pem", key.pem_file())
    stage.write("encrypted.pem", key.pem_file(SECRETS["key_password"]))
    stage.write("encrypted.pfx", key.pfx(SECRETS["key_password"]))
    stage.write("certificate.pem", key.pem)
    stage.write("certificate.pfx", key.pfx(with_key=False))
    stage.write("alone.pem", key.key_pem)
    stage.write("mixed.pem", key.key_pem + other.pem)
    stage.write("curve.pem", make_ec_certificate().pem_file())
    stage.write("nonsense.pem", b"nonsense")
    stage.write("other.pfx", other.pfx())
    stage.write("empty.txt", b"\n")


def write_clients(stage: Stage) -> None:
    """Directories with an az that is of no use, and one without any."""
    secret = SECRETS["cli_secret"]
    login = "ERROR: Please run 'az login' to setup account.\n"
    (stage.directory / "empty").mkdir()
    AzureCli(stage.directory)
    AzureCli(stage.directory / "az-relative", secret)
    AzureCli(stage.directory / "az-login", errors=login, code=1)
    AzureCli(stage.directory / "az-garbage", f"{secret}\n")
    AzureCli(stage.directory / "az-json", f'{{"accessToken": "{secret}"}}\n')
    AzureCli(stage.directory / "az-failed", secret, errors=f"ERROR: {secret}\n", code=1)


def closed_url() -> str:
    """Where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


@pytest.mark.parametrize("name", CASES)
def test_says(failed: Failed, name: str) -> None:
    """Cause and remedy in a sentence or two."""
    case, result = CASES[name], failed.results[name]
    assert result["failed"]
    # Before it goes to Graph for something, a task does not say for what it would go.
    said = re.split(rf"connector '{name}'(?: \({name}\))?: ", result["msg"])[-1]
    assert said == case.message.replace("ENTRA", failed.entra)
    if said.startswith("Could not sign in"):
        assert result["msg"] == said
    assert bool(result.get("failure")) == bool(case.status)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.status])
def test_says_what_was_answered(failed: Failed, name: str) -> None:
    """Status and code, and the ids by which Microsoft finds the request; the hint is part of the message."""
    case, failure = CASES[name], failed.results[name]["failure"]
    assert failure["hint"] is None or failed.results[name]["msg"].endswith(failure["hint"])
    assert (bool(failure["request_id"]), bool(failure["client_request_id"])) == (bool(case.code), bool(case.code))
    assert (failure["status"], failure["code"]) == (case.status, case.code)


@pytest.mark.parametrize("name", MANAGED_IDENTITY_CASES)
def test_managed_identity_says(failed: Failed, name: str) -> None:
    """The endpoint on the machine is not taken for Entra, and the remedy is named."""
    said = failed.results[name]["msg"]
    for part in MANAGED_IDENTITY_CASES[name][1]:
        assert part in said
    assert "Entra" not in said


def test_nothing_is_spilt(failed: Failed) -> None:
    """No secret is printed at -vvv, or kept in a result."""
    assert not failed.spilt, "\n".join(failed.spilt)
