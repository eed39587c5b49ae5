# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What gives a machine tokens for its managed identities: IMDS of a virtual machine, App Service, and Azure Arc."""

from __future__ import annotations

import hmac
import uuid

from .errors import MetadataError
from .exchange import Answer, Call, html_answer, json_answer
from .faults import Rule
from .registry import ManagedIdentity
from .tokens import identity_claims
from .world import World

NAME = "metadata"
IMDS_PATH = "/metadata/identity/oauth2/token"
APP_SERVICE_PATH = "/msi/token"
# On real machines these are two services on two addresses; the version tells which one is meant.
IMDS_VERSION = "2018-02-01"
ARC_VERSION = "2020-06-01"
APP_SERVICE_VERSION = "2019-08-01"
IDENTITY_HEADER = "x-identity-header"


def answer(world: World, call: Call) -> Answer:
    """What the machine answers to a call."""
    try:
        return _serve(world, call)
    except MetadataError as error:
        return _failure(call, error)


def scripted(world: World, call: Call, rule: Rule) -> Answer:
    """The error answer a fault rule asks for; `code` is the OAuth error of IMDS."""
    message = rule.message or "Failed to retrieve token from the Active directory. For details see logs."
    return _failure(call, MetadataError(rule.status or 500, message, rule.code or "unknown"))


def _failure(call: Call, error: MetadataError) -> Answer:
    if call.path == APP_SERVICE_PATH:
        return json_answer(
            error.status,
            {"statusCode": error.status, "message": str(error), "correlationId": str(uuid.uuid4())},
            error.headers,
        )
    return json_answer(error.status, {"error": error.error, "error_description": str(error)}, error.headers)


def _serve(world: World, call: Call) -> Answer:
    if call.path not in (IMDS_PATH, APP_SERVICE_PATH):
        return html_answer(404, "404 - Not Found")
    if call.method != "GET":
        return html_answer(405, "405 - Method Not Allowed", {"Allow": "GET"})
    if call.path == APP_SERVICE_PATH:
        return _app_service(world, call)
    if "x-forwarded-for" in call.headers:
        raise MetadataError(400, "Requests with the header X-Forwarded-For are not allowed")
    if call.headers.get("metadata") != "true":
        raise MetadataError(400, "Required metadata header not specified", "bad_request_102")
    version = call.parameters.get("api-version")
    if version == ARC_VERSION:
        return _arc(world, call)
    if version != IMDS_VERSION:
        said = "Bad request. api-version is invalid or was not specified in the request."
        return json_answer(400, {"error": said, "newest-versions": [ARC_VERSION, IMDS_VERSION]})
    return json_answer(200, _imds_token(world, call))


def _imds_token(world: World, call: Call) -> dict[str, str]:
    resource = call.parameters.get("resource")
    if not resource:
        raise MetadataError(400, "Required query variable 'resource' is missing")
    if resource not in world.audiences():
        tenant = world.registry.machine().id
        raise MetadataError(
            400,
            f"AADSTS500011: The resource principal named {resource} was not found in the tenant named {tenant}.",
            "invalid_resource",
        )
    lifetime = str(world.settings.token_lifetime)
    token = _token(world, _identity(world, call, "Identity not found"), resource)
    return {**token, "expires_in": lifetime, "ext_expires_in": lifetime, "not_before": str(int(world.clock.now()))}


def _app_service(world: World, call: Call) -> Answer:
    if IDENTITY_HEADER not in call.headers:
        raise MetadataError(401, "The header X-IDENTITY-HEADER is missing.")
    if not hmac.compare_digest(call.headers[IDENTITY_HEADER].encode(), world.identity_header.encode()):
        raise MetadataError(403, "The header X-IDENTITY-HEADER is not that of this site.")
    version, resource = call.parameters.get("api-version"), call.parameters.get("resource")
    if version != APP_SERVICE_VERSION:
        raise MetadataError(400, f"The api-version '{version}' is not supported.")
    if not resource:
        raise MetadataError(400, "The parameter 'resource' is required.")
    if resource not in world.audiences():
        raise MetadataError(500, "An unexpected error occured while fetching the AAD Token.")
    kind = "User Assigned or Delegated Managed Identity" if call.parameters.get("client_id") else "Managed Identity"
    return json_answer(
        200,
        _token(
            world, _identity(world, call, f"No {kind} found for specified ClientId/ResourceId/PrincipalId."), resource
        ),
    )


def _arc(world: World, call: Call) -> Answer:
    scheme, _blank, key = call.headers.get("authorization", "").partition(" ")
    if scheme != "Basic" or not world.arc_keys.redeem(key):
        # Whoever can read the file, may have the token.
        raise MetadataError(
            401,
            "Missing Basic Authorization header",
            "unauthorized_client",
            {"WWW-Authenticate": f"Basic realm={world.arc_keys.make()}"},
        )
    return json_answer(200, _imds_token(world, call))


def _identity(world: World, call: Call, otherwise: str) -> ManagedIdentity:
    unknown = set(call.parameters) - {"api-version", "resource", "client_id"}
    if unknown:
        raise MetadataError(400, f"Unknown query variable '{min(unknown)}'")
    tenant, client_id = world.registry.machine(), call.parameters.get("client_id")
    if not client_id and not tenant.system_assigned and len(tenant.user_assigned) > 1:
        raise MetadataError(
            400,
            "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in the token request",
        )
    identity = tenant.identity(client_id)
    if identity is None:
        raise MetadataError(400, otherwise)
    return identity


def _token(world: World, identity: ManagedIdentity, resource: str) -> dict[str, str]:
    now, lifetime = world.clock.now(), world.settings.token_lifetime
    claims = identity_claims(world.registry.machine().id, identity.client_id, resource, identity.roles)
    return {
        "access_token": world.issuer.issue(claims, now, lifetime),
        "client_id": identity.client_id,
        "expires_on": str(int(now + lifetime)),
        "resource": resource,
        "token_type": "Bearer",
    }
