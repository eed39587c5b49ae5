# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each fault, and the log of requests."""

from __future__ import annotations

import base64
import time

import pytest
import requests
from emulator.client import EmulatorFailed
from emulator.exchange import Call
from emulator.faults import Faults, parse
from emulator_caller import LIST, error_code
from support.certificates import triple_des

GONE = (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError)


@pytest.fixture
def connector(emulator):
    """A connector in certificate mode."""
    return emulator.add_connector("a", certificates=[])


def test_status(caller):
    caller.emulator.fault(action="status", status=429, headers={"Retry-After": "7"}, times=2)
    for _attempt in range(2):
        answer = caller.graph("GET", headers={"client-request-id": "mine"})
        assert (answer.status_code, error_code(answer), answer.headers["Retry-After"]) == (429, "TooManyRequests", "7")
        assert answer.headers["client-request-id"] == "mine"
        assert "request-id" in answer.headers
    assert caller.graph("GET").status_code == 200


def test_status_with_everything(caller):
    caller.emulator.fault(
        action="status",
        status=409,
        code="AADB2C95053",
        message="Multiple concurrent writes to the same object detected",
    )
    assert caller.graph("GET").json()["error"]["message"].startswith("Multiple concurrent")
    caller.emulator.fault(action="status", status=200, body="not json")
    assert caller.graph("GET").text == "not json"
    caller.emulator.fault(action="status", status=307, headers={"Location": "https://elsewhere.example/"})
    answer = caller.graph("GET", allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"], answer.content) == (307, "https://elsewhere.example/", b"")


@pytest.mark.parametrize("after_effect", [False, True])
def test_status_and_effect(caller, connector, identity, after_effect):
    caller.emulator.fault(action="status", status=503, path="uploadClientCertificate", after_effect=after_effect)
    assert caller.upload(connector, identity.pfx("pw", triple_des("pw")), "pw").status_code == 503
    assert len(caller.certificates(connector)) == int(after_effect)


def test_entra(caller):
    caller.emulator.fault(service="entra", action="status", status=503, method="post", headers={"Retry-After": "1"})
    answer = caller.token_request()
    assert (answer.status_code, answer.json()["error"], answer.headers["Retry-After"]) == (
        503,
        "temporarily_unavailable",
        "1",
    )
    assert caller.token_request().status_code == 200


@pytest.mark.parametrize("action, effect", [("drop_before", 0), ("drop_after", 1), ("truncate", 1)])
def test_lost_answers(caller, connector, identity, action, effect):
    caller.graph("GET")
    caller.emulator.fault(action=action, method="POST")
    with pytest.raises(GONE):
        caller.upload(connector, identity.pfx("pw", triple_des("pw")), "pw")
    assert len(caller.certificates(connector)) == effect
    first, struck, later = caller.emulator.requests("graph")
    assert (struck["fault"], struck["status"]) == (action, 200 if action == "truncate" else None)
    assert first["connection"] == struck["connection"] != later["connection"]


@pytest.mark.parametrize("after_effect", [False, True])
def test_stall_longer_than_the_client_waits(caller, connector, identity, after_effect):
    caller.token = caller.emulator.mint_token()
    caller.emulator.fault(action="stall", seconds=1, method="POST", after_effect=after_effect)
    with pytest.raises(requests.exceptions.ReadTimeout):
        caller.session.post(
            f"{caller.emulator.graph_url}{LIST}/{connector}/uploadClientCertificate",
            timeout=0.1,
            json={"pkcs12Value": base64.b64encode(identity.pfx("pw", triple_des("pw"))).decode(), "password": "pw"},
            headers={"Authorization": f"Bearer {caller.token}"},
        )
    caller.session.close()
    assert caller.emulator.requests("graph")[0]["status"] is None
    time.sleep(1.1)
    assert len(caller.certificates(connector)) == int(after_effect)


def test_stall_that_the_client_waits_for(caller):
    caller.graph("GET")
    caller.emulator.fault(action="stall", seconds=0.15)
    start = time.monotonic()
    assert caller.graph("GET").status_code == 200
    assert time.monotonic() - start >= 0.15


def test_html(caller, connector):
    caller.emulator.fault(action="html")
    answer = caller.graph("GET")
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html")
    caller.emulator.fault(action="html", status=200, method="DELETE", after_effect=True)
    answer = caller.graph("DELETE", f"{LIST}/{connector}")
    assert (answer.status_code, "<html>" in answer.text, caller.emulator.connectors()) == (200, True, [])


def test_skip_times_and_order(caller):
    caller.emulator.fault(action="status", status=500, skip=1)
    caller.emulator.fault(action="status", status=503, times=2)
    caller.emulator.fault(action="status", status=504, times=None, path="/NOTHING$")
    assert [caller.graph("GET").status_code for _call in range(4)] == [503, 500, 503, 200]
    assert [caller.graph("GET", "/v1.0/nothing").status_code for _call in range(3)] == [504] * 3
    assert [(rule["status"], rule["times"]) for rule in caller.emulator.faults()] == [(504, None)]
    caller.emulator.clear_faults()
    assert caller.graph("GET", "/v1.0/nothing").status_code == 404


def test_rules_that_are_left_are_shown_as_they_were_given(emulator):
    rule = {"service": "graph", "action": "pass", "times": 3, "late": {"reads": 1}, "meanwhile": [{"create": {}}]}
    emulator.fault(**rule)
    assert emulator.faults() == [rule]


def test_take_counts():
    faults = Faults()
    faults.rules.append(parse({"service": "graph", "action": "drop_before", "method": "get", "skip": 2, "times": 2}))
    struck = [faults.take("graph", Call("GET", "/x")) is not None for _call in range(6)]
    assert struck == [False, False, True, True, False, False]
    assert faults.rules == []


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"action": "nothing"},
        {"action": "status"},
        {"action": "status", "status": 99},
        {"action": "status", "status": "500"},
        {"action": "stall"},
        {"action": "drop_before", "seconds": 1},
        {"action": "html", "times": 0},
        {"action": "html", "skip": -1},
        {"action": "html", "path": "("},
        {"action": "html", "service": "control"},
        {"action": "html", "service": "meta"},
        {"action": "html", "surprise": 1},
        {"action": "html", "times": True},
        {"action": "html", "merge": {}},
        {"action": "status", "status": 500, "body": "x", "merge": {"a": 1}},
        {"action": "status", "status": 500, "body": "x", "echo": ["body"]},
        {"action": "status", "status": 500, "echo": "body"},
        {"action": "status", "status": 500, "echo": [1]},
        {"action": "status", "status": 500, "echo": ["body"], "echo_as": "hex"},
        {"action": "pass", "seconds": 1},
        {"action": "pass", "date_offset": "1"},
        {"action": "pass", "merge": []},
        {"action": "endless", "entries": -1},
        {"action": "endless", "service": "entra"},
        {"action": "claims_challenge", "service": "metadata"},
        {"action": "claims_challenge", "until": "token"},
        {"action": "drip"},
        {"action": "drip", "seconds": 0},
        {"action": "drip", "seconds": 1, "size": 0},
        {"action": "drip", "seconds": 1, "part": "head"},
        {"action": "interim", "seconds": 1, "interim": 200},
        {"action": "interim", "seconds": 1, "count": 0},
        {"action": "reset_after", "after_effect": True},
    ],
)
def test_refused_rules(emulator, rule):
    with pytest.raises(EmulatorFailed):
        emulator.fault(**rule)
    assert emulator.faults() == []


