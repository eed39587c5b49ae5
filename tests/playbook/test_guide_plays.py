# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plays of the guides, one after the other as a reader would run them, do and print what the guides say."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

from support.certificates import Made, make_certificate
from support.examples import of_guides
from support.plays import Played

from stage import Stage

GUIDES = Path(__file__).resolve().parents[2] / "docs" / "docsite" / "rst"
PASSWORD = "guide~password"


def plays(guide: str) -> list[str]:
    """The plays that a guide shows."""
    return [
        example.text
        for example in of_guides()
        if example.kind == "playbooks" and example.origin.rpartition("-")[0] == guide
    ]


def outputs(guide: str) -> list[str]:
    """The output that a guide shows."""
    blocks = re.findall(
        r"^\.\. code-block:: text\n\n((?:(?: +.*)?\n)+)",
        (GUIDES / f"{guide}.rst").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    return [textwrap.dedent(block).strip("\n") for block in blocks]


def run(stage: Stage, text: str, *arguments: str) -> Played:
    """Run a play that signs in by the environment."""
    stage.write("play.yml", text.encode())
    variables = ("-e", f"orders_api_pfx_password={PASSWORD}", "-e", f"orders_pfx_password={PASSWORD}")
    return stage.run(
        "play.yml", *variables, *arguments, environ={**stage.sign_in_environment, **stage.hosts_environment}
    )


def changed(played: Played) -> bool:
    """Whether a run that went well changed something."""
    assert played.code == 0, played.output
    return "changed=1 " in played.stdout


def listed(stage: Stage) -> dict[str, bool]:
    """The certificates of the orders connector: thumbprint, and whether it is active."""
    (connector,) = [connector for connector in stage.emulator.connectors() if connector["displayName"] == "Orders API"]
    return {entry["thumbprint"]: entry["isActive"] for entry in connector["authentication"]["certificates"]}


def assert_shown(shown: str, printed: str) -> None:
    """Each line that a guide shows was printed, in this order; times and thumbprints are those of the day."""

    def lines(text: str) -> list[str]:
        text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", re.sub(r"[0-9A-F]{40}", "THUMBPRINT", text))
        return [line.rstrip() for line in text.splitlines() if line.strip()]

    remaining = iter(lines(printed))
    for line in lines(shown):
        assert line in remaining, f"not printed, or not there: {line}\n\n{printed}"


def test_quick_start(stage: Stage, orders: Made) -> None:
    """Check mode shows the change, the first run makes it, the second one finds nothing to do."""
    stage.emulator.add_connector(
        "Orders API", certificates=[{"pfx": make_certificate("predecessor.example", ends=20).pfx()}]
    )
    stage.write("orders-api.pfx", orders.pfx(PASSWORD))
    (play,), (diff, nothing) = plays("guide_quick_start"), outputs("guide_quick_start")

    checked = run(stage, play, "--check", "--diff")
    assert changed(checked)
    assert not stage.writes()
    assert_shown(diff, checked.stdout)

    assert changed(run(stage, play))
    repeated = run(stage, play)
    assert not changed(repeated)
    assert_shown(nothing, repeated.stdout)
    assert list(listed(stage).values()) == [False, True]


def test_rotation(stage: Stage) -> None:
    """Beside, back, alone, one that was issued; then a connector with its certificate, and a look at what ends."""
    old, new = make_certificate("orders-old.example", ends=20), make_certificate("orders-new.example", key_number=1)
    stage.emulator.settings(duplicate_upload="move")
    stage.emulator.add_connector("Orders API", certificates=[{"pfx": old.pfx()}])
    for name, made in (("orders-old.pfx", old), ("orders-new.pfx", new)):
        stage.write(name, made.pfx(PASSWORD))
    beside, alone, issued, back, connector, watch = plays("guide_rotation")
    newest = make_certificate("orders-issued.example", key_number=2)
    pem = {"certificate": newest.pem.decode(), "private_key": newest.key_pem.decode()}
    stage.write("issued.json", stage.as_json({"issued": pem}).encode())

    expiring = run(stage, watch)
    assert expiring.code == 2
    assert "Renew: Orders API" in expiring.output

    for play, expected in (
        (beside, {old.thumbprint: False, new.thumbprint: True}),
        (back, {old.thumbprint: True, new.thumbprint: False}),
        (alone, {new.thumbprint: True}),
        (issued, {new.thumbprint: False, newest.thumbprint: True}),
    ):
        assert [changed(run(stage, play, "-e", "@issued.json")) for _turn in range(2)] == [True, False]
        assert listed(stage) == expected

    assert [changed(run(stage, connector)) for _turn in range(2)] == [True, False]
    assert len(stage.emulator.connectors()) == 2
    assert not changed(run(stage, watch))
