# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import re
from datetime import date, datetime, timezone

import pytest
import yaml
from ansible.module_utils import basic

from ansible_collections.msgraph.identity.plugins.doc_fragments.graph import ModuleDocFragment as GraphFragment
from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import (
    APICONNECTOR,
    APICONNECTOR_CLIENT_CERTIFICATE,
    CONNECTOR,
    GRAPH,
    KEY_FILE,
    ArgumentSpec,
    secrets_in,
    without_empty,
)
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._settings import ENVIRONMENT

SPEC = APICONNECTOR_CLIENT_CERTIFICATE
LEAST = {"connector_id": "c", "content": "UEZY"}


def test_defaults_and_types():
    parameters = SPEC.validate({**LEAST, "ensure_active": "yes", "retries": "3", "expiry_warning_days": "0"})
    assert (parameters["ensure_active"], parameters["retries"], parameters["expiry_warning_days"]) == (True, 3, 0)
    assert {
        name: parameters[name]
        for name in SPEC.options
        if name not in ("ensure_active", "retries", "expiry_warning_days")
    } == {
        **{
            name: option.get("default")
            for name, option in SPEC.options.items()
            if name not in ("ensure_active", "retries", "expiry_warning_days")
        },
        **LEAST,
    }


@pytest.mark.parametrize("name, alias", [("tenant", "tenant_id"), ("secret", "client_secret")])
def test_aliases(name, alias):
    assert SPEC.validate({**LEAST, alias: "value"})[name] == "value"
    assert SPEC.validate({**LEAST, alias: "value", name: ""})[name] == "value"