def test_log(caller, connector, identity):
    caller.token_request()
    caller.graph("GET", f"{LIST}?$expand=x", headers={"client-request-id": "mine", "User-Agent": "test"})
    caller.upload(connector, identity.pfx("pw", triple_des("pw")), "pw")
    caller.session.get(caller.emulator.graph_url + LIST, timeout=10)
    entra, listed, uploaded, anonymous = caller.emulator.requests()
    assert [entry["n"] for entry in (entra, listed, uploaded, anonymous)] == [1, 2, 3, 4]
    assert (entra["service"], entra["method"], entra["status"], entra["body"]["client_secret"]) == (
        "entra",
        "POST",
        200,
        caller.emulator.client_secret,
    )
    assert (listed["path"], listed["query"], listed["body"], listed["status"], listed["fault"]) == (
        LIST,
        {"$expand": "x"},
        None,
        200,
        None,
    )
    assert listed["headers"] == {"client-request-id": "mine", "user-agent": "test", "authorization": True}
    assert uploaded["body"]["password"] == "pw"
    assert uploaded["connection"] == listed["connection"] == anonymous["connection"] != entra["connection"]
    assert (anonymous["status"], anonymous["headers"]["authorization"]) == (401, False)
    assert caller.token not in str(caller.emulator.requests("graph"))
    assert [entry["service"] for entry in caller.emulator.requests("entra")] == ["entra"]
    caller.emulator.clear_requests()
    assert caller.emulator.requests() == []
