# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import GRAPH
from ansible_collections.msgraph.identity.plugins.module_utils._credentials import (
    GUESSED,
    METHODS,
    AccessToken,
    AzureCli,
    ClientCertificate,
    ClientSecret,
    FederatedToken,
    Found,
    Lacking,
    ManagedIdentity,
    choose_credential,
)
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._settings import ENVIRONMENT, SECRETS

SECRET = "s3cr3t-value"
APP = {"tenant": "contoso", "client_id": "app"}
TOKEN = {"access_token": "t0ken"}
FEDERATED = {**APP, "oidc_token": "0idc"}
FEDERATED_FILE = {**APP, "oidc_token_file_path": "/t"}
BY_SECRET = {**APP, "secret": SECRET}
CERTIFICATE = {**APP, "x509_certificate_path": "/c.pem"}
ALL = {**TOKEN, **FEDERATED, **FEDERATED_FILE, **BY_SECRET, **CERTIFICATE}

A_TOKEN = AccessToken("t0ken")
A_FEDERATED = FederatedToken("contoso", "app", "0idc", None)
A_FEDERATED_FILE = FederatedToken("contoso", "app", None, "/t")
A_SECRET = ClientSecret("contoso", "app", SECRET)
A_CERTIFICATE = ClientCertificate("contoso", "app", "/c.pem", None)


def found(origin, values):
    return {name: Found(value, origin) for name, value in values.items()}


def choose(method, task, environment=(), profile=()):
    """The credential that is chosen among three levels, each with what the one before has."""
    from_task = found("the task", task)
    with_environment = {**found("environment variable E", dict(environment)), **from_task}
    return choose_credential(
        method, (from_task, with_environment, {**found("profile p", dict(profile)), **with_environment}), ENVIRONMENT
    )


def without(values, *names):
    return {name: value for name, value in values.items() if name not in names}


# what auto makes of what the task, the environment and the profile give
CHOICES = {
    # within one level
    "access token": (TOKEN, {}, {}, A_TOKEN),
    "federated token": (FEDERATED, {}, {}, A_FEDERATED),
    "federated token in a file": (FEDERATED_FILE, {}, {}, A_FEDERATED_FILE),
    "client secret": (BY_SECRET, {}, {}, A_SECRET),
    "client certificate": (CERTIFICATE, {}, {}, A_CERTIFICATE),
    "client certificate with password": (
        {**CERTIFICATE, "x509_certificate_password": "pw"},
        {},
        {},
        ClientCertificate("contoso", "app", "/c.pem", "pw"),
    ),
    "access token comes first": (ALL, {}, {}, A_TOKEN),
    "federated token comes second": (without(ALL, "access_token", "oidc_token_file_path"), {}, {}, A_FEDERATED),
    "client secret comes third": ({**BY_SECRET, **CERTIFICATE}, {}, {}, A_SECRET),
    # the levels
    "all in the environment": ({}, BY_SECRET, {}, A_SECRET),
    "all in the profile": ({}, {}, BY_SECRET, A_SECRET),
    "certificate of the task beats a token of the environment": (CERTIFICATE, TOKEN, {}, A_CERTIFICATE),
    "certificate of the task beats a secret of the environment": (CERTIFICATE, {"secret": SECRET}, {}, A_CERTIFICATE),
    "certificate of the task beats a secret of the profile": (CERTIFICATE, {}, {"secret": SECRET}, A_CERTIFICATE),
    "secret of the environment beats a token of the profile": ({}, BY_SECRET, TOKEN, A_SECRET),
    "secret beats a federated token of the environment, when the task is complete": (
        BY_SECRET,
        FEDERATED,
        {},
        A_SECRET,
    ),
    "half a task adds nothing to a token of the environment": (
        {"tenant": "fabrikam"},
        {**TOKEN, **BY_SECRET},
        {},
        A_TOKEN,
    ),
    "half a task and half an environment give way to the profile": (
        {"tenant": "contoso"},
        {"client_id": "app"},
        TOKEN,
        A_TOKEN,
    ),
    "tenant of the task, the rest of the environment": (
        {"tenant": "fabrikam"},
        BY_SECRET,
        {},
        ClientSecret("fabrikam", "app", SECRET),
    ),
    "tenant of the task, the rest of the profile": (
        {"tenant": "fabrikam"},
        {},
        BY_SECRET,
        ClientSecret("fabrikam", "app", SECRET),
    ),
    "one of each": ({"tenant": "contoso"}, {"client_id": "app"}, {"secret": SECRET}, A_SECRET),
    "token of the profile beats a secret of the task that needs the profile": (
        {"secret": SECRET},
        {},
        {**APP, **TOKEN},
        A_TOKEN,
    ),
    "secret of the task completed by the environment beats the profile's token": (
        {"secret": SECRET},
        APP,
        TOKEN,
        A_SECRET,
    ),
    "token file that a cluster sets, application of the task": (
        APP,
        {"oidc_token_file_path": "/t"},
        {},
        A_FEDERATED_FILE,
    ),
    "token file of the task beats a token of the environment": (
        FEDERATED_FILE,
        {"oidc_token": "0idc"},
        {},
        A_FEDERATED_FILE,
    ),
    "token file of the environment beats a token of the profile": (
        APP,
        {"oidc_token_file_path": "/t"},
        {"oidc_token": "0idc"},
        A_FEDERATED_FILE,
    ),
    "token of the task beats a token file of the environment": (
        FEDERATED,
        {"oidc_token_file_path": "/t"},
        {},
        A_FEDERATED,
    ),
    "secret of the task before a token file that a cluster sets": (
        BY_SECRET,
        {**APP, "oidc_token_file_path": "/t"},
        {},
        A_SECRET,
    ),
}


