# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which certificate is the active one, over the clock."""

from __future__ import annotations

import pytest
from emulator.connectors import PREFERENCES, Certificate, active
from hypothesis import given
from hypothesis import strategies as st

DAY = 86400


def entry(now, name, start, end):
    """A raw certificate valid between two days from now."""
    return {"thumbprint": name * 40, "notBefore": int(now + start * DAY), "notAfter": int(now + end * DAY)}


def active_ones(caller, connector):
    """The thumbprints shown as active, each by its first letter."""
    return "".join(item["thumbprint"][0] for item in caller.certificates(connector) if item["isActive"])


def test_active_over_the_clock(caller):
    now = caller.emulator.now()
    entries = [entry(now, "A", -10, 40), entry(now, "B", -5, 10), entry(now, "C", 5, 20), entry(now, "D", -9, -1)]
    connector = caller.emulator.add_connector("a", certificates=entries)
    seen = [active_ones(caller, connector)]
    for days in (6, 10, 10, 20):
        caller.emulator.advance_clock(days * DAY)
        caller.token = None
        seen.append(active_ones(caller, connector))
    # B until C begins, C until it ends, then A again, at last none.
    assert seen == ["B", "C", "C", "A", ""]


def test_uploaded_last_wins_whatever_the_dates(caller, identity, other):
    connector = caller.emulator.add_connector("a", certificates=[{"pfx": other.pfx()}, {"pfx": identity.pfx()}])
    assert [item["isActive"] for item in caller.certificates(connector)] == [False, True]
    assert [item["isActive"] for item in caller.emulator.connectors()[0]["authentication"]["certificates"]] == [
        False,
        True,
    ]


@pytest.mark.parametrize("rule, expected", [("newest_upload", "C"), ("oldest_upload", "A"), ("latest_not_before", "B")])
def test_rules(caller, rule, expected):
    now = caller.emulator.now()
    entries = [
        entry(now, "Z", -30, -1),
        entry(now, "A", -10, 40),
        entry(now, "B", -5, 10),
        entry(now, "C", -8, 50),
        entry(now, "Y", 5, 90),
    ]
    connector = caller.emulator.add_connector("a", certificates=entries)
    assert active_ones(caller, connector) == "C"
    caller.emulator.settings(active_rule=rule)
    assert active_ones(caller, connector) == expected
    shown = caller.emulator.connectors()[0]["authentication"]["certificates"]
    assert [item["thumbprint"][0] for item in shown if item["isActive"]] == [expected]


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=6),
    st.integers(0, 20),
    st.sampled_from(sorted(PREFERENCES)),
)
def test_active_rule(periods, now, rule):
    certificates = [Certificate(str(number), start, end, number) for number, (start, end) in enumerate(periods)]
    valid = [item for item in certificates if item.not_before <= now <= item.not_after]
    expected = {
        "newest_upload": valid[-1:],
        "oldest_upload": valid[:1],
        "latest_not_before": sorted(valid, key=lambda item: item.not_before)[-1:],
    }[rule]
    assert [active(certificates, now, rule)] == (expected or [None])
