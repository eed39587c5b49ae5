# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest

from ansible_collections.msgraph.identity.plugins.module_utils._api_connectors import ApiConnectors
from ansible_collections.msgraph.identity.plugins.module_utils._connector_model import Changes, Named, parse_connector
from ansible_collections.msgraph.identity.plugins.module_utils._ensure import Plan, decide
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import Upload

from ..fakes import CONNECTORS, DOCUMENTED, ROOT, make_graph


def test_strange_connectors_are_no_trouble_for_others(wire, clock):
    strange = [None, 7, "text", {}, {"displayName": "Other", "authenticationConfiguration": 7}]
    wire.expect("GET", CONNECTORS, {"value": [*strange, DOCUMENTED]})
    assert ApiConnectors(make_graph(clock)).named("My API connector") == [parse_connector(DOCUMENTED)]


def test_strange_connector_of_that_name_is_refused(wire, clock):
    wire.expect("GET", CONNECTORS, {"value": [{"displayName": "My API connector"}]})
    with pytest.raises(IdentityError, match="not understood"):
        ApiConnectors(make_graph(clock)).named("My API connector")


@pytest.mark.parametrize("connector_id", [".", ".."])
def test_ids_that_would_lead_elsewhere_are_refused(wire, clock, connector_id):
    with pytest.raises(IdentityError, match="cannot be the ID"):
        ApiConnectors(make_graph(clock)).get(connector_id)


# --- one connector after the other ---

ID = DOCUMENTED["id"]
ONE = parse_connector(DOCUMENTED)
BY_ID, BY_NAME = Named(ID, None), Named(None, "My API connector")
OTHER = {**DOCUMENTED, "id": "c-2", "displayName": "Other"}


def url_of(connectors, named):
    """The URL of the connector, decided on by a plan that is idle where it is DONE, and an error when there is none."""

    def plan(connector):
        if connector is None:
            raise IdentityError("It is missing.")
        return Plan("", connector, connector, () if connector.target_url == DONE else ("a step",))

    return decide(connectors, named, plan).before.target_url


def with_url(url, document=None):
    return {**(document or DOCUMENTED), "targetUrl": url}


DONE = "https://done.example"


def test_loop_by_id_is_one_read_and_one_list(wire, clock):
    connectors = ApiConnectors(make_graph(clock))
    wire.expect("GET", f"{CONNECTORS}/{ID}", with_url(DONE))
    wire.expect("GET", CONNECTORS, {"value": [with_url(DONE), with_url(DONE, OTHER)]})
    for named in (BY_ID, Named("c-2", None), BY_ID, Named("c-2", None)):
        assert url_of(connectors, named) == DONE


def test_loop_by_name_is_one_list(wire, clock):
    connectors = ApiConnectors(make_graph(clock))
    wire.expect("GET", CONNECTORS, {"value": [with_url(DONE), with_url(DONE, OTHER)]})
    for named in (BY_NAME, Named(None, "Other"), BY_ID):
        assert url_of(connectors, named) == DONE


def test_other_tasks_share_what_was_read(wire, clock):
    graph = make_graph(clock)
    wire.expect("GET", CONNECTORS, {"value": [with_url(DONE)]})
    for unused in range(2):
        assert url_of(graph.resource(ApiConnectors), BY_NAME) == DONE


def test_list_is_read_again_after_a_few_seconds(wire, clock):
    connectors = ApiConnectors(make_graph(clock))
    for unused in range(2):
        wire.expect("GET", CONNECTORS, {"value": [with_url(DONE)]})
        assert url_of(connectors, BY_NAME) == DONE
        clock.now += 5


@pytest.mark.parametrize("named", [BY_ID, BY_NAME], ids=["id", "name"])
def test_what_is_not_idle_is_read_again(wire, clock, named):
    connectors = ApiConnectors(make_graph(clock))
    wire.expect("GET", CONNECTORS, {"value": [with_url("https://old.example"), with_url(DONE, OTHER)]})
    assert url_of(connectors, Named(None, "Other")) == DONE
    wire.expect("GET", f"{CONNECTORS}/{ID}", with_url("https://new.example"))
    assert url_of(connectors, named) == "https://new.example"


