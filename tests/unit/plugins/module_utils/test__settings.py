# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import re

import pytest

from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import GRAPH
from ansible_collections.msgraph.identity.plugins.module_utils._clouds import CLOUDS
from ansible_collections.msgraph.identity.plugins.module_utils._credentials import (
    METHODS,
    AccessToken,
    ClientCertificate,
    ClientSecret,
    FederatedToken,
    ManagedIdentity,
)
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._settings import BETA_ONLY, ENVIRONMENT, SECRETS, settle
from ansible_collections.msgraph.identity.plugins.module_utils._sign_in import CannotSignIn

SIGNED_IN = {"access_token": "t0ken"}
APP = {"tenant": "contoso", "client_id": "app", "secret": "s3cr3t-value"}
CLOUD_OPTIONS = ("cloud_environment", "authority_host", "graph_url")


@pytest.fixture(autouse=True)
def profiles(tmp_path, monkeypatch):
    """Writes ~/.azure/credentials, in a home of the test's own."""
    monkeypatch.setenv("HOME", str(tmp_path))

    def write(**sections):
        (tmp_path / ".azure").mkdir(exist_ok=True)
        lines = [
            line
            for name, values in sections.items()
            for line in (f"[{name}]", *(f"{option} = {value}" for option, value in values.items()))
        ]
        (tmp_path / ".azure/credentials").write_text("\n".join(lines), "utf-8")

    return write


def settle_task(environ=None, **arguments):
    """The settings for what a task says, as validated."""
    return settle(GRAPH.validate(arguments), environ or {})


def test_defaults():
    settled = settle_task(**SIGNED_IN)
    assert settled.cloud == CLOUDS["AzureCloud"]
    assert settled.credential == AccessToken("t0ken")
    assert (settled.api_version, settled.verify) == ("v1.0", True)
    assert (settled.timeout, settled.retries, settled.retry_timeout) == (30, 5, 180)
    assert settled.warnings == ()


# Where each option has its effect: method and option.
PLACES = [(method, option) for method, kind in METHODS.items() for option in kind.takes] + [
    ("access_token", option) for option in CLOUD_OPTIONS
]
# what the task, the first variable, the second one and the profile say → who is heard
LAYERS = {
    "all": ("task", "first", "second", "profile", "task"),
    "task alone": ("task", None, None, None, "task"),
    "all but the task": (None, "first", "second", "profile", "first"),
    "empty in the task": ("", "first", "second", "profile", "first"),
    "first variable alone": (None, "first", None, None, "first"),
    "first variable and empty ones": ("", "first", "", "", "first"),
    "first variable empty": (None, "", "second", "profile", "second"),
    "second variable alone": (None, None, "second", None, "second"),
    "second variable and empty ones": ("", "", "second", "", "second"),
    "variables empty": (None, "", "", "profile", "profile"),
    "profile and empty ones": ("", "", "", "profile", "profile"),
    "profile alone": (None, None, None, "profile", "profile"),
    "nothing": (None, None, None, None, None),
    "only empty ones": ("", "", "", "", None),
}
ROWS = [
    (method, option, name)
    for method, option in PLACES
    for name, layers in LAYERS.items()
    if layers[-1] != "second" or len(ENVIRONMENT[option]) == 2
]


def worth(option, layer):
    """The value of `option` that stands for `layer`."""
    if option == "cloud_environment":
        return dict(
            zip(
                ("task", "first", "second", "profile"),
                ("AzureChinaCloud", "AzureUSGovernment", "AzureUSGovernment", "AzureUSGovernmentL5"),
            )
        )[layer]
    return f"https://{layer}.example" if option in CLOUD_OPTIONS else f"of-{layer}"


def place_of(layer, option):
    """How results call `layer`."""
    variables = ENVIRONMENT[option]
    return {
        "task": "the task",
        "first": f"environment variable {variables[0]}",
        "second": f"environment variable {variables[-1]}",
        "profile": "profile default",
    }[layer]


