# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

import pytest

from ansible_collections.msgraph.identity.plugins.module_utils._clouds import choose_cloud
from ansible_collections.msgraph.identity.plugins.module_utils._credentials import METHODS, Found
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._settings import ENVIRONMENT
from ansible_collections.msgraph.identity.plugins.module_utils._sign_in import (
    WHO,
    CannotSignIn,
    Sources,
    choose,
    host_warnings,
)

# One letter for each option that tells who signs in, and for each source.
OPTIONS = {
    "t": "tenant",
    "c": "client_id",
    "s": "secret",
    "k": "x509_certificate_path",
    "p": "x509_certificate_password",
    "o": "oidc_token",
    "f": "oidc_token_file_path",
    "a": "access_token",
}
SOURCES = {
    "T": "the task",
    "N": "profile named",
    "E": "the environment",
    "P": "profile default",
    "V": "a second variable",
}


def source(letter, options):
    """A source that gives `options`; each value tells where it is from."""
    return {
        OPTIONS[option]: Found(f"{OPTIONS[option]} of {letter}", f"origin {letter}", SOURCES[letter])
        for option in options or ""
    }


def sources_of(given):
    """The sources of a row, such as `T:tc E:s`. An `N` alone is a profile that is named and gives nothing."""
    options = dict((part + ":").split(":")[:2] for part in given.split())
    assert set(options) <= set(SOURCES)
    return Sources(
        task=source("T", options.get("T")),
        named_profile=source("N", options["N"]) if "N" in options else None,
        environment=source("E", options.get("E")),
        other_profile=source("P", options.get("P")),
        shadowed=source("V", options.get("V")),
    )


def told(origins):
    """Pairs of option and origin, as in a row."""
    origins = list(origins)
    places = {letter: [name for name, origin in origins if origin == f"origin {letter}"] for letter in SOURCES}
    return " ".join(
        f"{letter}:{''.join(option for option, name in OPTIONS.items() if name in names)}"
        for letter, names in places.items()
        if names
    )


def warned(warnings):
    """The options of the task of which a warning says that they are not used."""
    (said,) = [warning for warning in warnings if "of the task" in warning] or [""]
    return " ".join(name for name in re.findall(r"[a-z0-9_]+", said.split(" of the task ")[0]) if name != "and")


