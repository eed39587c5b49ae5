# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections that end with the task: whatever a peer does, one answer takes no longer than its budget.

The timeouts of requests hold between bytes, so a peer that sends one now and then, or `100 Continue` for ever, would
be waited for without end. Here each read is given what is left of the budget. Nothing runs beside the task but the
making of a connection, which sends no request: what is given up cannot be carried out later.
"""

from __future__ import annotations

import http.client
import io
import threading
import typing as t
from contextlib import suppress

from ansible_collections.msgraph.identity.plugins.module_utils._budget import Budget

with suppress(ImportError):  # require_libraries() names what is missing
    import requests
    from urllib3.exceptions import ConnectTimeoutError

if t.TYPE_CHECKING:
    import socket


class Running:
    """The request that a session is sending.

    :ivar budget: of the task
    :ivar connecting: whether its connection is being made, so that nothing of it was sent
    :ivar sent: whether all of it was sent, so that it may be carried out
    """

    budget: Budget
    connecting: bool = False
    sent: bool = False

    def begin(self, budget: Budget) -> None:
        """The next request."""
        self.budget, self.connecting, self.sent = budget, False, False

    def seconds(self, longest: float | None) -> float:
        """Seconds for something that may take `longest`.

        :raises TimeoutError: when there are none left
        """
        left = self.budget.left()
        if left <= 0:
            raise TimeoutError("the time of the task is over")
        return left if longest is None else min(left, longest)


def session_for(running: Running) -> requests.Session:
    """A session whose connections keep to the budget of `running`. Redirects are not followed, and not even read."""

    class Adapter(requests.adapters.HTTPAdapter):
        """Makes such connections, also behind proxies of any kind."""

        def init_poolmanager(self, *args: t.Any, **kwargs: t.Any) -> None:
            super().init_poolmanager(*args, **kwargs)
            _bind(self.poolmanager, running)

        def proxy_manager_for(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
            return _bind(super().proxy_manager_for(*args, **kwargs), running)

    class Session(requests.Session):
        """What a redirect leads to is nobody's business here, but requests would prepare the request for it."""

        def get_redirect_target(self, resp: requests.Response) -> str | None:
            return None

    session = Session()
    session.mount("https://", Adapter())
    session.mount("http://", Adapter())
    return session


def _bind(manager: t.Any, running: Running) -> t.Any:
    """A pool manager of urllib3 whose connections keep to the budget."""
    manager.pool_classes_by_scheme = {
        scheme: _bound_pool(pool, running) for scheme, pool in manager.pool_classes_by_scheme.items()
    }
    return manager


def _bound_pool(pool: t.Any, running: Running) -> t.Any:
    if issubclass(pool.ConnectionCls, _Connection):
        return pool
    connection = type(pool.ConnectionCls.__name__, (_Connection, pool.ConnectionCls), {"running": running})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})


class _Connection:
    """Before a connection of urllib3 in the order of classes."""

    running: t.ClassVar[Running]

    def connect(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        """Make the connection: that to a proxy and TLS are parts of it."""
        self.running.connecting = True
        parent: t.Any = super()
        made = parent.connect(*args, **kwargs)
        self.running.connecting = False
        return made

    def _new_conn(self) -> t.Any:
        """A connected socket: the name is resolved and the addresses are tried in a thread, as nothing else ends
        that.
        """
        parent: t.Any = super()
        attempt = _Attempt(parent._new_conn)
        try:
            attempt.start()
            attempt.over.wait(self.running.seconds(None))
        except TimeoutError:
            pass
        finally:
            attempt.give_up()
        if attempt.error is not None:
            raise attempt.error
        if attempt.sock is None:
            raise ConnectTimeoutError(self, "the time of the task is over")
        # For what comes before the request: TLS, or a proxy's answer.
        attempt.sock.settimeout(self.running.seconds(attempt.sock.gettimeout()))
        return attempt.sock

    def getresponse(self, *args: t.Any, **kwargs: t.Any) -> t.Any:
        """The answer; it is asked for when all of the request was sent."""
        self.running.sent = True
        parent: t.Any = super()
        return parent.getresponse(*args, **kwargs)

    def response_class(self, sock: socket.socket, *args: t.Any, **kwargs: t.Any) -> http.client.HTTPResponse:
        """An answer, also that of a proxy to CONNECT."""
        return _Answer(self.running, sock, *args, **kwargs)


class _Attempt(threading.Thread):
    """Connects. What comes after it was given up is closed at once."""

    def __init__(self, connect: t.Callable[[], t.Any]) -> None:
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.sock: t.Any = None
        self.error: Exception | None = None
        self._connect = connect
        self._lock = threading.Lock()
        self._given_up = False

    def run(self) -> None:
        """Connect."""
        sock, error = None, None
        try:
            sock = self._connect()
        except Exception as exc:  # for the thread that waits
            error = exc
        with self._lock:
            if not self._given_up:
                self.sock, self.error = sock, error
            elif sock is not None:
                sock.close()
        self.over.set()

    def give_up(self) -> None:
        """Nobody waits any more."""
        with self._lock:
            self._given_up = True


class _Answer(http.client.HTTPResponse):
    """An answer that is read within the budget."""

    def __init__(self, running: Running, sock: socket.socket, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Bytes(self.fp.detach(), sock, running))

    def begin(self) -> None:
        """Read status and headers. Interim answers are passed over (RFC 9110, 15.2): taken for the answer, they would
        leave that to the next request.
        """
        super().begin()
        while 100 <= self.status < 200:
            vars(self).update(headers=None, msg=None)  # as before the first one
            super().begin()


class _Bytes(io.RawIOBase):
    """The bytes of an answer, each read of them within the budget."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, running: Running) -> None:
        super().__init__()
        self._raw = raw
        self._sock = sock
        self._running = running

    def readable(self) -> bool:
        """They are."""
        return True

    def readinto(self, buffer: t.Any) -> int | None:
        """Wait for the next ones."""
        self._sock.settimeout(self._running.seconds(self._sock.gettimeout()))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Let the socket go."""
        self._raw.close()
        super().close()