@pytest.mark.parametrize("rest", ["task", "environment", "profile"])
@pytest.mark.parametrize("method, option, name", ROWS)
def test_precedence(profiles, method, option, name, rest):
    *given, heard = LAYERS[name]
    variables = ENVIRONMENT[option]
    said = [worth(option, layer) if layer else layer for layer in given]

    # What else the method needs is found in one place.
    others = {any_of[0]: f"x-{any_of[0]}" for any_of in METHODS[method].needs if option not in any_of}
    task = {"auth_method": method, option: said[0], **(others if rest == "task" else {})}
    environ = {variable: value for variable, value in zip(variables, said[1:]) if value is not None}
    environ.update({ENVIRONMENT[name][0]: value for name, value in others.items()} if rest == "environment" else {})
    section = {option: said[3]} if said[3] is not None else {}
    profiles(default={**section, **(others if rest == "profile" else {})})

    needed = any(option in any_of for any_of in METHODS[method].needs)
    if heard is None and needed:
        with pytest.raises(CannotSignIn) as caught:
            settle_task(environ, **task)
        assert re.search(rf"{method} .*lacks .*{option} \(", "; ".join(caught.value.attempts))
        return
    settled = settle_task(environ, **task)
    origins = settled.sign_in.render()["origins"]
    value = None if heard is None else worth(option, heard)
    if option == "cloud_environment":
        assert settled.cloud == CLOUDS[value or "AzureCloud"]
    elif option in CLOUD_OPTIONS:
        assert getattr(settled.cloud, option) == (value or getattr(CLOUDS["AzureCloud"], option))
    else:
        assert getattr(settled.credential, option) == value
    assert origins.get(option) == (place_of(heard, option) if heard else None)
    place = {"task": "the task", "environment": "environment variable ", "profile": "profile default"}[rest]
    assert all(origins[name].startswith(place) for name in others)


def test_every_option_that_can_be_found_is_in_the_table():
    assert {option for unused, option in PLACES} == set(ENVIRONMENT) - {"profile"}
    assert set(ENVIRONMENT) <= set(GRAPH.options)


# task, environment → section that is read
SECTIONS = {
    "none named": ({}, {}, "default"),
    "variable": ({}, {"AZURE_PROFILE": "one"}, "one"),
    "option": ({"profile": "two"}, {}, "two"),
    "option and variable": ({"profile": "two"}, {"AZURE_PROFILE": "one"}, "two"),
    "option empty": ({"profile": ""}, {"AZURE_PROFILE": "one"}, "one"),
    "both empty": ({"profile": ""}, {"AZURE_PROFILE": ""}, "default"),
    "default by name": ({"profile": "default"}, {"AZURE_PROFILE": "one"}, "default"),
}


@pytest.mark.parametrize("case", SECTIONS.values(), ids=SECTIONS)
def test_which_profile_is_read(profiles, case):
    task, environ, section = case
    profiles(**{name: {"access_token": f"of-{name}", "profile": "two"} for name in ("default", "one", "two")})
    settled = settle_task(environ, **task)
    assert settled.credential == AccessToken(f"of-{section}")
    assert settled.sign_in.render()["origins"] == {"access_token": f"profile {section}"}


@pytest.mark.parametrize(
    "task, environ", [({"profile": "absent"}, {}), ({}, {"AZURE_PROFILE": "absent"})], ids=["option", "variable"]
)
def test_profile_that_is_named_has_to_exist(profiles, task, environ):
    profiles(default=APP)
    with pytest.raises(IdentityError, match="^There is no profile 'absent' in ~/.azure/credentials; it has default.$"):
        settle_task(environ, **SIGNED_IN, **task)


