# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What came of a task, as its result shows it."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.msgraph.identity.plugins.module_utils._api_connectors import ApiConnector
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import WantedCertificate


@dataclass(frozen=True)
class Outcome:
    """The connector before and after a task (in check mode, as it would be), and what is to be said.

    :ivar before: None when it did not exist
    :ivar after: None when it does not exist any more
    :ivar certificate: the one that the task was about, if any
    :ivar upload_due: the certificate has to be sent, but the key is not at hand
    """

    changed: bool
    reason: str
    before: ApiConnector | None
    after: ApiConnector | None
    now: datetime
    warnings: tuple[str, ...] = ()
    certificate: WantedCertificate | None = None
    uploaded: bool = False
    upload_due: bool = False

    def render(self, with_diff: bool) -> dict[str, t.Any]:
        """As in results."""
        result: dict[str, t.Any] = {"changed": self.changed, "reason": self.reason}
        if self.certificate:
            listed = self.after.listed(self.certificate.thumbprint) if self.after else None
            result["uploaded"] = self.uploaded
            result["certificate"] = {**self.certificate.render(), "is_active": bool(listed and listed.is_active)}
        if self.after:
            result["connector"] = self.after.render(self.now)
        if self.warnings:
            result["warnings"] = list(self.warnings)
        if self.upload_due:
            result["upload_due"] = True
        if with_diff:
            result["diff"] = self._diff()
        return result

    def _diff(self) -> dict[str, t.Any]:
        before, after = (connector.render(self.now) if connector else {} for connector in (self.before, self.after))
        diff: dict[str, t.Any] = {"before": before, "after": after}
        for header, connector in (
            ("before_header", self.before or self.after),
            ("after_header", self.after or self.before),
        ):
            if connector:
                diff[header] = f"API connector '{connector.display_name or connector.id}'"
        if self.changed and before == after:
            # Nothing to compare, so Ansible would print nothing.
            diff["prepared"] = f"{diff['after_header']}: {self.reason}\n"
        return diff
