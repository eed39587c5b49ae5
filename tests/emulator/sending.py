# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How an answer goes over the wire: whole, in part, byte by byte, after many beginnings, or not at all."""

from __future__ import annotations

import asyncio
import socket
import struct
from http import HTTPStatus

from aiohttp import web

from .exchange import Answer
from .faults import Rule


def whole(answer: Answer) -> web.Response:
    """An answer as it should be."""
    return web.Response(status=answer.status, headers=dict(answer.headers), body=answer.body or None)


async def waited(request: web.Request, rule: Rule) -> bool:
    """Keep the client waiting, silently or with interim answers; whether it is still there then."""
    if rule.action == "stall":
        await asyncio.sleep(rule.seconds)
    if rule.action == "interim":
        sent = 0
        while not _gone(request) and (rule.count is None or sent < rule.count):
            _write(request, f"HTTP/1.1 {rule.interim} {_phrase(rule.interim)}\r\n\r\n".encode())
            await asyncio.sleep(rule.seconds)
            sent += 1
    return not _gone(request)


async def struck(request: web.Request, answer: Answer, rule: Rule) -> web.StreamResponse:
    """An answer as a rule lets it through."""
    if rule.action == "truncate":
        return await _truncated(request, answer)
    if rule.action == "drip":
        return await (_dripped_body(request, answer, rule) if rule.part == "body" else _dripped(request, answer, rule))
    return whole(answer)


def cut(request: web.Request, rule: Rule) -> web.Response:
    """No answer at all: the connection ends, or is reset."""
    transport = request.transport
    if transport is not None:
        connection = transport.get_extra_info("socket")
        if rule.action in ("reset_before", "reset_after") and connection is not None:
            # Closing with nothing to linger for sends RST instead of FIN.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response()


async def _truncated(request: web.Request, answer: Answer) -> web.StreamResponse:
    """The headers promise the whole body, half of it comes, and the connection ends."""
    response = _promised(answer)
    await response.prepare(request)
    await response.write(answer.body[: len(answer.body) // 2])
    if request.transport is not None:
        request.transport.close()
    return response


async def _dripped_body(request: web.Request, answer: Answer, rule: Rule) -> web.StreamResponse:
    """The headers come at once, the body in pieces."""
    response = _promised(answer)
    await response.prepare(request)
    for piece in _pieces(answer.body, rule.size):
        if _gone(request):
            break
        await response.write(piece)
        await asyncio.sleep(rule.seconds)
    return response


async def _dripped(request: web.Request, answer: Answer, rule: Rule) -> web.StreamResponse:
    """Everything in pieces, from the first byte of the status line on."""
    headers = {**answer.headers, "Content-Length": str(len(answer.body)), "Connection": "close"}
    lines = [f"HTTP/1.1 {answer.status} {_phrase(answer.status)}", *(f"{name}: {headers[name]}" for name in headers)]
    for piece in _pieces("\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body, rule.size):
        if _gone(request):
            break
        _write(request, piece)
        await asyncio.sleep(rule.seconds)
    if request.transport is not None:
        request.transport.close()
    return web.Response()


def _promised(answer: Answer) -> web.StreamResponse:
    response = web.StreamResponse(
        status=answer.status, headers={**answer.headers, "Content-Length": str(len(answer.body))}
    )
    response.force_close()
    return response


def _pieces(content: bytes, size: int) -> list[bytes]:
    return [content[start : start + size] for start in range(0, len(content), size)]


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _write(request: web.Request, content: bytes) -> None:
    if request.transport is not None:
        request.transport.write(content)
