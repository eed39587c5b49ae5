# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each way to sign in, on both ways in which a task can run, against an emulator that checks what it is given."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import PrivateFormat
from emulator.client import Emulator
from emulator.defaults import CLIENT_ID, DOMAIN, TENANT, USER_ASSIGNED, USER_FLOW_ADMINISTRATOR, WRITE_ROLE
from support.certificates import Made, make_certificate

from signing_in_cli import AzureCli, token_answer
from signing_in_tasks import Attempt, attempt_tasks, by_task, change_app, write_values
from stage import BASTION, LOCAL, Stage

KEY_PASSWORD = "key~password~Vd7sQ2"
FEDERATED_TOKEN = "federated~token~Lr9wE4"
IMDS_PATH, APP_SERVICE_PATH = "/metadata/identity/oauth2/token", "/msi/token"
APPLICATION = {"tenant": TENANT, "client_id": CLIENT_ID}
APPLICATION_ENVIRONMENT = {"AZURE_TENANT": TENANT, "AZURE_CLIENT_ID": CLIENT_ID}
IMDS = {"AZURE_POD_IDENTITY_AUTHORITY_HOST": "{{ given.metadata }}"}
APP_SERVICE = {"IDENTITY_ENDPOINT": "{{ given.metadata }}/msi/token", "IDENTITY_HEADER": "{{ given.identity_header }}"}
ENTRA = ["entra GET", "entra POST"]


