# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that faults change: their JSON, their pages, their headers, and what they say back."""

from __future__ import annotations

import base64
import json
from email.utils import parsedate_to_datetime
from urllib.parse import quote

import pytest
from emulator.reshape import merged
from emulator_caller import LIST, error_code
from support.certificates import triple_des

BASIC = {"@odata.type": "#microsoft.graph.basicAuthentication", "username": "user", "password": "hid/den+"}
NEW = {"displayName": "n", "targetUrl": "https://api.contoso.com/", "authenticationConfiguration": BASIC}


@pytest.fixture
def connector(emulator):
    """A connector in certificate mode."""
    return emulator.add_connector("a", certificates=[])


@pytest.mark.parametrize(
    "target, patch, expected",
    [
        ({"a": 1, "b": 2}, {"b": None, "c": 3}, {"a": 1, "c": 3}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": None}}, {"a": {"c": 2}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": "text"}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        (["no", "object"], {"a": 1}, {"a": 1}),
        ({"a": 1}, "text", "text"),
    ],
)
def test_merged(target, patch, expected):
    assert merged(target, patch) == expected


@pytest.mark.parametrize("method", ["GET", "CREATE", "UPLOAD"])
def test_an_answer_for_another_id(caller, connector, identity, method):
    caller.emulator.fault(action="pass", merge={"id": "other"})
    if method == "GET":
        shown = caller.get(connector)
    elif method == "CREATE":
        shown = caller.graph("POST", json=NEW).json()
    else:
        shown = caller.upload(connector, identity.pfx("pw", triple_des("pw")), "pw").json()
        assert len(caller.certificates(connector)) == 1
    assert shown["id"] == "other"
    assert "other" not in [item["id"] for item in caller.emulator.connectors()]


def test_a_next_link_with_dot_segments(caller, connector):
    link = f"{caller.emulator.graph_url}/v1.0/../../evil"
    caller.emulator.fault(action="pass", merge={"@odata.nextLink": link})
    assert caller.graph("GET").json()["@odata.nextLink"] == link


def test_what_has_no_body_gets_none(caller, connector):
    caller.emulator.fault(action="pass", merge={"id": "other"})
    answer = caller.graph("PATCH", f"{LIST}/{connector}", json={"displayName": "b"})
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize(
    "merge", [{"scope": ["x"]}, {"id_token": 5}, {"id_token": "x"}, {"access_token": None}, {"expires_in": "soon"}]
)
def test_token_answers_of_strange_kinds(caller, merge):
    caller.emulator.fault(service="entra", action="pass", path="token$", merge=merge)
    content = caller.token_request().json()
    assert {name: content.get(name) for name in merge} == merge
    assert content["token_type"] == "Bearer"


def test_an_error_without_a_description(caller):
    caller.emulator.fault(service="entra", action="status", status=401, merge={"error_description": "   "})
    answer = caller.token_request()
    assert (answer.status_code, answer.json()["error"], answer.json()["error_description"]) == (
        401,
        "invalid_client",
        "   ",
    )


def test_ids_that_cannot_be_encoded(caller, connector):
    caller.emulator.fault(action="pass", merge={"value": [{"id": "\ud800"}]})
    assert caller.graph("GET").json()["value"] == [{"id": "\ud800"}]


@pytest.mark.parametrize("seconds", [-7200, 86400])
def test_a_date_that_differs(caller, seconds):
    caller.emulator.fault(action="pass", date_offset=seconds)
    caller.emulator.fault(action="status", status=429, date_offset=seconds, headers={"Retry-After": "1"})
    now = caller.emulator.now()
    for status in (200, 429):
        answer = caller.graph("GET")
        said = parsedate_to_datetime(answer.headers["Date"]).timestamp()
        assert answer.status_code == status
        assert abs(said - now - seconds) < 10


