# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Peers that never come to an end, over real connections: time is the clock's, so that none of it passes."""

from __future__ import annotations

import gzip
import itertools
import signal
import socket
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from ansible_collections.msgraph.identity.plugins.module_utils import _http
from ansible_collections.msgraph.identity.plugins.module_utils._budget import Budget
from ansible_collections.msgraph.identity.plugins.module_utils._errors import FateUnknown, NotCarriedOut, Unreachable
from ansible_collections.msgraph.identity.plugins.module_utils._http import HttpClient

from ..fakes import FakeClock

SOON = 0.05  # seconds that really pass
LONG = 60  # seconds that never do


class RunningClock(FakeClock):
    """Each look at it takes a second."""

    def monotonic(self):
        self.now += 1
        return self.now


class Peer:
    """Whoever listens; it answers each request on a connection with the next of `answers`, and then says no more.

    An answer is bytes, or an iterable of bytes that may have no end.
    """

    def __init__(self, *answers):
        self.answers = iter(answers)
        self.requests = []
        self.connections = 0
        self.over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/x"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *unused):
        self.over.set()
        # Whoever accepts is not woken by closing.
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        self._thread.join(5)
        self._listener.close()

    def _serve(self):
        while not self.over.is_set():
            connection = self._listener.accept()[0]
            self.connections += 1
            with connection, suppress(OSError):
                connection.settimeout(0.2)
                while not self.over.is_set():
                    try:
                        request = connection.recv(65536)
                    except TimeoutError:
                        continue
                    if not request:
                        break
                    self.requests.append(request)
                    answer = next(self.answers, b"")
                    for piece in [answer] if isinstance(answer, bytes) else answer:
                        connection.sendall(piece)
                        if self.over.is_set():
                            break


def answer(body=b"{}", **headers):
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in {"Content_Length": len(body), **headers}.items()]
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, "", ""]).encode() + body


def send(clock, url, method="GET", seconds=LONG, client=None, timeout=30):
    client = client or HttpClient(verify=True, timeout=timeout)
    return client.send(Budget(clock, seconds, 0), method, url)


def endless(piece, before=b""):
    return itertools.chain([before], itertools.repeat(piece))


