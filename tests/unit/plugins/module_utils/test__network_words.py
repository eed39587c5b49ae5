# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What went wrong on the way, over real sockets where a machine without network can bring it about."""

from __future__ import annotations

import contextlib
import errno
import http.client
import os
import socket
import ssl
import threading

import pytest
import requests
import urllib3
from support.certificates import make_certificate

from ansible_collections.msgraph.identity.plugins.module_utils import _network_words
from ansible_collections.msgraph.identity.plugins.module_utils._errors import (
    FateUnknown,
    IdentityError,
    NotCarriedOut,
    Unreachable,
)
from ansible_collections.msgraph.identity.plugins.module_utils._foreign_text import Secrets
from ansible_collections.msgraph.identity.plugins.module_utils._http import HttpClient
from ansible_collections.msgraph.identity.plugins.module_utils._network_words import Way, require_bundle, trouble_of

from ..fakes import HOST, make_budget

URL = f"https://{HOST}/x"
ADVICE = "Check the network, or allow more retries or retry_timeout."


def caused(error, cause):
    """`error`, as it is raised because of `cause`."""
    if cause:
        error.__cause__ = cause
    return error


def in_connection(cause):
    """What requests makes of `cause` while it connects."""
    new = caused(urllib3.exceptions.NewConnectionError(None, "Failed to establish a new connection"), cause)
    return requests.exceptions.ConnectionError(urllib3.exceptions.MaxRetryError(None, URL, new))


def in_answer(cause):
    """What requests makes of `cause` while it reads."""
    return requests.exceptions.ConnectionError(urllib3.exceptions.ProtocolError("Connection aborted.", cause))


def in_context(cause):
    """What older versions of urllib3 raise: the cause is only what was handled."""
    exc = in_connection(None)
    exc.args[0].reason.__context__ = cause
    return exc


def tls(reason):
    error = ssl.SSLError(1, f"[SSL: {reason}] (_ssl.c:1000)")
    error.reason = reason
    return requests.exceptions.SSLError(urllib3.exceptions.MaxRetryError(None, URL, urllib3.exceptions.SSLError(error)))


# exception → words in brackets
WORDS = {
    "name": (in_connection(socket.gaierror(socket.EAI_NONAME, "Name or service not known")), "name not found"),
    "name, older": (in_context(socket.gaierror(socket.EAI_NONAME, "Name or service not known")), "name not found"),
    "name server": (in_connection(socket.gaierror(socket.EAI_AGAIN, "Temporary failure")), "name not found for now"),
    "refused": (in_connection(ConnectionRefusedError(errno.ECONNREFUSED, "x")), "connection refused"),
    "refused, older": (in_context(ConnectionRefusedError(errno.ECONNREFUSED, "x")), "connection refused"),
    "route": (in_connection(OSError(errno.ENETUNREACH, "x")), "no way to it in this network"),
    "host": (in_connection(OSError(errno.EHOSTUNREACH, "x")), "no way to it in this network"),
    "system's timeout": (in_connection(TimeoutError(errno.ETIMEDOUT, "x")), "timed out"),
    "connect timeout": (requests.exceptions.ConnectTimeout("x"), "timed out"),
    "read timeout": (requests.exceptions.ReadTimeout("x"), "timed out"),
    "read timeout within": (in_answer(TimeoutError("timed out")), "timed out"),
    "timeout of urllib3": (urllib3.exceptions.ReadTimeoutError(None, URL, "x"), "timed out"),
    "reset": (in_answer(ConnectionResetError(errno.ECONNRESET, "x")), "connection closed"),
    "aborted": (in_answer(ConnectionAbortedError(errno.ECONNABORTED, "x")), "connection closed"),
    "pipe": (in_answer(BrokenPipeError(errno.EPIPE, "x")), "connection closed"),
    "disconnected": (in_answer(http.client.RemoteDisconnected("x")), "connection closed"),
    "incomplete": (
        requests.exceptions.ChunkedEncodingError(
            urllib3.exceptions.ProtocolError("Connection broken", http.client.IncompleteRead(b"x", 9))
        ),
        "incomplete answer",
    ),
    "chunk": (requests.exceptions.ChunkedEncodingError("x"), "incomplete answer"),
    "TLS": (tls("UNEXPECTED_EOF_WHILE_READING"), "TLS broken off"),
    "TLS without reason": (requests.exceptions.SSLError("x"), "TLS broken off"),
    "alert": (tls("SSLV3_ALERT_HANDSHAKE_FAILURE"), "TLS refused"),
    "version": (tls("TLSV1_ALERT_PROTOCOL_VERSION"), "TLS refused"),
    "no TLS": (tls("WRONG_VERSION_NUMBER"), "no TLS is spoken there"),
    "compression": (requests.exceptions.ContentDecodingError("x"), "compression that cannot be undone"),
    "status line": (in_answer(http.client.BadStatusLine("x")), "not HTTP"),
    "headers": (http.client.LineTooLong("x"), "not HTTP"),
    "other": (in_connection(OSError(errno.EMFILE, "x")), "too many open files"),
    "unknown": (requests.exceptions.ConnectionError(), None),
}


