# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The control API: how tests look at the emulator and change what it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from . import defaults, faults, flow_seeds, seeds, tokens
from .errors import ControlError
from .exchange import Answer, Call, json_answer
from .registry import Registry
from .world import World

NAME = "control"
MINT = {"tenant", "client_id", "audience", "lifetime", "roles", "scp", "wids"}


def answer(world: World, call: Call) -> Answer:
    """What the control API answers to a call."""
    methods = RESOURCES.get(call.path)
    try:
        if methods is None:
            raise ControlError(f"there is no {call.path}, only {', '.join(RESOURCES)}", 404)
        if call.method not in methods:
            raise ControlError(f"{call.path} takes {', '.join(methods)}", 405)
        return json_answer(200, methods[call.method](world, _body(call)))
    except ControlError as error:
        return json_answer(error.status, {"error": str(error)})


def _body(call: Call) -> Any:
    try:
        return call.json() if call.body else None
    except ValueError as exc:
        raise ControlError(f"the body is no JSON: {exc}") from exc


def _object(body: Any, known: set[str]) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise ControlError("a JSON object is needed")
    unknown = set(body) - known
    if unknown:
        raise ControlError(f"unknown {', '.join(sorted(unknown))}, only {', '.join(sorted(known))}")
    return body


def _health(world: World, body: Any) -> Any:
    return {"status": "ok", **world.identity()}


def _requests(world: World, body: Any) -> Any:
    return [entry.document() for entry in world.log.entries]


def _clear_requests(world: World, body: Any) -> Any:
    world.log.clear()
    return {}


def _settings(world: World, body: Any) -> Any:
    return world.settings.document()


def _change_settings(world: World, body: Any) -> Any:
    world.settings = world.settings.changed(body)
    return world.settings.document()


def _faults(world: World, body: Any) -> Any:
    return [rule.document() for rule in world.faults.rules]


def _add_faults(world: World, body: Any) -> Any:
    world.faults.rules += [faults.parse(document) for document in (body if isinstance(body, list) else [body])]
    return _faults(world, None)


def _clear_faults(world: World, body: Any) -> Any:
    world.faults.rules.clear()
    return []


def _clock(world: World, body: Any) -> Any:
    return {"now": world.clock.now(), "offset": world.clock.offset}


def _move_clock(world: World, body: Any) -> Any:
    moves = _object(body, {"offset", "advance"})
    if len(moves) != 1 or not all(
        isinstance(value, (int, float)) and not isinstance(value, bool) for value in moves.values()
    ):
        raise ControlError("clock: one of offset and advance is needed, in seconds")
    world.clock.offset = moves["offset"] if "offset" in moves else world.clock.offset + moves["advance"]
    return _clock(world, None)


def _connectors(world: World, body: Any) -> Any:
    now, rule = world.clock.now(), world.settings.active_rule
    return [
        {"tenant": tenant, **seeds.document(connector, now, rule)}
        for tenant, store in world.connectors.items()
        for connector in store.everything()
    ]


def _add_connectors(world: World, body: Any) -> Any:
    if isinstance(body, list):
        return {"ids": [world.seed(document) for document in body]}
    return {"id": world.seed(body)}


def _clear_connectors(world: World, body: Any) -> Any:
    world.connectors.clear()
    return []


def _user_flows(world: World, body: Any) -> Any:
    return [
        {"tenant": tenant, **flow_seeds.document(kind, flow)}
        for (tenant, kind), store in world.flows.items()
        for flow in store.everything()
    ]


def _add_user_flows(world: World, body: Any) -> Any:
    if isinstance(body, list):
        return {"ids": [world.seed_flow(document) for document in body]}
    return {"id": world.seed_flow(body)}


def _clear_user_flows(world: World, body: Any) -> Any:
    world.flows.clear()
    return []


def _mint(world: World, body: Any) -> Any:
    wanted = _object(body or {}, MINT)
    first = world.registry.first()
    tenant = str(wanted.get("tenant", first.id))
    client_id = str(
        wanted.get("client_id", next(iter(app.client_id for app in first.apps.values()), defaults.CLIENT_ID))
    )
    audience = str(wanted.get("audience", world.graph_url))
    lifetime = wanted.get("lifetime", world.settings.token_lifetime)
    if not isinstance(lifetime, (int, float)):
        raise ControlError("tokens: lifetime must be seconds")
    if "scp" in wanted:
        claims = tokens.user_claims(tenant, client_id, audience, str(wanted["scp"]), wanted.get("wids", []))
    else:
        claims = tokens.app_claims(tenant, client_id, audience, wanted.get("roles", [defaults.WRITE_ROLE]))
    return {"access_token": world.issuer.issue(claims, world.clock.now(), lifetime), "expires_in": lifetime}


def _revoke(world: World, body: Any) -> Any:
    world.issuer.revoke_all()
    return {}


def _tenants(world: World, body: Any) -> Any:
    return world.registry.document


def _replace_tenants(world: World, body: Any) -> Any:
    world.registry = Registry(body)
    return world.registry.document


def _reset(world: World, body: Any) -> Any:
    world.reset()
    return {}


RESOURCES: dict[str, dict[str, Callable[[World, Any], Any]]] = {
    "/health": {"GET": _health},
    "/requests": {"GET": _requests, "DELETE": _clear_requests},
    "/settings": {"GET": _settings, "PATCH": _change_settings},
    "/faults": {"GET": _faults, "POST": _add_faults, "DELETE": _clear_faults},
    "/clock": {"GET": _clock, "PATCH": _move_clock},
    "/connectors": {"GET": _connectors, "POST": _add_connectors, "DELETE": _clear_connectors},
    "/user_flows": {"GET": _user_flows, "POST": _add_user_flows, "DELETE": _clear_user_flows},
    "/tokens": {"POST": _mint, "DELETE": _revoke},
    "/tenants": {"GET": _tenants, "PUT": _replace_tenants},
    "/reset": {"POST": _reset},
}
