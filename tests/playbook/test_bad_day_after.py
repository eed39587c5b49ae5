# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""After a write: reads that lag behind, uploads that do not make a certificate active, tokens that end meanwhile."""

from __future__ import annotations

import re
import threading
import time
from typing import Any

import pytest
from support.certificates import Made, make_certificate
from support.plays import Played

from crowd import Crowd
from stage import BASTION, LOCAL, Stage

PASSWORD = "orders-password"
A_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture(name="old", scope="module")
def fixture_old() -> Made:
    """The certificate that is on the connectors before."""
    return make_certificate("old.example")


class Scene:
    """A crowd whose connectors have certificates already, and are to have another one."""

    def __init__(self, stage: Stage, wanted: Made) -> None:
        self.crowd = Crowd(stage)
        self.stage = stage
        self.wanted = wanted
        self._src = stage.write("wanted.pfx", wanted.pfx(PASSWORD))

    def add(self, host: str, *listed: Made, way: str = LOCAL, **options: Any) -> None:
        """A host whose connector has the certificates `listed`."""
        self.stage.emulator.add_connector(
            host, connector_id=host, certificates=[{"pfx": made.pfx()} for made in listed]
        )
        self.crowd.add(
            host,
            way,
            **{
                "connector_id": host,
                "src": self._src,
                "certificate_password": PASSWORD,
                **self.stage.sign_in,
                **options,
            },
        )

    def play(self, *arguments: str) -> Played:
        """Run the task on all hosts."""
        played = self.crowd.play(*arguments)
        assert played.code == 0, played.output
        return played

    def count(self, host: str) -> int:
        """How often the wanted certificate is listed on the connector of a host."""
        return self.crowd.listed(host).count(self.wanted.thumbprint)


def test_reads_that_lag(stage: Stage, orders: Made, old: Made) -> None:
    """A replacement is read until it shows, and the user sees what is waited for; an upload shows in its answer."""
    scene = Scene(stage, orders)
    scene.add("uploaded", old)
    scene.add("replaced", old, exclusive=True)
    scene.add("replaced_on_a_bastion", old, way=BASTION, exclusive=True)
    stage.emulator.settings(read_lag=1)
    scene.play()
    results = scene.crowd.results
    for host, result in results.items():
        assert result["changed"], result
        assert scene.count(host) == 1
        assert result["certificate"]["is_active"]
    assert scene.crowd.calls("uploaded") == ["GET", "POST"]
    assert scene.crowd.calls("replaced") == ["GET", "PATCH", "GET", "GET"]
    assert scene.crowd.calls("replaced_on_a_bastion") == ["GET", "GET", "PATCH", "GET", "GET"]
    assert "warnings" not in results["uploaded"]
    for host in ("replaced", "replaced_on_a_bastion"):
        assert results[host].get("warnings"), "nothing tells why the task took longer"


def test_lost_upload_that_shows_later(stage: Stage, orders: Made, old: Made) -> None:
    """An upload whose answer is lost may take effect, or show, a moment later: it is waited for before it is sent
    again.
    """
    scene = Scene(stage, orders)
    scene.add("lost", old)
    scene.crowd.strike("lost", action="drop_after", method="POST")
    stage.emulator.settings(read_lag_seconds=0.4, duplicate_upload="append")
    scene.play()
    assert scene.count("lost") == 1
    assert scene.crowd.calls("lost") == ["GET", "POST", "GET"]
    result = scene.crowd.results["lost"]
    assert result["changed"]
    assert "; retry 1 of" in result["warnings"][0]


def test_lost_upload_that_a_read_did_not_show(stage: Stage, orders: Made, old: Made) -> None:
    """When reads lag longer, a second upload is refused because the first one was carried out: that is no failure."""
    scene = Scene(stage, orders)
    scene.add("lost", old)
    scene.crowd.strike("lost", action="drop_after", method="POST")
    stage.emulator.settings(read_lag=1, duplicate_upload="error")
    scene.play()
    assert scene.count("lost") == 1
    result = scene.crowd.results["lost"]
    assert not result.get("failed"), result["msg"]


