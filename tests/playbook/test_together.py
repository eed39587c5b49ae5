# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ten tasks at once for one connector: none of them sees the others before it writes, and all end well."""

from __future__ import annotations

from typing import Any

import pytest
from support.certificates import Made, make_certificate

from crowd import Crowd, thumbprints
from stage import BASTION, LOCAL, Stage

TASKS = 10
# Long enough for all tasks to have read the connector before the first of them writes.
STALL = 2.5


def together(stage: Stage, wanted: list[Made], way: str = LOCAL, **options: Any) -> Crowd:
    """A play in which each of `wanted` is uploaded by a host of its own at the same time."""
    connector = stage.emulator.add_connector("Orders", certificates=[])
    token = stage.emulator.mint_token()
    crowd = Crowd(stage)
    for number, made in enumerate(wanted):
        src = stage.write(f"{made.thumbprint}.pfx", made.pfx())
        crowd.add(f"host{number}", way, connector_id=connector, src=src, access_token=token, **stage.hosts, **options)
    for method in ("POST", "PATCH"):
        stage.emulator.fault(action="stall", seconds=STALL, method=method, times=None)
    played = crowd.play(forks=TASKS)
    assert played.code == 0, played.output
    assert len(stage.writes()) >= 2, "nobody wrote at the same time"
    return crowd


def listed(stage: Stage) -> list[str]:
    """The thumbprints on the only connector."""
    (connector,) = stage.emulator.connectors()
    return thumbprints(connector)


@pytest.mark.parametrize("way, tasks", [(LOCAL, TASKS), (BASTION, 4)], ids=[LOCAL, BASTION])
def test_one_certificate_where_a_second_upload_is_refused(stage: Stage, orders: Made, way: str, tasks: int) -> None:
    """Who comes too late is told that the certificate is there already, which is what the task was to see to."""
    stage.emulator.settings(duplicate_upload="error")
    crowd = together(stage, [orders] * tasks, way)
    assert listed(stage) == [orders.thumbprint]
    for host, result in crowd.results.items():
        assert not result.get("failed"), f"{host}: {result['msg']}"
        assert result["certificate"]["is_active"]
    assert any(result["changed"] for result in crowd.results.values())


@pytest.mark.parametrize("duplicate_upload", ["ignore", "append"])
def test_one_certificate_where_a_second_upload_is_taken(stage: Stage, orders: Made, duplicate_upload: str) -> None:
    """The certificate is listed, however often Graph lists one that was uploaded again."""
    stage.emulator.settings(duplicate_upload=duplicate_upload)
    crowd = together(stage, [orders] * TASKS)
    uploads = len(stage.writes())
    assert listed(stage) == [orders.thumbprint] * (1 if duplicate_upload == "ignore" else uploads)
    for result in crowd.results.values():
        assert not result.get("failed"), result["msg"]
        assert result["certificate"]["is_active"]


def test_ten_certificates(stage: Stage) -> None:
    """All are listed, and the one that came last is active."""
    wanted = [make_certificate(f"orders-{number}.example") for number in range(TASKS)]
    crowd = together(stage, wanted)
    assert sorted(listed(stage)) == sorted(made.thumbprint for made in wanted)
    assert len(stage.writes()) == TASKS
    (connector,) = stage.emulator.connectors()
    assert [certificate["isActive"] for certificate in connector["authentication"]["certificates"]] == [False] * (
        TASKS - 1
    ) + [True]
    for result in crowd.results.values():
        assert not result.get("failed"), result["msg"]
        assert result["uploaded"]


def test_three_exclusive_certificates(stage: Stage) -> None:
    """Of several that are each to be the only one, the last one is; who does not see its own any more says so."""
    wanted = [make_certificate(f"orders-{number}.example") for number in range(3)]
    crowd = together(stage, wanted, exclusive=True, retry_timeout=5)
    assert len(listed(stage)) == 1
    winners = [result for result in crowd.results.values() if not result.get("failed")]
    assert listed(stage)[0] in [result["certificate"]["thumbprint"] for result in winners]
    for result in crowd.results.values():
        if result.get("failed"):
            assert "was sent at" in result["msg"]
