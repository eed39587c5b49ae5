# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The listeners on loopback, from start to stop."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme
from aiohttp import web

from . import control, entra, graph, metadata
from .wire import Connections, Service, Wire
from .world import Addresses, World

SERVICES = (
    Service(entra.NAME, entra.answer, entra.scripted),
    Service(graph.NAME, graph.answer, graph.scripted),
    Service(control.NAME, control.answer),
    # On the machine itself, so without TLS.
    Service(metadata.NAME, metadata.answer, metadata.scripted, secure=False),
)
LARGEST_BODY = 64 * 1024 * 1024
ATTEMPTS = 20


@dataclass(frozen=True)
class Options:
    """How to run; `parent` is the process without which there is no reason to."""

    directory: Path
    config: Mapping[str, Any]
    port_base: int | None = None
    parent: int | None = None


async def serve(options: Options, announce: Callable[[dict[str, Any]], None]) -> None:
    """Serve until SIGTERM or SIGINT; `announce` gets the addresses once all listeners answer."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    ca_path, context = _certificates(options.directory)
    listeners = [
        _sockets(0 if options.port_base is None else options.port_base + index) for index in range(len(SERVICES))
    ]
    urls = {
        service.name: f"{service.scheme}://localhost:{sockets[0].getsockname()[1]}"
        for service, sockets in zip(SERVICES, listeners)
    }
    world = World(options.config, Addresses(urls["entra"], urls["graph"], urls["metadata"], options.directory))
    connections = Connections()
    runners = [
        await _start(Wire(world, service, connections), sockets, context if service.secure else None)
        for service, sockets in zip(SERVICES, listeners)
    ]
    try:
        announce({**world.identity(), "control_url": urls["control"], "ca_path": str(ca_path), "pid": os.getpid()})
        await _until_stopped(stop, options.parent)
    finally:
        await asyncio.gather(*(runner.cleanup() for runner in runners))


def _certificates(directory: Path) -> tuple[Path, ssl.SSLContext]:
    ca_path = directory / "ca.pem"
    directory.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(ca_path))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost", "127.0.0.1", "::1").configure_cert(context)
    return ca_path, context


def _sockets(port: int) -> list[socket.socket]:
    """Listening sockets on both loopback addresses with the same port; IPv4 alone where there is no IPv6."""
    for _attempt in range(ATTEMPTS):
        first = _listen(socket.AF_INET, "127.0.0.1", port)
        try:
            return [first, _listen(socket.AF_INET6, "::1", first.getsockname()[1])]
        except OSError as exc:
            if exc.errno != errno.EADDRINUSE:
                return [first]
            first.close()
            if port:
                raise
    raise OSError(errno.EADDRINUSE, "no port is free on both loopback addresses")


def _listen(family: int, address: str, port: int) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener


async def _start(wire: Wire, sockets: list[socket.socket], context: ssl.SSLContext | None) -> web.AppRunner:
    app = web.Application(client_max_size=LARGEST_BODY)
    app.router.add_route("*", "/{path:.*}", wire.handle)
    # Stalled requests are not worth waiting for.
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    for listener in sockets:
        await web.SockSite(runner, listener, ssl_context=context).start()
    return runner


async def _until_stopped(stop: asyncio.Event, parent: int | None) -> None:
    while not stop.is_set():
        try:
            await asyncio.wait_for(stop.wait(), None if parent is None else 0.5)
        except asyncio.TimeoutError:
            if os.getppid() != parent:
                return