def test_certificate_that_never_shows(stage: Stage, orders: Made, old: Made) -> None:
    """It fails when the budget ends, and says that it was sent and when."""
    scene = Scene(stage, orders)
    scene.add("replaced", old, exclusive=True, retry_timeout=3)
    scene.add("replaced_on_a_bastion", old, way=BASTION, exclusive=True, retry_timeout=3)
    stage.emulator.settings(read_lag=1000)
    scene.play()
    for host, result in scene.crowd.results.items():
        assert result["failed"]
        for words in (
            f"Certificate {orders.thumbprint} was sent at",
            f"API connector '{host}' does not list the certificate",
            "retry_timeout",
        ):
            assert words in result["msg"]
        assert A_TIME.search(result["msg"]), result["msg"]
        assert scene.crowd.calls(host).count("PATCH") == 1


@pytest.mark.parametrize("duplicate_upload", ["ignore", "error"])
def test_upload_that_does_not_make_it_active(stage: Stage, orders: Made, old: Made, duplicate_upload: str) -> None:
    """Where a second upload of a certificate is ignored or refused, the task fails and names what helps."""
    scene = Scene(stage, orders)
    scene.add("inactive", orders, old, ensure_active=True, retry_timeout=3)
    stage.emulator.settings(duplicate_upload=duplicate_upload)
    scene.play()
    result = scene.crowd.results["inactive"]
    assert result["failed"]
    assert "exclusive" in result["msg"]
    assert scene.crowd.calls("inactive").count("POST") == 1
    assert scene.count("inactive") == 1


def test_lost_upload_that_makes_it_active(stage: Stage, orders: Made, old: Made) -> None:
    """To be listed is not enough when it is to be active; that it is, is seen by reading."""
    scene = Scene(stage, orders)
    for host in ("dropped", "carried_out"):
        scene.add(host, orders, old, ensure_active=True)
    scene.crowd.strike("dropped", action="drop_before", method="POST")
    scene.crowd.strike("carried_out", action="drop_after", method="POST")
    stage.emulator.settings(duplicate_upload="move")
    scene.play()
    assert scene.crowd.calls("dropped") == ["GET", "POST", "GET", "POST"]
    assert scene.crowd.calls("carried_out") == ["GET", "POST", "GET"]
    for host, result in scene.crowd.results.items():
        assert result["changed"]
        assert result["certificate"]["is_active"]
        assert "; retry 1 of" in result["warnings"][0]
        assert scene.crowd.listed(host) == [old.thumbprint, orders.thumbprint]


def test_token_revoked_in_mid_run(stage: Stage, orders: Made, old: Made) -> None:
    """A token that ends between read and write is renewed once, where it can be."""
    scene = Scene(stage, orders)
    scene.add("renewed", old)
    scene.add("given", old, secret="", access_token=stage.emulator.mint_token())
    for host in ("renewed", "given"):
        scene.crowd.strike(host, action="stall", seconds=2, method="POST")
    running = threading.Thread(target=scene.play)
    running.start()
    while running.is_alive() and len(stage.writes()) < 2:
        time.sleep(0.05)
    stage.emulator.revoke_tokens()
    running.join()
    results = scene.crowd.results
    assert results["renewed"]["uploaded"]
    assert scene.crowd.calls("renewed") == ["GET", "POST", "POST"]
    assert scene.crowd.listed("renewed") == [old.thumbprint, orders.thumbprint]
    assert stage.calls("entra").count("POST token") == 2
    assert results["given"]["failed"]
    for words in ("Could not upload the certificate", "401", "The token was not accepted"):
        assert words in results["given"]["msg"]
    assert scene.crowd.listed("given") == [old.thumbprint]


def test_fault_in_a_list(stage: Stage, orders: Made, old: Made) -> None:
    """A connector that is named is found on a page that had to be read twice, and a list that cannot be read is no
    empty one.
    """
    stage.emulator.settings(page_size=1)
    stage.emulator.add_connector("first", certificates=[])
    scene = Scene(stage, orders)
    scene.add("second", old, connector_id="", connector_name="second", retries=2)
    # The first page twice, then the second page until it is given up.
    for rule in ({"skip": 0}, {"skip": 1, "times": None}):
        stage.emulator.fault(
            action="html", status=502, headers={"Retry-After": "0"}, method="GET", path="apiConnectors$", **rule
        )
    scene.play()
    result = scene.crowd.results["second"]
    assert result["failed"]
    assert "Could not find API connector 'second'" in result["msg"]
    assert stage.calls("graph") == ["GET apiConnectors"] * 5
    assert not stage.writes()
