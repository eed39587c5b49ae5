# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the wire to the services and back: reads calls, writes the log, lets faults strike, sends answers."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from .exchange import Answer, Call, html_answer
from .faults import Rule
from .world import World


@dataclass(frozen=True)
class Service:
    """A service: a name, how it answers, how it writes an error that a fault asks for, and whether it speaks TLS."""

    name: str
    answer: Callable[[World, Call], Answer]
    scripted: Callable[[World, Call, Rule], Answer] | None = None
    secure: bool = True

    @property
    def scheme(self) -> str:
        """Of its URL."""
        return "https" if self.secure else "http"


class Connections:
    """Numbers TCP connections, so that tests can tell kept-alive ones."""

    def __init__(self) -> None:
        self._numbers: weakref.WeakKeyDictionary[object, int] = weakref.WeakKeyDictionary()
        self._count = 0

    def number(self, transport: object) -> int:
        """The number of a connection."""
        if transport not in self._numbers:
            self._count += 1
            self._numbers[transport] = self._count
        return self._numbers[transport]


class Wire:
    """The handler of one listener."""

    def __init__(self, world: World, service: Service, connections: Connections) -> None:
        self._world, self._service, self._connections = world, service, connections

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        call = await _read(request)
        if self._service.scripted is None:
            return _response(self._service.answer(self._world, call))
        world = self._world
        entry = world.log.add(self._service.name, call, self._connections.number(request.transport), world.clock.now())
        if world.settings.latency_ms:
            await asyncio.sleep(world.settings.latency_ms / 1000)
        rule = world.faults.take(self._service.name, call.method, call.path)
        if rule is None:
            answer = self._service.answer(world, call)
            entry.status = answer.status
            return _response(answer)
        entry.fault = rule.action
        struck = await self._struck(request, call, rule)
        if struck is None:
            return _dropped(request)
        entry.status = struck.status
        return await _truncated(request, struck) if rule.action == "truncate" else _response(struck)

    async def _struck(self, request: web.Request, call: Call, rule: Rule) -> Answer | None:
        """The answer under a fault; None when there is none and the connection goes."""
        if rule.action == "stall" and not rule.after_effect:
            await asyncio.sleep(rule.seconds)
            if request.transport is None or request.transport.is_closing():
                # Whoever has given up must not be surprised by a late effect.
                return None
        answer = self._service.answer(self._world, call) if rule.carries_out else None
        if rule.action == "stall" and rule.after_effect:
            await asyncio.sleep(rule.seconds)
        if rule.action == "status":
            return self._scripted(call, rule)
        if rule.action == "html":
            return html_answer(rule.status or 502, "The service is unavailable.", rule.headers)
        return answer if rule.action in ("stall", "truncate") else None

    def _scripted(self, call: Call, rule: Rule) -> Answer:
        if self._service.scripted is None:
            raise RuntimeError(f"{self._service.name} has no faults")
        error = self._service.scripted(self._world, call, rule)
        if rule.body is not None:
            body = rule.body.encode()
        else:
            # Below 400 there is no error to describe: a redirect, say.
            body = error.body if error.status >= 400 else b""
        return Answer(error.status, {**error.headers, **rule.headers}, body)


async def _read(request: web.Request) -> Call:
    path, _mark, query = request.raw_path.partition("?")
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Call(request.method, path, query, headers, await request.read())


def _response(answer: Answer) -> web.Response:
    return web.Response(status=answer.status, headers=dict(answer.headers), body=answer.body or None)


def _dropped(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _truncated(request: web.Request, answer: Answer) -> web.StreamResponse:
    """The headers promise the whole body, half of it comes, and the connection ends."""
    response = web.StreamResponse(
        status=answer.status, headers={**answer.headers, "Content-Length": str(len(answer.body))}
    )
    response.force_close()
    await response.prepare(request)
    await response.write(answer.body[: len(answer.body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response
