# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that do not fit their question, strangers at the wrong moment, and tenants without the service: nothing is
written on a guess, and the user is told.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from support.certificates import Made, make_certificate

from crowd import thumbprints
from stage import LOCAL, WAYS, Stage, certificate_task, connector_task, info_task

URL = "https://api.contoso.com/orders"
STRANGE_URL = "https://stranger.example/endpoint"
PASSWORD = "hostile~answer~Vq8nZ4"
BASIC = {"basic": {"username": "entra", "password": PASSWORD}}
CREATE = {"method": "POST", "path": "/apiConnectors$"}
STRANGER = [{"create": {}}]


def methods(stage: Stage) -> list[str]:
    """The methods of the writes that Graph was sent."""
    return [entry["method"] for entry in stage.writes()]


@dataclass(frozen=True)
class Creation:
    """What strikes a creation, and the words of the failure."""

    name: str
    faults: tuple[dict[str, Any], ...]
    posts: int
    says: tuple[str, ...]
    urls: tuple[str, ...]


CREATIONS = [
    Creation(
        "stranger_instead",
        ({**CREATE, "action": "drop_before", "meanwhile": STRANGER},),
        1,
        ("was not created again", "which is not as wanted"),
        (STRANGE_URL,),
    ),
    Creation(
        "stranger_beside_the_second",
        (
            {**CREATE, "action": "drop_before"},
            {**CREATE, "action": "pass", "meanwhile": [{"create": {}, "when": "after"}]},
        ),
        2,
        ("was created as", "while somebody else created"),
        (URL, STRANGE_URL),
    ),
    Creation(
        "stranger_at_the_same_time",
        ({**CREATE, "action": "pass", "meanwhile": STRANGER},),
        1,
        ("was created as", "while somebody else created"),
        (STRANGE_URL, URL),
    ),
]


@pytest.mark.parametrize("case", CREATIONS, ids=lambda case: case.name)
@pytest.mark.parametrize("way", WAYS)
def test_stranger(stage: Stage, case: Creation, way: str) -> None:
    """A stranger's connector of the same name is neither reported, nor changed, nor the reason to delete anything."""
    for fault in case.faults:
        stage.emulator.fault(**fault)
    options = {"connector_name": "Orders API", "target_url": URL, "authentication": BASIC, **stage.sign_in}
    played = stage.play([connector_task("made", {"ignore_errors": True}, **options)], hosts=way)
    result = stage.results["made"]
    assert result["failed"] and not result["changed"]
    for words in case.says:
        assert words in result["msg"]
    assert methods(stage) == ["POST"] * case.posts
    assert sorted(connector["targetUrl"] for connector in stage.emulator.connectors()) == sorted(case.urls)
    assert PASSWORD not in played.output


def test_lost_creation_that_appears_later(stage: Stage) -> None:
    """When the first request takes effect after all looks, the user was told that it may."""
    stage.emulator.fault(**CREATE, action="drop_after", late={"reads": 20})
    options = {"connector_name": "Orders API", "target_url": URL, "authentication": BASIC, **stage.sign_in}
    stage.play([connector_task("made", **options)])
    result = stage.results["made"]
    assert result["changed"]
    assert "Should a second connector of that name appear, delete it." in " ".join(result["warnings"])


@dataclass(frozen=True)
class Write:
    """A task, and what its first read is answered with."""

    name: str
    kind: Any
    options: dict[str, Any] = field(default_factory=dict)


WRITES = [
    Write("upload", certificate_task),
    Write("change", connector_task, {"target_url": "https://api.contoso.com/other"}),
    Write("deletion", connector_task, {"state": "absent"}),
    Write("info", info_task),
]


@pytest.mark.parametrize("case", WRITES, ids=lambda case: case.name)
@pytest.mark.parametrize("way", WAYS)
def test_answer_about_another_connector(stage: Stage, orders: Made, case: Write, way: str) -> None:
    """An answer about another connector is an error, and nothing is written to either of them."""
    for name in ("mine", "other"):
        stage.emulator.add_connector(name, URL, certificates=[], connector_id=name)
    stage.emulator.fault(method="GET", path="/mine$", action="pass", merge={"id": "other"}, times=None)
    options: dict[str, Any] = {"connector_id": "mine", **case.options, **stage.sign_in}
    if case.name == "upload":
        options["src"] = stage.write("orders.pfx", orders.pfx())
    stage.play([case.kind("done", {"ignore_errors": True}, **options)], hosts=way)
    result = stage.results["done"]
    assert result["failed"]
    assert "read API connector 'mine': Microsoft Graph answered with another one" in result["msg"]
    assert stage.writes() == []


