# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""User flows: what they are, at which steps they call API connectors, and their JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .errors import bad_request
from .payloads import NAMESPACE, ODATA_TYPE, check_names, text_of


@dataclass(frozen=True)
class Kind:
    """The user flows of workforce tenants, or those of Azure AD B2C."""

    name: str
    collection: str
    type_name: str
    prefix: str
    versions: tuple[str, ...]
    flow_types: tuple[str, ...]
    more: Mapping[str, Any]


B2X = Kind(
    "b2x", "b2xUserFlows", NAMESPACE + "b2xIdentityUserFlow", "B2X_1_", ("v1.0", "beta"), ("signUpOrSignIn",), {}
)
B2C = Kind(
    "b2c",
    "b2cUserFlows",
    NAMESPACE + "b2cIdentityUserFlow",
    "B2C_1_",
    ("beta",),
    ("signUp", "signIn", "signUpOrSignIn", "passwordReset", "profileUpdate", "resourceOwner"),
    {"isLanguageCustomizationEnabled": False, "defaultLanguageTag": None},
)
KINDS = {kind.name: kind for kind in (B2X, B2C)}
CONFIGURATION = "apiConnectorConfiguration"
CONFIGURATION_TYPE = NAMESPACE + "userFlowApiConnectorConfiguration"
# The third one stands in the metadata of beta only.
STEPS = {
    "v1.0": ("postFederationSignup", "postAttributeCollection"),
    "beta": ("postFederationSignup", "postAttributeCollection", "preTokenIssuance"),
}


@dataclass(frozen=True)
class UserFlow:
    """A user flow; `links` are the ids of the connectors that it calls, by step."""

    id: str
    flow_type: str
    flow_type_version: float = 1
    more: Mapping[str, Any] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)

    def linked(self, step: str, connector_id: str | None) -> UserFlow:
        """This flow with another connector at a step, or with none."""
        others = {name: value for name, value in self.links.items() if name != step}
        links = others if connector_id is None else {**others, step: connector_id}
        return replace(self, links=links)

    def without(self, connector_id: str) -> UserFlow:
        """This flow without a connector at any step."""
        links = {step: linked for step, linked in self.links.items() if linked != connector_id}
        return replace(self, links=links)


def full_id(kind: Kind, name: str) -> str:
    """The id that a name gets: with the prefix of its kind."""
    return name if name.startswith(kind.prefix) else kind.prefix + name


def read_new_flow(kind: Kind, body: Mapping[str, Any]) -> UserFlow:
    """The body of a create. A configuration of connectors may be in it, but has never linked anything."""
    properties = {"id", "userFlowType", "userFlowTypeVersion", CONFIGURATION, "identityProviders", *kind.more}
    check_names(body, {ODATA_TYPE, *properties}, kind.type_name)
    flow_type, version = text_of(body, "userFlowType"), body.get("userFlowTypeVersion")
    if flow_type not in kind.flow_types:
        raise bad_request(f"The userFlowType must be {' or '.join(kind.flow_types)}.", "AADB2C")
    if not isinstance(version, (int, float)) or isinstance(version, bool):
        raise bad_request("The property 'userFlowTypeVersion' is missing or no number.")
    if not isinstance(body.get(CONFIGURATION, {}), dict):
        raise bad_request(f"The property '{CONFIGURATION}' must be an object.")
    more = {name: body.get(name, usual) for name, usual in kind.more.items()}
    return UserFlow(full_id(kind, text_of(body, "id")), flow_type, version, more)


def flow_document(flow: UserFlow) -> dict[str, Any]:
    """A user flow as Graph shows it: never with its connectors."""
    return {
        "id": flow.id,
        "userFlowType": flow.flow_type,
        "userFlowTypeVersion": flow.flow_type_version,
        **flow.more,
        CONFIGURATION: {},
    }