def test_profile_says_nothing_of_other_options(profiles):
    profiles(
        default={
            **APP,
            "timeout": 1,
            "api_version": "beta",
            "validate_certs": "false",
            "auth_method": "azure_cli",
            "subscription_id": "s",
        }
    )
    settled = settle_task()
    assert settled.credential == ClientSecret(*APP.values())
    assert (settled.timeout, settled.api_version, settled.verify) == (30, "v1.0", True)


@pytest.mark.parametrize("alias, name", [("tenant_id", "tenant"), ("client_secret", "secret")])
@pytest.mark.parametrize("beside_empty", [False, True], ids=["alone", "beside an empty option"])
def test_aliases(alias, name, beside_empty):
    arguments = {
        **{option: value for option, value in APP.items() if option != name},
        alias: "alias",
        **({name: ""} if beside_empty else {}),
    }
    assert getattr(settle_task({"AZURE_TENANT": "e", "AZURE_SECRET": "e"}, **arguments).credential, name) == "alias"


# As the credential type "Microsoft Azure Resource Manager" of AWX sets it: what is not filled in is empty.
AWX = {
    "AZURE_SUBSCRIPTION_ID": "",
    "AZURE_CLIENT_ID": "app",
    "AZURE_TENANT": "contoso",
    "AZURE_SECRET": "s3cr3t-value",
    "AZURE_AD_USER": "",
    "AZURE_PASSWORD": "",
    "AZURE_CLOUD_ENVIRONMENT": "",
}
AWX_SECRET = ClientSecret(*APP.values())
# As the collection's own credential type sets it.
AWX_GRAPH = {
    "AZURE_TENANT": "contoso",
    "AZURE_CLIENT_ID": "app",
    "AZURE_SECRET": "",
    "AZURE_CLIENT_CERTIFICATE_PATH": "",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD": "",
    "AZURE_FEDERATED_TOKEN": "",
    "AZURE_CLOUD_ENVIRONMENT": "AzureCloud",
}
# As the webhook of AKS workload identity sets it:
# https://azure.github.io/azure-workload-identity/docs/topics/service-account-labels-and-annotations.html.
POD_TOKEN = "/var/run/secrets/azure/tokens/azure-identity-token"
POD = {
    "AZURE_CLIENT_ID": "pod-app",
    "AZURE_TENANT_ID": "pod-tenant",
    "AZURE_FEDERATED_TOKEN_FILE": POD_TOKEN,
    "AZURE_AUTHORITY_HOST": "https://login.microsoftonline.com/",
}
POD_IDENTITY = FederatedToken("pod-tenant", "pod-app", None, POD_TOKEN)
# As App Service and Functions set it for a managed identity, and Azure Arc.
APP_SERVICE = {
    "IDENTITY_ENDPOINT": "http://127.0.0.1:41741/msi/token/",
    "IDENTITY_HEADER": "header",
    "MSI_ENDPOINT": "http://127.0.0.1:41741/msi/token/",
    "MSI_SECRET": "header",
}
ARC = {
    "IDENTITY_ENDPOINT": "http://localhost:40342/metadata/identity/oauth2/token",
    "IMDS_ENDPOINT": "http://localhost:40342",
}
# As azure-identity and the Azure CLI's actions take it: https://learn.microsoft.com/python/api/overview/azure/identity-readme.
SDK = {"AZURE_TENANT_ID": "contoso", "AZURE_CLIENT_ID": "app", "AZURE_CLIENT_SECRET": "s3cr3t-value"}
SDK_KEY = {
    "AZURE_TENANT_ID": "contoso",
    "AZURE_CLIENT_ID": "app",
    "AZURE_CLIENT_CERTIFICATE_PATH": "/c.pem",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD": "pw",
    "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN": "true",
}
# As azure.azcollection reads it.
AZCOLLECTION = {
    "AZURE_SUBSCRIPTION_ID": "s",
    "AZURE_CLIENT_ID": "app",
    "AZURE_SECRET": "s3cr3t-value",
    "AZURE_TENANT": "contoso",
    "AZURE_CLOUD_ENVIRONMENT": "AzureCloud",
    "AZURE_CERT_VALIDATION_MODE": "validate",
    "AZURE_THUMBPRINT": "AB",
}
KEY = {"tenant": "contoso", "client_id": "app", "x509_certificate_path": "/k.pem"}
OTHER = {"tenant": "fabrikam", "client_id": "other", "secret": "0ther-secret"}