# auth_method, what the sources give → method, what is used of which source, what the first source that is not used
# gives in vain, options of the task that a warning names
ROWS = [
    # within one source: the order of the Azure SDKs
    ("auto", "T:a", "access_token", "T:a", "", ""),
    ("auto", "T:tcs", "client_secret", "T:tcs", "", ""),
    ("auto", "T:tck", "client_certificate", "T:tck", "", ""),
    ("auto", "T:tckp", "client_certificate", "T:tckp", "", ""),
    ("auto", "T:tco", "federated_token", "T:tco", "", ""),
    ("auto", "T:tcf", "federated_token", "T:tcf", "", ""),
    ("auto", "E:tcskpofa", "access_token", "E:a", "E:tcskpof", ""),
    ("auto", "E:tcskpof", "client_secret", "E:tcs", "E:kpof", ""),
    ("auto", "E:tckpof", "client_certificate", "E:tckp", "E:of", ""),
    ("auto", "E:tcof", "federated_token", "E:tco", "E:f", ""),
    ("auto", "P:tcskpofa", "access_token", "P:a", "P:tcskpof", ""),
    ("auto", "P:tcskpof", "client_secret", "P:tcs", "P:kpof", ""),
    ("auto", "N:tcskpof", "client_secret", "N:tcs", "N:kpof", ""),
    # a credential of the task decides, the rest completes it
    ("auto", "T:k E:tcs", "client_certificate", "T:k E:tc", "E:s", ""),
    ("auto", "T:s E:tck", "client_secret", "T:s E:tc", "E:k", ""),
    ("auto", "T:s E:tcf", "client_secret", "T:s E:tc", "E:f", ""),
    ("auto", "T:o E:tcs", "federated_token", "T:o E:tc", "E:s", ""),
    ("auto", "T:o E:tcf", "federated_token", "T:o E:tc", "E:f", ""),
    ("auto", "T:f E:tcos", "federated_token", "T:f E:tc", "E:so", ""),
    ("auto", "T:a E:tcs", "access_token", "T:a", "E:tcs", ""),
    ("auto", "T:tcs E:a", "client_secret", "T:tcs", "E:a", ""),
    ("auto", "T:tcs E:tcs", "client_secret", "T:tcs", "E:tcs", ""),
    ("auto", "T:tcs E:tcf P:tcs", "client_secret", "T:tcs", "E:tcf P:s", ""),
    ("auto", "T:ts E:c", "client_secret", "T:ts E:c", "", ""),
    ("auto", "T:s P:tc", "client_secret", "T:s P:tc", "", ""),
    ("auto", "T:s E:t P:c", "client_secret", "T:s E:t P:c", "", ""),
    ("auto", "T:s P:tca", "client_secret", "T:s P:tc", "P:a", ""),
    ("auto", "T:k E:tcp", "client_certificate", "T:k E:tcp", "", ""),
    ("auto", "T:tck P:p", "client_certificate", "T:tck P:p", "", ""),
    # the password beside another key is that of the other key
    ("auto", "T:k E:tckp", "client_certificate", "T:k E:tc", "E:kp", ""),
    ("auto", "T:tck E:kp P:p", "client_certificate", "T:tck P:p", "E:kp", ""),
    # what the task names beside a credential of the environment
    ("auto", "T:t E:tcs", "client_secret", "T:t E:cs", "E:t", ""),
    ("auto", "T:tc E:f", "federated_token", "T:tc E:f", "", ""),
    ("auto", "T:tc E:tcf", "federated_token", "T:tc E:f", "E:tc", ""),
    ("auto", "T:p E:tck", "client_certificate", "T:p E:tck", "", ""),
    ("auto", "T:t E:a", "access_token", "E:a", "", "tenant"),
    ("auto", "T:tc E:acs", "access_token", "E:a", "E:cs", "tenant client_id"),
    ("auto", "T:p E:tcs", "client_secret", "E:tcs", "", "x509_certificate_password"),
    # the environment and the profile that nobody named
    ("auto", "E:tcs P:tca", "client_secret", "E:tcs", "P:tca", ""),
    ("auto", "E:t P:tcs", "client_secret", "E:t P:cs", "P:t", ""),
    ("auto", "E:s P:tck", "client_secret", "E:s P:tc", "P:k", ""),
    ("auto", "E:tc P:s", "client_secret", "E:tc P:s", "", ""),
    ("auto", "T:t E:c P:a", "access_token", "P:a", "E:c", "tenant"),
    ("auto", "E:tcs V:ts", "client_secret", "E:tcs", "V:ts", ""),
    ("auto", "E:tck V:k", "client_certificate", "E:tck", "V:k", ""),
    # a profile that the task names
    ("auto", "N:tcs E:t", "client_secret", "N:tcs", "E:t", ""),
    ("auto", "N:tcs E:tcs", "client_secret", "N:tcs", "E:tcs", ""),
    ("auto", "N:tcs E:a", "client_secret", "N:tcs", "E:a", ""),
    ("auto", "N:tck E:tcf", "client_certificate", "N:tck", "E:tcf", ""),
    ("auto", "N:tck E:p", "client_certificate", "N:tck E:p", "", ""),
    ("auto", "N:tck E:tp", "client_certificate", "N:tck", "E:tp", ""),
    ("auto", "N:tc E:s", "client_secret", "N:tc E:s", "", ""),
    ("auto", "T:s N:tc E:tcs", "client_secret", "T:s N:tc", "E:tcs", ""),
    ("auto", "T:s N:tcs", "client_secret", "T:s N:tc", "N:s", ""),
    ("auto", "T:c N:tcs", "client_secret", "T:c N:ts", "N:c", ""),
    ("auto", "T:tcs N:tcs", "client_secret", "T:tcs", "N:tcs", "profile"),
    ("auto", "T:tcs N", "client_secret", "T:tcs", "", "profile"),
    ("auto", "T:a N:tcs E:tcs", "access_token", "T:a", "N:tcs", "profile"),
    # the method that is named
    ("client_secret", "T:tcsa", "client_secret", "T:tcs", "", "access_token"),
    ("client_certificate", "T:tcskp", "client_certificate", "T:tckp", "", "secret"),
    ("federated_token", "T:tcof", "federated_token", "T:tco", "", "oidc_token_file_path"),
    ("federated_token", "T:f E:tcso", "federated_token", "T:f E:tc", "E:so", ""),
    ("client_secret", "T:tck E:s", "client_secret", "T:tc E:s", "", "x509_certificate_path"),
    ("client_secret", "T:a E:tcs", "client_secret", "E:tcs", "", "access_token"),
    ("client_certificate", "E:tcs P:k", "client_certificate", "E:tc P:k", "E:s", ""),
    ("access_token", "T:tcs P:a", "access_token", "P:a", "", "tenant client_id secret"),
    ("federated_token", "E:tcso", "federated_token", "E:tco", "E:s", ""),
    ("client_secret", "N:tcsa E:tcs", "client_secret", "N:tcs", "N:a E:tcs", ""),
    ("managed_identity", "", "managed_identity", "", "", ""),
    ("managed_identity", "T:c", "managed_identity", "T:c", "", ""),
    ("managed_identity", "E:tcf", "managed_identity", "E:c", "E:tf", ""),
    ("managed_identity", "T:tcs", "managed_identity", "T:c", "", "tenant secret"),
    ("managed_identity", "N:t E:c", "managed_identity", "", "N:t E:c", "profile"),
    ("managed_identity", "P:c", "managed_identity", "P:c", "", ""),
    ("azure_cli", "", "azure_cli", "", "", ""),
    ("azure_cli", "T:t E:tcs", "azure_cli", "T:t", "E:tcs", ""),
    ("azure_cli", "T:c", "azure_cli", "", "", "client_id"),
    ("azure_cli", "N:t E:tcs", "azure_cli", "N:t", "E:tcs", ""),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: " ".join(row[:2]))