NEVER_ENDING = {
    "interim answers": lambda: endless(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "other interim answers": lambda: endless(b"HTTP/1.1 102 Processing\r\n\r\n"),
    "body without a length": lambda: endless(b" ", b"HTTP/1.1 200 OK\r\n\r\n"),
    "body with a length": lambda: endless(b" ", b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n"),
    "chunks": lambda: endless(b"1\r\n \r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    "nothing in gzip": lambda: endless(gzip.compress(b""), b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"),
}


@pytest.mark.parametrize("method, error", [("GET", Unreachable), ("POST", FateUnknown)])
@pytest.mark.parametrize("never_ending", NEVER_ENDING.values(), ids=NEVER_ENDING)
def test_answer_takes_no_longer_than_the_task_has(never_ending, method, error):
    clock = RunningClock()
    with Peer(never_ending()) as peer, pytest.raises(error, match="The answer of 127.0.0.1:.* was lost"):
        send(clock, peer.url, method)
    assert clock.now - 1000 < LONG + 10


@pytest.mark.parametrize("part", [b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nA: b\r\n", answer()[:-1], b""], ids=repr)
def test_peer_that_falls_silent(part):
    with Peer(part) as peer, pytest.raises(Unreachable, match="was lost"):
        send(FakeClock(), peer.url, seconds=SOON)


def test_timeout_between_bytes_stays(clock):
    with Peer(answer()[:-1]) as peer, pytest.raises(Unreachable, match="was lost"):
        send(clock, peer.url, timeout=SOON)


def test_proxy_that_falls_silent(clock, monkeypatch):
    with Peer() as peer:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{peer.port}")
        with pytest.raises(Unreachable):
            send(clock, "https://graph.example/x", seconds=SOON)
    assert peer.requests[0].startswith(b"CONNECT graph.example:443")


def test_proxy_whose_headers_do_not_end(monkeypatch):
    with Peer(endless(b"A: b\r\n", b"HTTP/1.1 200 OK\r\n")) as peer:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{peer.port}")
        with pytest.raises(Unreachable):
            send(RunningClock(), "https://graph.example/x")


def test_handshake_that_does_not_come_to_an_end(clock):
    with Peer() as peer, pytest.raises(Unreachable):
        send(clock, peer.url.replace("http:", "https:"), seconds=SOON)
    assert len(peer.requests) == 1


@contextmanager
def slow_names(monkeypatch, url):
    """Names are not resolved before the end, and then to the host of `url`."""
    released, resolve = threading.Event(), socket.getaddrinfo

    def slowly(host, port, *args, **kwargs):
        if host != "slow.example":
            return resolve(host, port, *args, **kwargs)
        released.wait(10)
        return resolve("127.0.0.1", port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    try:
        yield url.replace("127.0.0.1", "slow.example")
    finally:
        released.set()


def test_nothing_is_sent_when_a_name_is_resolved_too_late(clock, monkeypatch):
    with Peer(answer()) as peer:
        with slow_names(monkeypatch, peer.url) as url, pytest.raises(NotCarriedOut, match="could not be reached"):
            send(clock, url, "POST", seconds=SOON)
        wait_until(lambda: peer.connections)
        assert (peer.connections, peer.requests) == (1, [])


def wait_until(condition):
    end = time.monotonic() + 5
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)


@pytest.mark.parametrize("where", ["name", "answer"])
def test_a_signal_ends_the_waiting(clock, monkeypatch, where):
    def interrupt(*unused):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with Peer() as peer, slow_names(monkeypatch, peer.url) as url:
            signal.setitimer(signal.ITIMER_REAL, SOON)
            began = time.monotonic()
            with pytest.raises(KeyboardInterrupt):
                send(clock, url if where == "name" else peer.url)
            assert time.monotonic() - began < 5
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("interim", [100, 101, 102, 103])
def test_interim_answer_is_not_the_answer(clock, interim):
    client = HttpClient(verify=True, timeout=5)
    before = f"HTTP/1.1 {interim} X\r\nLink: y\r\n\r\n".encode() * 2
    with Peer(before + answer(b'{"of": 1}'), answer(b'{"of": 2}')) as peer:
        assert [send(clock, peer.url, client=client).json() for unused in range(2)] == [{"of": 1}, {"of": 2}]
    assert peer.connections == 1


def test_connection_is_kept(clock):
    client = HttpClient(verify=True, timeout=5)
    with Peer(*[answer(b'{"a": 1}')] * 3) as peer:
        for unused in range(3):
            assert send(clock, peer.url, client=client).json() == {"a": 1}
    assert peer.connections == 1


LARGE = {
    "plain": answer(b" " * 70_000),
    "gzip": answer(gzip.compress(b" " * 10_000_000), Content_Encoding="gzip"),
}


@pytest.mark.parametrize("large", LARGE.values(), ids=LARGE)
@pytest.mark.parametrize("method, error", [("GET", Unreachable), ("POST", FateUnknown)])
def test_answer_that_is_too_large(clock, monkeypatch, large, method, error):
    monkeypatch.setattr(_http, "LARGEST", 65536)
    with Peer(large) as peer, pytest.raises(error, match="127.0.0.1:.* answered more than"):
        send(clock, peer.url, method)


STRANGE = {
    "two lengths": answer(Content_Length="2, 3"),
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "long line": b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70_000 + b"\r\n\r\n",
    "many headers": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n",
    "no gzip": answer(b"{}", Content_Encoding="gzip"),
    "no chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n{}",
}


@pytest.mark.parametrize("strange", STRANGE.values(), ids=STRANGE)
@pytest.mark.parametrize("method, error", [("GET", Unreachable), ("POST", FateUnknown)])
def test_answer_that_cannot_be_read_is_lost(clock, strange, method, error):
    with Peer(strange) as peer, pytest.raises(error, match="The answer of 127.0.0.1:.* was lost"):
        send(clock, peer.url, method)
    assert len(peer.requests) == 1


@pytest.mark.parametrize("location", ["https://elsewhere.example/", "https://[", "http://*", "x:/\\", "\x80"])
def test_redirect_is_not_followed_nor_looked_at(clock, location):
    head = b"HTTP/1.1 302 Found\r\nContent-Length: 2\r\nLocation: " + location.encode("latin-1") + b"\r\n\r\n"
    with Peer(head + b"{}") as peer:
        assert send(clock, peer.url).status_code == 302
