# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An operation of Graph on its way, and the two shapes of what comes back: a page of a list, or one entity."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from .exchange import Answer, Call, json_answer
from .settings import Settings
from .store import Named, Store, place_of, skiptoken
from .world import World

JSON = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
# A part of a path that names something, and so can be anything.
NAME = "*"

Item = TypeVar("Item", bound=Named)


@dataclass(frozen=True)
class Operation:
    """What was asked, and of whom: `path` names the resource (`identity/apiConnectors`), `names` are the ids in the
    call's path.
    """

    world: World
    call: Call
    tenant: str
    version: str
    path: str
    names: tuple[str, ...]

    @property
    def now(self) -> float:
        """The time of the emulator."""
        return self.world.clock.now()

    @property
    def root(self) -> str:
        """The URL of the version that was called."""
        return f"{self.world.graph_url}/{self.version}"


@dataclass(frozen=True)
class Endpoint:
    """One method of one path: what serves it, the permissions one of which it needs, and the query options it takes."""

    serve: Callable[[Operation], Answer]
    needs: Callable[[Settings], tuple[str, ...]]
    options: Collection[str] = ()


Routes = Mapping[tuple[str, ...], Mapping[str, Endpoint]]


def entity(
    status: int, operation: Operation, document: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> Answer:
    """An answer that shows one entity."""
    context = f"{operation.root}/$metadata#{operation.path}/$entity"
    return json_answer(status, {"@odata.context": context, **document}, headers, JSON)


def listed(operation: Operation, store: Store[Item], show: Callable[[Item], Mapping[str, Any]]) -> Answer:
    """An answer that shows a page of a list, and says where the next one is."""
    world, parameters = operation.world, operation.call.parameters
    after = place_of(parameters["$skiptoken"]) if "$skiptoken" in parameters else 0
    items, next_place = store.page(after, world.settings.page_size, operation.now)
    content: dict[str, Any] = {"@odata.context": f"{operation.root}/$metadata#{operation.path}"}
    if next_place is not None:
        kept = "".join(f"{name}={quote(value)}&" for name, value in parameters.items() if name != "$skiptoken")
        content["@odata.nextLink"] = f"{operation.root}/{operation.path}?{kept}$skiptoken={skiptoken(next_place)}"
    return json_answer(200, {**content, "value": [show(item) for item in items]}, content_type=JSON)