def test_who_signs_in(row):
    auth_method, given, method, used, unused, in_vain = row
    choice = choose(auth_method, sources_of(given), ENVIRONMENT)
    assert choice.credential.method == method
    assert told((name, found.origin) for name, found in choice.used.items()) == used
    assert told(choice.unused) == unused
    assert warned(choice.warnings) == in_vain
    values = {name: found.value for name, found in choice.used.items()}
    assert choice.credential == METHODS[method](**{name: values.get(name) for name in METHODS[method].takes})


# auth_method, what the sources give → what is said
FAILURES = [
    (
        "auto",
        "",
        "Cannot sign in: no credentials found. Give tenant, client_id and secret (AZURE_TENANT, AZURE_CLIENT_ID, AZURE_SECRET) or set auth_method.",
    ),
    (
        "auto",
        "T:tc",
        "Cannot sign in: tenant and client_id are there (the task), but no secret, x509_certificate_path or oidc_token.",
    ),
    (
        "auto",
        "E:tc",
        "Cannot sign in: tenant and client_id are there (the environment), but no secret, x509_certificate_path or oidc_token.",
    ),
    (
        "auto",
        "T:t E:c",
        "Cannot sign in: tenant (the task) and client_id (the environment) are there, but no secret, x509_certificate_path or oidc_token.",
    ),
    (
        "auto",
        "P:c",
        "Cannot sign in: client_id is there (profile default), but no tenant and no secret, x509_certificate_path or oidc_token.",
    ),
    (
        "auto",
        "E:p",
        "Cannot sign in: x509_certificate_password is there (the environment), but no tenant, no client_id and no secret, "
        "x509_certificate_path or oidc_token.",
    ),
    ("auto", "T:s", "Cannot sign in: secret is there (the task), but no tenant and no client_id."),
    (
        "auto",
        "T:k E:t",
        "Cannot sign in: tenant (the environment) and x509_certificate_path (the task) are there, but no client_id.",
    ),
    # The first credential decides, also when the next one would be complete.
    ("auto", "T:s P:a", "Cannot sign in: secret is there (the task), but no tenant and no client_id."),
    (
        "auto",
        "E:tf P:ts",
        "Cannot sign in: tenant and oidc_token_file_path are there (the environment), but no client_id.",
    ),
    (
        "client_secret",
        "",
        "Cannot sign in: auth_method is client_secret, but there are no credentials for it. Give tenant, client_id and secret "
        "(AZURE_TENANT, AZURE_CLIENT_ID, AZURE_SECRET).",
    ),
    (
        "access_token",
        "T:tcs",
        "Cannot sign in: auth_method is access_token, but there are no credentials for it. Give access_token (MSGRAPH_ACCESS_TOKEN).",
    ),
    (
        "client_certificate",
        "T:tcs",
        "Cannot sign in: auth_method is client_certificate, tenant and client_id are there (the task), but no x509_certificate_path.",
    ),
    (
        "federated_token",
        "E:tcs",
        "Cannot sign in: auth_method is federated_token, tenant and client_id are there (the environment), but no oidc_token or "
        "oidc_token_file_path.",
    ),
    # a profile that the task names
    (
        "auto",
        "N:cs E:t",
        "Cannot sign in: client_id and secret are there (profile named), but no tenant. "
        "The task names a profile, so tenant of the environment is not used.",
    ),
    (
        "auto",
        "N:tc E:cs",
        "Cannot sign in: tenant and client_id are there (profile named), but no secret, x509_certificate_path or oidc_token. "
        "The task names a profile, so secret of the environment is not used.",
    ),
    (
        "auto",
        "N E:tcs",
        "Cannot sign in: no credentials found. Give tenant, client_id and secret (AZURE_TENANT, AZURE_CLIENT_ID, AZURE_SECRET) or set auth_method. "
        "The task names a profile, so tenant, client_id and secret of the environment are not used.",
    ),
    (
        "auto",
        "N E:ac",
        "Cannot sign in: no credentials found. Give tenant, client_id and secret (AZURE_TENANT, AZURE_CLIENT_ID, AZURE_SECRET) or set auth_method. "
        "The task names a profile, so access_token and client_id of the environment are not used.",
    ),
]