def test_endless_pages(caller):
    ids = caller.emulator.add_connectors({"displayName": f"c{number}"} for number in range(3))
    caller.emulator.settings(page_size=2)
    caller.emulator.fault(action="endless", times=None, entries=2, padding=1000)
    link, links, seen = caller.emulator.graph_url + LIST + "?$expand=x", set(), []
    for _page in range(6):
        answer = caller.graph("GET", link[len(caller.emulator.graph_url) :])
        assert len(answer.content) > 2000
        seen += [item["id"] for item in answer.json()["value"]]
        link = answer.json()["@odata.nextLink"]
        assert link.startswith(caller.emulator.graph_url + LIST) and "$expand=x" in link
        links.add(link)
    assert len(links) == 6
    assert len(set(seen)) == len(seen) == 3 + 6 * 2
    assert [item for item in seen if item in ids] == ids
    caller.emulator.clear_faults()
    last = caller.graph("GET", link[len(caller.emulator.graph_url) :]).json()
    assert (last["value"], "@odata.nextLink" in last) == ([], False)


def test_endless_leaves_single_connectors_alone(caller, connector):
    caller.emulator.fault(action="endless")
    assert caller.get(connector)["id"] == connector


@pytest.mark.parametrize("spelling", ["plain", "url", "base64", "json"])
def test_echo_of_graph(caller, connector, identity, spelling):
    pfx = identity.pfx('p"w', triple_des('p"w'))
    spelled = {
        "plain": str,
        "url": lambda text: quote(text, safe=""),
        "base64": lambda text: base64.b64encode(text.encode()).decode(),
        "json": lambda text: json.dumps(text)[1:-1],
    }[spelling]
    for echo, secret in (
        (["authorization"], f"Bearer {caller.token or ''}"),
        (["pkcs12Value"], base64.b64encode(pfx).decode()),
        (["password"], 'p"w'),
        (["token", "password"], 'p"w'),
    ):
        caller.emulator.fault(action="status", status=400, path="upload", echo=echo, echo_as=spelling)
        answer = caller.upload(connector, pfx, 'p"w')
        assert answer.status_code == 400
        if secret == "Bearer ":
            secret = f"Bearer {caller.token}"
        assert spelled(secret) in answer.json()["error"]["message"]
    assert caller.certificates(connector) == []


def test_echo_of_nested_fields_and_whole_bodies(caller):
    caller.emulator.fault(action="status", status=500, after_effect=True, message="Failed:", echo=["password", "body"])
    message = caller.graph("POST", json=NEW).json()["error"]["message"]
    assert message.startswith("Failed: hid/den+ {")
    assert json.loads(message[len("Failed: hid/den+ ") :]) == NEW
    assert [item["displayName"] for item in caller.emulator.connectors()] == ["n"]
    caller.emulator.fault(action="html", echo=["token"])
    assert caller.token in caller.graph("GET").text


def test_echo_of_entra(caller):
    for echo, spelling, expected in (
        (["body"], "plain", f"client_secret={quote(caller.emulator.client_secret)}"),
        (["client_secret"], "plain", caller.emulator.client_secret),
        (["client_secret"], "base64", base64.b64encode(caller.emulator.client_secret.encode()).decode()),
    ):
        caller.emulator.fault(service="entra", action="status", status=400, echo=echo, echo_as=spelling)
        assert expected in caller.token_request().json()["error_description"]


@pytest.mark.parametrize(
    "message", ["\x1b[2Jgone", "a\nb: ends on 2099-01-01", "\u202eevil\x00", "x" * 3_000_000], ids=["a", "b", "c", "d"]
)
def test_messages_for_terminals(caller, message):
    caller.emulator.fault(action="status", status=400, message=message)
    caller.emulator.fault(service="entra", action="status", status=400, message=message)
    assert caller.graph("GET").json()["error"]["message"] == message
    assert message in caller.token_request().json()["error_description"]


@pytest.mark.parametrize("status", [408, 500, 501, 502, 503, 504, 505, 507, 509, 520, 524, 599])
@pytest.mark.parametrize("after_effect", [False, True])
@pytest.mark.parametrize("action", ["status", "html"])
def test_gateways(caller, connector, identity, status, after_effect, action):
    caller.emulator.fault(action=action, status=status, after_effect=after_effect, headers={"Retry-After": "1"})
    answer = caller.upload(connector, identity.pfx("pw", triple_des("pw")), "pw")
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "1")
    assert action == "html" or error_code(answer)
    assert len(caller.certificates(connector)) == int(after_effect)
