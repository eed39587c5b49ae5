# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tenant has of one kind, in the order in which it was made, as writers and as readers see it."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from .errors import GraphError, bad_request
from .settings import Settings

# Behind everything there can be.
END = 2**53


class Named(Protocol):
    """What can be kept: something with an id."""

    @property
    def id(self) -> str:
        """The id, as it stands in paths."""


Item = TypeVar("Item", bound=Named)


@dataclass
class _Place(Generic[Item]):
    """An item's place in the list, with what readers who lag behind still see."""

    serial: int
    current: Item | None
    before: Item | None = None
    reads_left: int = 0
    until: float = 0.0

    def shown(self, now: float) -> Item | None:
        return self.before if self.reads_left > 0 or now < self.until else self.current

    def read(self, now: float) -> Item | None:
        shown = self.shown(now)
        self.reads_left = max(0, self.reads_left - 1)
        return shown


class Store(Generic[Item]):
    """The items of one kind in one tenant; `noun` is what errors call one of them."""

    def __init__(self, noun: str) -> None:
        self._noun = noun
        self._places: dict[str, _Place[Item]] = {}
        self._serial = 0
        self._uploads = 0

    def next_upload(self) -> int:
        """The number of the next upload."""
        self._uploads += 1
        return self._uploads

    def exists(self, item_id: str) -> bool:
        """Whether there is such an item, whatever readers see."""
        place = self._places.get(item_id)
        return place is not None and place.current is not None

    def current(self, item_id: str) -> Item:
        """An item as it is, for a write."""
        place = self._places.get(item_id)
        if place is None or place.current is None:
            raise self.not_found(item_id)
        return place.current

    def everything(self) -> Iterator[Item]:
        """All items as they are."""
        return (place.current for place in self._places.values() if place.current is not None)

    def read(self, item_id: str, now: float) -> Item:
        """An item as a reader sees it."""
        place = self._places.get(item_id)
        shown = place.read(now) if place else None
        if shown is None:
            raise self.not_found(item_id)
        return shown

    def shown(self, item_id: str, now: float) -> Item | None:
        """An item as a reader of something else sees it; such a look does not count as a read."""
        place = self._places.get(item_id)
        return place.shown(now) if place else None

    def page(self, after: int, size: int, now: float) -> tuple[list[Item], int | None]:
        """The items behind a place as a reader sees them, and the place to go on from when there are more."""
        found: list[Item] = []
        last = after
        for place in self._places.values():
            if place.serial <= after:
                continue
            if len(found) == size:
                if place.shown(now) is None:
                    continue
                return found, last
            shown = place.read(now)
            if shown is not None:
                found.append(shown)
                last = place.serial
        return found, None

    def add(self, item: Item) -> None:
        """Put an item in place at once, for every reader."""
        self.write(item.id, item, Settings(), 0)

    def remove(self, item_id: str) -> None:
        """Take an item away at once, for every reader; it need not be there."""
        self._places.pop(item_id, None)

    def write(self, item_id: str, item: Item | None, settings: Settings, now: float) -> None:
        """Make, change or (with None) delete an item; readers see it when the lag is over."""
        place = self._places.get(item_id)
        if place is None:
            self._serial += 1
            place = self._places[item_id] = _Place(self._serial, None)
        place.before = place.shown(now)
        place.current = item
        place.reads_left, place.until = (
            settings.read_lag,
            now + settings.read_lag_seconds if settings.read_lag_seconds else 0.0,
        )
        if item is None and place.shown(now) is None:
            del self._places[item_id]

    def not_found(self, item_id: str) -> GraphError:
        """What Graph answers about an item that is not there."""
        return GraphError(404, "AADB2C", f"Resource not found. The {self._noun} '{item_id}' does not exist.")


def skiptoken(serial: int, salt: str = "") -> str:
    """A place in the list as text, by which a next link names it; with another salt the text is another one."""
    return base64.urlsafe_b64encode(f"after:{serial}:{salt}".encode()).decode().rstrip("=")


def place_of(text: str) -> int:
    """The place that the `$skiptoken` of a next link names."""
    try:
        name, number, _salt = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii").split(":", 2)
        if name != "after":
            raise ValueError(name)
        return int(number)
    except ValueError as exc:
        raise bad_request("The value of $skiptoken is not valid.") from exc
