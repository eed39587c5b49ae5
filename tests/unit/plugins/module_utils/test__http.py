# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
import socket
import time

import pytest
import requests
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.msgraph.identity.plugins.module_utils._errors import (
    FateUnknown,
    IdentityError,
    NotCarriedOut,
    Unreachable,
)
from ansible_collections.msgraph.identity.plugins.module_utils._http import HttpClient, json_object, refused_for_now

from ..fakes import HOST, FakeClock, Wire, make_budget

URL = f"https://{HOST}/x"


def refused():
    """What requests raises when nobody listens."""
    cause = urllib3.exceptions.NewConnectionError(None, "Connection refused")
    cause.__cause__ = ConnectionRefusedError(111, "Connection refused")
    return requests.exceptions.ConnectionError(urllib3.exceptions.MaxRetryError(None, URL, cause))


def untrusted():
    """What requests raises for a certificate of an unknown issuer."""
    cause = urllib3.exceptions.SSLError(
        "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate (_ssl.c:1006)"
    )
    return requests.exceptions.SSLError(urllib3.exceptions.MaxRetryError(None, URL, cause))


NOT_SENT = {
    "refused": (refused(), f"{HOST} could not be reached (connection refused)"),
    "connect timeout": (
        requests.exceptions.ConnectTimeout("connect timed out"),
        f"{HOST} could not be reached (timed out)",
    ),
}
ANSWER_LOST = {
    "reset": (
        requests.exceptions.ConnectionError(
            urllib3.exceptions.ProtocolError("Connection aborted.", ConnectionResetError(104, "reset"))
        ),
        " (connection closed)",
    ),
    "read timeout": (requests.exceptions.ReadTimeout("read timed out"), " (timed out)"),
    "half an answer": (requests.exceptions.ChunkedEncodingError("broken"), " (incomplete answer)"),
    "TLS broken off": (
        requests.exceptions.SSLError("EOF occurred in violation of protocol"),
        " (TLS broken off)",
    ),
    "without arguments": (requests.exceptions.ConnectionError(), ""),
}


class Http:
    """A client that has one task to serve."""

    def __init__(self, clock, verify=True, timeout=30, **budget):
        self.budget = make_budget(clock, **budget)
        self.client = HttpClient(verify=verify, timeout=timeout)

    def send(self, method, url, **arguments):
        return self.client.send(self.budget, method, url, **arguments)

    @property
    def notices(self):
        return self.budget.notices


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_request_has_a_timeout_and_follows_no_redirect(wire, clock, method):
    wire.expect(method, URL, status=302, headers={"Location": "https://elsewhere.example"})
    assert Http(clock, timeout=7).send(method, URL).status_code == 302
    assert wire.calls[0].req_kwargs["timeout"] == 7


@pytest.mark.parametrize(
    "verify, bundle, used",
    [
        (True, None, True),
        (True, "/env.pem", "/env.pem"),
        (False, None, False),
        (False, "/env.pem", False),
        ("/own.pem", None, "/own.pem"),
        ("/own.pem", "/env.pem", "/own.pem"),
    ],
)
@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_explicit_verify_beats_the_environment(wire, clock, monkeypatch, verify, bundle, used, variable):
    if bundle:
        monkeypatch.setenv(variable, bundle)
    http = Http(clock, verify=verify)
    for unused in range(2):
        wire.expect("GET", URL)
        http.send("GET", URL)
    assert [call.req_kwargs["verify"] for call in wire.calls] == [used, used]


def test_arguments_reach_the_request(wire, clock):
    wire.expect("POST", URL, json={"a": 1})
    Http(clock).send("POST", URL, json={"a": 1}, headers={"X-Test": "yes"})
    assert wire.calls[0].headers["X-Test"] == "yes"


@pytest.mark.parametrize("status", [200, 204, 302, 400, 401, 403, 404, 409, 499])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_other_answers_are_kept(wire, clock, method, status):
    wire.expect(method, URL, status=status)
    http = Http(clock)
    assert http.send(method, URL).status_code == status
    assert (http.notices, clock.slept) == ([], [])


@pytest.mark.parametrize(
    "method, repeatable, status, headers, repeated",
    [
        ("GET", None, 429, {}, True),
        ("GET", None, 500, {}, True),
        ("GET", None, 502, {}, True),
        ("GET", None, 503, {}, True),
        ("GET", None, 504, {}, True),
        ("GET", None, 408, {}, True),
        ("GET", None, 501, {}, True),
        ("GET", None, 520, {}, True),
        ("GET", None, 524, {}, True),
        ("GET", False, 503, {}, False),
        ("GET", False, 429, {}, False),
        ("POST", None, 429, {}, False),
        ("POST", None, 503, {"Retry-After": "1"}, False),
        ("PATCH", None, 429, {"Retry-After": "1"}, False),
        ("POST", None, 500, {}, False),
        ("POST", True, 502, {}, True),
        ("POST", True, 503, {}, True),
        ("POST", True, 504, {}, True),
    ],
)
def test_which_answers_are_asked_for_again(wire, clock, method, repeatable, status, headers, repeated):
    wire.expect(method, URL, status=status, headers=headers)
    if repeated:
        wire.expect(method, URL)
    answer = Http(clock).send(method, URL, repeatable=repeatable)
    assert answer.status_code == (200 if repeated else status)
    assert clock.slept == ([1] if repeated else [])