# environment, task, profiles → credential, the options that are not used
PLATFORMS = {
    "AWX": (AWX, {}, {}, AWX_SECRET, ""),
    "AWX with our credential": ({**AWX_GRAPH, "AZURE_SECRET": "s3cr3t-value"}, {}, {}, AWX_SECRET, ""),
    "AWX with our credential and a certificate": (
        {**AWX_GRAPH, "AZURE_CLIENT_CERTIFICATE_PATH": "/runner/env/tmp1", "AZURE_CLIENT_CERTIFICATE_PASSWORD": "pw"},
        {},
        {},
        ClientCertificate("contoso", "app", "/runner/env/tmp1", "pw"),
        "",
    ),
    "AWX with our credential and a token": (
        {**AWX_GRAPH, "AZURE_FEDERATED_TOKEN": "0idc"},
        {},
        {},
        FederatedToken("contoso", "app", "0idc", None),
        "",
    ),
    "AWX in a pod": ({**POD, **AWX}, {}, {}, AWX_SECRET, "tenant oidc_token_file_path"),
    "AWX with our credential and a certificate in a pod": (
        {**POD, **AWX_GRAPH, "AZURE_CLIENT_CERTIFICATE_PATH": "/runner/env/tmp1"},
        {},
        {},
        ClientCertificate("contoso", "app", "/runner/env/tmp1", None),
        "tenant oidc_token_file_path",
    ),
    "AWX with our credential and a token in a pod": (
        {**POD, **AWX_GRAPH, "AZURE_FEDERATED_TOKEN": "0idc"},
        {},
        {},
        FederatedToken("contoso", "app", "0idc", None),
        "tenant oidc_token_file_path",
    ),
    "AWX on App Service": ({**APP_SERVICE, **AWX}, {}, {}, AWX_SECRET, ""),
    "AWX and a profile of the task": (
        AWX,
        {"profile": "prod"},
        {"prod": OTHER},
        ClientSecret(*OTHER.values()),
        "tenant client_id secret",
    ),
    "AWX and a default profile": (AWX, {}, {"default": OTHER}, AWX_SECRET, "tenant client_id secret"),
    "AWX and a certificate of the task": (
        AWX,
        {"x509_certificate_path": "graph.pem"},
        {},
        ClientCertificate("contoso", "app", "graph.pem", None),
        "secret",
    ),
    "AWX and a secret of the task for another tenant": (
        AWX,
        {"tenant": "fabrikam", "secret": "0ther-secret"},
        {},
        ClientSecret("fabrikam", "app", "0ther-secret"),
        "tenant secret",
    ),
    "AWX and a token of the task": (AWX, SIGNED_IN, {}, AccessToken("t0ken"), "tenant client_id secret"),
    "AWX and the managed identity": (
        AWX,
        {"auth_method": "managed_identity"},
        {},
        ManagedIdentity("app"),
        "tenant secret",
    ),
    "pod": (POD, {}, {}, POD_IDENTITY, ""),
    "pod and a client of the task": (
        POD,
        {"client_id": "app"},
        {},
        FederatedToken("pod-tenant", "app", None, POD_TOKEN),
        "client_id",
    ),
    "pod and a secret of the task": (POD, APP, {}, AWX_SECRET, "tenant client_id oidc_token_file_path"),
    "pod and a secret of the task alone": (
        POD,
        {"secret": "s3cr3t-value"},
        {},
        ClientSecret("pod-tenant", "pod-app", "s3cr3t-value"),
        "oidc_token_file_path",
    ),
    "pod and a profile of the task": (
        POD,
        {"profile": "prod"},
        {"prod": KEY},
        ClientCertificate(*KEY.values(), None),
        "tenant client_id oidc_token_file_path",
    ),
    "pod and a default profile": (POD, {}, {"default": APP}, POD_IDENTITY, "tenant client_id secret"),
    "pod and a secret of its environment": (
        {**POD, "AZURE_CLIENT_SECRET": "s3cr3t-value"},
        {},
        {},
        ClientSecret("pod-tenant", "pod-app", "s3cr3t-value"),
        "oidc_token_file_path",
    ),
    "azure-identity with a secret": (SDK, {}, {}, AWX_SECRET, ""),
    "azure-identity with a certificate": (SDK_KEY, {}, {}, ClientCertificate("contoso", "app", "/c.pem", "pw"), ""),
    "azure-identity with both": (
        {**SDK_KEY, **SDK},
        {},
        {},
        AWX_SECRET,
        "x509_certificate_path x509_certificate_password",
    ),
    "azure-identity on Azure Arc": ({**ARC, **SDK}, {}, {}, AWX_SECRET, ""),
    "azure-identity, another tenant for Ansible": (
        {**SDK, "AZURE_TENANT": "fabrikam"},
        {},
        {},
        ClientSecret("fabrikam", "app", "s3cr3t-value"),
        "tenant",
    ),
    "azure.azcollection": (AZCOLLECTION, {}, {}, AWX_SECRET, ""),
    "azure.azcollection with a certificate": (
        {**AZCOLLECTION, "AZURE_SECRET": "", "AZURE_X509_CERTIFICATE_PATH": "/c.pem"},
        {},
        {},
        ClientCertificate("contoso", "app", "/c.pem", None),
        "",
    ),
    "profile of the environment": (
        {"AZURE_PROFILE": "prod"},
        {},
        {"prod": OTHER, "default": APP},
        ClientSecret(*OTHER.values()),
        "",
    ),
    "profile of the environment beside an application": (
        {**AZCOLLECTION, "AZURE_PROFILE": "prod"},
        {},
        {"prod": OTHER},
        AWX_SECRET,
        "tenant client_id secret",
    ),
    "profile of the task and another one of the environment": (
        {"AZURE_PROFILE": "prod", "AZURE_TENANT": "third"},
        {"profile": "test"},
        {"prod": OTHER, "test": APP},
        AWX_SECRET,
        "tenant",
    ),
}


