# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times as results show them."""

from __future__ import annotations

import math
from datetime import datetime, timezone


def iso8601(moment: datetime) -> str:
    """`moment` in UTC, such as `2026-01-31T12:00:00Z`."""
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def days_remaining(not_after: datetime, now: datetime) -> int:
    """Whole days until `not_after`, negative once it has passed."""
    return math.floor((not_after - now).total_seconds() / 86400)
