# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft Graph: who may call what, and how errors are told; in v1.0 and beta alike."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass

from . import api_connectors, challenge, user_flows
from .errors import GraphError, bad_request, graph_document
from .exchange import Answer, Call, json_answer
from .faults import Rule
from .flows import B2C, B2X
from .operations import NAME as ANY
from .operations import Operation, Routes
from .permissions import CHALLENGE, authenticate, authorise
from .world import World

NAME = "graph"
VERSIONS = ("v1.0", "beta")
DEFAULT_CODES = {
    400: "BadRequest",
    401: "InvalidAuthenticationToken",
    403: "AADB2C",
    404: "AADB2C",
    409: "Directory_ConcurrencyViolation",
    429: "TooManyRequests",
    500: "AADB2C90063",
    502: "BadGateway",
    503: "ServiceUnavailable",
    504: "GatewayTimeout",
}
DEFAULT_MESSAGES = {429: "Too many requests.", 500: "There is a problem with the service."}


@dataclass(frozen=True)
class Resource:
    """One kind of things in a tenant: what it is called in paths, and the setting that says whether it is there."""

    name: str
    routes: Routes
    setting: str
    versions: tuple[str, ...] = VERSIONS


RESOURCES = {
    resource.name.lower(): resource
    for resource in (
        Resource("apiConnectors", api_connectors.ROUTES, "api_connectors"),
        *(
            Resource(kind.collection, user_flows.routes(kind), f"{kind.name}_user_flows", kind.versions)
            for kind in (B2X, B2C)
        ),
    )
}


def answer(world: World, call: Call) -> Answer:
    """What Graph answers to a call."""
    try:
        return _finished(world, call, _serve(world, call), str(uuid.uuid4()))
    except GraphError as error:
        return _failure(world, call, error)


def scripted(world: World, call: Call, rule: Rule) -> Answer:
    """The error answer a fault rule asks for."""
    if rule.action == "claims_challenge":
        return _failure(world, call, challenge.refusal(rule.claims, CHALLENGE))
    status = rule.status or 500
    code = rule.code or DEFAULT_CODES.get(status, "UnknownError")
    return _failure(
        world,
        call,
        GraphError(status, code, rule.message or DEFAULT_MESSAGES.get(status, "The request could not be processed.")),
    )


def _failure(world: World, call: Call, error: GraphError) -> Answer:
    request_id = str(uuid.uuid4())
    document = graph_document(error, world.clock, request_id, call.headers.get("client-request-id", request_id))
    return _finished(world, call, json_answer(error.status, document, error.headers, "application/json"), request_id)


def _finished(world: World, call: Call, given: Answer, request_id: str) -> Answer:
    headers = {**given.headers, "request-id": request_id, "Date": world.clock.http_date(), "Cache-Control": "no-cache"}
    if "client-request-id" in call.headers:
        headers["client-request-id"] = call.headers["client-request-id"]
    return Answer(given.status, headers, given.body)


def _serve(world: World, call: Call) -> Answer:
    claims = authenticate(call.bearer, world.issuer, world.audiences(), world.clock.now())
    _throttle(world, claims["tid"])
    version, resource, path, names = _route(call.segments)
    operations = resource.routes[path]
    if call.method not in operations:
        message = "Specified HTTP method is not allowed for the request target."
        raise GraphError(405, "Request_BadRequest", message, {"Allow": ", ".join(operations)})
    endpoint = operations[call.method]
    authorise(claims, endpoint.needs(world.settings))
    _check_offer(world, resource, claims["tid"], call)
    for name in call.parameters:
        if name.lower() not in endpoint.options:
            raise bad_request(f"The query option '{name}' is not supported.")
    return endpoint.serve(Operation(world, call, claims["tid"], version, f"identity/{resource.name}", names))


def _route(segments: tuple[str, ...]) -> tuple[str, Resource, tuple[str, ...], tuple[str, ...]]:
    """Version, resource, the kind of path below it, and the ids in it; only they mind their case."""
    version = segments[0].lower()
    if version not in VERSIONS:
        raise bad_request(f"Invalid version: {segments[0]}.")
    if len(segments) > 2 and segments[1].lower() == "identity" and segments[2].lower() in RESOURCES:
        resource, rest = RESOURCES[segments[2].lower()], segments[3:]
        for path in resource.routes if version in resource.versions else ():
            if len(path) == len(rest) and all(_fits(part, said) for part, said in zip(path, rest)):
                return version, resource, path, tuple(said for part, said in zip(path, rest) if part == ANY)
    raise GraphError(404, "BadRequest", f"Resource not found for the segment '{segments[-1]}'.")


def _fits(part: str, said: str) -> bool:
    return bool(said) if part == ANY else part.lower() == said.lower()


def _throttle(world: World, tenant_id: str) -> None:
    """Raise when a tenant has had its requests for now: one number for all of these resources and applications."""
    wait = world.bucket(tenant_id).take(world.clock.now(), world.settings)
    if wait:
        raise GraphError(429, "TooManyRequests", "Too many requests.", {"Retry-After": str(wait)})


def _check_offer(world: World, resource: Resource, tenant_id: str, call: Call) -> None:
    """Raise what a tenant answers that does not have the resource."""
    offer = getattr(world.settings, resource.setting)
    if offer == "sign_up_off":
        tenant = world.registry.find(tenant_id)
        name = tenant.domains[0] if tenant and tenant.domains else tenant_id
        message = f"The feature self service sign up is not enabled for the tenant '{name}'"
        raise bad_request(message, "AADB2C99039")
    if offer == "unknown_error":
        # The back end's own page of errors, as text in the message of Graph.
        address = f"https://cpim.windows.net/graph/{tenant_id}/{'/'.join(call.segments[1:])}"
        content = {"message": f"No HTTP resource was found that matches the request URI '{address}'."}
        raise GraphError(404, "UnknownError", json.dumps(content, separators=(",", ":")))
    if offer == "not_found":
        raise GraphError(404, "NotFound", "Requested API is not supported. Please check the path.")