@pytest.mark.parametrize("case", PLATFORMS.values(), ids=PLATFORMS)
def test_platform(profiles, case):
    environ, task, sections, credential, unused = case
    profiles(**sections)
    settled = settle_task(environ, **task)
    assert settled.credential == credential
    assert sorted(settled.sign_in.render()["unused"]) == sorted(unused.split())
    assert not [warning for warning in settled.warnings if "another one" not in warning]
    assert settled.cloud == CLOUDS["AzureCloud"]


@pytest.mark.parametrize("environ", [APP_SERVICE, ARC], ids=["App Service", "Arc"])
def test_managed_identity_of_a_platform_is_not_guessed(environ):
    with pytest.raises(IdentityError, match="^Cannot sign in: no credentials found"):
        settle_task(environ)


def test_profile_of_the_task_is_not_completed_by_the_environment(profiles):
    profiles(prod={"client_id": "app", "secret": "s3cr3t-value"})
    environ = {"AZURE_TENANT": "fabrikam", "AZURE_CLOUD_ENVIRONMENT": "AzureChinaCloud"}
    with pytest.raises(IdentityError, match="^Cannot sign in: .* but no tenant. The task names a profile, so tenant"):
        settle_task(environ, profile="prod")
    settled = settle_task(environ, profile="prod", tenant="contoso")
    assert settled.credential == AWX_SECRET
    assert settled.cloud == CLOUDS["AzureChinaCloud"]


