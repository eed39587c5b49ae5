# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the wire to the services and back: reads calls, writes the log, lets faults strike, sends answers."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from dataclasses import dataclass, replace

from aiohttp import web

from . import meanwhile, reshape, sending
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
        call, world, service = await _read(request), self._world, self._service
        if service.scripted is None:
            return sending.whole(service.answer(world, call))
        entry = world.log.add(service.name, call, self._connections.number(request.transport), world.clock.now())
        if world.settings.latency_ms:
            await asyncio.sleep(world.settings.latency_ms / 1000)
        rule = world.faults.take(service.name, call)
        if rule is None:
            answer = service.answer(world, call)
            entry.status = answer.status
            return sending.whole(answer)
        entry.fault = rule.action
        struck = await self._struck(request, call, rule)
        if struck is None:
            return sending.cut(request, rule)
        entry.status = struck.status
        return await sending.struck(request, struck, rule)

    async def _struck(self, request: web.Request, call: Call, rule: Rule) -> Answer | None:
        """The answer under a fault; None when there is none and the connection goes."""
        if not rule.after_effect and not await sending.waited(request, rule):
            # Whoever has given up must not be surprised by a late effect.
            return None
        answer = self._carried_out(call, rule)
        if rule.after_effect:
            await sending.waited(request, rule)
        return answer

    def _carried_out(self, call: Call, rule: Rule) -> Answer | None:
        """What comes of a call, and what others do about the same time."""
        world, service = self._world, self._service
        meanwhile.happen(rule.meanwhile, "before", world, call)
        answer: Answer | None = None
        if rule.carries_out:
            with world.lagging(int(rule.late.get("reads", 0)), rule.late.get("seconds", 0)):
                answer = service.answer(world, call)
        meanwhile.happen(rule.meanwhile, "after", world, call)
        if rule.action in ("status", "claims_challenge"):
            answer = self._scripted(call, rule)
        elif rule.action == "html":
            said = f"The service is unavailable. {reshape.echoed(call, rule)}".strip()
            answer = html_answer(rule.status or 502, said)
        elif rule.action in ("drop_before", "drop_after", "reset_before", "reset_after"):
            answer = None
        return answer and reshape.reshaped(answer, call, rule, world.graph_url, world.clock.now())

    def _scripted(self, call: Call, rule: Rule) -> Answer:
        if self._service.scripted is None:
            raise RuntimeError(f"{self._service.name} has no faults")
        if rule.echo:
            rule = replace(
                rule, message=f"{rule.message or 'The request was not understood:'} {reshape.echoed(call, rule)}"
            )
        error = self._service.scripted(self._world, call, rule)
        if rule.body is not None:
            return replace(error, body=rule.body.encode())
        # Below 400 there is no error to describe: a redirect, say.
        return error if error.status >= 400 else replace(error, body=b"")


async def _read(request: web.Request) -> Call:
    path, _mark, query = request.raw_path.partition("?")
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Call(request.method, path, query, headers, await request.read())
