# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Argument specs: what each module accepts, composed of what several share."""

from __future__ import annotations

import typing as t
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.validation import check_type_dict
from ansible.module_utils.errors import NoLogError, UnsupportedError

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._urls import values as values_in_url
from ansible_collections.msgraph.identity.plugins.module_utils._urls import without_values


@dataclass(frozen=True)
class ArgumentSpec:
    """Options with the rules that tie them together."""

    options: dict[str, dict[str, t.Any]]
    mutually_exclusive: tuple[tuple[str, ...], ...] = field(default=())
    required_one_of: tuple[tuple[str, ...], ...] = field(default=())

    def merge(self, other: ArgumentSpec) -> ArgumentSpec:
        """Both specs as one."""
        return ArgumentSpec(
            {**self.options, **other.options},
            self.mutually_exclusive + other.mutually_exclusive,
            self.required_one_of + other.required_one_of,
        )

    def as_option(self) -> dict[str, t.Any]:
        """This spec as that of one option that is a dictionary."""
        rules = {"mutually_exclusive": self.mutually_exclusive, "required_one_of": self.required_one_of}
        return {"type": "dict", "options": self.options, **{name: rule for name, rule in rules.items() if rule}}

    def ansible_module(self) -> AnsibleModule:
        """The AnsibleModule for this spec; exits by itself when the arguments do not fit."""
        return AnsibleModule(
            argument_spec=self.options,
            mutually_exclusive=self.mutually_exclusive,
            required_one_of=self.required_one_of,
            supports_check_mode=True,
        )

    def given(self, arguments: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """`arguments` of a task without those that are empty; a dictionary may be written as text, as on a command
        line.
        """
        coerced = dict(arguments)
        for name, option in self.options.items():
            if option["type"] == "dict" and isinstance(coerced.get(name), str) and coerced[name]:
                with suppress(TypeError):  # for the validation to say
                    coerced[name] = check_type_dict(coerced[name])
        return without_empty(coerced)

    def require_text(self, arguments: t.Mapping[str, t.Any]) -> None:
        """Refuse secrets that YAML has made another value of: `0123` is 83 for it, `yes` is true, `2026-01-31` a date.

        :raises IdentityError: naming the option, and never the value
        """
        for name, option in self.options.items():
            for given in (name, *option.get("aliases", ())):
                value = arguments.get(given)
                if option.get("no_log") and not (name in MAY_BE_AN_INTEGER and is_integer(value)):
                    _require_text(given, value)
                elif isinstance(value, dict) and "options" in option:
                    ArgumentSpec(option["options"]).require_text(value)

    def validate(self, arguments: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """`arguments` of a task coerced and completed as AnsibleModule would do it; an empty string is no value.

        :raises IdentityError: when they do not fit
        """
        given = self.given(arguments)
        self.require_text(given)
        validator = ArgumentSpecValidator(
            self.options, mutually_exclusive=self.mutually_exclusive, required_one_of=self.required_one_of
        )
        result = validator.validate(given)
        if result.error_messages:
            # A misspelt option first, as it is the cause of others; last what does not name the option.
            errors = sorted(
                result.errors, key=lambda error: isinstance(error, NoLogError) - isinstance(error, UnsupportedError)
            )
            prefix = "Unsupported parameters: " if isinstance(errors[0], UnsupportedError) else ""
            raise IdentityError(prefix + errors[0].msg)
        return dict(result.validated_parameters)


# It opens a file or it does not: a wrong one sets nothing.
MAY_BE_AN_INTEGER = ("certificate_password",)


def is_integer(value: t.Any) -> bool:
    """Whether YAML took a value for a whole number."""
    return isinstance(value, int) and not isinstance(value, bool)


def _require_text(name: str, value: t.Any) -> None:
    kinds: tuple[tuple[t.Any, str], ...] = ((bool, "a truth value"), ((int, float), "a number"), (date, "a date"))
    for kind, described in kinds:
        if isinstance(value, kind):
            raise IdentityError(f"{name} is {described} for YAML, which may have changed it. Put the value in quotes.")


def without_empty(arguments: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """`arguments` without those that are None or an empty string, at every depth: surveys and credential types send
    those for "not given".
    """
    given = {
        name: _without_empty_alternatives(value) if isinstance(value, dict) else value
        for name, value in arguments.items()
    }
    return {name: value for name, value in given.items() if value is not None and value != ""}


def _without_empty_alternatives(options: dict[str, t.Any]) -> dict[str, t.Any]:
    """A form for two ways leaves one of them empty. When both are, that is for the validation to say."""
    given = without_empty(options)
    return {name: value for name, value in given.items() if value != {}} or given


GRAPH = ArgumentSpec(
    {
        "auth_method": {
            "type": "str",
            "default": "auto",
            "choices": [
                "auto",
                "access_token",
                "client_secret",
                "client_certificate",
                "federated_token",
                "managed_identity",
                "azure_cli",
            ],
        },
        "tenant": {"type": "str", "aliases": ["tenant_id"], "no_log": False},
        "client_id": {"type": "str", "no_log": False},
        "secret": {"type": "str", "aliases": ["client_secret"], "no_log": True},
        "x509_certificate_path": {"type": "path"},
        "x509_certificate_password": {"type": "str", "no_log": True},
        "oidc_token": {"type": "str", "no_log": True},
        "oidc_token_file_path": {"type": "path", "no_log": False},
        "access_token": {"type": "str", "no_log": True},
        "cloud_environment": {
            "type": "str",
            "choices": ["AzureCloud", "AzureUSGovernment", "AzureUSGovernmentL5", "AzureChinaCloud"],
        },
        "authority_host": {"type": "str"},
        "graph_url": {"type": "str"},
        "profile": {"type": "str"},
        "api_version": {"type": "str", "default": "v1.0", "choices": ["v1.0", "beta"]},
        "validate_certs": {"type": "bool", "default": True},
        "ca_path": {"type": "path"},
        "timeout": {"type": "int", "default": 30},
        "retries": {"type": "int", "default": 5},
        "retry_timeout": {"type": "int", "default": 180},
    }
)

CONNECTOR = ArgumentSpec(
    {"connector_id": {"type": "str"}, "connector_name": {"type": "str"}},
    mutually_exclusive=(("connector_id", "connector_name"),),
    required_one_of=(("connector_id", "connector_name"),),
)

KEY_FILE = ArgumentSpec(
    {
        "src": {"type": "path"},
        "content": {"type": "str", "no_log": True},
        "private_key_src": {"type": "path", "no_log": False},
        "private_key_content": {"type": "str", "no_log": True},
        "decrypt": {"type": "bool", "default": True},
        "certificate_password": {"type": "str", "no_log": True},
        "pkcs12_encryption": {"type": "str", "default": "compatible", "choices": ["compatible", "preserve"]},
    },
    mutually_exclusive=(("src", "content"), ("private_key_src", "private_key_content")),
    required_one_of=(("src", "content"),),
)

APICONNECTOR_CLIENT_CERTIFICATE = (
    ArgumentSpec(
        {
            "ensure_active": {"type": "bool", "default": False},
            "exclusive": {"type": "bool", "default": False},
            "replace_basic_authentication": {"type": "bool", "default": False},
            "expiry_warning_days": {"type": "int", "default": 30},
        }
    )
    .merge(CONNECTOR)
    .merge(KEY_FILE)
    .merge(GRAPH)
)

BASIC = ArgumentSpec(
    {
        "username": {"type": "str", "required": True},
        "password": {"type": "str", "required": True, "no_log": True},
        "update_password": {"type": "str", "default": "on_create", "choices": ["always", "on_create"], "no_log": False},
    }
)

AUTHENTICATION = ArgumentSpec(
    {"basic": BASIC.as_option(), "client_certificate": KEY_FILE.as_option()},
    mutually_exclusive=(("basic", "client_certificate"),),
    required_one_of=(("basic", "client_certificate"),),
)

APICONNECTOR = ArgumentSpec(
    {
        "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
        "connector_id": {"type": "str"},
        "connector_name": {"type": "str"},
        "target_url": {"type": "str"},
        "authentication": AUTHENTICATION.as_option(),
    },
    required_one_of=(("connector_id", "connector_name"),),
).merge(GRAPH)

APICONNECTOR_INFO = ArgumentSpec(
    {"connector_id": {"type": "str"}, "connector_name": {"type": "str"}, "expiring_within_days": {"type": "int"}},
    mutually_exclusive=(("connector_id", "connector_name"),),
).merge(GRAPH)

# Options whose values are kept out of every result, under each of their names.
SECRET_OPTIONS = tuple(
    name
    for spec in (GRAPH, KEY_FILE, BASIC)
    for first, option in spec.options.items()
    if option.get("no_log")
    for name in (first, *option.get("aliases", ()))
)


# An option that may hold a secret without being one.
URL = "target_url"


def open_in(parameters: t.Mapping[str, t.Any]) -> set[str]:
    """The texts among `parameters` that are values of other options, at every depth; of a URL what may be shown."""
    values = {name: value for name, value in parameters.items() if name not in SECRET_OPTIONS}
    found = {
        str(without_values(value)) if name == URL else value for name, value in values.items() if isinstance(value, str)
    }
    return found.union(*(open_in(value) for value in values.values() if isinstance(value, dict)))


def secrets_in(parameters: t.Mapping[str, t.Any]) -> set[str]:
    """The values of the secret options among `parameters`, at every depth, and those in a URL."""
    found = {str(value) for name, value in parameters.items() if name in SECRET_OPTIONS and value}
    found |= values_in_url(str(parameters.get(URL) or ""))
    return found.union(*(secrets_in(value) for value in parameters.values() if isinstance(value, dict)))