def test_profile_by_other_names_of_options(profiles):
    profiles(default={"tenant_id": "contoso", "client_id": "app", "client_secret": "s3cr3t-value"})
    assert settle_task().credential == AWX_SECRET


def test_text_is_cleaned_wherever_it_is_found(profiles):
    profiles(default={"tenant": '"contoso"'})
    settled = settle_task({"AZURE_SECRET": " s3cr3t-value\r\n"}, client_id="app\n")
    assert settled.credential == AWX_SECRET
    assert settle_task(access_token="Bearer t0ken\n").credential == AccessToken("t0ken")


def test_blank_is_no_value():
    environ = {"AZURE_TENANT": " \n", "AZURE_TENANT_ID": "contoso", "AZURE_CLIENT_ID": "app"}
    assert settle_task(environ, secret="s3cr3t-value", access_token="\n").credential == AWX_SECRET


def test_what_cannot_be_used_is_named_with_its_place_and_not_shown(profiles):
    # Lines that are indented go on with the line before.
    profiles(default={"tenant": "contoso\n  client_id = app\n  secret = s3cr3t-value"})
    with pytest.raises(IdentityError) as caught:
        settle_task()
    assert caught.value.message == "No request can be made with this tenant (profile default): it holds a line end."


def test_secret_and_host_of_different_places(profiles):
    (warning,) = settle_task({"AZURE_AUTHORITY_HOST": "https://login.example"}, **APP).warnings
    assert warning.startswith("secret (the task) is sent to login.example, ")
    assert "s3cr3t" not in warning
    assert settle_task({"AZURE_AUTHORITY_HOST": "https://login.example", **AWX}).warnings == ()


USER_SENTENCE = (
    "AZURE_AD_USER and AZURE_PASSWORD are not used: Microsoft Entra ID asks users for a second factor, which a playbook cannot give. "
    "Let an application sign in."
)


@pytest.mark.parametrize(
    "environ, said",
    [
        ({"AZURE_AD_USER": "user@contoso.example", "AZURE_PASSWORD": "pa55word"}, True),
        ({"AZURE_AD_USER": "user@contoso.example", "AZURE_PASSWORD": ""}, True),
        ({"AZURE_PASSWORD": "pa55word", "AZURE_TENANT": "contoso"}, True),
        ({"AZURE_AD_USER": "", "AZURE_PASSWORD": "", "AZURE_TENANT": "contoso"}, False),
        ({}, False),
    ],
    ids=["both", "user", "password", "empty", "none"],
)
@pytest.mark.parametrize("method", ["auto", "client_secret"])
def test_user_and_password_of_the_environment(environ, said, method):
    with pytest.raises(IdentityError) as caught:
        settle_task(environ, auth_method=method)
    assert caught.value.message.startswith("Cannot sign in: ")
    assert caught.value.message.endswith(f". {USER_SENTENCE}") == said
    assert ("AZURE_AD_USER" in caught.value.message) == said
    assert "user@contoso" not in caught.value.message and "pa55word" not in caught.value.message


def test_user_and_password_are_no_matter_when_there_is_another_way():
    assert settle_task({**AWX, "AZURE_AD_USER": "user", "AZURE_PASSWORD": "pa55word"}).warnings == ()


def test_message_tells_what_was_found_where(profiles):
    profiles(default={"x509_certificate_path": "/c.pem"})
    with pytest.raises(IdentityError) as caught:
        settle_task({"AZURE_TENANT_ID": "contoso", "AZURE_CLIENT_ID": ""}, secret="s3cr3t-value")
    assert caught.value.message == (
        "Cannot sign in: tenant (the environment) and secret (the task) are there, but no client_id."
    )
    attempts = "; ".join(caught.value.attempts)
    assert (
        "client_secret has tenant from environment variable AZURE_TENANT_ID, secret from the task and lacks client_id (AZURE_CLIENT_ID)"
        in attempts
    )
    assert (
        "client_certificate has tenant from environment variable AZURE_TENANT_ID, x509_certificate_path from profile default and lacks"
        in attempts
    )
    assert "s3cr3t-value" not in attempts and "contoso" not in attempts


