# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The frame of every task that may write: read, plan, stop or carry out, look.

A resource brings its values, its calls (`Resource`), a plan and the steps of the plan; nothing here knows which.
"""

from __future__ import annotations

import abc
import typing as t
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from ansible_collections.msgraph.identity.plugins.module_utils._budget import Budget
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError, Missing, explained
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import Upload
from ansible_collections.msgraph.identity.plugins.module_utils._outcome import Outcome, Shown
from ansible_collections.msgraph.identity.plugins.module_utils._source import Source

V = t.TypeVar("V", bound=Shown)  # an object of Graph as a value
C = t.TypeVar("C", bound="Resource[t.Any, t.Any]")  # the calls that concern its kind
N_contra = t.TypeVar("N_contra", contravariant=True)  # how a task names it


class Resource(t.Protocol[N_contra, V]):
    """The calls that concern one kind of object, and what was read of it a moment ago."""

    @property
    def budget(self) -> Budget:
        """That of the task which is running."""

    def glance(self, named: N_contra) -> V | None:
        """The object as it was a few seconds ago at most, where that costs nothing. None says nothing."""

    def served(self) -> None:
        """A glance has spared a request."""

    def look_up(self, named: N_contra, glanced: V | None = None) -> V | None:
        """The object that is named, read now; or None.

        :param glanced: what a glance has found
        """

    def suggestion(self, named: N_contra) -> str:
        """A sentence that helps where nothing is found under that name; empty when there is none."""


@dataclass(frozen=True)
class Execution(t.Generic[C, V]):
    """What a step needs to be carried out.

    :ivar subject: what the task is about, as in "API connector 'x'"
    :ivar before: the object as it was seen last; None when it does not exist yet
    :ivar upload: the certificate and its key, for steps that send one
    """

    resource: C
    subject: str
    before: V | None
    upload: Upload | None = field(repr=False)
    now: datetime


class Step(abc.ABC, t.Generic[C, V]):
    """One write of a plan: a small value that knows how it is sent and what shows it."""

    @property
    def sends_key(self) -> bool:
        """Whether the key of a certificate is sent."""
        return False

    @property
    @abc.abstractmethod
    def done(self) -> str:
        """What is to be said when this step was carried out and a later one failed."""

    def check(self, resource: C, before: V | None) -> None:
        """Look at what has to be true beside the object itself, in check mode too.

        :raises IdentityError: when the step must not be carried out
        """

    @abc.abstractmethod
    def carry_out(self, execution: Execution[C, V]) -> V | None:
        """Do it; returns the object in which it was seen, None when there is none any more.

        :raises IdentityError: when it was refused, does not show, or nobody knows
        """


@dataclass(frozen=True)
class Plan(t.Generic[C, V]):
    """The decision, with the object as it is and as it will be (None where there is none).

    :ivar assumed: whether check mode takes for granted that the play would have made the object before
    """

    reason: str
    before: V | None
    after: V | None
    steps: tuple[Step[C, V], ...] = ()
    warnings: tuple[str, ...] = ()
    assumed: bool = False

    @property
    def idle(self) -> bool:
        """Whether nothing is to be done."""
        return not self.steps

    @property
    def sends_key(self) -> bool:
        """Whether the key of a certificate is sent."""
        return any(step.sends_key for step in self.steps)


class Intent(t.Protocol[C, V]):
    """What a task wants of one object."""

    @property
    def subject(self) -> str:
        """The object, as in "API connector 'x'"."""

    def plan(self, seen: V | None) -> Plan[C, V]:
        """Decide what to do. Pure.

        :raises IdentityError: when the wanted state cannot be reached
        """

    def warnings(self, before: V | None, after: V | None) -> tuple[str, ...]:
        """What the user should know about the object once the plan is carried out."""

    def facts(self, after: V | None) -> dict[str, t.Any]:
        """What the result says beside the object."""

    def tell(self, after: V | None, predicted: bool) -> str:
        """A sentence about what the task is after, beyond what happened to the object; empty when there is none.

        :param predicted: whether `after` is not known, but expected
        """


def decide(resource: Resource[N_contra, V], named: N_contra, plan: t.Callable[[V | None], Plan[C, V]]) -> Plan[C, V]:
    """The plan for the object that is named. One that comes to a write, or to an error, is made on what was read just now."""
    glanced = resource.glance(named)
    if glanced is not None:
        with suppress(IdentityError):
            planned = plan(glanced)
            if planned.idle:
                resource.served()
                return planned
    return plan(resource.look_up(named, glanced))


def ensure(
    resource: C, named: t.Any, intent: Intent[C, V], source: Source | None, check_mode: bool, now: datetime
) -> Outcome[V]:
    """Read the object, plan, and carry the plan out unless this is check mode or the key is not at hand.

    :param source: the certificate that the task brings, if any
    :raises IdentityError: with a sentence for the user
    """
    try:
        planned = decide(resource, named, intent.plan)
    except Missing as exc:
        exc.advise(resource.suggestion(named))
        raise
    for step in planned.steps:
        step.check(resource, planned.before)
    key_is_here = source is not None and source.make is not None
    due = planned.sends_key and not key_is_here and not planned.assumed
    stop = planned.idle or check_mode or due
    after, warnings = planned.after, planned.warnings
    if planned.assumed and warnings:
        warnings = (f"{warnings[0]} {resource.suggestion(named)}".rstrip(), *warnings[1:])
    if not stop:
        after = _carry_out(resource, intent.subject, planned, source, now)
        warnings = intent.warnings(planned.before, after)
    facts = intent.facts(after)
    if source is not None:
        facts["uploaded"] = planned.sends_key and not stop
    msg = _message(planned, after, intent.tell(after, stop and not planned.idle), stop)
    return Outcome(not planned.idle, planned.reason, planned.before, after, now, warnings, msg, facts, upload_due=due)


def _message(planned: Plan[C, V], after: V | None, told: str, stop: bool) -> str:
    """What came of the task: what happened to the object, why, and what is to be told beyond that."""
    shown = after or planned.before
    if shown is None:
        return f"Nothing was done: {planned.reason}."
    done = "changed" if planned.before and after else "created" if after else "deleted"
    if planned.idle:
        happened = f"{shown.full_label} was left as it is: {planned.reason}."
    else:
        happened = f"{shown.full_label} {'would be' if stop else 'was'} {done}: {planned.reason}."
    return f"{happened} {told}".rstrip()


def _carry_out(resource: C, subject: str, planned: Plan[C, V], source: Source | None, now: datetime) -> V | None:
    upload = source.make() if planned.sends_key and source and source.make else None
    if upload:
        resource.budget.secrets.add_made(upload.password, upload.pkcs12_value)
    seen, done = planned.before, ""
    for step in planned.steps:
        with explained(after=done):
            seen = step.carry_out(Execution(resource, subject, seen, upload, now))
        done += f" {step.done}"
    return seen
