# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json
import uuid

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.msgraph.identity.plugins.module_utils._errors import (
    FateUnknown,
    IdentityError,
    NotCarriedOut,
    NotFound,
    ServiceError,
)
from ansible_collections.msgraph.identity.plugins.module_utils._graph import MOST_PAGES, USER_AGENT
from ansible_collections.msgraph.identity.plugins.module_utils._graph_codes import HINTS

from ..fakes import HOST, ROOT, FakeClock, FakeTokens, Wire, make_graph, to

ERROR = {
    "error": {
        "code": "AADB2C90000",
        "message": "The feature is not enabled. Correlation ID: 7.",
        "innerError": {"date": "2026-01-01T00:00:00", "request-id": "inner", "client-request-id": "inner"},
    }
}


def test_headers(wire, clock):
    graph = make_graph(clock)
    for unused in range(2):
        wire.expect("GET", "/x", {"a": 1})
        assert graph.get("/x", to("read x")) == {"a": 1}
    first, second = (call.headers for call in wire.calls)
    assert first["Authorization"] == "Bearer token-1"
    assert first["Accept"] == "application/json"
    assert first["User-Agent"] == USER_AGENT == "ansible-msgraph.identity"
    assert uuid.UUID(first["client-request-id"]) != uuid.UUID(second["client-request-id"])


def test_writes(wire, clock):
    graph = make_graph(clock)
    wire.expect("POST", "/x", {"id": "1"}, 201, json={"a": "ü"})
    wire.expect("PATCH", "/x", status=204, json={"b": None})
    wire.expect("DELETE", "/x", status=204)
    assert graph.post("/x", {"a": "ü"}, to("write x")) == {"id": "1"}
    assert graph.patch("/x", {"b": None}, to("change x")) is None
    assert graph.delete("/x", to("delete x")) is None
    assert wire.calls[2].body is None


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_refused_token_is_renewed_once(wire, clock, method):
    graph = make_graph(clock)
    wire.expect(method, "/x", ERROR, 401)
    wire.expect(method, "/x", {"a": 1})
    assert (graph.get("/x", to("read x")) if method == "GET" else graph.post("/x", {}, to("write x"))) == {"a": 1}
    assert [call.headers["Authorization"] for call in wire.calls] == ["Bearer token-1", "Bearer token-2"]


def test_token_that_is_refused_twice(wire, clock):
    wire.expect("GET", "/x", ERROR, 401)
    wire.expect("GET", "/x", ERROR, 401)
    tokens = FakeTokens()
    with pytest.raises(ServiceError, match="graph_url, cloud_environment"):
        make_graph(clock, tokens).get("/x", to("read x"))
    assert tokens.number == 2


def test_token_that_cannot_be_renewed(wire, clock):
    wire.expect("GET", "/x", ERROR, 401)
    with pytest.raises(ServiceError, match="The token was not accepted") as caught:
        make_graph(clock, FakeTokens(renewable=False)).get("/x", to("read x"))
    assert caught.value.status == 401


def test_failure_keeps_what_graph_said(wire, clock):
    wire.expect("GET", "/x", ERROR, 400, headers={"request-id": "outer"})
    with pytest.raises(ServiceError) as caught:
        make_graph(clock).get("/x", to("read x"))
    assert caught.value.message == "Could not read x: The feature is not enabled (400 AADB2C90000)."
    assert caught.value.failure == {
        "status": 400,
        "code": "AADB2C90000",
        "message": "The feature is not enabled. Correlation ID: 7.",
        "request_id": "outer",
        "client_request_id": wire.calls[0].headers["client-request-id"],
        "hint": None,
    }


@pytest.mark.parametrize(
    "answer, sentence, code",
    [
        pytest.param({"error": {"code": "C", "message": "M"}}, "Could not read x: M (400 C).", "C", id="whole"),
        pytest.param({"error": {"message": "M"}}, "Could not read x: M (400).", None, id="no code"),
        pytest.param(
            {"error": {"code": "C"}}, "Could not read x: Microsoft Graph answered 400 C.", "C", id="no message"
        ),
        pytest.param(
            {"error": {"code": "C", "message": " "}},
            "Could not read x: Microsoft Graph answered 400 C.",
            "C",
            id="blank message",
        ),
        pytest.param({"error": {"code": "", "message": ""}}, None, None, id="both empty"),
        pytest.param({"error": {"code": 7, "message": ["M"]}}, None, None, id="wrong types"),
        pytest.param({"error": "invalid"}, None, None, id="error is text"),
        pytest.param({"error": None}, None, None, id="error is null"),
        pytest.param({}, None, None, id="no error"),
        pytest.param([1], None, None, id="list"),
        pytest.param("null", None, None, id="null"),
        pytest.param("", None, None, id="empty"),
        pytest.param(
            "<html>Bad Request</html>",
            f"Could not read x: {HOST} answered 400 with a web page instead of JSON. "
            "Check graph_url and whether a proxy or login page is in between.",
            None,
            id="HTML",
        ),
        pytest.param(b"\xff\xfe\x00", None, None, id="not text"),
    ],
)
def test_shapes_of_errors(wire, clock, answer, sentence, code):
    wire.expect("GET", "/x", answer, 400)
    with pytest.raises(ServiceError) as caught:
        make_graph(clock).get("/x", to("read x"))
    assert caught.value.message == (
        sentence or f"Could not read x: {HOST} answered 400, but not as Microsoft Graph does."
    )
    assert (caught.value.status, caught.value.code) == (400, code)