def test_sign_in_in_results(profiles):
    profiles(default={"client_id": "app", "cloud_environment": "AzureChinaCloud", "x509_certificate_path": "/c.pem"})
    sign_in = settle_task(
        {"AZURE_TENANT_ID": "contoso", "AZURE_FEDERATED_TOKEN": ""}, secret="s3cr3t-value", graph_url="g.example"
    ).sign_in
    assert sign_in.render() == {
        "auth_method": "client_secret",
        "tenant": "contoso",
        "client_id": "app",
        "cloud_environment": "AzureChinaCloud",
        "authority_host": "https://login.chinacloudapi.cn",
        "graph_url": "https://g.example",
        "origins": {
            "tenant": "environment variable AZURE_TENANT_ID",
            "client_id": "profile default",
            "secret": "the task",
            "cloud_environment": "profile default",
            "graph_url": "the task",
        },
        "unused": {"x509_certificate_path": "profile default"},
    }


# task, environment → auth_method, tenant, client_id, origins
WHO = {
    "access token": (
        SIGNED_IN,
        {"AZURE_TENANT": "e", "AZURE_CLIENT_ID": "e"},
        "access_token",
        None,
        None,
        ["access_token"],
    ),
    "managed identity of the system": (
        {"auth_method": "managed_identity"},
        {"AZURE_TENANT": "e"},
        "managed_identity",
        None,
        None,
        [],
    ),
    "managed identity of the user": (
        {"auth_method": "managed_identity"},
        {"AZURE_CLIENT_ID": "e"},
        "managed_identity",
        None,
        "e",
        ["client_id"],
    ),
    "Azure CLI": (
        {"auth_method": "azure_cli"},
        {"AZURE_TENANT": "e", "AZURE_CLIENT_ID": "e"},
        "azure_cli",
        "e",
        None,
        ["tenant"],
    ),
    "certificate with password": (
        {**APP, "auth_method": "client_certificate", "x509_certificate_path": "/c.pem"},
        {"AZURE_CLIENT_CERTIFICATE_PASSWORD": "pw"},
        "client_certificate",
        "contoso",
        "app",
        ["client_id", "tenant", "x509_certificate_password", "x509_certificate_path"],
    ),
    "token file of the task, token of the environment": (
        {"tenant": "contoso", "client_id": "app", "oidc_token_file_path": "/t"},
        {"AZURE_FEDERATED_TOKEN": "0idc"},
        "federated_token",
        "contoso",
        "app",
        ["client_id", "oidc_token_file_path", "tenant"],
    ),
}


@pytest.mark.parametrize("case", WHO.values(), ids=WHO)
def test_sign_in_names_only_what_is_used(case):
    task, environ, method, tenant, client_id, origins = case
    rendered = settle_task(environ, **task).sign_in.render()
    assert (rendered["auth_method"], rendered["tenant"], rendered["client_id"]) == (method, tenant, client_id)
    assert sorted(rendered["origins"]) == origins


def test_sign_in_has_no_secret():
    values = {name: f"<{name}>" for name in SECRETS}
    for method in METHODS:
        rendered = settle_task(
            auth_method=method, tenant="contoso", client_id="app", x509_certificate_path="/c.pem", **values
        ).sign_in.render()
        assert [value for value in values.values() if value in str(rendered)] == []


