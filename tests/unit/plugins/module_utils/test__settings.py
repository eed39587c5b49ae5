# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses

import pytest

from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import GRAPH
from ansible_collections.msgraph.identity.plugins.module_utils._credentials import AccessToken, ClientSecret
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._settings import ENVIRONMENT, SECRETS, settle

SIGNED_IN = {"access_token": "t0ken"}


def settle_task(environ=None, **arguments):
    """The settings for what a task says, as validated."""
    return settle(GRAPH.validate(arguments), environ or {})


def test_defaults():
    settled = settle_task(**SIGNED_IN)
    assert settled.cloud.name == "AzureCloud"
    assert settled.credential == AccessToken("t0ken")
    assert (settled.api_version, settled.verify) == ("v1.0", True)
    assert (settled.timeout, settled.retries, settled.retry_timeout) == (30, 5, 180)


def secret_of(settled):
    return settled.credential.secret


def tenant_of(settled):
    return settled.credential.tenant


def client_id_of(settled):
    return settled.credential.client_id


def token_of(settled):
    return settled.credential.access_token


def cloud_of(settled):
    return settled.cloud.name


def authority_of(settled):
    return settled.cloud.authority_host


def graph_of(settled):
    return settled.cloud.graph_url


APP = {"tenant": "contoso", "client_id": "app", "secret": "s3cr3t-value"}
AZURE = {"AZURE_TENANT": "e-contoso", "AZURE_CLIENT_ID": "e-app", "AZURE_SECRET": "e-s3cr3t"}
# value looked at, task, environment → it
PRECEDENCE = [
    (tenant_of, APP, AZURE, "contoso"),
    (tenant_of, {}, AZURE, "e-contoso"),
    (tenant_of, {**APP, "tenant": ""}, AZURE, "e-contoso"),
    (tenant_of, {**APP, "tenant": None}, AZURE, "e-contoso"),
    (tenant_of, {}, {**AZURE, "AZURE_TENANT_ID": "second"}, "e-contoso"),
    (tenant_of, {}, {**AZURE, "AZURE_TENANT": "", "AZURE_TENANT_ID": "second"}, "second"),
    (tenant_of, {"tenant_id": "alias"}, AZURE, "alias"),
    (client_id_of, {"client_id": "app"}, AZURE, "app"),
    (client_id_of, {"client_id": ""}, AZURE, "e-app"),
    (secret_of, {"secret": "own"}, AZURE, "own"),
    (secret_of, {"client_secret": "alias"}, AZURE, "alias"),
    (secret_of, {"secret": ""}, AZURE, "e-s3cr3t"),
    (secret_of, {"secret": "", "client_secret": "alias"}, AZURE, "alias"),
    (secret_of, {}, {**AZURE, "AZURE_CLIENT_SECRET": "second"}, "e-s3cr3t"),
    (secret_of, {}, {**AZURE, "AZURE_SECRET": "", "AZURE_CLIENT_SECRET": "second"}, "second"),
    (token_of, SIGNED_IN, {"MSGRAPH_ACCESS_TOKEN": "e"}, "t0ken"),
    (token_of, {}, {"MSGRAPH_ACCESS_TOKEN": "e"}, "e"),
    (token_of, {"access_token": ""}, {"MSGRAPH_ACCESS_TOKEN": "e"}, "e"),
    (cloud_of, {**SIGNED_IN, "cloud_environment": "AzureChinaCloud"}, {"AZURE_CLOUD_ENVIRONMENT": "AzureUSGovernment"}, "AzureChinaCloud"),
    (cloud_of, {**SIGNED_IN, "cloud_environment": ""}, {"AZURE_CLOUD_ENVIRONMENT": "AzureUSGovernment"}, "AzureUSGovernment"),
    (cloud_of, SIGNED_IN, {"AZURE_CLOUD_ENVIRONMENT": ""}, "AzureCloud"),
    (authority_of, {**SIGNED_IN, "authority_host": "a.example"}, {"AZURE_AUTHORITY_HOST": "e.example"}, "https://a.example"),
    (authority_of, SIGNED_IN, {"AZURE_AUTHORITY_HOST": "e.example"}, "https://e.example"),
    (authority_of, SIGNED_IN, {"AZURE_AUTHORITY_HOST": "", "AZURE_CLOUD_ENVIRONMENT": "AzureChinaCloud"}, "https://login.chinacloudapi.cn"),
    (graph_of, {**SIGNED_IN, "graph_url": "https://g.example/"}, {"MSGRAPH_URL": "https://e.example"}, "https://g.example"),
    (graph_of, SIGNED_IN, {"MSGRAPH_URL": "https://e.example"}, "https://e.example"),
    (graph_of, {**SIGNED_IN, "graph_url": ""}, {"MSGRAPH_URL": ""}, "https://graph.microsoft.com"),
]


@pytest.mark.parametrize("case", PRECEDENCE, ids=lambda case: f"{case[0].__name__} {case[1]} {case[2]}".replace("e-s3cr3t", "e"))
def test_precedence(case):
    look, task, environ, value = case
    assert look(settle_task(environ, **task)) == value


def test_complete_in_the_task_beats_a_token_in_the_environment():
    assert isinstance(settle_task({"MSGRAPH_ACCESS_TOKEN": "e"}, **APP).credential, ClientSecret)


def test_message_tells_what_was_found_where():
    with pytest.raises(IdentityError) as caught:
        settle_task({"AZURE_TENANT_ID": "contoso", "AZURE_CLIENT_ID": ""}, secret="s3cr3t-value")
    assert "tenant (from environment variable AZURE_TENANT_ID), secret (from the task) and lacks client_id" in caught.value.message
    assert "s3cr3t-value" not in caught.value.message


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


def test_all_secrets_are_known_for_masking_and_none_shows():
    settled = settle_task({"MSGRAPH_ACCESS_TOKEN": "e-t0ken"}, **APP)
    assert set(settled.secrets) == {"s3cr3t-value", "e-t0ken"}
    assert "s3cr3t-value" not in repr(settled) and "e-t0ken" not in repr(settled)


def test_secrets_are_those_that_ansible_masks():
    assert set(SECRETS) == {name for name, option in GRAPH.options.items() if option.get("no_log")}
    assert set(ENVIRONMENT) <= set(GRAPH.options)


def test_equal_settings_can_share_a_client():
    first, second = (settle_task(**APP) for unused in range(2))
    assert first == second and hash(first) == hash(second)
    for changes in ({"secret": "other"}, {"tenant": "other"}, {"timeout": 1}, {"validate_certs": False}, {"api_version": "beta"}):
        assert settle_task(**{**APP, **changes}) != first


def test_settings_do_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        settle_task(**APP).retries = 7
