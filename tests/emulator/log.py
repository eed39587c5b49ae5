# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The log of every request the services have seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .exchange import Call


@dataclass
class Entry:
    """One request; `status` stays empty while it is under way and when it got no answer."""

    n: int
    service: str
    call: Call
    connection: int
    time: float
    status: int | None = None
    fault: str | None = None

    def document(self) -> dict[str, Any]:
        """The entry as JSON. A bearer token or another secret header is never in it, only whether there was one."""
        headers: dict[str, Any] = {
            name: self.call.headers[name]
            for name in ("client-request-id", "user-agent", "content-type")
            if name in self.call.headers
        }
        for name in ("authorization", *(("metadata", "x-identity-header") if self.service == "metadata" else ())):
            headers[name] = name in self.call.headers
        return {
            "n": self.n,
            "service": self.service,
            "method": self.call.method,
            "path": self.call.path,
            "query": self.call.parameters,
            "headers": headers,
            "body": self._body(),
            "status": self.status,
            "fault": self.fault,
            "connection": self.connection,
            "time": self.time,
        }

    def _body(self) -> Any:
        if not self.call.body:
            return None
        if self.service == "entra":
            return self.call.form()
        try:
            return self.call.json()
        except ValueError:
            return self.call.body.decode("utf-8", "replace")


class Log:
    """All entries in the order in which the requests came in."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._count = 0

    def add(self, service: str, call: Call, connection: int, time: float) -> Entry:
        """Write a request down as soon as it has been read."""
        self._count += 1
        entry = Entry(self._count, service, call, connection, time)
        self.entries.append(entry)
        return entry

    def clear(self) -> None:
        """Forget all entries; the numbers go on."""
        self.entries.clear()