@pytest.mark.parametrize(
    "retry_after, wait",
    [
        ("0", 0),
        ("7", 7),
        (" 7 ", 7),
        ("Sun, 06 Nov 1994 08:49:44 GMT", 7),
        ("Sunday, 06-Nov-94 08:49:44 GMT", 7),
        ("Sun, 06 Nov 1994 08:00:00 GMT", 0),  # past
        (None, 1),
        ("", 1),
        ("soon", 1),
        ("-5", 1),
        ("1.5", 1),
        ("Mon, 01 Jan 99999 00:00:00 GMT", 1),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after(wire, clock, monkeypatch, status, retry_after, wait):
    monkeypatch.setattr(time, "time", lambda: 784111777.0)  # Sun, 06 Nov 1994 08:49:37 GMT
    wire.expect("GET", URL, status=status, headers={} if retry_after is None else {"Retry-After": retry_after})
    wire.expect("GET", URL)
    assert Http(clock).send("GET", URL).status_code == 200
    assert clock.slept == [wait]


@given(
    retry_after=st.one_of(
        st.text(st.characters(min_codepoint=32, max_codepoint=126)),
        st.tuples(*[st.integers(0, 99999)] * 5).map(lambda numbers: "Mon, {} Jan {} {}:{}:{} GMT".format(*numbers)),
    )
)
def test_no_retry_after_does_harm(retry_after):
    clock = FakeClock()
    with Wire() as wire:
        wire.expect("GET", URL, status=429, headers={"Retry-After": retry_after})
        assert Http(clock, retries=0).send("GET", URL).status_code == 429
    assert clock.slept == []


@pytest.mark.parametrize("retry_after", ["180", "181", "3600", "9" * 30])
def test_answer_is_kept_when_the_wait_would_outlast_the_budget(wire, clock, retry_after):
    wire.expect("GET", URL, status=429, headers={"Retry-After": retry_after})
    assert Http(clock, retry_timeout=180).send("GET", URL).status_code == 429
    assert clock.slept == []


def test_budget_is_one_for_all_requests_of_a_task(wire, clock):
    http = Http(clock, retry_timeout=10)
    wire.expect("GET", URL, status=429, headers={"Retry-After": "9"})
    wire.expect("GET", URL)
    wire.expect("GET", URL, status=429, headers={"Retry-After": "9"})
    assert [http.send("GET", URL).status_code for unused in range(2)] == [200, 429]


def test_next_task_has_a_budget_of_its_own(wire, clock):
    http = Http(clock)
    for unused in range(2):
        http.budget = make_budget(clock, retry_timeout=10)
        wire.expect("GET", URL, status=429, headers={"Retry-After": "9"})
        wire.expect("GET", URL)
        assert http.send("GET", URL).status_code == 200
        assert len(http.notices) == 1
    assert clock.slept == [9, 9]


def test_retries_of_one_request_may_be_fewer(wire, clock):
    wire.expect("GET", URL, status=503)
    wire.expect("GET", URL, status=503)
    http = Http(clock)
    http.budget = http.budget.part(retries=1)
    assert http.send("GET", URL).status_code == 503
    assert http.notices == [f"{HOST} answered 503; retry 1 of 1 in 1 s."]


@pytest.mark.parametrize("retries", [0, 1, 4])
def test_answers_are_asked_for_again_no_more_than_allowed(wire, clock, retries):
    for unused in range(retries + 1):
        wire.expect("GET", URL, status=503)
    assert Http(clock, retries=retries).send("GET", URL).status_code == 503
    assert clock.slept == [1, 2, 4, 8][:retries]


@pytest.mark.parametrize("trouble, said", NOT_SENT.values(), ids=NOT_SENT)
@pytest.mark.parametrize("method, repeatable", [("GET", None), ("POST", True)])
def test_what_was_never_sent_is_sent_again(wire, clock, method, repeatable, trouble, said):
    wire.expect(method, URL, trouble)
    wire.expect(method, URL, trouble)
    wire.expect(method, URL)
    http = Http(clock)
    assert http.send(method, URL, repeatable=repeatable).status_code == 200
    assert clock.slept == [1, 2]
    assert http.notices == [
        f"{said}; retry 1 of 5 in 1 s.",
        f"{said}; retry 2 of 5 in 2 s.",
    ]


@pytest.mark.parametrize("trouble, said", NOT_SENT.values(), ids=NOT_SENT)
def test_write_that_was_never_sent_is_for_others_to_send_again(wire, clock, trouble, said):
    wire.expect("POST", URL, trouble)
    http = Http(clock)
    with pytest.raises(NotCarriedOut, match="Check the network, or allow more retries") as caught:
        http.send("POST", URL)
    assert caught.value.trouble == said and said in caught.value.message
    assert (caught.value.wait, http.notices, clock.slept) == (None, [], [])


@pytest.mark.parametrize("method, repeatable", [("GET", None), ("POST", True)])
def test_unreachable_in_the_end(wire, clock, method, repeatable):
    for unused in range(3):
        wire.expect(method, URL, refused())
    with pytest.raises(
        Unreachable, match="could not be reached .*3 times.*Check the network, or allow more retries"
    ) as caught:
        Http(clock, retries=2).send(method, URL, repeatable=repeatable)
    assert HOST in caught.value.message


def test_unreachable_when_the_budget_ends(wire, clock):
    for unused in range(3):
        wire.expect("GET", URL, refused())
    with pytest.raises(Unreachable, match="3 times"):
        Http(clock, retry_timeout=4).send("GET", URL)
    assert clock.slept == [1, 2]


@pytest.mark.parametrize("trouble, words", ANSWER_LOST.values(), ids=ANSWER_LOST)
@pytest.mark.parametrize("method, repeatable", [("GET", None), ("POST", True)])
def test_lost_answer_to_what_does_no_harm_twice(wire, clock, method, repeatable, trouble, words):
    wire.expect(method, URL, trouble)
    wire.expect(method, URL)
    http = Http(clock)
    assert http.send(method, URL, repeatable=repeatable).status_code == 200
    assert http.notices == [f"The answer of {HOST} was lost{words}; retry 1 of 5 in 1 s."]


@pytest.mark.parametrize("trouble, words", ANSWER_LOST.values(), ids=ANSWER_LOST)
@pytest.mark.parametrize("method, repeatable", [("POST", None), ("PATCH", None), ("GET", False)])
def test_lost_answer_to_a_write(wire, clock, method, repeatable, trouble, words):
    wire.expect(method, URL, trouble)
    with pytest.raises(FateUnknown) as caught:
        Http(clock).send(method, URL, repeatable=repeatable)
    assert caught.value.message == f"The answer of {HOST} was lost{words}."
    assert clock.slept == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_untrusted_certificate_is_not_tried_again(wire, clock, method):
    wire.expect(method, URL, untrusted())
    with pytest.raises(
        Unreachable, match=f"^The TLS certificate of {HOST} is not trusted. .*ca_path, or in REQUESTS_CA_BUNDLE"
    ):
        Http(clock).send(method, URL)
    assert clock.slept == []


def test_bundle_that_does_not_exist(wire, clock):
    wire.expect("GET", URL, OSError("Could not find a suitable TLS CA certificate bundle, invalid path: /none.pem"))
    with pytest.raises(IdentityError, match="/none.pem"):
        Http(clock).send("GET", URL)
    assert clock.slept == []


@pytest.mark.parametrize("token", ["s3cr3t\nX: y", "s3cr3t\r\n", "s3cr3t\u20ac"], ids=ascii)
def test_header_that_cannot_be_sent_is_not_quoted(clock, token):
    # Over a real connection, as some headers are refused only while they are written.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        with pytest.raises(IdentityError, match="No request can be made to 127.0.0.1:.*access_token") as caught:
            Http(clock, timeout=0.2, retries=0).send("GET", url, headers={"Authorization": f"Bearer {token}"})
    assert "s3cr3t" not in caught.value.message
    assert "s3cr3t" not in str(caught.value.__cause__)


@pytest.mark.parametrize("url", ["https://graph.example:port/x", "https:///x", "nonsense", "https://*.graph.example/x"])
def test_url_that_cannot_be_used(clock, url):
    with pytest.raises(IdentityError, match="No request can be made to .*Check graph_url, authority_host"):
        Http(clock).send("GET", url)
    assert clock.slept == []


def test_refused_connection_over_a_real_socket(clock):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # held, but nobody listens
        url = f"https://127.0.0.1:{held.getsockname()[1]}/x"
        with pytest.raises(Unreachable, match="could not be reached .*2 times"):
            Http(clock, retries=1).send("GET", url)
    assert clock.slept == [1]


def test_notice_says_what_the_server_answered(wire, clock):
    wire.expect("GET", URL, status=429, headers={"Retry-After": "3"})
    wire.expect("GET", URL)
    http = Http(clock, retries=2)
    http.send("GET", URL, during="while the list is read")
    assert http.notices == [f"{HOST} answered 429 while the list is read; retry 1 of 2 in 3 s."]


@pytest.mark.parametrize(
    "status, code, later",
    [
        (409, "Directory_ConcurrencyViolation", True),
        (400, "AADB2C95053", True),
        (400, "AADB2C90229", True),
        (403, "AADB2C90244", True),
        (400, "AADB2C95043", True),
        (400, "AADB2C90213", False),
        (409, "Request_Conflict", False),
    ],
)
def test_codes_that_say_later(wire, clock, status, code, later):
    answer = {"answer": {"error": {"code": code, "message": "m"}}, "status": status}
    wire.expect("GET", URL, **answer)
    if later:
        wire.expect("GET", URL)
    wire.expect("POST", URL, **answer)
    http = Http(clock)
    assert http.send("GET", URL).status_code == (200 if later else status)
    assert refused_for_now(http.send("POST", URL)) is later
    assert len(clock.slept) == later


NO_OBJECTS = {
    "page": "<html>",
    "nothing": "",
    "list": "[]",
    "half": '{"value": [',
    "not UTF-8": b'{"a": "\xff"}',
    "half of a pair": r'{"value": [{"id": "\ud800"}]}',
    "half of a pair as a name": r'{"\uDFFF": 1}',
    "half of a pair in bytes": b'{"a": "\xed\xa0\x80"}',
    "very deep": '{"a": ' + "[" * 100_000,
    "very deep, and whole": '{"a": ' + "[" * 100_000 + "]" * 100_000 + "}",
    "number without end": '{"a": ' + "9" * 5000 + "}",
}


@pytest.mark.parametrize("answer", NO_OBJECTS.values(), ids=NO_OBJECTS)
def test_answer_that_is_no_object_is_none(wire, clock, answer):
    wire.expect("GET", URL, answer)
    wire.expect("GET", URL)
    assert Http(clock).send("GET", URL).json() == {}


def test_no_request_outlives_the_budget(wire, clock):
    wire.expect("GET", URL, status=503, headers={"Retry-After": "15"})
    wire.expect("GET", URL)
    Http(clock, timeout=30, retry_timeout=20).send("GET", URL)
    assert [call.req_kwargs["timeout"] for call in wire.calls] == [20, 5]


def test_nothing_begins_after_the_budget(clock):
    http = Http(clock, retry_timeout=20)
    clock.now += 20
    for method in ("GET", "POST"):
        with pytest.raises(IdentityError, match="the 20 s of retry_timeout were over"):
            http.send(method, URL)


@pytest.mark.parametrize("text", ["ü", r"\u00fc", r"\ud83d\ude00", r"\\ud800"], ids=ascii)
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["", "BOM"])
def test_answer_that_is_an_object(wire, clock, text, mark):
    wire.expect("GET", URL, (mark + f'{{"a": "{text}"}}').encode(), headers={"Content-Type": "text/plain; charset=x"})
    assert json_object(Http(clock).send("GET", URL)) == {"a": json.loads(f'"{text}"')}


@pytest.mark.parametrize("date, wait", [("Sun, 06 Nov 1994 08:49:14 GMT", 30), ("soon", 7), (None, 7)])
def test_retry_after_is_a_date_of_the_server(wire, clock, monkeypatch, date, wait):
    monkeypatch.setattr(time, "time", lambda: 784111777.0)  # Sun, 06 Nov 1994 08:49:37 GMT
    headers = {"Retry-After": "Sun, 06 Nov 1994 08:49:44 GMT", **({"Date": date} if date else {})}
    wire.expect("GET", URL, status=429, headers=headers)
    wire.expect("GET", URL)
    assert Http(clock).send("GET", URL).status_code == 200
    assert clock.slept == [wait]


@pytest.mark.parametrize("age, noted", [({}, True), ({"Age": "3600"}, False)], ids=["fresh", "from a cache"])
@pytest.mark.parametrize("status", [200, 404])
def test_each_answer_tells_the_time(wire, clock, age, noted, status):
    for unused in range(2):
        wire.expect("GET", URL, status=status, headers={"Date": "Mon, 01 Jun 2026 13:00:00 GMT", **age})
    http = Http(clock)
    for unused in range(2):
        http.send("GET", URL)
    assert http.notices == ([NOTED] if noted else [])


NOTED = f"What is said of dates goes by the clock of this machine, which is 60 minutes behind that of {HOST}. Set it."


def test_what_libraries_say_is_cleaned(wire, clock):
    http = Http(clock)
    http.budget.secrets.add("s3cr3t-path")
    wire.expect("GET", URL, OSError("invalid path: /s3cr3t-path\x1b[2J\n" + "x" * 5000))
    with pytest.raises(IdentityError) as caught:
        http.send("GET", URL)
    assert "s3cr3t" not in caught.value.message and caught.value.message.isprintable()
    assert len(caught.value.message) < 500