@pytest.mark.parametrize("case", CHOICES.values(), ids=CHOICES)
def test_choice(case):
    *levels, credential = case
    assert choose("auto", *levels) == credential


# method, task, environment, profile → credential
NAMED = {
    "access token": ("access_token", {}, {}, ALL, A_TOKEN),
    "federated token": ("federated_token", {**TOKEN, **BY_SECRET}, {}, FEDERATED, A_FEDERATED),
    "client secret": ("client_secret", ALL, {}, {}, A_SECRET),
    "client secret, completed by the profile": (
        "client_secret",
        {**TOKEN, "tenant": "contoso"},
        {"client_id": "app"},
        {"secret": SECRET},
        A_SECRET,
    ),
    "client certificate": ("client_certificate", ALL, {}, {}, A_CERTIFICATE),
    "managed identity of the system": ("managed_identity", {}, {}, {}, ManagedIdentity(None)),
    "managed identity of the user": ("managed_identity", {"client_id": "app"}, {}, {}, ManagedIdentity("app")),
    "Azure CLI": ("azure_cli", {}, {}, {}, AzureCli(None)),
    "Azure CLI in a tenant": ("azure_cli", {"tenant": "contoso"}, {}, {}, AzureCli("contoso")),
    "managed identity, whatever else is there": (
        "managed_identity",
        without(ALL, "client_id"),
        {},
        {},
        ManagedIdentity(None),
    ),
}


@pytest.mark.parametrize("case", NAMED.values(), ids=NAMED)
def test_method_that_is_named(case):
    method, *levels, credential = case
    assert choose(method, *levels) == credential


# What a method takes but can do without is settled like every other option, too.
OPTIONAL = {
    "client ID of a managed identity": ("managed_identity", {}, "client_id", ManagedIdentity),
    "tenant of the Azure CLI": ("azure_cli", {}, "tenant", AzureCli),
    "password of a certificate": (
        "client_certificate",
        CERTIFICATE,
        "x509_certificate_password",
        lambda value: ClientCertificate("contoso", "app", "/c.pem", value),
    ),
    "password of a certificate, guessed": (
        "auto",
        CERTIFICATE,
        "x509_certificate_password",
        lambda value: ClientCertificate("contoso", "app", "/c.pem", value),
    ),
}


@pytest.mark.parametrize("place", ["task", "environment", "profile"])
@pytest.mark.parametrize("case", OPTIONAL.values(), ids=OPTIONAL)
def test_optional_values_are_found_at_every_level(case, place):
    method, task, option, credential = case
    levels = {"task": dict(task), "environment": {}, "profile": {}}
    levels[place][option] = "given"
    assert choose(method, *levels.values()) == credential("given")


@pytest.mark.parametrize("case", OPTIONAL.values(), ids=OPTIONAL)
def test_optional_value_of_the_task_comes_first(case):
    method, task, option, credential = case
    assert choose(method, {**task, option: "own"}, {option: "other"}, {option: "other"}) == credential("own")


@pytest.mark.parametrize(
    "values", [{}, APP, {"x509_certificate_password": "pw"}], ids=["nothing", "application", "password"]
)
def test_managed_identity_and_azure_cli_are_not_guessed(values):
    with pytest.raises(IdentityError) as caught:
        choose("auto", values, values, values)
    assert "managed_identity" not in caught.value.message and "azure_cli" not in caught.value.message


def test_methods_are_those_of_the_option():
    assert {"auto", *METHODS} == set(GRAPH.options["auth_method"]["choices"])
    assert [kind.method for kind in GUESSED] == [
        "access_token",
        "federated_token",
        "client_secret",
        "client_certificate",
    ]


