# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was read a moment ago, so that the items of a loop need not read it again each."""

from __future__ import annotations

import typing as t

from ansible_collections.msgraph.identity.plugins.module_utils._http import Clock

LONGEST = 5.0  # seconds that a list is good for


class Recent:
    """The objects of one collection, as Graph listed them. Good enough to see that nothing is to be done, never to decide on a write.

    :ivar asked: whether a single object was read before, so that a list is worth its requests
    """

    def __init__(self, clock: Clock) -> None:
        self.asked = False
        self._clock = clock
        self._objects: list[t.Any] = []
        self._until = clock.monotonic()

    def keep(self, objects: t.Iterable[t.Any]) -> list[t.Any]:
        """Keep what was listed just now; returns it."""
        began = self._clock.monotonic()
        self._objects = list(objects)
        self._until = began + LONGEST
        return self._objects

    def objects(self) -> list[t.Any] | None:
        """The objects, or None when they are not known or not recent."""
        return self._objects if self._clock.monotonic() < self._until else None

    def forget(self, identifier: str | None = None) -> None:
        """Forget the object that was written to, or everything when the write may concern the others."""
        if identifier is None:
            self._until = self._clock.monotonic()
        self._objects = [entry for entry in self._objects if identifier and isinstance(entry, dict) and entry.get("id") != identifier]