KEYS = st.sampled_from(["error", "code", "message", "value", "@odata.nextLink"])
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(answer=JSON, status=st.sampled_from([200, 400, 404, 500]))
def test_no_answer_does_harm(answer, status):
    graph = make_graph(FakeClock(), retries=0)
    for call in (lambda: graph.get("/x", to("read x")), lambda: list(graph.pages("/x", to("list x")))):
        with Wire() as wire:
            wire.expect("GET", "/x", [answer] if isinstance(answer, str) or answer is None else answer, status)
            try:
                call()
            except IdentityError as exc:
                assert exc.message.startswith("Could not ")


@pytest.mark.parametrize(
    "method, status, hint",
    [
        ("GET", 401, "check that it is meant for this Graph (graph_url, cloud_environment)"),
        ("GET", 403, "permission Things.Read.All with admin consent"),
        ("POST", 403, "permission Things.ReadWrite.All with admin consent"),
        ("GET", 429, "Graph is throttling this application or tenant"),
        ("GET", 400, None),
    ],
)
def test_hints_of_statuses(wire, clock, method, status, hint):
    wire.expect(method, "/x", ERROR, status)
    graph = make_graph(clock, FakeTokens(renewable=False), retries=0)
    with pytest.raises(ServiceError) as caught:
        if method == "GET":
            graph.get("/x", to("read x"))
        else:
            graph.post("/x", {}, to("write x"))
    found = caught.value.failure["hint"]
    assert (found is None) == (hint is None)
    assert hint is None or (hint in found and caught.value.message.endswith(found))


@pytest.mark.parametrize("code", HINTS)
def test_hints_of_codes(wire, clock, code):
    wire.expect("POST", "/x", {"error": {"code": code, "message": "It says so."}}, 400)
    with pytest.raises(IdentityError, match=f"It says so \\(400 {code}\\). ") as caught:
        make_graph(clock, retries=0).post("/x", {}, to("write x"))
    assert caught.value.failure["hint"] == HINTS[code]
    assert caught.value.message.endswith(HINTS[code])


NO_ROUTE = json.dumps({"Message": "No HTTP resource was found that matches the request URI 'https://cpim.example/x'."})


def error(code, message):
    return {"error": {"code": code, "message": message}}


@pytest.mark.parametrize(
    "status, answer, absent, words",
    [
        (404, ERROR, True, "The feature is not enabled (404 AADB2C90000)"),
        (404, error("NotFound", "The resource was not found."), True, "The resource was not found (404 NotFound)"),
        (404, "", True, f"{HOST} answered 404"),
        (410, ERROR, False, "The feature is not enabled (410 AADB2C90000)"),
        (404, "<html>not here</html>", False, f"{HOST} answered 404 with a web page instead of JSON"),
        (404, error("UnknownError", NO_ROUTE), False, "does not offer things (404 UnknownError). Check the kind of"),
        (
            404,
            error("NotFound", "Requested API is not supported. Please check the path."),
            False,
            "does not offer things (404 NotFound). Check the kind of tenant",
        ),
        (
            404,
            error("BadRequest", "Resource not found for the segment 'b2cUserFlows'."),
            False,
            "does not offer things (404 BadRequest)",
        ),
    ],
    ids=str,
)
def test_which_answers_mean_absent(wire, clock, status, answer, absent, words):
    wire.expect("GET", "/x", answer, status)
    with pytest.raises(ServiceError) as caught:
        make_graph(clock).get("/x", to("read x"))
    assert isinstance(caught.value, NotFound) is absent
    assert words in caught.value.message