@pytest.mark.parametrize(
    "answer", [{"status": 404}, {"answer": {**DOCUMENTED, "displayName": "Renamed"}}], ids=["gone", "renamed"]
)
def test_name_that_moved_on_is_looked_up_anew(wire, clock, answer):
    connectors = ApiConnectors(make_graph(clock))
    wire.expect("GET", CONNECTORS, {"value": [DOCUMENTED, with_url(DONE, OTHER)]})
    assert url_of(connectors, Named(None, "Other")) == DONE
    wire.expect("GET", f"{CONNECTORS}/{ID}", **answer)
    wire.expect("GET", CONNECTORS, {"value": [{**with_url(DONE), "id": "c-3"}]})
    assert url_of(connectors, BY_NAME) == DONE


@pytest.mark.parametrize("status", [404, 403])
def test_nothing_is_hidden_by_what_was_read_before(wire, clock, status):
    """A connector that the list does not have is asked for, and so is one that would be written to."""
    connectors = ApiConnectors(make_graph(clock))
    wire.expect("GET", CONNECTORS, {"value": [DOCUMENTED, with_url(DONE, OTHER)]})
    assert url_of(connectors, Named(None, "Other")) == DONE
    wire.expect("GET", f"{CONNECTORS}/c-9", status=status)
    with pytest.raises(IdentityError):
        url_of(connectors, Named("c-9", None))
    wire.expect("GET", f"{CONNECTORS}/{ID}", status=status)
    with pytest.raises(IdentityError):
        url_of(connectors, BY_ID)


def test_ambiguous_and_strange_ones_are_looked_up_anew(wire, clock):
    connectors = ApiConnectors(make_graph(clock))
    strange = {**DOCUMENTED, "displayName": "Strange", "authenticationConfiguration": 7}
    answer = {"value": [DOCUMENTED, {**DOCUMENTED, "id": "c-3"}, strange, with_url(DONE, OTHER)]}
    wire.expect("GET", CONNECTORS, answer)
    assert url_of(connectors, Named(None, "Other")) == DONE
    wire.expect("GET", CONNECTORS, answer)
    with pytest.raises(IdentityError, match="ambiguous"):
        url_of(connectors, BY_NAME)
    wire.expect("GET", CONNECTORS, answer)
    with pytest.raises(IdentityError, match="'Strange' in a way that is not understood"):
        url_of(connectors, Named(None, "Strange"))


WRITES = {
    "upload": (
        lambda connectors: connectors.upload_client_certificate(ONE, Upload("", "")),
        "POST",
        f"{CONNECTORS}/{ID}/uploadClientCertificate",
        200,
    ),
    "update": (
        lambda connectors: connectors.update(ONE, Changes(target_url=DONE)),
        "PATCH",
        f"{CONNECTORS}/{ID}",
        204,
    ),
    "delete": (lambda connectors: connectors.delete(ONE), "DELETE", f"{CONNECTORS}/{ID}", 204),
    "create": (lambda connectors: connectors.create(Changes(display_name="New")), "POST", CONNECTORS, 201),
}


@pytest.mark.parametrize("refused", [False, True])
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_no_write_is_survived(wire, clock, write, refused):
    connectors = ApiConnectors(make_graph(clock))
    do, method, path, status = write
    wire.expect("GET", CONNECTORS, {"value": [with_url(DONE), with_url(DONE, OTHER)]})
    assert url_of(connectors, BY_NAME) == DONE
    wire.expect(method, path, status=403 if refused else status)
    with suppress(IdentityError):
        do(connectors)
    if method != "POST" or path.endswith("uploadClientCertificate"):
        # Nobody else is concerned, and a loop may have many.
        assert url_of(connectors, Named("c-2", None)) == DONE
    wire.expect("GET", f"{CONNECTORS}/{ID}", with_url(DONE))
    assert url_of(connectors, BY_ID) == DONE


