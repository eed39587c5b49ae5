# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft Graph: the six operations on /identity/apiConnectors, in v1.0 and beta alike."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from .connectors import Basic, Certificate, Certificates, Connector, Store, new_id, with_upload
from .errors import GraphError, bad_request, graph_document
from .exchange import Answer, Call, json_answer
from .faults import Rule
from .paging import place, skiptoken
from .payloads import Pfx, connector_document, read_changes, read_json, read_new_connector, read_upload
from .permissions import authenticate, authorise
from .pkcs12 import check_not_expired, open_pfx
from .world import World

NAME = "graph"
JSON = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
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
class Operation:
    """An operation on its way: what was asked, and of whom."""

    world: World
    call: Call
    store: Store
    version: str
    connector_id: str

    @property
    def now(self) -> float:
        """The time of the emulator."""
        return self.world.clock.now()


def answer(world: World, call: Call) -> Answer:
    """What Graph answers to a call."""
    try:
        return _finished(world, call, _serve(world, call), str(uuid.uuid4()))
    except GraphError as error:
        return _failure(world, call, error)


def scripted(world: World, call: Call, rule: Rule) -> Answer:
    """The error answer a fault rule asks for."""
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
    claims = authenticate(call.headers.get("authorization"), world.issuer, world.audiences(), world.clock.now())
    version, kind, connector_id = _route(call.segments)
    operations = OPERATIONS[kind]
    if call.method not in operations:
        message = "Specified HTTP method is not allowed for the request target."
        raise GraphError(405, "Request_BadRequest", message, {"Allow": ", ".join(operations)})
    authorise(claims, write=call.method != "GET")
    _check_query(call, kind)
    return operations[call.method](Operation(world, call, world.store(claims["tid"]), version, connector_id))


def _route(segments: tuple[str, ...]) -> tuple[str, str, str]:
    """Version, kind of target and connector id of a path; only the id minds its case."""
    names = [part.lower() for part in segments]
    if names[0] not in VERSIONS:
        raise bad_request(f"Invalid version: {segments[0]}.")
    expected = ("identity", "apiconnectors", None, "uploadclientcertificate")
    for position, part in enumerate(names[1:]):
        if position >= len(expected) or (part != expected[position] if expected[position] else not part):
            raise GraphError(404, "BadRequest", f"Resource not found for the segment '{segments[position + 1]}'.")
    if len(names) < 3:
        raise GraphError(404, "BadRequest", f"Resource not found for the segment '{segments[-1]}'.")
    kind = {3: "list", 4: "connector", 5: "upload"}[len(names)]
    return names[0], kind, segments[3] if len(segments) > 3 else ""


def _check_query(call: Call, kind: str) -> None:
    # $expand is documented and there is nothing to expand; everything else is not proven to work.
    allowed = {"$expand"} if call.method == "GET" else set()
    if call.method == "GET" and kind == "list":
        allowed.add("$skiptoken")
    for name in call.parameters:
        if name.lower() not in allowed:
            raise bad_request(f"The query option '{name}' is not supported.")


def _list(operation: Operation) -> Answer:
    world, parameters = operation.world, operation.call.parameters
    after = place(parameters["$skiptoken"]) if "$skiptoken" in parameters else 0
    connectors, next_place = operation.store.page(after, world.settings.page_size, operation.now)
    content: dict[str, Any] = {"@odata.context": _context(operation)}
    if next_place is not None:
        kept = "".join(f"{name}={quote(value)}&" for name, value in parameters.items() if name != "$skiptoken")
        content["@odata.nextLink"] = (
            f"{world.graph_url}/{operation.version}/identity/apiConnectors?{kept}$skiptoken={skiptoken(next_place)}"
        )
    content["value"] = [connector_document(connector, world.settings, operation.now) for connector in connectors]
    return json_answer(200, content, content_type=JSON)


def _get(operation: Operation) -> Answer:
    return _entity(200, operation, operation.store.read(operation.connector_id, operation.now))


def _create(operation: Operation) -> Answer:
    changes, settings = read_new_connector(read_json(operation.call)), operation.world.settings
    authentication = _replacement(operation, changes.authentication)
    connector = Connector(
        new_id(settings.id_form), changes.display_name or "", changes.target_url or "", authentication
    )
    operation.store.write(connector.id, connector, settings, operation.now)
    return _entity(
        201,
        operation,
        connector,
        {
            "Location": f"{operation.world.graph_url}/{operation.version}/identity/apiConnectors('{quote(connector.id)}')"
        },
    )


def _update(operation: Operation) -> Answer:
    connector = operation.store.current(operation.connector_id)
    changes = read_changes(read_json(operation.call))
    changed = replace(
        connector,
        display_name=changes.display_name or connector.display_name,
        target_url=changes.target_url or connector.target_url,
    )
    if changes.authentication is not None:
        changed = replace(changed, authentication=_replacement(operation, changes.authentication))
    operation.store.write(connector.id, changed, operation.world.settings, operation.now)
    return Answer(204)


def _delete(operation: Operation) -> Answer:
    connector = operation.store.current(operation.connector_id)
    operation.store.write(connector.id, None, operation.world.settings, operation.now)
    return Answer(204)


def _upload(operation: Operation) -> Answer:
    connector, settings = operation.store.current(operation.connector_id), operation.world.settings
    certificate = _certificate(operation, read_upload(read_json(operation.call)))
    changed = replace(connector, authentication=with_upload(connector.authentication, certificate, settings))
    operation.store.write(connector.id, changed, settings, operation.now)
    return _entity(200, operation, changed)


def _replacement(operation: Operation, wanted: Basic | Pfx | None) -> Basic | Certificates | None:
    """The whole authentication a create or an update puts in place."""
    return Certificates((_certificate(operation, wanted),)) if isinstance(wanted, Pfx) else wanted


def _certificate(operation: Operation, pfx: Pfx) -> Certificate:
    settings = operation.world.settings
    opened = open_pfx(pfx.pkcs12_value, pfx.password, settings.pfx_policy, settings.unprotected_pfx)
    if settings.upload_on_expired == "error":
        check_not_expired(opened, operation.now)
    return Certificate(opened.thumbprint, opened.not_before, opened.not_after, operation.store.next_upload())


def _entity(status: int, operation: Operation, connector: Connector, headers: dict[str, str] | None = None) -> Answer:
    document = connector_document(connector, operation.world.settings, operation.now)
    return json_answer(status, {"@odata.context": f"{_context(operation)}/$entity", **document}, headers, JSON)


def _context(operation: Operation) -> str:
    return f"{operation.world.graph_url}/{operation.version}/$metadata#identity/apiConnectors"


OPERATIONS: dict[str, dict[str, Callable[[Operation], Answer]]] = {
    "list": {"GET": _list, "POST": _create},
    "connector": {"GET": _get, "PATCH": _update, "DELETE": _delete},
    "upload": {"POST": _upload},
}
