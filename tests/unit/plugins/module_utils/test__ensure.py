# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The frame, with a resource of its own: whoever adds one needs nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone

import pytest

from ansible_collections.msgraph.identity.plugins.module_utils._ensure import Plan, Step, ensure
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError, Missing
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import Upload
from ansible_collections.msgraph.identity.plugins.module_utils._source import Source

from ..fakes import make_budget

NOW = datetime(2026, 6, 1, 12, 0, 0, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Lamp:
    """An object of Graph that results show."""

    colour: str
    noun = "lamp"
    label = full_label = "Lamp 'hall'"

    def render(self, now):
        return {"colour": self.colour}

    def compared(self, other, now):
        return self.render(now)


@dataclass(frozen=True)
class Paint(Step):
    """Gives the lamp a colour; those in `broken` fail, those in `taken` must not be."""

    colour: str
    sends_key: bool = False

    @property
    def done(self):
        return f"It had already been painted {self.colour}."

    def check(self, resource, before):
        if self.colour in resource.taken:
            raise IdentityError(f"{self.colour} is taken.")

    def carry_out(self, execution):
        if self.colour in execution.resource.broken:
            raise IdentityError(f"{execution.subject} cannot be {self.colour}.")
        execution.resource.log.append((self.colour, execution.before, execution.upload))
        return Lamp(self.colour)


class Lamps:
    """The calls: they know one lamp, and perhaps another one from before."""

    def __init__(self, clock, lamp, glanced=None, broken=(), taken=()):
        self.budget = make_budget(clock)
        self.lamp, self.glanced, self.broken, self.taken = lamp, glanced, broken, taken
        self.log = []

    def glance(self, named):
        return self.glanced

    def served(self):
        self.log.append("served")

    def look_up(self, named, glanced=None):
        self.log.append("looked up")
        return self.lamp

    def suggestion(self, named):
        return "There is one in the cellar."


@dataclass(frozen=True)
class Painted:
    """That the lamp has had some colours, one after the other."""

    steps: tuple[Step, ...]
    assumed: bool = False
    subject = "Lamp 'hall'"

    def plan(self, seen):
        if seen is None and not self.assumed:
            raise Missing("There is no lamp.", "Buy one.")
        after = Lamp(self.steps[-1].colour)
        steps = () if seen == after else self.steps
        return Plan("the colour", seen, after, steps, ("planned",), self.assumed)

    def warnings(self, before, after):
        return (f"{before.colour} to {after.colour}",)

    def facts(self, after):
        return {"is_red": after.colour == "red"}

    def tell(self, after, predicted):
        return f"It {'would be' if predicted else 'is'} {after.colour}."


KEY = Upload("UEZYIGlzIGhlcmU=", "0ne-time-password")
BLUE, RED = Lamp("blue"), Lamp("red")
TO_RED = Painted((Paint("red"),))
WITH_KEY = Painted((Paint("green"), Paint("red", sends_key=True)))


def run(lamps, intent, source=None, check_mode=False):
    return ensure(lamps, "hall", intent, source, check_mode, NOW)


def test_nothing_to_do(clock):
    lamps = Lamps(clock, RED)
    outcome = run(lamps, TO_RED)
    assert (outcome.changed, outcome.before, outcome.after, outcome.warnings) == (False, RED, RED, ("planned",))
    assert lamps.log == ["looked up"]
    assert outcome.msg == "Lamp 'hall' was left as it is: the colour. It is red."


def test_glance_is_enough_for_nothing(clock):
    lamps = Lamps(clock, BLUE, glanced=RED)
    assert not run(lamps, TO_RED).changed
    assert lamps.log == ["served"]


@pytest.mark.parametrize("glanced", [BLUE, None])
def test_write_is_decided_on_what_was_read_now(clock, glanced):
    lamps = Lamps(clock, BLUE, glanced)
    outcome = run(lamps, TO_RED)
    assert (outcome.changed, outcome.after, outcome.warnings) == (True, RED, ("blue to red",))
    assert lamps.log == ["looked up", ("red", BLUE, None)]
    assert outcome.render(True) == {
        "changed": True,
        "msg": "Lamp 'hall' was changed: the colour. It is red.",
        "reason": "the colour",
        "is_red": True,
        "lamp": {"colour": "red"},
        "warnings": ["blue to red"],
        "diff": {
            "before": {"colour": "blue"},
            "after": {"colour": "red"},
            "before_header": "Lamp 'hall'",
            "after_header": "Lamp 'hall'",
        },
    }


def test_check_mode_stops_after_the_plan(clock):
    lamps = Lamps(clock, BLUE)
    outcome = run(lamps, TO_RED, check_mode=True)
    assert (outcome.changed, outcome.after, outcome.warnings, lamps.log) == (True, RED, ("planned",), ["looked up"])
    assert outcome.msg == "Lamp 'hall' would be changed: the colour. It would be red."


@pytest.mark.parametrize("check_mode", [False, True])
def test_check_of_a_step_fails_in_check_mode_too(clock, check_mode):
    lamps = Lamps(clock, BLUE, taken=("red",))
    with pytest.raises(IdentityError, match="red is taken"):
        run(lamps, TO_RED, check_mode=check_mode)
    assert lamps.log == ["looked up"]


@pytest.mark.parametrize("check_mode", [False, True])
def test_without_the_key_nothing_is_sent(clock, check_mode):
    lamps = Lamps(clock, BLUE)
    outcome = run(lamps, WITH_KEY, Source("certificate"), check_mode)
    assert (outcome.changed, outcome.upload_due, outcome.facts["uploaded"]) == (True, True, False)
    assert lamps.log == ["looked up"]


def test_nothing_is_due_for_what_check_mode_assumes(clock):
    outcome = run(Lamps(clock, None), Painted(WITH_KEY.steps, assumed=True), Source("certificate"), True)
    assert (outcome.changed, outcome.upload_due) == (True, False)
    assert outcome.warnings == ("planned There is one in the cellar.",)


def test_key_is_made_once_and_when_it_is_sent(clock):
    made = []

    def make():
        made.append(KEY)
        return KEY

    lamps = Lamps(clock, BLUE)
    outcome = run(lamps, WITH_KEY, Source("certificate", make))
    assert lamps.log == ["looked up", ("green", BLUE, KEY), ("red", Lamp("green"), KEY)]
    assert (outcome.facts["uploaded"], made) == (True, [KEY])
    run(Lamps(clock, RED), WITH_KEY, Source("certificate", make))
    run(Lamps(clock, BLUE), TO_RED, Source("certificate", make))
    assert made == [KEY]


def test_key_and_its_password_are_secrets_from_the_moment_they_exist(clock):
    lamps = Lamps(clock, BLUE, broken=("red",))
    with pytest.raises(IdentityError):
        run(lamps, WITH_KEY, Source("certificate", lambda: KEY))
    assert lamps.budget.secrets.without([KEY.pkcs12_value, KEY.password]) == ["********", "********"]


def test_failure_says_what_was_done_before(clock):
    lamps = Lamps(clock, BLUE, broken=("red",))
    with pytest.raises(IdentityError, match="^Lamp 'hall' cannot be red. It had already been painted green.$"):
        run(lamps, Painted((Paint("green"), Paint("red"))))


def test_plan_that_fails_on_a_glance_is_made_anew(clock):
    lamps = Lamps(clock, None, glanced=BLUE)
    with pytest.raises(IdentityError, match="^There is no lamp. There is one in the cellar.$"):
        run(lamps, TO_RED)
    assert lamps.log == ["looked up"]
