# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An HTTP proxy on loopback that remembers where it was asked to connect to."""

from __future__ import annotations

import selectors
import socket
import socketserver
import threading
from types import TracebackType


class Proxy(socketserver.ThreadingTCPServer):
    """A proxy for CONNECT (RFC 9110, 9.3.6) that leads to this machine only; everything else it refuses."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Proxy:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.shutdown()
        self.server_close()


class _Handler(socketserver.StreamRequestHandler):
    server: Proxy

    def handle(self) -> None:
        method, target, dummy = self.rfile.readline().decode("ascii").split(" ")
        while self.rfile.readline().strip():
            pass
        self.server.asked.append(target)
        host, dummy, port = target.rpartition(":")
        if method != "CONNECT" or host != "localhost":
            self.wfile.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        with socket.create_connection(("localhost", int(port)), timeout=10) as there:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _relay(self.connection, there)


def _relay(here: socket.socket, there: socket.socket) -> None:
    """Pass bytes both ways until one side has closed."""
    with selectors.DefaultSelector() as selector:
        selector.register(here, selectors.EVENT_READ, (here, there))
        selector.register(there, selectors.EVENT_READ, (there, here))
        while True:
            for key, dummy in selector.select():
                source, target = key.data
                try:
                    content = source.recv(65536)
                    if not content:
                        return
                    target.sendall(content)
                except OSError:
                    return
