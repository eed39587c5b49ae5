# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times as results show them, and as HTTP says them."""

from __future__ import annotations

import math
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime


def iso8601(moment: datetime) -> str:
    """`moment` in UTC, such as `2026-01-31T12:00:00Z`."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def days_remaining(not_after: datetime, now: datetime) -> int:
    """Whole days until `not_after`, negative once it has passed."""
    return math.floor((not_after - now).total_seconds() / 86400)


def http_date(text: str | None) -> datetime | None:
    """The time in a header (RFC 9110, 5.6.7), or None when there is none in it."""
    try:
        moment = parsedate_to_datetime(text or "")
        # The oldest of the three forms has no time zone; all of them are in UTC.
        return moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment.astimezone(timezone.utc)
    except (TypeError, ValueError, OverflowError, IndexError):
        return None


def about(span: timedelta) -> str:
    """How long `span` is, in words: whole minutes, hours or days, rounded."""
    minutes = abs(span).total_seconds() / 60
    number, unit = (
        (minutes, "minute") if minutes < 120 else (minutes / 60, "hour") if minutes < 2880 else (minutes / 1440, "day")
    )
    return f"{round(number)} {unit}{'' if round(number) == 1 else 's'}"