@pytest.mark.parametrize("row", FAILURES, ids=lambda row: " ".join(row[:2]))
def test_nobody_can_sign_in(row):
    auth_method, given, said = row
    with pytest.raises(CannotSignIn) as caught:
        choose(auth_method, sources_of(given), ENVIRONMENT)
    assert caught.value.message == said
    assert not re.search(" of [TNEPV]", f"{said} {caught.value.attempts}")


TWICE = {
    "T:as": "access_token and secret",
    "T:tcsk": "secret and x509_certificate_path",
    "T:tcso E:a": "secret and oidc_token",
    "T:of": "oidc_token and oidc_token_file_path",
    "T:askof": "access_token, secret, x509_certificate_path, oidc_token and oidc_token_file_path",
    "T:sk N:tcs": "secret and x509_certificate_path",
}


@pytest.mark.parametrize("given", TWICE)
def test_task_with_two_credentials(given):
    with pytest.raises(IdentityError) as caught:
        choose("auto", sources_of(given), ENVIRONMENT)
    assert caught.value.message == (
        f"The task gives {TWICE[given]}, module_defaults included, and each is enough to sign in."
        " Give one of them, or choose with auth_method."
    )


def test_what_was_found_where_is_told_for_each_method():
    with pytest.raises(CannotSignIn) as caught:
        choose("auto", sources_of("T:t E:s P:kp"), ENVIRONMENT)
    assert caught.value.attempts == (
        "access_token lacks access_token (MSGRAPH_ACCESS_TOKEN)",
        "client_secret has tenant from origin T, secret from origin E and lacks client_id (AZURE_CLIENT_ID)",
        "client_certificate has tenant from origin T, x509_certificate_path from origin P, x509_certificate_password from origin P "
        "and lacks client_id (AZURE_CLIENT_ID)",
        "federated_token has tenant from origin T and lacks client_id (AZURE_CLIENT_ID), "
        "oidc_token (AZURE_FEDERATED_TOKEN) or oidc_token_file_path (AZURE_FEDERATED_TOKEN_FILE)",
    )
    with pytest.raises(CannotSignIn) as caught:
        choose("client_secret", sources_of("T:k"), ENVIRONMENT)
    assert caught.value.attempts == (
        "client_secret lacks tenant (AZURE_TENANT, AZURE_TENANT_ID), client_id (AZURE_CLIENT_ID), "
        "secret (AZURE_SECRET, AZURE_CLIENT_SECRET)",
    )


def test_warning_tells_what_is_used_instead():
    (warning,) = choose("auto", sources_of("T:tc E:a"), ENVIRONMENT).warnings
    assert warning == "tenant and client_id of the task are not used: it signs in by access_token (origin E)."
    (warning,) = choose("azure_cli", sources_of("T:s"), ENVIRONMENT).warnings
    assert warning == "secret of the task is not used: it signs in by azure_cli."


def test_equal_values_are_used_wherever_they_are_found():
    same = {"tenant": Found("contoso", "origin T", "the task"), "client_id": Found("app", "origin T", "the task")}
    sources = Sources(
        {**same, "secret": Found("s", "origin T", "the task")},
        None,
        {**{name: Found(found.value, "origin E", "the environment") for name, found in same.items()}},
        {},
        {},
    )
    assert choose("auto", sources, ENVIRONMENT).unused == ()