@pytest.mark.parametrize("password", ["API", "supported. Please", "Requested"])
def test_password_does_not_change_what_an_answer_means(wire, clock, password):
    graph = make_graph(clock)
    graph.budget.secrets.add(password)
    wire.expect("GET", "/x", error("NotFound", "Requested API is not supported. Please check the path."), 404)
    with pytest.raises(ServiceError, match="does not offer things") as caught:
        graph.get("/x", to("read x"))
    assert not isinstance(caught.value, NotFound)
    assert "********" in caught.value.failure["message"]


@pytest.mark.parametrize("status", [200, 201, 202])
@pytest.mark.parametrize("answer", ["<html>", "", "[]", "null"])
def test_unusable_answer_to_a_write_leaves_its_fate_open(wire, clock, status, answer):
    wire.expect("POST", "/x", answer, status)
    with pytest.raises(FateUnknown, match=f"Could not write x: {HOST} answered {status}") as caught:
        make_graph(clock).post("/x", {}, to("write x"))
    assert caught.value.failure["status"] == status


@pytest.mark.parametrize("status", [408, 500, 501, 502, 503, 504, 505, 507, 509, 520, 524, 599])
def test_service_in_trouble_leaves_the_fate_of_a_write_open(wire, clock, status):
    wire.expect("POST", "/x", ERROR, status)
    with pytest.raises(FateUnknown) as caught:
        make_graph(clock).post("/x", {}, to("write x"))
    assert caught.value.failure["code"] == "AADB2C90000"


@pytest.mark.parametrize("status", [400, 404, 409])
def test_refused_write_was_not_carried_out(wire, clock, status):
    wire.expect("POST", "/x", ERROR, status)
    with pytest.raises(ServiceError) as caught:
        make_graph(clock, retries=0).post("/x", {}, to("write x"))
    assert caught.value.status == status


@pytest.mark.parametrize("headers, wait", [({}, None), ({"Retry-After": "7"}, 7)])
@pytest.mark.parametrize("status, answer", [(429, ERROR), (429, "<html>"), (409, error("AADB2C95053", "m."))], ids=str)
def test_write_that_was_refused_for_now(wire, clock, status, answer, headers, wait):
    wire.expect("POST", "/x", answer, status, headers=headers)
    with pytest.raises(NotCarriedOut, match="Could not write x: ") as caught:
        make_graph(clock).post("/x", {}, to("write x"))
    assert (caught.value.wait, caught.value.trouble) == (
        wait,
        f"{HOST} answered {status}{' with a web page instead of JSON' if answer == '<html>' else ''} while x is written",
    )
    assert caught.value.failure["status"] == status
    assert clock.slept == []


def test_gateway_that_says_when_to_come_back_does_not_say_that_nothing_was_done(wire, clock):
    wire.expect("POST", "/x", ERROR, 503, headers={"Retry-After": "7"})
    with pytest.raises(FateUnknown) as caught:
        make_graph(clock).post("/x", {}, to("write x"))
    assert caught.value.wait == 7


PAGE = "with a web page instead of JSON. Check graph_url and whether a proxy or login page is in between."


@pytest.mark.parametrize(
    "answer, told",
    [
        ("<html>", f" {PAGE}"),
        ("\ufeff\r\n <!DOCTYPE HTML>", f" {PAGE}"),
        ("[]", ", but not as Microsoft Graph does."),
        ("", ", but not as Microsoft Graph does."),
    ],
)
def test_unusable_answer_to_a_read_is_refused(wire, clock, answer, told):
    wire.expect("GET", "/x", answer)
    wire.expect("GET", "/x", answer)
    graph = make_graph(clock, retries=1)
    with pytest.raises(ServiceError) as caught:
        graph.get("/x", to("read x"))
    assert caught.value.message == f"Could not read x: {HOST} answered 200{told}"
    page = " with a web page instead of JSON" if PAGE in told else ""
    assert graph.budget.notices == [f"{HOST} answered 200{page} while x is read; retry 1 of 1 in 1 s."]


@pytest.mark.parametrize("status, hint", [(200, True), (302, True), (403, True), (407, True), (502, False)])
def test_page_of_somebody_in_between_accuses_nobody_else(wire, clock, status, hint):
    wire.expect("GET", "/x", "Sign in.", status, headers={"Content-Type": "text/html; charset=utf-8"})
    with pytest.raises(ServiceError) as caught:
        make_graph(clock, retries=0).get("/x", to("read x"))
    said = f"Could not read x: {HOST} answered {status} with a web page instead of JSON."
    assert caught.value.message == (said + PAGE.removeprefix("with a web page instead of JSON.") if hint else said)


