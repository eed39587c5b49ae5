# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What was read a moment ago, so that the items of a loop need not read it again each.

A list pays once a second object is asked for, as a loop does: it then serves the others for some seconds. It is good
enough to see that nothing is to be done, never to decide on a write.
"""

from __future__ import annotations

import typing as t

from ansible_collections.msgraph.identity.plugins.module_utils._budget import Clock

LONGEST = 5.0  # seconds that a list is good for


class Recent:
    """The objects of one collection, as Graph listed them.

    :ivar asked: whether an object was asked for before, so that a list may be worth its requests
    :ivar written: identifiers of objects that were written to since, case-folded
    """

    def __init__(self, clock: Clock) -> None:
        self.asked = False
        self.written: set[str] = set()
        self._clock = clock
        self._objects: list[t.Any] = []
        self._until = clock.monotonic()
        self._worth = True

    def keep(self, objects: t.Iterable[t.Any]) -> list[t.Any]:
        """Keep what was listed just now; returns it."""
        began = self._clock.monotonic()
        self._objects = list(objects)
        self._until = began + LONGEST
        self.written = set()
        # Unproven until it spares a request; an unused list is not renewed.
        self._worth = False
        return self._objects

    def objects(self) -> list[t.Any] | None:
        """The objects, or None when they are not known or not recent."""
        return self._objects if self._clock.monotonic() < self._until else None

    def served(self) -> None:
        """The list has spared a request."""
        self._worth = True

    def worth_reading(self) -> bool:
        """Whether a list is likely to spare more requests than it costs."""
        return self.asked and self._worth

    def not_worth_reading(self) -> None:
        """The list could not be read."""
        self._worth = False

    def forget(self) -> None:
        """Forget everything."""
        self._until = self._clock.monotonic()
