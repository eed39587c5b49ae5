# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations on user flows, and on the API connectors that they call."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import quote, unquote

from .connectors import Connector
from .defaults import FLOW_READ_ROLE, FLOW_WRITE_ROLE
from .errors import GraphError, bad_request
from .exchange import Answer, json_answer
from .flows import CONFIGURATION, CONFIGURATION_TYPE, STEPS, Kind, UserFlow, flow_document, read_new_flow
from .operations import JSON, NAME, Endpoint, Operation, Routes, entity, listed
from .payloads import connector_document, read_json
from .settings import Settings
from .store import Store

REFERENCE = "@odata.id"


def routes(kind: Kind) -> Routes:
    """The paths below the collection of one kind of user flows."""
    return {
        (): {
            "GET": Endpoint(partial(_list, kind), _read, {"$skiptoken"}),
            "POST": Endpoint(partial(_create, kind), _write),
        },
        (NAME,): {
            "GET": Endpoint(partial(_get, kind), _read),
            "DELETE": Endpoint(partial(_delete, kind), _write),
        },
        (NAME, CONFIGURATION): {"GET": Endpoint(partial(_configuration, kind), _read_links, {"$expand"})},
        (NAME, CONFIGURATION, NAME, "$ref"): {"PUT": Endpoint(partial(_link, kind), _write)},
    }


def _read(settings: Settings) -> tuple[str, ...]:
    return FLOW_READ_ROLE, FLOW_WRITE_ROLE


def _write(settings: Settings) -> tuple[str, ...]:
    return (FLOW_WRITE_ROLE,)


def _read_links(settings: Settings) -> tuple[str, ...]:
    # The page of this one call does not name the permission to read.
    return _read(settings) if settings.read_links_with == "read" else _write(settings)


def _store(kind: Kind, operation: Operation) -> Store[UserFlow]:
    return operation.world.flows_of(operation.tenant, kind.name)


def _list(kind: Kind, operation: Operation) -> Answer:
    return listed(operation, _store(kind, operation), flow_document)


def _get(kind: Kind, operation: Operation) -> Answer:
    return entity(200, operation, flow_document(_store(kind, operation).read(operation.names[0], operation.now)))


def _create(kind: Kind, operation: Operation) -> Answer:
    flow = read_new_flow(kind, read_json(operation.call))
    if _store(kind, operation).exists(flow.id):
        raise bad_request(f"A user flow with the id '{flow.id}' already exists.", "AADB2C")
    _store(kind, operation).write(flow.id, flow, operation.world.settings, operation.now)
    location = f"{operation.root}/{operation.path}/{quote(flow.id)}"
    return entity(201, operation, flow_document(flow), {"Location": location})


def _delete(kind: Kind, operation: Operation) -> Answer:
    flow = _store(kind, operation).current(operation.names[0])
    _store(kind, operation).write(flow.id, None, operation.world.settings, operation.now)
    return Answer(204)


def _configuration(kind: Kind, operation: Operation) -> Answer:
    flow = _store(kind, operation).read(operation.names[0], operation.now)
    steps = _expanded(operation)
    expanded = f"({','.join(f'{step}()' for step in steps)})" if steps else ""
    context = f"{operation.root}/$metadata#{operation.path}('{quote(flow.id)}')/{CONFIGURATION}"
    content: dict[str, Any] = {"@odata.context": context + expanded}
    for step in steps:
        shown = _linked(operation, flow, step)
        if shown is not None:
            content[f"{step}@odata.context"] = f"{context}/{CONFIGURATION_TYPE}/{step}/$entity"
        if shown is not None or operation.world.settings.unlinked_step == "null":
            content[step] = shown
    return json_answer(200, content, content_type=JSON)


def _expanded(operation: Operation) -> list[str]:
    """The steps that `$expand` names."""
    text = operation.call.parameters.get("$expand")
    if text is None:
        return []
    steps = [step.strip() for step in text.split(",")]
    for step in steps:
        if step not in STEPS[operation.version]:
            raise bad_request(
                "Parsing OData Select and Expand failed: "
                f"Could not find a property named '{step}' on type '{CONFIGURATION_TYPE}'."
            )
    return steps


def _linked(operation: Operation, flow: UserFlow, step: str) -> dict[str, Any] | None:
    """The connector at a step as readers see it; nothing when there is none, or as the settings say when it is gone."""
    connector_id, settings = flow.links.get(step), operation.world.settings
    if connector_id is None:
        return None
    connectors = operation.world.connectors_of(operation.tenant)
    connector = connectors.shown(connector_id, operation.now)
    if connector is not None:
        return connector_document(connector, settings, operation.now)
    if settings.dangling_link == "not_found":
        raise connectors.not_found(connector_id)
    return {"id": connector_id} if settings.dangling_link == "id" else None


def _link(kind: Kind, operation: Operation) -> Answer:
    flow = _store(kind, operation).current(operation.names[0])
    step = next((known for known in STEPS[operation.version] if known.lower() == operation.names[1].lower()), None)
    if step is None:
        raise GraphError(404, "BadRequest", f"Resource not found for the segment '{operation.names[1]}'.")
    body, settings = read_json(operation.call), operation.world.settings
    if set(body) - {REFERENCE}:
        raise bad_request(f"A reference holds {REFERENCE}, or nothing.")
    connector_id = _referred(operation, body[REFERENCE]).id if body else None
    if settings.link_effect == "applied":
        _store(kind, operation).write(flow.id, flow.linked(step, connector_id), settings, operation.now)
    return Answer(204)


def _referred(operation: Operation, address: Any) -> Connector:
    """The connector whose URL it is."""
    for root in operation.world.audiences():
        if isinstance(address, str) and address.startswith(f"{root}/"):
            version, *path, name = address.removeprefix(f"{root}/").split("/")
            if version in STEPS and "/".join(path).lower() == "identity/apiconnectors" and name:
                return _known(operation, unquote(name))
    raise bad_request(f"The value of {REFERENCE} is not the URL of an API connector.")


def _known(operation: Operation, connector_id: str) -> Connector:
    connectors = operation.world.connectors_of(operation.tenant)
    if not connectors.exists(connector_id) and operation.world.settings.link_to_missing == "bad_request":
        raise bad_request(f"The API connector '{connector_id}' does not exist.", "AADB2C")
    return connectors.current(connector_id)
