# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.msgraph.identity.plugins.module_utils._times import days_remaining, iso8601

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "moment, text",
    [
        (NOON, "2026-01-31T12:00:00Z"),
        (NOON.replace(microsecond=999999), "2026-01-31T12:00:00Z"),
        (datetime(2026, 1, 31, 13, 0, tzinfo=timezone(timedelta(hours=1))), "2026-01-31T12:00:00Z"),
        (datetime(2026, 1, 31, 20, 0, tzinfo=timezone(-timedelta(hours=5, minutes=30))), "2026-02-01T01:30:00Z"),
        (datetime(2020, 2, 29, 23, 59, 59, tzinfo=timezone.utc), "2020-02-29T23:59:59Z"),
        (datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone.utc), "9999-12-31T23:59:59Z"),
    ],
    ids=str,
)
def test_times_are_in_utc_without_fractions(moment, text):
    assert iso8601(moment) == text


@pytest.mark.parametrize(
    "left, days",
    [
        (timedelta(0), 0),
        (timedelta(seconds=1), 0),
        (timedelta(days=1) - timedelta(microseconds=1), 0),
        (timedelta(days=1), 1),
        (timedelta(days=30, hours=23), 30),
        (-timedelta(microseconds=1), -1),
        (-timedelta(days=1), -1),
        (-timedelta(days=1, seconds=1), -2),
    ],
    ids=str,
)
def test_days_remaining_are_whole_and_negative_afterwards(left, days):
    assert days_remaining(NOON, NOON - left) == days
    elsewhere = (NOON - left).astimezone(timezone(timedelta(hours=9)))
    assert days_remaining(NOON, elsewhere) == days
