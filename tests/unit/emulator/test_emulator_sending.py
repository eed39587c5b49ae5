# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that come slowly, after interim ones, or not at all."""

from __future__ import annotations

import socket
import ssl
import time
from urllib.parse import urlsplit

import pytest
import requests
from emulator_caller import LIST
from support.certificates import triple_des


@pytest.fixture
def raw(emulator):
    """Sends a request over a socket of its own, and yields what comes, piece by piece."""

    def send(method="GET", path=LIST):
        context = ssl.create_default_context(cafile=emulator.ca_path)
        port = urlsplit(emulator.graph_url).port
        with (
            socket.create_connection(("localhost", port), timeout=5) as plain,
            context.wrap_socket(plain, server_hostname="localhost") as connection,
        ):
            token = emulator.mint_token()
            connection.sendall(
                f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
            )
            while piece := connection.recv(65536):
                yield time.monotonic(), piece

    return send


@pytest.mark.parametrize("part", ["body", "all"])
def test_drip(caller, raw, part):
    caller.emulator.fault(action="drip", seconds=0.01, size=64, part=part)
    pieces = list(raw())
    content = b"".join(piece for _moment, piece in pieces)
    head, _blank, body = content.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body.startswith(b'{"@odata.context"') and body.endswith(b'"value":[]}')
    dripped = len(body) if part == "body" else len(content)
    assert len(pieces) >= dripped // 64
    assert pieces[-1][0] - pieces[0][0] >= 0.01 * (dripped // 64 - 1)
    assert len(pieces[0][1]) > 64 or part == "all"


def test_drip_is_read_by_clients(caller):
    connector = caller.emulator.add_connector("a", certificates=[])
    for part in ("body", "all"):
        caller.emulator.fault(action="drip", seconds=0.001, size=50, part=part)
        assert caller.get(connector)["id"] == connector


def test_drip_ends_with_the_client(caller):
    caller.emulator.fault(action="drip", seconds=0.2)
    with pytest.raises(requests.exceptions.RequestException):
        caller.session.get(caller.emulator.graph_url + LIST, timeout=0.05)
    caller.session.close()
    assert caller.graph("GET").status_code == 200


@pytest.mark.parametrize("status, phrase", [(100, b"Continue"), (102, b"Processing"), (199, b"Unknown")])
def test_interim(caller, raw, status, phrase):
    caller.emulator.fault(action="interim", interim=status, seconds=0.02, count=3)
    content = b""
    for _moment, piece in raw():
        content += piece
        if b'"value"' in content:
            break
    interim = b"HTTP/1.1 %d %s\r\n\r\n" % (status, phrase)
    assert content.startswith(interim * 3 + b"HTTP/1.1 200 OK\r\n")


@pytest.mark.parametrize("after_effect", [False, True])
def test_interim_without_end(caller, raw, after_effect):
    connector = caller.emulator.add_connector("a")
    caller.emulator.fault(action="interim", seconds=0.01, method="DELETE", after_effect=after_effect)
    content = b""
    for _moment, piece in raw("DELETE", f"{LIST}/{connector}"):
        content += piece
        if content.count(b"100 Continue") > 5:
            break
    assert b"204" not in content
    time.sleep(0.1)
    # Whoever hung up is not served any more; what was done before the waiting stays done.
    assert len(caller.emulator.connectors()) == int(not after_effect)
    assert caller.emulator.requests("graph")[0]["status"] == (204 if after_effect else None)


def test_resets(caller, identity):
    connector = caller.emulator.add_connector("a", certificates=[])
    for action, effect in (("reset_before", 0), ("reset_after", 1)):
        caller.emulator.fault(action=action, method="POST")
        with pytest.raises(requests.exceptions.ConnectionError):
            caller.upload(connector, identity.pfx("pw", triple_des("pw")), "pw")
        assert len(caller.certificates(connector)) == effect
    assert [(entry["fault"], entry["status"]) for entry in caller.emulator.requests("graph") if entry["fault"]] == [
        ("reset_before", None),
        ("reset_after", None),
    ]


def test_a_reset_is_no_end(caller):
    # Without TLS, as Python's ssl tells both alike.
    for action, expected in (("reset_before", "reset by peer"), ("drop_before", "closed connection")):
        caller.emulator.fault(service="metadata", action=action)
        with pytest.raises(requests.exceptions.ConnectionError, match=expected):
            caller.session.get(caller.emulator.metadata_url, timeout=5)