def test_lost_answer_names_what_it_was_for(wire, clock):
    wire.expect("POST", "/x", requests.exceptions.ReadTimeout("timed out"))
    with pytest.raises(FateUnknown) as caught:
        make_graph(clock).post("/x", {}, to("write x"))
    assert caught.value.message == f"Could not write x: The answer of {HOST} was lost (timed out)."
    assert caught.value.trouble == f"The answer of {HOST} was lost (timed out) while x is written"


def test_pages_are_read_as_they_are_needed(wire, clock):
    pages = make_graph(clock).pages("/x", to("list x"))
    wire.expect("GET", "/x", {"value": [1, 2], "@odata.nextLink": f"{ROOT}/x?$skiptoken=a"})
    assert [next(pages), next(pages)] == [1, 2]
    wire.expect("GET", "/x?$skiptoken=a", {"value": [], "@odata.nextLink": f"{ROOT}/x?$skiptoken=b"})
    wire.expect("GET", "/x?$skiptoken=b", {"value": [3], "@odata.nextLink": None})
    assert list(pages) == [3]


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/v1.0/x",
        f"http://{HOST}/v1.0/x",
        f"https://{HOST}.evil.example/v1.0/x",
        f"https://{HOST}@evil.example/v1.0/x",
        f"https://user@{HOST}/v1.0/x",
        f"{ROOT}.evil.example/x",
        "//evil.example/x",
        "/v1.0/x",
        f"{ROOT}/../../evil",
        f"{ROOT}/x/%2e%2e/%2E%2e/evil",
        7,
        ["https://evil.example"],
    ],
    ids=str,
)
def test_token_is_not_led_to_another_host(wire, clock, link):
    wire.expect("GET", "/x", {"value": [1], "@odata.nextLink": link})
    with pytest.raises(IdentityError, match="Could not list x: the link to the next page leads away from"):
        list(make_graph(clock).pages("/x", to("list x")))


@pytest.mark.parametrize("answer", [{}, {"value": None}, {"value": {}}, {"value": "x"}], ids=repr)
def test_collection_without_a_list(wire, clock, answer):
    wire.expect("GET", "/x", answer)
    with pytest.raises(IdentityError, match="Could not list x: Microsoft Graph answered without a list"):
        list(make_graph(clock).pages("/x", to("list x")))


def test_pages_that_lead_in_a_circle_come_to_an_end(wire, clock):
    link = f"{ROOT}/x?$skiptoken=a"
    wire.expect("GET", "/x", {"value": [1], "@odata.nextLink": link})
    wire.expect("GET", "/x?$skiptoken=a", {"value": [2], "@odata.nextLink": link})
    with pytest.raises(IdentityError, match="next page"):
        list(make_graph(clock, retries=0).pages("/x", to("list x")))


def expect_pages(wire, count):
    for number in range(count):
        wire.expect(
            "GET",
            f"/x?{number}" if number else "/x",
            {"value": [number], "@odata.nextLink": f"{ROOT}/x?{number + 1}"},
        )


@pytest.mark.parametrize("most", [1, 3])
def test_list_without_end(wire, clock, most):
    expect_pages(wire, most)
    with pytest.raises(IdentityError, match=f"Could not list x: the list has more than {most} pages"):
        list(make_graph(clock).pages("/x", to("list x"), most=most))


def test_list_of_as_many_pages_as_there_may_be(wire, clock):
    expect_pages(wire, 2)
    wire.expect("GET", "/x?2", {"value": [2]})
    assert list(make_graph(clock).pages("/x", to("list x"), most=3)) == [0, 1, 2]
    assert MOST_PAGES == 1000


def test_no_page_begins_after_the_budget(wire, clock):
    expect_pages(wire, 2)
    graph, read = make_graph(clock, retry_timeout=10), []
    with pytest.raises(IdentityError, match="Could not list x: the 10 s of retry_timeout were over"):
        for entry in graph.pages("/x", to("list x")):
            read.append(entry)
            clock.now += 5
    assert read == [0, 1]


def test_list_may_be_worth_a_part_of_the_budget_only(wire, clock):
    graph = make_graph(clock)
    wire.expect("GET", "/x", status=503, headers={"Retry-After": "1"})
    with pytest.raises(ServiceError):
        list(graph.pages("/x", to("list x"), graph.budget.part(5, retries=0)))
    expect_pages(wire, 2)
    with pytest.raises(IdentityError, match="were over"):
        for unused in graph.pages("/x", to("list x"), graph.budget.part(5)):
            clock.now += 2.5
    assert graph.budget.left() == 175


