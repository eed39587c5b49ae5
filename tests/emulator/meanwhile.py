# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others do to a tenant while a request is on its way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .errors import ControlError
from .exchange import Call

if TYPE_CHECKING:
    from .world import World

DEEDS = ("create", "change", "delete", "link")
STRANGER = {
    "displayName": "Stranger",
    "targetUrl": "https://stranger.example/endpoint",
    "authentication": {"basic": {"username": "stranger", "password": "stranger"}},
}


def check(events: list[Any]) -> None:
    """Raise unless each is one deed, and perhaps a moment."""
    for event in events:
        if not isinstance(event, Mapping) or event.get("when", "before") not in ("before", "after"):
            raise ControlError('meanwhile: {"create" or "change" or "delete": {...}, "when": "before" or "after"}')
        deeds = set(event) - {"when"}
        if len(deeds) != 1 or not deeds <= set(DEEDS) or not all(isinstance(event[deed], Mapping) for deed in deeds):
            raise ControlError(f"meanwhile: an event is one of {', '.join(DEEDS)} with an object")
        if "link" in event and {"id", "step", "connector"} - set(event["link"]):
            raise ControlError("meanwhile: a link has the id of a user flow, a step, and a connector or null")
        if "create" not in event and not isinstance(event[deeds.pop()].get("id"), str):
            raise ControlError("meanwhile: whose id?")


def happen(events: list[Mapping[str, Any]], when: str, world: World, call: Call) -> None:
    """Let happen what is to happen before, or after, a request is carried out; everybody sees it at once."""
    for event in events:
        if event.get("when", "before") != when:
            continue
        if "create" in event:
            world.seed({**STRANGER, **_same_name(call), **event["create"]})
        elif "change" in event:
            world.change(event["change"])
        elif "link" in event:
            world.link(event["link"])
        else:
            world.remove(event["delete"])


def _same_name(call: Call) -> dict[str, Any]:
    """The name in the body of a request, which a stranger takes as well unless told another one."""
    try:
        body = call.json()
    except ValueError:
        return {}
    return {"displayName": body["displayName"]} if isinstance(body, dict) and "displayName" in body else {}
