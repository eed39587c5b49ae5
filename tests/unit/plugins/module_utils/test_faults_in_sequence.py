# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever fails on the way, in any order: a task ends with what was wanted, or with a failure that claims nothing."""

from __future__ import annotations

import itertools
import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import requests
import responses
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.msgraph.identity.plugins.module_utils._api_connectors import ApiConnectors
from ansible_collections.msgraph.identity.plugins.module_utils._certificate_plan import CertificateIntent, Options
from ansible_collections.msgraph.identity.plugins.module_utils._connector_model import BasicAuthentication, Named
from ansible_collections.msgraph.identity.plugins.module_utils._connector_plan import ConnectorIntent, Wanted
from ansible_collections.msgraph.identity.plugins.module_utils._ensure import ensure
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import Upload, WantedCertificate
from ansible_collections.msgraph.identity.plugins.module_utils._source import Source

from ..fakes import CONNECTORS, ROOT, FakeClock, make_graph

NOW = datetime(2026, 6, 1, 12, 0, 0, tzinfo=timezone.utc)
URL, OTHER_URL = "https://api.example/orders", "https://api.example/other"
CERTIFICATE = WantedCertificate(
    "0E" * 20, "CN=orders", "CN=orders", "1F", NOW - timedelta(days=9), NOW + timedelta(days=300), b"der"
)
KEY = Upload("UEZY", "one-time")

BASIC = "#microsoft.graph.basicAuthentication"
LISTED = "#microsoft.graph.clientCertificateAuthentication"

# What happens to one request. "done": the work is done all the same.
FAULTS = (
    "fine",
    "lost, not done",
    "lost, done",
    "500, not done",
    "500, done",
    "503 with Retry-After, done",
    "408, done",
    "520, done",
    "429",
    "not understood, done",
    "another connector in the answer, done",
    "late",
    "a stranger comes before",
    "a stranger comes after",
    "refused",
)


@dataclass
class Graph:
    """Microsoft Graph with the connectors of a tenant; `faults` happen to its requests, one after the other."""

    faults: list[str]
    objects: dict[str, dict] = field(default_factory=dict)
    strangers: set[str] = field(default_factory=set)
    # Effects that reads show only later: how many reads are still to come, and what happens then.
    pending: list[list] = field(default_factory=list)
    was_read: bool = False
    numbers: itertools.count = field(default_factory=lambda: itertools.count(1))

    def add(self, **changes):
        connector = {
            "id": f"c-{next(self.numbers)}",
            "displayName": "Orders",
            "targetUrl": URL,
            "authenticationConfiguration": {"@odata.type": BASIC, "username": "user", "password": "******"},
            **changes,
        }
        self.objects[connector["id"]] = connector
        return connector

    def named(self):
        return [connector for connector in self.objects.values() if connector["displayName"] == "Orders"]

    @contextmanager
    def serve(self):
        with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
            for method in ("GET", "POST", "PATCH", "DELETE"):
                mock.add_callback(method, re.compile(re.escape(ROOT)), self.answer)
            yield

    def answer(self, request):
        fault = self.faults.pop(0) if self.faults else "fine"
        is_read = request.method == "GET"
        if fault == "a stranger comes before":
            self._stranger()
        if fault == "429":
            return 429, {"Retry-After": "1"}, ""
        if fault == "refused":
            return 403, {}, json.dumps({"error": {"code": "AADB2C", "message": "Access is denied."}})
        if fault in ("lost, not done", "500, not done"):
            if fault.startswith("lost"):
                raise requests.exceptions.ReadTimeout("lost")
            return 500, {}, ""
        if is_read:
            self._let_time_pass()
        status, body = self._read(request) if is_read else self._write(request, late=fault == "late")
        if fault == "a stranger comes after":
            self.was_read |= is_read
            self._stranger()
        if fault == "lost, done":
            raise requests.exceptions.ConnectionError("lost")
        if fault in ("500, done", "503 with Retry-After, done", "408, done", "520, done"):
            return int(fault[:3]), {"Retry-After": "1"}, ""
        if fault == "not understood, done":
            return 200, {}, "<html>"
        if fault == "another connector in the answer, done" and body and "id" in body:
            body = {**body, "id": "c-999", "displayName": "Somebody else's"}
        self.was_read |= is_read
        return status, {}, json.dumps(body) if body is not None else ""

    def _stranger(self):
        connector = self.add(targetUrl="https://stranger.example/")
        # One that the task can have seen before it decided is the connector that it means.
        if self.was_read:
            self.strangers.add(connector["id"])

    def settle(self):
        """Let everything show that is still to come."""
        while self.pending:
            self.pending.pop(0)[1]()

    def _let_time_pass(self):
        for effect in self.pending:
            effect[0] -= 1
        for effect in [effect for effect in self.pending if effect[0] < 0]:
            self.pending.remove(effect)
            effect[1]()

    def _read(self, request):
        if request.url == ROOT + CONNECTORS:
            return 200, {"value": list(self.objects.values())}
        found = self.objects.get(request.url.rsplit("/", 1)[1])
        return (200, found) if found else (404, {"error": {"code": "AADB2C", "message": "Not found."}})

    def _write(self, request, late):
        body = json.loads(request.body) if request.body else {}
        if request.method == "POST" and request.url == ROOT + CONNECTORS:
            made = {
                "id": f"c-{next(self.numbers)}",
                "displayName": body["displayName"],
                "targetUrl": body["targetUrl"],
                "authenticationConfiguration": self._shown(body["authenticationConfiguration"]),
            }
            self._happen(late, lambda: self.objects.__setitem__(made["id"], made))
            return 201, made
        path = request.url.removeprefix(ROOT + CONNECTORS + "/")
        found = self.objects.get(path.split("/")[0])
        if found is None:
            return 404, {"error": {"code": "AADB2C", "message": "Not found."}}
        if request.method == "POST":
            entries = found["authenticationConfiguration"].get("certificateList", [])
            listed = {"@odata.type": LISTED, "certificateList": [*[{**e, "isActive": False} for e in entries], ENTRY]}
            after = {**found, "authenticationConfiguration": listed}
            self._happen(late, lambda: self.objects.__setitem__(found["id"], after))
            return 200, after
        if request.method == "PATCH":
            if "authenticationConfiguration" in body:
                body["authenticationConfiguration"] = self._shown(body["authenticationConfiguration"])
            self._happen(late, lambda: self.objects[found["id"]].update(body))
            return 204, None
        self._happen(late, lambda: self.objects.pop(found["id"], None))
        return 204, None

    def _happen(self, late, effect):
        if late:
            self.pending.append([1, effect])
        else:
            effect()

    @staticmethod
    def _shown(authentication):
        if "username" in authentication:
            return {**authentication, "password": "******"}
        return {"@odata.type": LISTED, "certificateList": [ENTRY]}


