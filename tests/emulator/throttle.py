# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many requests a tenant may send, and how long it has to wait then."""

from __future__ import annotations

import math

from .settings import Settings


class Bucket:
    """Counts the requests of a tenant since a moment; refused ones do not count."""

    def __init__(self) -> None:
        self._start, self._count = 0.0, 0

    def take(self, now: float, settings: Settings) -> int:
        """Count a request; returns the seconds to wait, 0 when it may pass."""
        if not settings.throttle_requests:
            return 0
        end = self._start + settings.throttle_seconds
        if now >= end or now < self._start:
            self._start, self._count, end = now, 0, now + settings.throttle_seconds
        if self._count >= settings.throttle_requests:
            return max(1, math.ceil(end - now))
        self._count += 1
        return 0
