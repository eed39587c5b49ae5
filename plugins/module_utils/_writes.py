# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A write is done when reading shows it: what to do when its answer is lost, and when reads lag behind it."""

from __future__ import annotations

import itertools
import typing as t
from dataclasses import dataclass, field

from ansible_collections.msgraph.identity.plugins.module_utils._api_connectors import ApiConnector
from ansible_collections.msgraph.identity.plugins.module_utils._errors import FateUnknown, IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._http import HttpClient, backoff


@dataclass
class Write:
    """One write that concerns a connector.

    :ivar subject: what is written to, as in "API connector 'x'"
    :ivar read: the connector as Graph shows it now, or None
    :ivar shortcoming: what a connector lacks that does not show the write, to follow `subject`; empty when it shows it
    :ivar may_be_absent: whether it is no surprise when the connector is not there
    :ivar seen: the connector as it was read last
    :ivar lost: whether an answer was lost
    """

    http: HttpClient
    subject: str
    read: t.Callable[[], ApiConnector | None]
    shortcoming: t.Callable[[ApiConnector | None], str]
    may_be_absent: bool = False
    seen: ApiConnector | None = field(default=None, init=False)
    lost: bool = field(default=False, init=False)

    def look(self) -> bool:
        """Whether reading shows the write."""
        self.seen = self.read()
        return not self.shortcoming(self.seen)

    def carried_out(self) -> bool:
        """Whether a write whose answer was lost was carried out.

        :raises IdentityError: when that cannot be told
        """
        self.lost = True
        try:
            done = self.look()
        except IdentityError as exc:
            raise IdentityError(
                f"the answer was lost, so it may have been carried out. {exc.message}", exc.failure
            ) from exc
        if self.seen is None and not self.may_be_absent:
            raise IdentityError("the answer was lost, and the connector is not there any more.")
        return done

    def unsettled(self, exc: FateUnknown) -> IdentityError:
        """The error for a write whose answer was lost for good."""
        if not self.lost:
            return IdentityError(exc.message, exc.failure)
        return IdentityError(f"{exc.message} Read again, {self.subject} {self.shortcoming(self.seen)}.", exc.failure)

    def see(self, sent: str) -> ApiConnector | None:
        """Read until the write shows, as Graph may show the state from before for a while; returns the connector.

        :param sent: what was sent and when, for messages
        :raises IdentityError: when the budget of the task ends before
        """
        for attempt in itertools.count():
            try:
                done = self.look()
            except IdentityError as exc:
                raise IdentityError(f"{sent}, but what came of it is not known. {exc.message}", exc.failure) from exc
            if done:
                return self.seen
            wait = backoff(attempt)
            if not self.http.has_time_for(wait):
                break
            self.http.notices.append(
                f"{self.subject} {self.shortcoming(self.seen)} so far; reading again after {wait:.1f} s."
            )
            self.http.clock.sleep(wait)
        raise IdentityError(
            f"{sent}, but {self.subject} {self.shortcoming(self.seen)}. Look at the connector before you run the task again, or allow more retry_timeout."
        )