# what the sources give → whether the secret is that of another application
HALVES = {
    "T:c E:tcs": True,
    "T:t E:tcs": False,
    "E:tcs": False,
    "T:c E:ts": False,
    "E:c P:tcs": True,
    "T:c N:tcs": True,
    # One key or one token may be trusted for several applications.
    "T:c E:tck": False,
    "T:c E:tcf": False,
}


@pytest.mark.parametrize("given", HALVES)
def test_secret_of_another_application(given):
    said = [text for text in choose("auto", sources_of(given), ENVIRONMENT).warnings if "another one" in text]
    assert bool(said) == HALVES[given]


def test_secret_of_another_application_is_told():
    assert choose("auto", sources_of("T:c E:tcs"), ENVIRONMENT).warnings == (
        "secret (origin E) is used for the application that client_id names (origin T), though the environment names another one beside it.",
    )


def test_secret_in_quotes_is_told_and_not_shown():
    quoted = {**source("E", "tc"), "secret": Found('"quoted"', "origin E", "the environment")}
    choice = choose("auto", Sources({}, None, quoted, {}, {}), ENVIRONMENT)
    assert choice.credential.secret == '"quoted"'
    assert choice.warnings == ("secret (origin E) is in quotes, which are sent as a part of it. Leave them out.",)


# the credential and its source, the option of a host, its source and value → whether there is a warning
HOSTS = [
    ("T:tcs", "authority_host", "E", "https://login.example", True),
    ("T:tcs", "authority_host", "T", "https://login.example", False),
    ("E:tcs", "authority_host", "E", "https://login.example", False),
    ("E:tcs", "authority_host", "T", "https://login.example", True),
    ("E:tcs", "authority_host", "P", "https://login.example", True),
    ("T:s N:tc", "authority_host", "N", "https://login.example", True),
    ("N:tcs", "authority_host", "N", "https://login.example", False),
    ("N:tcs", "authority_host", "E", "https://login.example", True),
    ("T:tco", "authority_host", "E", "https://login.example", True),
    ("T:tcf", "authority_host", "E", "https://login.example", True),
    # Of a key only a signature is sent.
    ("T:tck", "authority_host", "E", "https://login.example", False),
    ("T:a", "authority_host", "E", "https://login.example", False),
    ("T:a", "graph_url", "E", "https://graph.example", True),
    ("E:a", "graph_url", "E", "https://graph.example", False),
    ("T:tcs", "graph_url", "E", "https://graph.example", False),
    # hosts of Microsoft, as a pod or azure-identity has them
    ("T:tcs", "authority_host", "E", "https://login.microsoftonline.com/", False),
    ("T:tcs", "authority_host", "E", "https://LOGIN.microsoftonline.us", False),
    ("T:tcs", "authority_host", "E", "login.partner.microsoftonline.cn", False),
    ("T:tcs", "authority_host", "E", "https://login.microsoftonline.com.login.example", True),
    ("T:a", "graph_url", "E", "https://microsoftgraph.chinacloudapi.cn", False),
    ("T:a", "graph_url", "E", "https://login.microsoftonline.com", True),
]


@pytest.mark.parametrize("row", HOSTS, ids=lambda row: " ".join(row[:4]))
def test_secret_that_goes_to_a_host_from_elsewhere(row):
    given, option, letter, url, is_told = row
    sources = sources_of(f"{given} P" if letter != "N" and "N" not in given else given)
    places = {"T": sources.task, "N": sources.named_profile, "E": sources.environment, "P": sources.other_profile}
    places[letter][option] = Found(url, f"origin {letter}", SOURCES[letter])
    said = host_warnings(choose("auto", sources, ENVIRONMENT), sources, choose_cloud(None, **{option: url}))
    assert len(said) == is_told
    assert not is_told or (
        option in said[0]
        and f"origin {letter}" in said[0]
        and " of " not in said[0].split("Microsoft")[0].replace("no host of", "")
    )


def test_host_from_elsewhere_is_told():
    sources = sources_of("T:tcs")
    sources.environment["authority_host"] = Found(
        "https://login.example", "environment variable AZURE_AUTHORITY_HOST", "the environment"
    )
    assert host_warnings(
        choose("auto", sources, ENVIRONMENT), sources, choose_cloud(None, authority_host="https://login.example")
    ) == (
        "secret (origin T) is sent to login.example, which is no host of Microsoft and comes from elsewhere (environment variable "
        "AZURE_AUTHORITY_HOST). Give authority_host where secret is given, if that is meant.",
    )


def test_letters_are_those_of_all_options():
    assert set(OPTIONS.values()) == set(WHO)
