# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

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


def told(pairs):
    """Pairs of option and letter of a source, as in a row."""
    letters = {name: letter for letter, name in OPTIONS.items()}
    return " ".join(
        f"{letter}:{''.join(letters[name] for name in sorted(names, key=list(OPTIONS.values()).index))}"
        for letter in SOURCES
        if (names := [name for name, place in pairs if place == letter])
    )


# auth_method, what the sources give → method, what is used of which source, what is not, options of the task that a
# warning names
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
    ("auto", "T:tcs E:tcf P:tcs", "client_secret", "T:tcs", "E:tcf", ""),
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
    auth_method, given, method, used, unused, warned = row
    sources = sources_of(given)
    choice = choose(auth_method, sources, ENVIRONMENT)
    assert choice.credential.method == method
    assert told((name, found.origin[-1]) for name, found in choice.used.items()) == used
    # The first source that gives it in vain is the one that is told.
    found = {name: letter for letter, names in parts(unused) for name in reversed(names)}
    for letter, names in reversed(parts(unused)):
        found.update(dict.fromkeys(names, letter))
    assert dict(choice.unused) == {name: f"origin {letter}" for name, letter in found.items()}
    named = next((warning for warning in choice.warnings if "of the task" in warning), "")
    assert [name for name in (*WHO, "profile") if f" {name}" in f" {named.split(' of the task')[0]}" and name in named.replace(",", "").split()] == sorted(
        warned.split(), key=(*WHO, "profile").index
    )
    values = {name: found.value for name, found in choice.used.items()}
    assert {name: getattr(choice.credential, name) for name in METHODS[method].takes} == {
        **dict.fromkeys(METHODS[method].takes),
        **values,
    }


def parts(given):
    """Letters of sources with the options of each, of a column of a row."""
    return [(part[0], [OPTIONS[option] for option in part[2:]]) for part in given.split()]