# method, task, environment, profile → what is said of each method
LACKING = {
    "nothing": (
        "auto",
        {},
        {},
        {},
        [
            "access_token lacks access_token (MSGRAPH_ACCESS_TOKEN)",
            "federated_token lacks tenant (AZURE_TENANT, AZURE_TENANT_ID), client_id (AZURE_CLIENT_ID), "
            "oidc_token (AZURE_FEDERATED_TOKEN) or oidc_token_file_path (AZURE_FEDERATED_TOKEN_FILE)",
            "client_secret lacks tenant (AZURE_TENANT, AZURE_TENANT_ID), client_id (AZURE_CLIENT_ID), "
            "secret (AZURE_SECRET, AZURE_CLIENT_SECRET)",
            "client_certificate lacks tenant (AZURE_TENANT, AZURE_TENANT_ID), client_id (AZURE_CLIENT_ID), "
            "x509_certificate_path (AZURE_X509_CERTIFICATE_PATH, AZURE_CLIENT_CERTIFICATE_PATH)",
        ],
    ),
    "one of each": (
        "auto",
        {"tenant": "contoso"},
        {"secret": SECRET},
        {"x509_certificate_path": "/c.pem", "x509_certificate_password": "pa55word"},
        [
            "access_token lacks access_token (MSGRAPH_ACCESS_TOKEN)",
            "federated_token has tenant from the task and lacks client_id (AZURE_CLIENT_ID), "
            "oidc_token (AZURE_FEDERATED_TOKEN) or oidc_token_file_path (AZURE_FEDERATED_TOKEN_FILE)",
            "client_secret has tenant from the task, secret from environment variable E and lacks client_id (AZURE_CLIENT_ID)",
            "client_certificate has tenant from the task, x509_certificate_path from profile p, x509_certificate_password from profile p "
            "and lacks client_id (AZURE_CLIENT_ID)",
        ],
    ),
    "access token": ("access_token", BY_SECRET, {}, {}, ["access_token lacks access_token (MSGRAPH_ACCESS_TOKEN)"]),
    "federated token": (
        "federated_token",
        without(FEDERATED, "tenant"),
        TOKEN,
        {},
        [
            "federated_token has client_id from the task, oidc_token from the task and lacks tenant (AZURE_TENANT, AZURE_TENANT_ID)"
        ],
    ),
    "client secret": (
        "client_secret",
        TOKEN,
        {"tenant": "contoso"},
        {"client_id": "app"},
        [
            "client_secret has tenant from environment variable E, client_id from profile p and lacks secret (AZURE_SECRET, AZURE_CLIENT_SECRET)",
        ],
    ),
    "client certificate": (
        "client_certificate",
        {**BY_SECRET, "x509_certificate_password": "pa55word"},
        {},
        {},
        [
            "client_certificate has tenant from the task, client_id from the task, x509_certificate_password from the task "
            "and lacks x509_certificate_path (AZURE_X509_CERTIFICATE_PATH, AZURE_CLIENT_CERTIFICATE_PATH)",
        ],
    ),
}


@pytest.mark.parametrize("case", LACKING.values(), ids=LACKING)
def test_nothing_is_complete(case):
    method, *levels, sentences = case
    with pytest.raises(IdentityError) as caught:
        choose(method, *levels)
    assert caught.value.message == f"Cannot sign in: no method has all that it needs. {'; '.join(sentences)}."
    for value in (SECRET, "t0ken", "0idc", "pa55word", "contoso", "/c.pem"):
        assert value not in caught.value.message


@pytest.mark.parametrize("kind", METHODS.values(), ids=METHODS)
def test_each_method_tells_all_it_lacks(kind):
    whole = found("the task", dict.fromkeys((any_of[0] for any_of in kind.needs), "x"))
    assert isinstance(kind.validate(whole), kind)
    if kind.needs:
        assert kind.validate({}) == Lacking(kind.needs)
    for any_of in kind.needs:
        assert kind.validate(without(whole, any_of[0])) == Lacking((any_of,))


@pytest.mark.parametrize("kind", METHODS.values(), ids=METHODS)
def test_each_method_takes_what_it_needs_and_options_can_be_found(kind):
    assert {name for any_of in kind.needs for name in any_of} <= set(kind.takes)
    assert set(kind.takes) <= set(ENVIRONMENT)


@pytest.mark.parametrize("kind", METHODS.values(), ids=METHODS)
def test_no_secret_shows(kind):
    values = {name: f"<{name}>" for name in kind.takes}
    shown = f"{kind.validate(found('the task', values))!r} {found('the task', values)!r}"
    for name, value in values.items():
        if name in SECRETS:
            assert value not in shown
    assert kind is AccessToken or any(f"<{name}>" in shown for name in ("tenant", "client_id"))


@pytest.mark.parametrize("kind", METHODS.values(), ids=METHODS)
def test_equal_credentials_can_share_a_client(kind):
    values = dict.fromkeys(kind.takes, "x")
    one, same = (kind.validate(found(origin, values)) for origin in ("the task", "profile p"))
    assert one == same and hash(one) == hash(same)
    for name in kind.takes:
        assert kind.validate(found("the task", {**values, name: "y"})) != one


@pytest.mark.parametrize(
    "kind", [kind for name, kind in METHODS.items() if name != "client_certificate"], ids=lambda kind: kind.method
)
def test_signing_in_begins_without_a_request_or_a_file(kind, wire, monkeypatch):
    monkeypatch.setenv("PATH", "")
    values = {**dict.fromkeys(kind.takes, "x"), "oidc_token_file_path": "/does/not/exist"}
    assert kind.validate(found("the task", values)).authenticate(None, None)
    assert wire.calls == []
