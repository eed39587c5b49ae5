# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripted faults: which request goes wrong, and how."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from . import challenge, meanwhile
from .errors import ControlError
from .exchange import Call

SERVICES = ("graph", "entra", "metadata")
SELECTION = frozenset({"service", "method", "path", "times", "skip", "action"})
# What a rule may say beside its action: what others do, when the effect shows, and what stands in the answer.
ALWAYS = frozenset({"meanwhile"})
EFFECT = frozenset({"late"})
ANSWER = frozenset({"headers", "date_offset"})
JSON_ANSWER = ANSWER | {"merge"}
ECHO = frozenset({"echo", "echo_as"})
ACTIONS: dict[str, frozenset[str]] = {
    "pass": EFFECT | JSON_ANSWER,
    "status": EFFECT | JSON_ANSWER | ECHO | {"status", "code", "message", "body", "after_effect"},
    "html": EFFECT | ANSWER | ECHO | {"status", "after_effect"},
    "claims_challenge": ANSWER | {"claims", "until"},
    "endless": JSON_ANSWER | {"entries", "padding"},
    "stall": EFFECT | JSON_ANSWER | {"seconds", "after_effect"},
    "interim": EFFECT | JSON_ANSWER | {"seconds", "interim", "count", "after_effect"},
    "drip": EFFECT | JSON_ANSWER | {"seconds", "size", "part"},
    "truncate": EFFECT | JSON_ANSWER,
    "drop_before": frozenset(),
    "drop_after": EFFECT,
    "reset_before": frozenset(),
    "reset_after": EFFECT,
}
NEEDED = {"status": "status", "stall": "seconds", "interim": "seconds", "drip": "seconds"}
GRAPH_ONLY = ("claims_challenge", "endless")
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
    "date_offset": (int, float),
    "merge": Mapping,
    "echo": list,
    "echo_as": str,
    "after_effect": bool,
    "late": Mapping,
    "meanwhile": list,
    "claims": Mapping,
    "until": str,
    "entries": int,
    "padding": int,
    "interim": int,
    "count": (int, type(None)),
    "size": int,
    "part": str,
}
RANGES: dict[str, tuple[float, float]] = {
    "status": (200, 599),
    "seconds": (0, 86400),
    "skip": (0, 10**9),
    "times": (1, 10**9),
    "entries": (0, 10**4),
    "padding": (0, 10**8),
    "interim": (100, 199),
    "count": (1, 10**9),
    "size": (1, 10**9),
}
CHOICES = {
    "service": SERVICES,
    "action": tuple(ACTIONS),
    "echo_as": ("plain", "url", "base64", "json"),
    "until": ("claims", "never"),
    "part": ("body", "all"),
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
    date_offset: float = 0
    code: str | None = None
    message: str | None = None
    body: str | None = None
    merge: Mapping[str, Any] = field(default_factory=dict)
    echo: list[str] = field(default_factory=list)
    echo_as: str = "plain"
    seconds: float = 0
    interim: int = 100
    count: int | None = None
    size: int = 1
    part: str = "body"
    entries: int = 1
    padding: int = 0
    claims: Mapping[str, Any] = field(default_factory=lambda: challenge.CLAIMS)
    until: str = "claims"
    after_effect: bool = False
    late: Mapping[str, float] = field(default_factory=dict)
    meanwhile: list[Mapping[str, Any]] = field(default_factory=list)

    def matches(self, service: str, call: Call) -> bool:
        """Whether the rule is for this request."""
        return (
            self.service == service
            and (self.method is None or self.method.upper() == call.method)
            and (self.path is None or re.search(self.path, call.path, re.IGNORECASE) is not None)
            and not (self.action == "claims_challenge" and self.until == "claims" and challenge.met(self.claims, call))
        )

    @property
    def carries_out(self) -> bool:
        """Whether the request takes effect although its answer goes wrong."""
        if self.action in ("status", "html"):
            return self.after_effect
        return self.action not in ("claims_challenge", "drop_before", "reset_before")

    def document(self) -> dict[str, Any]:
        """The rule as JSON, without what it does not say."""
        silent = Rule(self.service, self.action)
        told = {item.name: getattr(self, item.name) for item in fields(self)}
        always = ("service", "action", "times")
        return {name: value for name, value in told.items() if name in always or value != getattr(silent, name)}


def parse(document: Any) -> Rule:
    """A rule from JSON; whatever would be ignored is refused."""
    if not isinstance(document, Mapping):
        raise ControlError("fault: a JSON object is needed")
    for name in ("action", "service"):
        if document.get(name) not in CHOICES[name]:
            raise ControlError(f"fault: {name} must be one of {', '.join(CHOICES[name])}, not {document.get(name)!r}")
    action = document["action"]
    for name, value in document.items():
        if name not in SELECTION | ALWAYS | ACTIONS[action]:
            raise ControlError(f"fault: '{name}' is not for action {action}")
        _check(name, value)
    if action in NEEDED and NEEDED[action] not in document:
        raise ControlError(f"fault: action {action} needs {NEEDED[action]}")
    if action in GRAPH_ONLY and document["service"] != "graph":
        raise ControlError(f"fault: action {action} is for service graph")
    # A tenant goes on asking until it got what it wants.
    rule = Rule(**{"times": None if action == "claims_challenge" else 1, **document})
    if rule.late and not rule.carries_out:
        raise ControlError("fault: what is not carried out cannot show late")
    if rule.body is not None and (rule.merge or rule.echo):
        raise ControlError("fault: body cannot be given together with merge or echo")
    return rule


def _check(name: str, value: Any) -> None:
    fits = isinstance(value, TYPES[name]) and (name == "after_effect" or not isinstance(value, bool))
    if fits and name in RANGES and value is not None:
        least, most = RANGES[name]
        fits = least <= value <= most and (name != "seconds" or value > 0)
    if fits and name in CHOICES:
        fits = value in CHOICES[name]
    if fits and name == "late":
        fits = bool(value) and all(
            key in ("reads", "seconds") and isinstance(number, (int, float)) and number >= 0
            for key, number in value.items()
        )
    if fits and name == "echo":
        fits = all(isinstance(part, str) for part in value)
    if not fits:
        raise ControlError(f"fault: {name} cannot be {value!r}")
    if name == "meanwhile":
        meanwhile.check(value)
    if name == "path":
        try:
            re.compile(value)
        except re.error as exc:
            raise ControlError(f"fault: path is no regular expression: {exc}") from exc


class Faults:
    """The rules that are left, in the order in which they were given."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def take(self, service: str, call: Call) -> Rule | None:
        """The rule that strikes this request: the first that matches and has nothing left to skip."""
        for rule in self.rules:
            if not rule.matches(service, call):
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