# options → whether there is a warning
V1 = {
    "public cloud": ({}, False),
    "China": ({"cloud_environment": "AzureChinaCloud"}, False),
    "US Government": ({"cloud_environment": "AzureUSGovernment"}, True),
    "US Government L5": ({"cloud_environment": "AzureUSGovernmentL5"}, True),
    "host given": ({"graph_url": "https://graph.microsoft.us"}, True),
    "host given with port and slash": ({"graph_url": "https://DOD-graph.Microsoft.us:443/"}, True),
    "other host given": ({"cloud_environment": "AzureUSGovernment", "graph_url": "https://graph.example"}, False),
    "host that contains the name": ({"graph_url": "https://graph.microsoft.us.example"}, False),
    "only the authority": ({"authority_host": "https://login.microsoftonline.us"}, False),
}


@pytest.mark.parametrize("case", V1.values(), ids=V1)
@pytest.mark.parametrize("api_version", ["v1.0", "beta"])
def test_warning_where_v1_has_no_connectors(case, api_version):
    options, warned = case
    settled = settle_task(**SIGNED_IN, **options, api_version=api_version)
    host = settled.cloud.graph_url.split("/")[2].split(":")[0].lower()
    warning = f"API connectors are not in v1.0 of Microsoft Graph at {host}. Set api_version to beta."
    assert settled.warnings == ((warning,) if warned and api_version == "v1.0" else ())
    assert warned == (host in BETA_ONLY)


@pytest.mark.parametrize(
    "arguments, verify",
    [
        ({}, True),
        ({"validate_certs": True}, True),
        ({"validate_certs": False}, False),
        ({"ca_path": "/ca.pem"}, "/ca.pem"),
        ({"ca_path": "/ca.pem", "validate_certs": False}, False),
        ({"ca_path": ""}, True),
    ],
    ids=str,
)
def test_verify(arguments, verify):
    # REQUESTS_CA_BUNDLE is for requests to take, when True leaves it the choice.
    assert settle_task({"REQUESTS_CA_BUNDLE": "/env.pem"}, **SIGNED_IN, **arguments).verify == verify


@pytest.mark.parametrize("name, least", [("timeout", 1), ("retries", 0), ("retry_timeout", 1)])
def test_numbers_have_a_least_value(name, least):
    assert getattr(settle_task(**SIGNED_IN, **{name: least}), name) == least
    with pytest.raises(IdentityError, match=f"^{name} is {least - 1}; it has to be at least {least}.$"):
        settle_task(**SIGNED_IN, **{name: least - 1})


def test_unknown_cloud_in_the_environment():
    with pytest.raises(IdentityError, match="'AzureGermanCloud' is not known"):
        settle_task({"AZURE_CLOUD_ENVIRONMENT": "AzureGermanCloud"}, **SIGNED_IN)


NO_LOG = sorted(name for name, option in GRAPH.options.items() if option.get("no_log"))


@pytest.mark.parametrize("place", ["task", "environment", "profile"])
@pytest.mark.parametrize("name", NO_LOG)
def test_every_secret_is_known_for_masking_and_none_shows(profiles, name, place):
    values = {"access_token": "t0ken", name: f"<{name}>"}
    if place == "profile":
        profiles(default=values)
    environ = {ENVIRONMENT[option][-1]: value for option, value in values.items()} if place == "environment" else {}
    settled = settle_task(environ, auth_method="access_token", **(values if place == "task" else {}))
    assert set(settled.secrets) == set(values.values())
    assert f"<{name}>" not in repr(settled) and "t0ken'" not in repr(settled)


def test_secrets_are_those_that_ansible_masks():
    assert sorted(SECRETS) == NO_LOG


def test_equal_settings_can_share_a_client():
    first, second = (settle_task(**APP) for unused in range(2))
    assert first == second and hash(first) == hash(second)
    for changes in (
        {"secret": "other"},
        {"tenant": "other"},
        {"timeout": 1},
        {"validate_certs": False},
        {"api_version": "beta"},
    ):
        assert settle_task(**{**APP, **changes}) != first


def test_settings_do_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        settle_task(**APP).retries = 7