def test_upload_answered_with_another_connector(stage: Stage, orders: Made) -> None:
    """The answer counts as lost, and reading settles what came of the upload."""
    stage.emulator.add_connector("mine", URL, certificates=[], connector_id="mine")
    stage.emulator.fault(method="POST", action="pass", merge={"id": "other"})
    src = stage.write("orders.pfx", orders.pfx())
    stage.play([certificate_task("done", connector_id="mine", src=src, **stage.sign_in)])
    assert (stage.results["done"]["connector"]["id"], methods(stage)) == ("mine", ["POST"])


@pytest.mark.parametrize("status", [408, 501, 503, 505, 507, 520, 524])
def test_upload_that_was_carried_out_whatever_the_gateway_says(stage: Stage, orders: Made, status: int) -> None:
    """One upload, although the answer was a failure, and one that asked to come back."""
    stage.emulator.settings(duplicate_upload="append")
    connector = stage.emulator.add_connector("mine", URL, certificates=[])
    stage.emulator.fault(method="POST", action="status", status=status, headers={"Retry-After": "1"}, after_effect=True)
    src = stage.write("orders.pfx", orders.pfx())
    stage.play([certificate_task("done", connector_id=connector, src=src, **stage.sign_in)])
    assert stage.results["done"]["changed"]
    (listed,) = stage.emulator.connectors()
    assert thumbprints(listed) == [orders.thumbprint]


NOT_OFFERED = {
    "sign_up_off": "400 AADB2C99039). Self-service sign-up for guests is off in this tenant",
    "unknown_error": "does not offer API connectors (404 UnknownError)",
    "not_found": "does not offer API connectors (404 NotFound)",
}


@pytest.mark.parametrize("state", NOT_OFFERED)
@pytest.mark.parametrize("way", WAYS)
def test_tenant_without_the_service(stage: Stage, orders: Made, state: str, way: str) -> None:
    """No module takes it for a connector that is absent."""
    stage.emulator.settings(api_connectors=state)
    src = stage.write("orders.pfx", orders.pfx())
    ignored = {"ignore_errors": True}
    by_id = {"connector_id": "orders", **stage.sign_in}
    stage.play(
        [
            certificate_task("upload", ignored, src=src, **by_id),
            connector_task("gone", ignored, state="absent", **by_id),
            info_task("info", ignored, **by_id),
            info_task("all", ignored, **stage.sign_in),
        ],
        hosts=way,
    )
    for name, result in stage.results.items():
        assert result["failed"], name
        assert NOT_OFFERED[state] in result["msg"], name
    assert stage.writes() == []


@pytest.mark.parametrize("duplicate_upload", ["append", "move", "ignore", "error"])
@pytest.mark.parametrize("rule", ["newest_upload", "oldest_upload", "latest_not_before"])
def test_nights_with_ensure_active(stage: Stage, orders: Made, rule: str, duplicate_upload: str) -> None:
    """Under each rule the nights end in "ok" or in one clear failure, and the list does not grow for ever."""
    stage.emulator.settings(active_rule=rule, duplicate_upload=duplicate_upload)
    # It was there before, and is the younger one.
    other = make_certificate("other.example", starts=-0.5)
    connector = stage.emulator.add_connector("Orders", certificates=[{"pfx": other.pfx()}])
    src = stage.write("orders.pfx", orders.pfx())
    options = {"connector_id": connector, "src": src, "ensure_active": True, "retry_timeout": 2, **stage.sign_in}
    nights = ["first", "second", "third", "fourth"]
    stage.play([certificate_task(night, {"ignore_errors": True}, **options) for night in nights], hosts=LOCAL)
    ends = [bool(stage.results[night].get("failed")) for night in nights]
    assert len(set(ends)) == 1
    for night in nights if ends[0] else ():
        assert "exclusive" in stage.results[night]["msg"]
    (listed,) = stage.emulator.connectors()
    assert thumbprints(listed).count(orders.thumbprint) <= 2
    assert [entry["method"] for entry in stage.writes()].count("POST") <= (1 if not ends[0] else len(nights))