def test_resource_lives_as_long_as_the_client(clock):
    graph = make_graph(clock)
    first = graph.resource(Things)
    assert graph.resource(Things) is first
    assert make_graph(clock).resource(Things) is not first


class Things:
    def __init__(self, graph):
        self.graph = graph


CLAIMS = {"access_token": {"nbf": {"essential": True, "value": "1604106651"}}}
ENCODED = base64.b64encode(json.dumps(CLAIMS).encode()).decode()
HEAD = 'Bearer realm="", authorization_uri="https://login.example/common/oauth2/authorize", error="insufficient_claims"'


def refusal_of(challenge):
    return {"headers": {"WWW-Authenticate": challenge}}


@pytest.mark.parametrize(
    "challenge, claims",
    [
        (f'{HEAD}, claims="{ENCODED}"', CLAIMS),
        (f'{HEAD}, claims="{ENCODED.rstrip("=")}"', CLAIMS),
        (f"{HEAD.replace('error=', 'ERROR=')}, Claims={ENCODED}", CLAIMS),
        (f'Bearer claims="{ENCODED}", error=insufficient_claims', CLAIMS),
        (HEAD, ""),
        (f'{HEAD}, claims="x"', ""),
        (f'{HEAD}, claims="{base64.b64encode(b"[7]").decode()}"', ""),
        (f'{HEAD}, claims="{base64.b64encode(b"[" * 90000).decode()}"', ""),
        (f'Bearer error="invalid_token", claims="{ENCODED}"', None),
        (f'Bearer error="insufficient_claims_x", claims="{ENCODED}"', None),
        ("", None),
    ],
    ids=lambda value: str(value)[-40:],
)
def test_claims_challenge(wire, clock, challenge, claims):
    tokens = FakeTokens()
    wire.expect("GET", "/x", ERROR, 401, **refusal_of(challenge))
    wire.expect("GET", "/x", {"a": 1})
    assert make_graph(clock, tokens).get("/x", to("read x")) == {"a": 1}
    ((given,), number) = (tokens.claims, tokens.number)
    assert (json.loads(given) if given else given) == claims
    assert number == 2


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("renewable", [False, True])
def test_claims_challenge_is_met_once_and_then_explained(wire, clock, method, renewable):
    tokens = FakeTokens(renewable)
    for unused in range(1 + renewable):
        wire.expect(method, "/x", ERROR, 401, **refusal_of(f'{HEAD}, claims="{ENCODED}"'))
    graph = make_graph(clock, tokens)
    with pytest.raises(ServiceError) as caught:
        graph.get("/x", to("read x")) if method == "GET" else graph.post("/x", {}, to("write x"))
    assert len(tokens.claims) == 1
    assert caught.value.failure["hint"] == (
        "The session was revoked, or a policy of the tenant has changed. Sign in anew."
    )


def test_what_graph_says_is_cleaned_and_holds_no_secret(wire, clock):
    graph = make_graph(clock, FakeTokens(renewable=False))
    graph.budget.secrets.add("hunter2")
    said = "\x1b[2JNo:\nBearer token-1, hunter2, aHVudGVyMg==. More " + "x" * 5000
    wire.expect(
        "GET", "/x", {"error": {"code": "C\x07\nD", "message": said}}, 400, headers={"request-id": "token-1\x1b"}
    )
    with pytest.raises(ServiceError) as caught:
        graph.get("/x", to("read x"))
    assert caught.value.message == "Could not read x: [2JNo: Bearer ********, ********, ********== (400 C D)."
    failure = caught.value.failure
    assert len(failure["message"]) == 1000 and failure["message"].isprintable()
    assert (failure["code"], failure["request_id"]) == ("C D", "********")
    assert caught.value.code == "C D"


def test_names_that_graph_shows_are_no_secrets(wire, clock):
    graph = make_graph(clock)
    graph.budget.secrets.add("Orders API 2")
    wire.expect("GET", "/x", {"displayName": "Orders API 2"})
    result = graph.get("/x", to("read x"))
    assert graph.budget.secrets.without(result) == result


def test_token_is_a_secret_from_the_moment_it_exists(wire, clock):
    class Tokens(FakeTokens):
        def token(self, budget):
            return "eyJ.long-enough"

    graph = make_graph(clock, Tokens(), retries=0)
    wire.expect("GET", "/x", requests.exceptions.ReadTimeout("timed out"))
    with pytest.raises(IdentityError):
        graph.get("/x", to("read x"))
    assert graph.budget.secrets.without({"a": "Bearer eyJ.long-enough"}) == {"a": "Bearer ********"}