ENTRY = {
    "thumbprint": CERTIFICATE.thumbprint,
    "notBefore": int(CERTIFICATE.not_before.timestamp()),
    "notAfter": int(CERTIFICATE.not_after.timestamp()),
    "isActive": True,
}
# Most requests are fine, or nothing would ever come to an end.
SEQUENCES = st.lists(st.one_of(st.just("fine"), st.sampled_from(FAULTS)), max_size=12)
MANY = settings(max_examples=max(400, settings.default.max_examples))


def run(graph, named, intent, certificate=None):
    """The outcome and what was noted, or the error."""
    client = make_graph(FakeClock(), retries=3, retry_timeout=60)
    source = Source(certificate, lambda: KEY) if certificate else None
    with graph.serve():
        try:
            outcome = ensure(client.resource(ApiConnectors), named, intent, source, False, NOW)
        except IdentityError as exc:
            assert exc.message.strip()
            return None, exc.message
    graph.settle()
    return outcome, " ".join(client.budget.notices)


def left_alone(graph):
    """No connector of somebody else was changed or deleted."""
    for identifier in graph.strangers:
        assert graph.objects[identifier]["targetUrl"] == "https://stranger.example/"


@MANY
@given(faults=SEQUENCES, by_certificate=st.booleans())
def test_create(faults, by_certificate):
    graph = Graph(list(faults))
    authentication = CERTIFICATE if by_certificate else BasicAuthentication("user", "pa$$word")
    wanted = Wanted(Named(None, "Orders"), True, "Orders", URL, authentication)
    outcome, said = run(
        graph, wanted.named, ConnectorIntent(wanted, NOW, False), CERTIFICATE if by_certificate else None
    )
    left_alone(graph)
    if outcome is None:
        return
    shown = graph.objects[outcome.after.id]
    if outcome.before is None:
        # It was created by this task, and is as wanted.
        assert outcome.after.id not in graph.strangers
        kind = LISTED if by_certificate else BASIC
        assert (shown["targetUrl"], shown["authenticationConfiguration"]["@odata.type"]) == (URL, kind)
    own = [connector for connector in graph.named() if connector["id"] not in graph.strangers]
    assert len(own) == 1 or "second connector of that name" in said


@MANY
@given(faults=SEQUENCES, exclusive=st.booleans())
def test_certificate(faults, exclusive):
    graph = Graph(list(faults))
    old = {**ENTRY, "thumbprint": "AA" * 20}
    graph.add(authenticationConfiguration={"@odata.type": LISTED, "certificateList": [old]})
    options = Options(Named("c-1", None), ensure_active=True, exclusive=exclusive)
    outcome, dummy = run(graph, options.named, CertificateIntent(CERTIFICATE, options, NOW), CERTIFICATE)
    left_alone(graph)
    if outcome is None:
        return
    assert outcome.after.id == "c-1"
    entries = [entry["thumbprint"] for entry in graph.objects["c-1"]["authenticationConfiguration"]["certificateList"]]
    assert outcome.after.listed(CERTIFICATE.thumbprint).is_active
    assert CERTIFICATE.thumbprint in entries
    assert not exclusive or set(entries) == {CERTIFICATE.thumbprint}
    # Twice only where an effect showed so late that it had to be taken for lost.
    assert entries.count(CERTIFICATE.thumbprint) == 1 or "late" in faults


@MANY
@given(faults=SEQUENCES)
def test_change(faults):
    graph = Graph(list(faults))
    graph.add()
    wanted = Wanted(Named("c-1", None), target_url=OTHER_URL)
    outcome, dummy = run(graph, wanted.named, ConnectorIntent(wanted, NOW, False))
    left_alone(graph)
    if outcome:
        assert (outcome.after.id, outcome.after.target_url) == ("c-1", OTHER_URL)
        assert graph.objects["c-1"]["targetUrl"] == OTHER_URL


@MANY
@given(faults=SEQUENCES)
def test_delete(faults):
    graph = Graph(list(faults))
    graph.add()
    wanted = Wanted(Named("c-1", None), present=False)
    outcome, dummy = run(graph, wanted.named, ConnectorIntent(wanted, NOW, False))
    left_alone(graph)
    if outcome:
        assert "c-1" not in graph.objects
