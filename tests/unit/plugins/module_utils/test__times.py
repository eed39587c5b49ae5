# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.msgraph.identity.plugins.module_utils._times import about, days_remaining, http_date, iso8601

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


@pytest.mark.parametrize(
    "text, moment",
    [
        # The three forms of RFC 9110, 5.6.7.
        ("Sun, 06 Nov 1994 08:49:37 GMT", datetime(1994, 11, 6, 8, 49, 37, tzinfo=timezone.utc)),
        ("Sunday, 06-Nov-94 08:49:37 GMT", datetime(1994, 11, 6, 8, 49, 37, tzinfo=timezone.utc)),
        ("Sun Nov  6 08:49:37 1994", datetime(1994, 11, 6, 8, 49, 37, tzinfo=timezone.utc)),
        ("Sun, 06 Nov 1994 10:49:37 +0200", datetime(1994, 11, 6, 8, 49, 37, tzinfo=timezone.utc)),
        ("Mon, 01 Jan 99999 00:00:00 GMT", None),
        ("Sun, 06 Nov 1994 99:99:99 GMT", None),
        ("Sun, 06 Nov 1994 08:49:37 +9999999999", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("7", None),
    ],
    ids=repr,
)
def test_dates_of_headers(text, moment):
    assert http_date(text) == moment


@given(st.text())
def test_no_date_of_a_header_does_harm(text):
    moment = http_date(text)
    assert moment is None or moment.tzinfo == timezone.utc


@pytest.mark.parametrize(
    "span, words",
    [
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=-5, seconds=-20), "5 minutes"),
        (timedelta(minutes=119), "119 minutes"),
        (timedelta(hours=3), "3 hours"),
        (timedelta(hours=47), "47 hours"),
        (timedelta(days=-40), "40 days"),
    ],
    ids=str,
)
def test_spans_in_words(span, words):
    assert about(span) == words