# arguments → phrases of the error
REFUSED = {
    "no connector": ({"content": "UEZY"}, "one of the following is required: connector_id, connector_name"),
    "no certificate": ({"connector_id": "c"}, "one of the following is required: src, content"),
    "two connectors": (
        {**LEAST, "connector_name": "n"},
        "parameters are mutually exclusive: connector_id|connector_name",
    ),
    "two certificates": ({**LEAST, "src": "x.pfx"}, "parameters are mutually exclusive: src|content"),
    "unknown option": ({**LEAST, "thumbprint": "x"}, "Unsupported parameters: thumbprint"),
    "unknown method": (
        {**LEAST, "auth_method": "password"},
        "value of auth_method must be one of: auto, access_token, client_secret",
    ),
    "unknown cloud": (
        {**LEAST, "cloud_environment": "AzureGermanCloud"},
        "value of cloud_environment must be one of: AzureCloud, AzureUSGovernment",
    ),
    "unknown choice": (
        {**LEAST, "pkcs12_encryption": "strong"},
        "value of pkcs12_encryption must be one of: compatible, preserve",
    ),
    "wrong type": ({**LEAST, "retries": "many"}, "retries"),
    "number that is not whole": ({**LEAST, "timeout": 1.5}, "timeout"),
    "not a bool": ({**LEAST, "exclusive": "perhaps"}, "exclusive"),
    "only empty connectors": (
        {"connector_id": "", "connector_name": None, "content": "UEZY"},
        "one of the following is required: connector_id",
    ),
    "only empty certificates": (
        {"connector_id": "c", "src": "", "content": ""},
        "one of the following is required: src, content",
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_refused_arguments(case):
    arguments, phrase = case
    with pytest.raises(IdentityError) as caught:
        SPEC.validate(arguments)
    assert phrase in caught.value.message


@pytest.mark.parametrize(
    "arguments",
    [
        {"connector_id": "c", "connector_name": "", "content": "UEZY"},
        {"connector_id": None, "connector_name": "n", "content": "UEZY", "src": ""},
        {
            **LEAST,
            "certificate_password": "",
            "secret": "",
            "cloud_environment": "",
            "pkcs12_encryption": "",
            "retries": "",
            "exclusive": "",
        },
    ],
    ids=str,
)
def test_empty_is_absent(arguments):
    parameters = SPEC.validate(arguments)
    assert "" not in parameters.values()
    assert (parameters["pkcs12_encryption"], parameters["retries"], parameters["exclusive"]) == ("compatible", 5, False)


def test_falsy_values_are_values():
    assert without_empty({"a": 0, "b": False, "c": "", "d": None, "e": " ", "f": []}) == {
        "a": 0,
        "b": False,
        "e": " ",
        "f": [],
    }
    assert without_empty({"a": {"b": "", "c": {"d": None, "e": 1}}, "f": {}}) == {"a": {"c": {"e": 1}}, "f": {}}
    # Of two ways one is empty, or both.
    assert without_empty({"a": {"b": {"c": 1}, "d": {"e": ""}}}) == {"a": {"b": {"c": 1}}}
    assert without_empty({"a": {"b": {"c": ""}, "d": {"e": ""}}}) == {"a": {"b": {}, "d": {}}}


def test_arguments_are_not_changed():
    arguments = {**LEAST, "ensure_active": "yes", "secret": ""}
    SPEC.validate(arguments)
    assert arguments == {**LEAST, "ensure_active": "yes", "secret": ""}


def test_defaults_are_not_shared():
    SPEC.validate(LEAST)["retries"] = 99
    assert SPEC.validate(LEAST)["retries"] == 5


def test_merged_specs_have_all_options_and_rules():
    for part in (CONNECTOR, KEY_FILE, GRAPH):
        assert part.options.items() <= SPEC.options.items()
        assert set(part.mutually_exclusive) <= set(SPEC.mutually_exclusive)
        assert set(part.required_one_of) <= set(SPEC.required_one_of)
    assert ArgumentSpec({"a": {}}).merge(ArgumentSpec({"b": {}}, (("a", "b"),))) == ArgumentSpec(
        {"a": {}, "b": {}}, (("a", "b"),)
    )


def as_module(monkeypatch, arguments):
    """The parameters, or the failure, of an AnsibleModule that was given `arguments`."""
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    return SPEC.ansible_module()


def test_module_accepts_the_same(monkeypatch):
    arguments = {**LEAST, "tenant_id": "t", "exclusive": "yes", "retries": "0"}
    assert as_module(monkeypatch, arguments).params == SPEC.validate(arguments)


def test_module_supports_check_mode(monkeypatch):
    module = as_module(monkeypatch, {**LEAST, "_ansible_check_mode": True})
    assert module.check_mode is True


@pytest.mark.parametrize("name", [name for name in REFUSED if not name.startswith("only empty")])
def test_module_refuses_the_same(monkeypatch, capsys, name):
    arguments, phrase = REFUSED[name]
    with pytest.raises(SystemExit):
        as_module(monkeypatch, arguments)
    said = json.loads(capsys.readouterr().out)
    assert said["failed"] is True
    assert phrase.replace("Unsupported parameters: ", "") in said["msg"]


def test_dictionary_as_text():
    """As on a command line; what is empty in it counts as not given."""
    text = '{"basic": {"username": "u", "password": "p"}, "client_certificate": {"src": ""}}'
    given = APICONNECTOR.given({"connector_name": "x", "authentication": text, "target_url": ""})
    assert given == {"connector_name": "x", "authentication": {"basic": {"username": "u", "password": "p"}}}
    assert APICONNECTOR.given({"authentication": "nonsense"}) == {"authentication": "nonsense"}


def test_spec_as_one_option():
    option = ArgumentSpec({"a": {"type": "str"}, "b": {"type": "str"}}, mutually_exclusive=(("a", "b"),)).as_option()
    assert option == {
        "type": "dict",
        "options": {"a": {"type": "str"}, "b": {"type": "str"}},
        "mutually_exclusive": (("a", "b"),),
    }


def test_secrets_are_found_at_every_depth():
    authentication = {
        "basic": {"username": "user", "password": "s3cret"},
        "client_certificate": {"content": "UEZY", "certificate_password": None},
    }
    assert secrets_in({"connector_name": "x", "secret": "app", "authentication": authentication}) == {
        "app",
        "s3cret",
        "UEZY",
    }
    assert secrets_in({"connector_name": "x", "client_secret": "app"}) == {"app"}
    assert secrets_in({"connector_name": "x"}) == set()


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"connector_name": "x", "authentication": "basic"}, "argument 'authentication' is of type"),
        (
            {"connector_name": "x", "authentication": {"certificate": {}}},
            "Unsupported parameters: authentication.certificate",
        ),
        ({"name": "x"}, "Unsupported parameters: name"),
        ({"connector_name": "x", "state": "gone"}, "value of state must be one of: present, absent, got: gone"),
    ],
)
def test_of_several_errors_the_telling_one(arguments, message):
    with pytest.raises(IdentityError) as caught:
        APICONNECTOR.validate(arguments)
    assert caught.value.message.startswith(message)


