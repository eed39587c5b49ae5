# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator's clock: real time plus an offset that tests move."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from email.utils import formatdate


class Clock:
    """Every date the emulator writes and every expiry it checks comes from here."""

    def __init__(self) -> None:
        self.offset = 0.0

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self.offset

    def http_date(self) -> str:
        """Now, as the Date header wants it."""
        return formatdate(self.now(), usegmt=True)

    def graph_date(self) -> str:
        """Now, as Graph writes it in innerError: without a zone."""
        return self._utc().strftime("%Y-%m-%dT%H:%M:%S")

    def entra_date(self) -> str:
        """Now, as Entra writes it in its errors."""
        return self._utc().strftime("%Y-%m-%d %H:%M:%SZ")

    def _utc(self) -> datetime:
        return datetime.fromtimestamp(self.now(), timezone.utc)
