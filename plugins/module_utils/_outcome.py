# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What came of a task, as its result shows it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field
from datetime import datetime


class Shown(t.Protocol):
    """An object of Graph that results show."""

    @property
    def noun(self) -> str:
        """The key under which results show it."""

    @property
    def label(self) -> str:
        """What it is called in the headers of diffs, as in "API connector 'x'"."""

    @property
    def full_label(self) -> str:
        """What it is called in sentences, with its identifier."""

    def render(self, now: datetime) -> dict[str, t.Any]:
        """As in results."""

    def compared(self, other: t.Any, now: datetime) -> dict[str, t.Any]:
        """As in the later half of a diff, beside `other`; as in the earlier half where that is None."""


V = t.TypeVar("V", bound=Shown)


@dataclass(frozen=True)
class Outcome(t.Generic[V]):
    """The object before and after a task (in check mode, as it would be), and what is to be said.

    :ivar before: None when it did not exist
    :ivar after: None when it does not exist any more
    :ivar msg: what came of it, in a sentence
    :ivar facts: what the result says beside the object
    :ivar upload_due: a certificate has to be sent, but its key is not at hand
    """

    changed: bool
    reason: str
    before: V | None
    after: V | None
    now: datetime
    warnings: tuple[str, ...] = ()
    msg: str = ""
    facts: t.Mapping[str, t.Any] = field(default_factory=dict)
    upload_due: bool = False

    def render(self, with_diff: bool) -> dict[str, t.Any]:
        """As in results."""
        result: dict[str, t.Any] = {"changed": self.changed, "msg": self.msg, "reason": self.reason, **self.facts}
        if self.after:
            result[self.after.noun] = self.after.render(self.now)
        if self.warnings:
            result["warnings"] = list(self.warnings)
        if self.upload_due:
            result["upload_due"] = True
        if with_diff:
            result["diff"] = self._diff()
        return result

    def _diff(self) -> dict[str, t.Any]:
        before = self.before.compared(None, self.now) if self.before else {}
        after = self.after.compared(self.before, self.now) if self.after else {}
        diff: dict[str, t.Any] = {"before": before, "after": after}
        for header, shown in (
            ("before_header", self.before or self.after),
            ("after_header", self.after or self.before),
        ):
            if shown:
                diff[header] = shown.label
        if self.changed and before == after:
            # Nothing to compare, so Ansible would print nothing.
            diff["prepared"] = f"{diff['after_header']}: {self.reason}\n"
        return diff