@dataclass(frozen=True)
class Case(Attempt):
    """An attempt that succeeds: the method that its result names, where each value came from, and what was asked before
    Graph.
    """

    method: str = ""
    tenant: str | None = TENANT
    client_id: str | None = CLIENT_ID
    origins: Mapping[str, str] = field(default_factory=dict)
    unused: Mapping[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


def task(*names: str) -> dict[str, str]:
    """Options that come from the task."""
    return dict.fromkeys(names, "the task")


def variables(**names: str) -> dict[str, str]:
    """Options that come from the environment, with the names of the variables."""
    return {option: f"environment variable {variable}" for option, variable in names.items()}


def certificate(path: str, **options: str) -> Case:
    """An application that shows a certificate."""
    options = {**APPLICATION, "x509_certificate_path": f"{{{{ given.directory }}}}/{path}", **options}
    return Case(options, method="client_certificate", origins=task(*options), asked=ENTRA)


def azure_cli(directory: str, **options: str) -> Case:
    """Whoever az was signed in by."""
    return Case(
        {"auth_method": "azure_cli", **options},
        {"PATH": f"{{{{ given.directory }}}}/{directory}:{{{{ given.path }}}}"},
        method="azure_cli",
        tenant=options.get("tenant"),
        client_id=None,
        origins=task(*options),
    )


def managed_identity(environment: Mapping[str, str], client_id: str | None = None) -> Case:
    """The identity of the machine."""
    options = {"client_id": client_id} if client_id else {}
    return Case(
        {"auth_method": "managed_identity", **options},
        environment,
        method="managed_identity",
        tenant=None,
        client_id=client_id,
        origins=task(*options),
        asked=["metadata GET"],
    )


CASES = {
    "secret": Case(
        {**APPLICATION, "secret": "{{ given.secret }}"},
        method="client_secret",
        origins=task("tenant", "client_id", "secret"),
        asked=ENTRA,
    ),
    "secret_by_other_names": Case(
        {"tenant_id": TENANT, "client_id": CLIENT_ID, "client_secret": "{{ given.secret }}"},
        method="client_secret",
        origins=task("tenant", "client_id", "secret"),
        asked=ENTRA,
    ),
    "secret_of_the_environment": Case(
        environment={**APPLICATION_ENVIRONMENT, "AZURE_SECRET": "{{ given.secret }}"},
        method="client_secret",
        origins=variables(tenant="AZURE_TENANT", client_id="AZURE_CLIENT_ID", secret="AZURE_SECRET"),
        asked=ENTRA,
    ),
    "tenant_by_its_domain": Case(
        {"tenant": DOMAIN, "secret": "{{ given.secret }}"},
        APPLICATION_ENVIRONMENT,
        method="client_secret",
        tenant=DOMAIN,
        origins={**task("tenant", "secret"), **variables(client_id="AZURE_CLIENT_ID")},
        unused=variables(tenant="AZURE_TENANT"),
        asked=ENTRA,
    ),
    "token": Case(
        {"access_token": "{{ given.token }}"},
        method="access_token",
        tenant=None,
        client_id=None,
        origins=task("access_token"),
    ),
    "token_of_a_user": Case(
        {"access_token": "{{ given.user_token }}"},
        method="access_token",
        tenant=None,
        client_id=None,
        origins=task("access_token"),
    ),
    "pem": certificate("key.pem"),
    "pem_with_a_password": certificate("encrypted.pem", x509_certificate_password="{{ given.key_password }}"),
    "pem_of_old_openssl": certificate("traditional.pem", x509_certificate_password="{{ given.key_password }}"),
    "pem_with_a_chain": certificate("chain.pem"),
    "pem_without_a_password_but_one_given": certificate(
        "key.pem", x509_certificate_password="{{ given.key_password }}"
    ),
    "pfx": certificate("key.pfx"),
    "pfx_with_a_password": certificate("encrypted.pfx", x509_certificate_password="{{ given.key_password }}"),
    "pfx_as_text": certificate("encrypted.txt", x509_certificate_password="{{ given.key_password }}"),
    "certificate_of_the_environment": Case(
        environment={
            "AZURE_TENANT_ID": TENANT,
            "AZURE_CLIENT_ID": CLIENT_ID,
            "AZURE_CLIENT_CERTIFICATE_PATH": "{{ given.directory }}/encrypted.pfx",
            "AZURE_CLIENT_CERTIFICATE_PASSWORD": "{{ given.key_password }}",
        },
        method="client_certificate",
        origins=variables(
            tenant="AZURE_TENANT_ID",
            client_id="AZURE_CLIENT_ID",
            x509_certificate_path="AZURE_CLIENT_CERTIFICATE_PATH",
            x509_certificate_password="AZURE_CLIENT_CERTIFICATE_PASSWORD",
        ),
        asked=ENTRA,
    ),
    "federated_token": Case(
        {**APPLICATION, "oidc_token": "{{ given.federated_token }}"},
        method="federated_token",
        origins=task("tenant", "client_id", "oidc_token"),
        asked=ENTRA,
    ),
    "federated_token_in_a_file": Case(
        {**APPLICATION, "oidc_token_file_path": "{{ given.directory }}/federated.txt"},
        method="federated_token",
        origins=task("tenant", "client_id", "oidc_token_file_path"),
        asked=ENTRA,
    ),
    # As Kubernetes sets it for a workload identity.
    "federated_token_of_the_environment": Case(
        environment={
            "AZURE_TENANT_ID": TENANT,
            "AZURE_CLIENT_ID": CLIENT_ID,
            "AZURE_FEDERATED_TOKEN_FILE": "{{ given.directory }}/federated.txt",
        },
        method="federated_token",
        origins=variables(
            tenant="AZURE_TENANT_ID", client_id="AZURE_CLIENT_ID", oidc_token_file_path="AZURE_FEDERATED_TOKEN_FILE"
        ),
        asked=ENTRA,
    ),
    "virtual_machine": managed_identity(IMDS),
    "virtual_machine_with_an_identity_of_its_own": managed_identity(IMDS, USER_ASSIGNED),
    "app_service": managed_identity(APP_SERVICE),
    "app_service_with_an_identity_of_its_own": managed_identity(APP_SERVICE, USER_ASSIGNED),
    "azure_cli": azure_cli("az"),
    "azure_cli_with_a_tenant": azure_cli("az-tenant", tenant=DOMAIN),
    "azure_cli_of_old": azure_cli("az-old"),
    "a_method_of_ones_own_choice": Case(
        {**APPLICATION, "auth_method": "client_secret", "secret": "{{ given.secret }}", "access_token": "not.a.token"},
        method="client_secret",
        origins=task("tenant", "client_id", "secret"),
        asked=ENTRA,
    ),
}
# What the host gives: its files, its programs, its environment.
ON_A_HOST = (
    "secret_of_the_environment",
    "pem_with_a_password",
    "pfx_as_text",
    "certificate_of_the_environment",
    "federated_token_of_the_environment",
    "virtual_machine",
    "app_service_with_an_identity_of_its_own",
    "azure_cli_with_a_tenant",
)


def played(method: str | None = None) -> pytest.MarkDecorator:
    """The cases of a method, with the play that each is in."""
    found = [
        (way, name)
        for way, names in ((LOCAL, CASES), (BASTION, ON_A_HOST))
        for name in names
        if method in (None, CASES[name].method)
    ]
    return pytest.mark.parametrize(("way", "name"), found)


@dataclass(frozen=True)
class Signed:
    """What came of the cases of one play: their results and requests, by name."""

    emulator: Emulator
    results: Mapping[str, dict[str, Any]]
    requests: Mapping[str, list[Mapping[str, Any]]]
    clients: Mapping[str, AzureCli]


@pytest.fixture(name="plays", scope="module")
def fixture_plays(tmp_path_factory: pytest.TempPathFactory, started: Emulator, orders: Made) -> dict[str, Signed]:
    """What came of the cases, by the way in which they ran: one play for all of a way."""
    ways = {LOCAL: CASES, BASTION: {name: CASES[name] for name in ON_A_HOST}}
    return {
        way: sign_in(Stage(tmp_path_factory.mktemp(way), started), way, cases, orders) for way, cases in ways.items()
    }


@pytest.fixture(name="signed")
def fixture_signed(plays: dict[str, Signed], way: str) -> Signed:
    """The play of the way that the test is for."""
    return plays[way]


def sign_in(stage: Stage, way: str, cases: Mapping[str, Case], orders: Made) -> Signed:
    """What comes of `cases` in one play."""
    started = stage.emulator
    started.reset()
    application = make_certificate("application.example", key_number=2)
    change_app(started, certificates=[application.pem.decode()], federated_tokens=[FEDERATED_TOKEN])
    write_keys(stage, application)
    stage.write("federated.txt", f"{FEDERATED_TOKEN}\n".encode())
    ends = time.time() + 3600
    clients = {
        "azure_cli": AzureCli(stage.directory / "az", token_answer(started.mint_token(), expires_on=int(ends))),
        "azure_cli_with_a_tenant": AzureCli(
            stage.directory / "az-tenant",
            token_answer(started.mint_token(), expires_on=int(ends)),
            errors="WARNING: news\n",
        ),
        "azure_cli_of_old": AzureCli(
            stage.directory / "az-old",
            token_answer(started.mint_token(), expiresOn=str(datetime.fromtimestamp(ends))),  # noqa: DTZ006 - az writes local time
        ),
    }
    values = write_values(
        stage,
        key_password=KEY_PASSWORD,
        federated_token=FEDERATED_TOKEN,
        token=started.mint_token(),
        user_token=started.mint_token(scp=WRITE_ROLE, wids=[USER_FLOW_ADMINISTRATOR]),
    )
    run = stage.play(attempt_tasks(stage, orders, cases), *values, hosts=way, environ=stage.hosts_environment)
    assert run.code == 0, run.output
    return Signed(started, stage.results, by_task(started.requests()), clients)


def write_keys(stage: Stage, application: Made) -> None:
    """The same key and certificate in every form."""
    other = make_certificate("issuer.example", key_number=3)
    stage.write("key.pem", application.pem_file())
    stage.write("encrypted.pem", application.pem_file(KEY_PASSWORD))
    stage.write("traditional.pem", application.pem_file(KEY_PASSWORD, PrivateFormat.TraditionalOpenSSL))
    stage.write("chain.pem", other.pem + application.key_pem + application.pem)
    stage.write("key.pfx", application.pfx())
    stage.write("encrypted.pfx", application.pfx(KEY_PASSWORD))
    stage.write("encrypted.txt", base64.encodebytes(application.pfx(KEY_PASSWORD)))


@played()
def test_signs_in(signed: Signed, name: str) -> None:
    """The task finds its connector as it should be, and its result says who signed in and where each value came from."""
    case, result = CASES[name], signed.results[name]
    assert not result.get("failed"), result["msg"]
    assert (result["changed"], result["connector"]["id"]) == (False, name)
    assert result["sign_in"] == {
        "auth_method": case.method,
        "tenant": case.tenant,
        "client_id": case.client_id,
        "cloud_environment": "AzureCloud",
        "authority_host": signed.emulator.authority_host,
        "graph_url": signed.emulator.graph_url,
        "unused": case.unused,
        "origins": {**case.origins, **variables(authority_host="AZURE_AUTHORITY_HOST", graph_url="MSGRAPH_URL")},
    }
    assert [f"{entry['service']} {entry['method']}" for entry in signed.requests[name]] == [*case.asked, "graph GET"]


@played("client_certificate")
def test_certificate_is_shown(signed: Signed, name: str) -> None:
    """An assertion goes to Entra, and no secret."""
    form = signed.requests[name][1]["body"]
    assert form["client_assertion"].count(".") == 2
    assert "client_secret" not in form


@played("federated_token")
def test_federated_token_is_shown(signed: Signed, name: str) -> None:
    """The token goes to Entra as it is, without the line end of its file."""
    form = signed.requests[name][1]["body"]
    assert (form["client_assertion"], form["client_id"]) == (FEDERATED_TOKEN, CLIENT_ID)
    assert "client_secret" not in form


@played("managed_identity")
def test_managed_identity_is_asked_for(signed: Signed, name: str) -> None:
    """The right endpoint, the right resource, the right identity."""
    entry, case = signed.requests[name][0], CASES[name]
    assert entry["path"] == (APP_SERVICE_PATH if case.environment == APP_SERVICE else IMDS_PATH)
    assert entry["query"]["resource"] == signed.emulator.graph_url
    assert entry["query"].get("client_id") == case.client_id


@played("azure_cli")
def test_azure_cli_is_asked(signed: Signed, name: str) -> None:
    """For a token for this Graph, of the tenant that was given."""
    tenant = CASES[name].tenant
    asked = ["account", "get-access-token", "--output", "json", "--resource", signed.emulator.graph_url]
    assert signed.clients[name].arguments == [*asked, *(["--tenant", tenant] if tenant else [])]