def test_graph_options_are_those_of_the_fragment():
    documented = yaml.safe_load(GraphFragment.DOCUMENTATION)["options"]
    assert sorted(documented) == sorted(GRAPH.options)


def test_documented_variables_are_those_that_are_read():
    documented = yaml.safe_load(GraphFragment.DOCUMENTATION)["options"]
    for name, option in documented.items():
        said = [line for line in option["description"] if line.startswith("I(environment)")]
        assert [variable for line in said for variable in re.findall(r"E\((\w+)\)", line)] == list(
            ENVIRONMENT.get(name, ())
        )


def test_paths_are_expanded(monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    paths = [name for name, option in GRAPH.options.items() if option["type"] == "path"]
    assert paths == ["x509_certificate_path", "oidc_token_file_path", "ca_path"]
    for name in paths:
        assert SPEC.validate({**LEAST, name: "~/x"})[name] == "/home/somebody/x"


def test_secrets_are_not_logged_and_names_are():
    secret = {name for name, option in SPEC.options.items() if option.get("no_log")}
    assert secret == {
        "secret",
        "x509_certificate_password",
        "oidc_token",
        "access_token",
        "content",
        "private_key_content",
        "certificate_password",
    }
    for name in ("tenant", "client_id", "oidc_token_file_path"):
        assert SPEC.options[name]["no_log"] is False


@pytest.mark.parametrize(
    "value, words",
    [
        (83, "is a number for YAML"),
        (0, "is a number for YAML"),
        (1e10, "is a number for YAML"),
        (float("inf"), "is a number for YAML"),
        (True, "is a truth value for YAML"),
        (False, "is a truth value for YAML"),
        (date(2026, 1, 31), "is a date for YAML"),
        (datetime(2026, 1, 31, 12, tzinfo=timezone.utc), "is a date for YAML"),
    ],
    ids=repr,
)
@pytest.mark.parametrize(
    "spec, name, arguments",
    [
        (GRAPH, "secret", lambda value: {"secret": value}),
        (GRAPH, "client_secret", lambda value: {"client_secret": value}),
        (GRAPH, "access_token", lambda value: {"access_token": value}),
        (GRAPH, "x509_certificate_password", lambda value: {"x509_certificate_password": value}),
        (KEY_FILE, "content", lambda value: {"content": value}),
        (KEY_FILE, "private_key_content", lambda value: {"src": "a.pem", "private_key_content": value}),
        (
            APICONNECTOR,
            "password",
            lambda value: {
                "connector_name": "x",
                "authentication": {"basic": {"username": "u", "password": value}},
            },
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_secret_that_yaml_changed_is_refused_and_not_shown(spec, name, arguments, value, words):
    with pytest.raises(IdentityError) as caught:
        spec.validate(arguments(value))
    assert caught.value.message == f"{name} {words}, which may have changed it. Put the value in quotes."


def test_secret_in_a_dictionary_that_is_text_is_refused_too():
    text = '{"basic": {"username": "u", "password": 83}}'
    with pytest.raises(IdentityError, match="password is a number for YAML"):
        APICONNECTOR.validate({"connector_name": "x", "authentication": text})


@pytest.mark.parametrize("value, taken", [(1234, "1234"), (0, "0"), ("0123", "0123")])
def test_password_of_a_file_may_be_an_integer(value, taken):
    assert KEY_FILE.validate({"src": "a.pfx", "certificate_password": value})["certificate_password"] == taken


@pytest.mark.parametrize("value", [True, 1.5, date(2026, 1, 31)], ids=repr)
def test_password_of_a_file_is_nothing_else(value):
    with pytest.raises(IdentityError, match="certificate_password is a .* for YAML"):
        KEY_FILE.validate({"src": "a.pfx", "certificate_password": value})
