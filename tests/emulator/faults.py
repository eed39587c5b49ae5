# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripted faults: which request goes wrong, and how."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from .errors import ControlError

SERVICES = ("graph", "entra", "metadata")
# What each action may say beyond which requests it is for.
ACTIONS: dict[str, frozenset[str]] = {
    "status": frozenset({"status", "headers", "code", "message", "body", "after_effect"}),
    "html": frozenset({"status", "headers", "after_effect"}),
    "stall": frozenset({"seconds", "after_effect"}),
    "drop_before": frozenset(),
    "drop_after": frozenset(),
    "truncate": frozenset(),
}
SELECTION = frozenset({"service", "method", "path", "times", "skip", "action"})
TYPES: dict[str, Any] = {
    "service": str,
    "method": str,
    "path": str,
    "action": str,
    "code": str,
    "message": str,
    "body": str,
    "times": (int, type(None)),
    "skip": int,
    "status": int,
    "seconds": (int, float),
    "headers": Mapping,
    "after_effect": bool,
}


@dataclass
class Rule:
    """One rule; `times` counts down, None means without end."""

    service: str
    action: str
    method: str | None = None
    path: str | None = None
    times: int | None = 1
    skip: int = 0
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    code: str | None = None
    message: str | None = None
    body: str | None = None
    seconds: float = 0
    after_effect: bool = False

    def matches(self, service: str, method: str, path: str) -> bool:
        """Whether the rule is for this request."""
        return (
            self.service == service
            and (self.method is None or self.method.upper() == method)
            and (self.path is None or re.search(self.path, path, re.IGNORECASE) is not None)
        )

    @property
    def carries_out(self) -> bool:
        """Whether the request takes effect although its answer goes wrong."""
        return self.after_effect or self.action in ("drop_after", "truncate", "stall")

    def document(self) -> dict[str, Any]:
        """The rule as JSON, without what it does not say."""
        shown = SELECTION | ACTIONS[self.action]
        told = {item.name: getattr(self, item.name) for item in fields(self) if item.name in shown}
        return {name: value for name, value in told.items() if value is not None or name == "times"}


def parse(document: Any) -> Rule:
    """A rule from JSON; whatever would be ignored is refused."""
    if not isinstance(document, Mapping):
        raise ControlError("fault: a JSON object is needed")
    action = document.get("action")
    if action not in ACTIONS:
        raise ControlError(f"fault: action must be one of {', '.join(ACTIONS)}, not {action!r}")
    if document.get("service") not in SERVICES:
        raise ControlError(f"fault: service must be one of {', '.join(SERVICES)}")
    for name, value in document.items():
        if name not in SELECTION | ACTIONS[action]:
            raise ControlError(f"fault: '{name}' is not for action {action}")
        if not isinstance(value, TYPES[name]) or (isinstance(value, bool) and name != "after_effect"):
            raise ControlError(f"fault: {name} cannot be {value!r}")
    rule = Rule(**document)
    if rule.action == "status" and rule.status is None:
        raise ControlError("fault: action status needs a status")
    if rule.status is not None and not 200 <= rule.status <= 599:
        raise ControlError("fault: status must be between 200 and 599")
    if rule.action == "stall" and rule.seconds <= 0:
        raise ControlError("fault: action stall needs seconds")
    if rule.skip < 0 or (rule.times is not None and rule.times < 1):
        raise ControlError("fault: skip must not be negative, times must be at least 1")
    try:
        re.compile(rule.path or "")
    except re.error as exc:
        raise ControlError(f"fault: path is no regular expression: {exc}") from exc
    return rule


class Faults:
    """The rules that are left, in the order in which they were given."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def take(self, service: str, method: str, path: str) -> Rule | None:
        """The rule that strikes this request: the first that matches and has nothing left to skip."""
        for rule in self.rules:
            if not rule.matches(service, method, path):
                continue
            if rule.skip > 0:
                rule.skip -= 1
                continue
            if rule.times is not None:
                rule.times -= 1
                if rule.times == 0:
                    self.rules.remove(rule)
            return rule
        return None