def test_write_is_remembered_whatever_the_case_of_the_id(wire, clock):
    connectors = ApiConnectors(make_graph(clock))
    wire.expect("GET", CONNECTORS, {"value": [with_url(DONE), with_url(DONE, OTHER)]})
    assert url_of(connectors, Named(None, "Other")) == DONE
    wire.expect("PATCH", f"{CONNECTORS}/C-2", status=204)
    connectors.update(replace(parse_connector(OTHER), id="C-2"), Changes(target_url=DONE))
    wire.expect("GET", f"{CONNECTORS}/c-2", with_url(DONE, OTHER))
    assert url_of(connectors, Named("c-2", None)) == DONE


def test_new_name_makes_all_names_uncertain(wire, clock):
    connectors = ApiConnectors(make_graph(clock))
    wire.expect("GET", CONNECTORS, {"value": [with_url(DONE), with_url(DONE, OTHER)]})
    assert url_of(connectors, BY_NAME) == DONE
    wire.expect("PATCH", f"{CONNECTORS}/c-2", status=204)
    connectors.update(parse_connector(OTHER), Changes(display_name="My API connector"))
    wire.expect(
        "GET", CONNECTORS, {"value": [with_url(DONE), {**with_url(DONE, OTHER), "displayName": "My API connector"}]}
    )
    with pytest.raises(IdentityError, match="ambiguous"):
        url_of(connectors, BY_NAME)


def test_ambiguous_name_stays_ambiguous_after_a_write_to_one_of_them(wire, clock):
    connectors = ApiConnectors(make_graph(clock))
    twins = {"value": [with_url(DONE), with_url(DONE, {**DOCUMENTED, "id": "c-3"}), with_url(DONE, OTHER)]}
    wire.expect("GET", CONNECTORS, twins)
    assert url_of(connectors, Named(None, "Other")) == DONE
    wire.expect("POST", f"{CONNECTORS}/c-3/uploadClientCertificate", status=200)
    connectors.upload_client_certificate(replace(ONE, id="c-3"), Upload("", ""))
    wire.expect("GET", CONNECTORS, twins)
    with pytest.raises(IdentityError, match="ambiguous"):
        url_of(connectors, BY_NAME)


def test_list_that_cannot_be_read_is_no_trouble_for_who_asks_for_one(wire, clock):
    """It is tried once, and not again."""
    connectors = ApiConnectors(make_graph(clock))
    wire.expect("GET", f"{CONNECTORS}/{ID}", with_url(DONE))
    wire.expect("GET", CONNECTORS, status=500)
    for unused in range(3):
        if unused:
            wire.expect("GET", f"{CONNECTORS}/{ID}", with_url(DONE))
        assert url_of(connectors, BY_ID) == DONE
    assert clock.slept == []


def test_list_that_is_too_slow_to_serve_is_not_read_again(wire, clock):
    graph = make_graph(clock)
    pages = graph.pages

    def slowly(*given):
        yield from pages(*given)
        clock.now += 5

    graph.pages = slowly
    connectors = ApiConnectors(graph)
    wire.expect("GET", f"{CONNECTORS}/{ID}", with_url(DONE))
    wire.expect("GET", CONNECTORS, {"value": [with_url(DONE)]})
    for unused in range(3):
        if unused:
            wire.expect("GET", f"{CONNECTORS}/{ID}", with_url(DONE))
        assert url_of(connectors, BY_ID) == DONE


def test_list_that_only_spares_requests_costs_little(wire, clock):
    """However long it is, each connector is still served, and what the task has to spend is spent on that."""
    graph = make_graph(clock)
    pages, given = graph.pages, []
    graph.pages = lambda *arguments: given.append(arguments) or pages(*arguments)
    connectors = ApiConnectors(graph)
    wire.expect("GET", f"{CONNECTORS}/{ID}", with_url(DONE))
    for page in range(10):
        link = f"{ROOT}{CONNECTORS}?{page + 1}"
        wire.expect("GET", f"{CONNECTORS}?{page}" if page else CONNECTORS, {"value": [], "@odata.nextLink": link})
    for unused in range(2):
        wire.expect("GET", f"{CONNECTORS}/{ID}", with_url(DONE))
    for unused in range(3):
        assert url_of(connectors, BY_ID) == DONE
    ((dummy, dummy, budget, most),) = given
    assert (budget.left(), budget.retries, most) == (5, 0, 10)
