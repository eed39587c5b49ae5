# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A write is done when reading shows it: when to send it again, what to do when its answer is lost, and when reads lag
behind it.
"""

from __future__ import annotations

import itertools
import typing as t
from contextlib import suppress
from dataclasses import dataclass, field

from ansible_collections.msgraph.identity.plugins.module_utils._budget import Budget, backoff
from ansible_collections.msgraph.identity.plugins.module_utils._errors import (
    FateUnknown,
    IdentityError,
    ServiceError,
    Unsettled,
    explained,
)

V = t.TypeVar("V")


@dataclass
class Write(t.Generic[V]):
    """One write to an object of Graph.

    :ivar subject: what is written to, as in "API connector 'x'"
    :ivar once: sends it once; returns the object as the answer shows it, None where the answer does not
    :ivar read: the object as Graph shows it now, or None
    :ivar shortcoming: what an object lacks that does not show the write, to follow `subject`; empty when it shows it
    :ivar unseen: what is to be said when the answer is lost of a write that reading cannot show, such as that of a
        password: the sentence that it may or may not be done; it is then sent again, which must do no harm
    :ivar may_be_absent: whether it is no surprise when the object is not there
    :ivar echoes: statuses of a refusal after which a look is worth a request, as the write may show all the same:
        another task may have been faster
    :ivar advice: what to do when it is lost for good and does not show
    :ivar seen: the object as it was seen last
    :ivar shown: whether the last look showed the write
    :ivar lost: whether an answer was lost
    """

    budget: Budget
    subject: str
    once: t.Callable[[], V | None]
    read: t.Callable[[], V | None]
    shortcoming: t.Callable[[V | None], str]
    unseen: str = ""
    may_be_absent: bool = False
    echoes: tuple[int, ...] = ()
    advice: str = "Run the task again."
    seen: V | None = field(default=None, init=False)
    shown: bool = field(default=False, init=False)
    lost: bool = field(default=False, init=False)

    def carry_out(self, sent: str) -> V | None:
        """Send it, and read until it shows; returns the object.

        :param sent: what was sent and when, for messages
        :raises IdentityError: when it was refused, when it does not show, or when its fate is not known
        """
        self.send()
        return self.seen if self.shown else self.see(sent)

    def send(self) -> None:
        """Send it, again while that is safe and the budget lasts: the only loop there is for writes.

        :raises IdentityError: when it was refused, or when its fate is not known
        """
        for attempt in itertools.count():
            try:
                self.seen = self.once()
                self.shown = self.seen is not None and not self.shortcoming(self.seen)
                return
            except ServiceError as exc:
                self._settle_refusal(exc)
                return
            except Unsettled as exc:
                wait = backoff(attempt) if exc.wait is None else exc.wait
                again = self.budget.may_retry(attempt, wait)
                if again:
                    self.budget.wait_to_retry(exc.trouble, wait, attempt)
                # Asked after the wait, as reads may lag behind writes.
                if isinstance(exc, FateUnknown) and self._carried_out(exc):
                    return
                if not again:
                    raise self._unsettled(exc) from exc

    def look(self) -> bool:
        """Whether reading shows the write."""
        self.seen = self.read()
        self.shown = not self.shortcoming(self.seen)
        return self.shown

    def see(self, sent: str) -> V | None:
        """Read until the write shows, as Graph may show the state from before for a while; returns the object.

        :param sent: what was sent and when, for messages
        :raises IdentityError: when the budget of the task ends before
        """
        for attempt in itertools.count():
            with explained(f"{sent}, but what came of it is not known. "):
                done = self.look()
            if done:
                return self.seen
            wait = backoff(attempt)
            if not self.budget.has_time_for(wait):
                break
            lacks = self.shortcoming(self.seen)
            self.budget.wait(f"{self.subject} {lacks} so far; reading again after {wait:.1f} s.", wait)
        raise IdentityError(
            f"{sent}, but {self.subject} {self.shortcoming(self.seen)}. "
            "Look at it before you run the task again, or allow more retry_timeout."
        )

    def _carried_out(self, exc: FateUnknown) -> bool:
        """Whether a write whose answer was lost was carried out.

        :raises IdentityError: when that cannot be told
        """
        self.lost = True
        if self.unseen:
            return False
        with explained(f"{exc.message} It may have been carried out. "):
            done = self.look()
        if self.seen is None and not done and not self.may_be_absent:
            raise IdentityError(
                f"{exc.message} It may have been carried out, and {self.subject} is not there any more.", exc.failure
            )
        return done

    def _settle_refusal(self, exc: ServiceError) -> None:
        """Look whether what was refused is there all the same; raise when it is not."""
        if not (self.lost or exc.status in self.echoes):
            raise exc
        with suppress(IdentityError):
            if self.look():
                return
        lacks = self.shortcoming(self.seen)
        if self.lost:
            raise IdentityError(
                f"{exc.message} The answer to an earlier try was lost, and {self.subject} {lacks} so far.", exc.failure
            ) from exc
        if lacks != self.shortcoming(None):
            raise IdentityError(f"{exc.message} {self.subject} {lacks}.", exc.failure) from exc
        raise exc

    def _unsettled(self, exc: Unsettled) -> IdentityError:
        """The error for a write that is not sent again."""
        if not self.lost:
            return exc
        if self.unseen:
            return IdentityError(f"{exc.message} {self.unseen} Run the task again.", exc.failure)
        read = f"It was read afterwards: {self.subject} {self.shortcoming(self.seen)}."
        return IdentityError(f"{exc.message} {read} {self.advice}".rstrip(), exc.failure)