@pytest.mark.parametrize("exc, words", WORDS.values(), ids=WORDS)
def test_words(exc, words):
    in_brackets = f" ({words})" if words else ""
    way = Way(URL, None, connecting=False, sent=True)
    assert trouble_of(exc, way, Secrets()) == (f"The answer of {HOST} was lost{in_brackets}", True)


@pytest.mark.parametrize("proxy", [None, "http://proxy.example:3128"])
@pytest.mark.parametrize("exc", [in_connection(ConnectionRefusedError(1, "x")), tls("UNEXPECTED_EOF_WHILE_READING")])
def test_what_is_not_connected_was_not_sent(exc, proxy):
    said, sent = trouble_of(exc, Way(URL, proxy, connecting=True, sent=False), Secrets())
    through = " through the proxy proxy.example:3128" if proxy else ""
    assert said.startswith(f"{HOST} could not be reached{through} (")
    assert not sent


def test_cause_of_what_was_handled_before_is_none():
    earlier = caused(FateUnknown("It was lost.", trouble="x"), ConnectionRefusedError(1, "x"))
    exc = requests.exceptions.ReadTimeout("x")
    exc.__context__ = earlier
    way = Way(URL, None, connecting=False, sent=True)
    assert trouble_of(exc, way, Secrets())[0] == f"The answer of {HOST} was lost (timed out)"


def test_causes_in_a_circle():
    one, other = OSError("x"), OSError("y")
    one.__context__, other.__context__ = other, one
    way = Way(URL, None, connecting=False, sent=True)
    assert trouble_of(one, way, Secrets()) == (f"The answer of {HOST} was lost", True)


class Listener:
    """Listens, and does with each connection what it is told."""

    def __init__(self, serve):
        self.connections = 0
        self._serve = serve
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *unused):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _run(self):
        with contextlib.suppress(OSError):
            while True:
                connection = self._listener.accept()[0]
                self.connections += 1
                with connection, contextlib.suppress(OSError):
                    connection.settimeout(2)
                    self._serve(connection)


def close(connection):
    """Without a word."""


def say(text):
    def serve(connection):
        connection.recv(65536)
        connection.sendall(text)

    return serve


def closed():
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


def send(clock, url, method="GET", **budget):
    budget = make_budget(clock, **{"retries": 1, **budget})
    client = HttpClient(verify=True, timeout=5)
    try:
        client.send(budget, method, url, during="while x is read")
    except IdentityError as exc:
        return exc, budget.notices
    raise AssertionError("no error")


# what listens, scheme, method → error, sentence
PEERS = {
    "closes at once": (
        close,
        "https",
        "GET",
        Unreachable,
        f"HOST could not be reached (TLS broken off) 2 times. {ADVICE}",
    ),
    "closes at once, write": (
        close,
        "https",
        "POST",
        NotCarriedOut,
        f"HOST could not be reached (TLS broken off). {ADVICE}",
    ),
    "speaks no TLS": (
        say(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        "https",
        "GET",
        Unreachable,
        f"HOST could not be reached (no TLS is spoken there) 2 times. {ADVICE}",
    ),
    "closes after the request": (
        say(b""),
        "http",
        "GET",
        Unreachable,
        f"The answer of HOST was lost (connection closed) 2 times. {ADVICE}",
    ),
    "closes after the request, write": (
        say(b""),
        "http",
        "POST",
        FateUnknown,
        "The answer of HOST was lost (connection closed).",
    ),
    "speaks no HTTP": (
        say(b"220 smtp.example\r\n"),
        "http",
        "GET",
        Unreachable,
        f"The answer of HOST was lost (not HTTP) 2 times. {ADVICE}",
    ),
    "half an answer": (
        say(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"),
        "http",
        "GET",
        Unreachable,
        f"The answer of HOST was lost (incomplete answer) 2 times. {ADVICE}",
    ),
    "half a chunk": (
        say(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{"),
        "http",
        "GET",
        Unreachable,
        f"The answer of HOST was lost (incomplete answer) 2 times. {ADVICE}",
    ),
    "no gzip": (
        say(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}"),
        "http",
        "GET",
        Unreachable,
        f"The answer of HOST was lost (compression that cannot be undone) 2 times. {ADVICE}",
    ),
}


@pytest.mark.parametrize("serve, scheme, method, error, sentence", PEERS.values(), ids=PEERS)
def test_peers_of_all_kinds(clock, serve, scheme, method, error, sentence):
    with Listener(serve) as peer:
        exc, notices = send(clock, f"{scheme}://{peer.address}/x", method)
    assert exc.__class__ is error
    # A connection that ends may come to an end in two ways.
    told = exc.message.replace("(connection closed)", "(TLS broken off)") if scheme == "https" else exc.message
    assert told == sentence.replace("HOST", peer.address)
    if method == "GET":
        assert len(notices) == 1
        assert notices[0].endswith(" while x is read; retry 1 of 1 in 1 s.")


def test_nobody_listens(clock):
    address = closed()
    exc, notices = send(clock, f"https://{address}/x")
    assert exc.message == f"{address} could not be reached (connection refused) 2 times. {ADVICE}"
    assert notices == [f"{address} could not be reached (connection refused) while x is read; retry 1 of 1 in 1 s."]


@pytest.mark.parametrize(
    "number, words", [(socket.EAI_NONAME, "name not found"), (socket.EAI_AGAIN, "name not found for now")]
)
def test_name_that_is_not_found(clock, monkeypatch, number, words):
    def refuse(*unused, **also_unused):
        raise socket.gaierror(number, "x")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    exc, dummy = send(clock, URL, retries=0)
    assert exc.message == f"{HOST} could not be reached ({words}). {ADVICE}"


def proxy(monkeypatch, address, user="", scheme="http"):
    monkeypatch.setenv("HTTPS_PROXY", f"{scheme}://{user}{address}")


@pytest.mark.parametrize(
    "status, remedy",
    [
        (407, "Give the user and the password that it wants in HTTPS_PROXY."),
        (403, f"Have it let {HOST} through, or name the host in NO_PROXY."),
        (401, f"Have it let {HOST} through, or name the host in NO_PROXY."),
        (400, f"Have it let {HOST} through, or name the host in NO_PROXY."),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_proxy_that_refuses_is_asked_once(clock, monkeypatch, status, remedy, method):
    with Listener(say(f"HTTP/1.1 {status} No pa55w0rd\r\nContent-Length: 0\r\n\r\n".encode())) as peer:
        proxy(monkeypatch, peer.address, "somebody:pa55w0rd@")
        exc, notices = send(clock, URL, method, retries=5)
    assert exc.message == f"The proxy {peer.address} for {HOST} answered {status}. {remedy}"
    assert (type(exc), peer.connections, notices, clock.slept) == (Unreachable, 1, [], [])


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_proxy_in_trouble_is_asked_again(clock, monkeypatch, status):
    with Listener(say(f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode())) as peer:
        proxy(monkeypatch, peer.address, "")
        exc, notices = send(clock, URL)
        assert send(clock, URL, "POST")[0].__class__ is NotCarriedOut
    said = f"The proxy {peer.address} for {HOST} answered {status}"
    assert exc.message == f"{said} 2 times. {ADVICE}"
    assert notices == [f"{said} while x is read; retry 1 of 1 in 1 s."]


@pytest.mark.parametrize("user", ["", "somebody:pa55w0rd@", "somebody:pa/s5@w0rd@", "somebody:pa#55w0rd@"])
def test_proxy_that_cannot_be_reached_is_told_as_the_proxy(clock, monkeypatch, user):
    address = closed()
    proxy(monkeypatch, address, user)
    exc, dummy = send(clock, URL, retries=0)
    if "/" in user or "#" in user:  # which is no URL for the libraries
        assert "w0rd" not in exc.message
        return
    assert exc.message == (
        f"The proxy {address} for {HOST} could not be reached (connection refused; see HTTPS_PROXY and NO_PROXY). {ADVICE}"
    )


def test_proxy_that_says_nothing(clock, monkeypatch):
    with Listener(close) as peer:
        proxy(monkeypatch, peer.address, "somebody:pa55w0rd@")
        exc, dummy = send(clock, URL, retries=0)
    assert exc.message == f"{HOST} could not be reached through the proxy {peer.address} (connection closed). {ADVICE}"


def test_proxy_that_speaks_no_tls(clock, monkeypatch):
    with Listener(say(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as peer:
        proxy(monkeypatch, peer.address, "", "https")
        exc, dummy = send(clock, URL, retries=0)
    assert exc.message == (
        f"The proxy {peer.address} for {HOST} could not be reached (no TLS is spoken there; "
        f"see HTTPS_PROXY and NO_PROXY). {ADVICE}"
    )


@pytest.mark.parametrize("scheme", ["socks5", "socks5h", "socks4", "SOCKS5"])
def test_socks_without_its_library_names_it(clock, monkeypatch, scheme):
    monkeypatch.setattr(_network_words, "find_spec", lambda name: None)
    monkeypatch.setattr(requests.adapters, "SOCKSProxyManager", refuse_socks)
    proxy(monkeypatch, "proxy.example:1080", "somebody:pa55w0rd@", scheme)
    exc, dummy = send(clock, URL, retries=5)
    assert exc.message.startswith(f"The proxy proxy.example:1080 for {HOST} speaks SOCKS, and the Python ")
    assert exc.message.endswith(" -m pip install pysocks") and " lacks PySocks." in exc.message
    assert clock.slept == []


def refuse_socks(*unused, **also_unused):
    """As requests does it without the library."""
    raise requests.exceptions.InvalidSchema("Missing dependencies for SOCKS support.")


def test_socks_proxy_that_cannot_be_reached():
    # As the library for SOCKS tells it, which need not be there.
    refused = type("ProxyConnectionError", (OSError,), {"__module__": "socks"})("Error connecting to SOCKS5 proxy")
    refused.socket_err = ConnectionRefusedError(errno.ECONNREFUSED, "x")
    way = Way(URL, "socks5h://proxy.example:1080", connecting=True, sent=False)
    said = f"The proxy proxy.example:1080 for {HOST} could not be reached (connection refused; see HTTPS_PROXY and NO_PROXY)"
    assert trouble_of(in_connection(refused), way, Secrets()) == (said, False)


@pytest.mark.parametrize("address", ["http://", "http:///x"])
def test_proxy_that_is_no_url(clock, monkeypatch, address):
    monkeypatch.setenv("HTTPS_PROXY", address)
    exc, dummy = send(clock, URL, retries=5)
    assert "HTTPS_PROXY" in exc.message
    assert clock.slept == []


@pytest.mark.parametrize(
    "verify, variables, sentence",
    [
        ("{none}", {}, "ca_path '{none}' does not exist."),
        ("{none}", {"REQUESTS_CA_BUNDLE": "{there}"}, "ca_path '{none}' does not exist."),
        ("{there}", {"REQUESTS_CA_BUNDLE": "{none}"}, None),
        ("{directory}", {}, None),
        (True, {}, None),
        (True, {"REQUESTS_CA_BUNDLE": "{none}"}, "REQUESTS_CA_BUNDLE '{none}' does not exist."),
        (True, {"CURL_CA_BUNDLE": "{none}"}, "CURL_CA_BUNDLE '{none}' does not exist."),
        (True, {"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": "{none}"}, "CURL_CA_BUNDLE '{none}' does not exist."),
        (True, {"REQUESTS_CA_BUNDLE": "{there}", "CURL_CA_BUNDLE": "{none}"}, None),
        (False, {"REQUESTS_CA_BUNDLE": "{none}"}, None),
    ],
)
def test_bundle_of_certificates_is_looked_for_before_any_request(tmp_path, monkeypatch, verify, variables, sentence):
    (tmp_path / "there.pem").write_text("")
    places = {"none": f"{tmp_path}/none.pem", "there": f"{tmp_path}/there.pem", "directory": str(tmp_path)}
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(**places))
    given = verify.format(**places) if isinstance(verify, str) else verify
    if sentence is None:
        require_bundle(given)
        return
    with pytest.raises(IdentityError) as caught:
        require_bundle(given)
    assert caught.value.message == sentence.format(**places)


def test_bundle_that_may_not_be_read(tmp_path, monkeypatch):
    (tmp_path / "ca.pem").write_text("")
    monkeypatch.setattr(os, "access", lambda *unused: False)  # as root may read everything
    with pytest.raises(IdentityError) as caught:
        require_bundle(f"{tmp_path}/ca.pem")
    assert caught.value.message == f"ca_path '{tmp_path}/ca.pem' cannot be read: permission denied."


def test_untrusted_certificate_of_a_real_peer(clock, tmp_path):
    made = make_certificate("localhost")
    (tmp_path / "peer.pem").write_bytes(made.key_pem + made.pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{tmp_path}/peer.pem")

    def serve(connection):
        with context.wrap_socket(connection, server_side=True) as wrapped:
            wrapped.recv(1)

    with Listener(serve) as peer:
        exc, notices = send(clock, f"https://{peer.address}/x", retries=5)
    assert exc.message.startswith(f"The TLS certificate of {peer.address} is not trusted: self")
    assert "Give the CA that issued it as ca_path" in exc.message
    assert notices == []
