# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.msgraph.identity.plugins.module_utils._connector_model import NONE, ApiConnector
from ansible_collections.msgraph.identity.plugins.module_utils._errors import (
    FateUnknown,
    IdentityError,
    NotCarriedOut,
    NotFound,
    ServiceError,
)
from ansible_collections.msgraph.identity.plugins.module_utils._writes import Write

from ..fakes import make_budget

OLD, HALF, NEW = (ApiConnector("c-1", "Orders", f"https://{url}.example", NONE) for url in ("old", "half", "new"))
LACKS = {None: "is not there", OLD: "has the old URL", HALF: "has half of the new URL", NEW: ""}
SUBJECT = "API connector 'Orders'"


def lost(**changes):
    return FateUnknown("Lost.", {"status": 500}, trouble="It was lost", **changes)


def later(**changes):
    return NotCarriedOut("Too busy.", {"status": 429}, trouble="It is busy", **changes)


class Scene:
    """A write that NEW shows; what sending and reading come to, one after the other."""

    def __init__(self, clock, sent=(), reads=(), retry_timeout=10, retries=5, **changes):
        self.log = []
        self.write = Write(
            make_budget(clock, retry_timeout, retries),
            SUBJECT,
            self._turn("sent", sent),
            self._turn("read", reads),
            LACKS.__getitem__,
            **changes,
        )

    def _turn(self, what, answers):
        left = list(answers)

        def turn():
            self.log.append(what)
            answer = left.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        return turn

    @property
    def notices(self):
        return self.write.budget.notices


def test_answer_that_shows_it_is_enough(clock):
    scene = Scene(clock, [NEW])
    assert scene.write.carry_out("It was sent") is NEW
    assert (scene.log, clock.slept) == (["sent"], [])


@pytest.mark.parametrize("answer", [None, OLD, HALF])
def test_read_until_it_is_seen_and_noted(clock, answer):
    scene = Scene(clock, [answer], [None, OLD, NEW])
    assert scene.write.carry_out("It was sent") is NEW
    assert (scene.log, clock.slept) == (["sent", "read", "read", "read"], [1, 2])
    assert scene.notices == [
        "API connector 'Orders' is not there so far; reading again after 1.0 s.",
        "API connector 'Orders' has the old URL so far; reading again after 2.0 s.",
    ]


def test_never_seen(clock):
    with pytest.raises(
        IdentityError,
        match="^It was sent, but API connector 'Orders' has the old URL. Look at it before .*retry_timeout",
    ):
        Scene(clock, [None], [OLD, OLD, OLD], retry_timeout=4).write.carry_out("It was sent")
    assert clock.slept == [1, 2]


def test_what_cannot_be_read_is_not_known(clock):
    with pytest.raises(IdentityError, match="^It was sent, but what came of it is not known. Denied.") as caught:
        Scene(clock, [None], [IdentityError("Denied.", {"status": 403})]).write.carry_out("It was sent")
    assert caught.value.failure == {"status": 403}


@pytest.mark.parametrize("exc, waits", [(later(), [1, 2]), (later(wait=4), [4, 4])])
def test_what_was_not_carried_out_is_sent_again_without_a_look(clock, exc, waits):
    scene = Scene(clock, [exc, exc, NEW])
    assert scene.write.carry_out("It was sent") is NEW
    assert (scene.log, clock.slept) == (["sent"] * 3, waits)
    assert scene.notices[0] == f"It is busy; retry 1 of 5 in {waits[0]} s."
    assert not scene.write.lost


@pytest.mark.parametrize("changes", [{"retries": 0}, {"retry_timeout": 1}])
def test_what_may_not_be_sent_again_is_the_error(clock, changes):
    exc = later()
    scene = Scene(clock, [exc], **changes)
    with pytest.raises(NotCarriedOut) as caught:
        scene.write.carry_out("It was sent")
    assert (caught.value, scene.log, clock.slept) == (exc, ["sent"], [])


def test_lost_write_that_was_carried_out_is_not_sent_again(clock):
    scene = Scene(clock, [lost()], [NEW])
    assert scene.write.carry_out("It was sent") is NEW
    assert (scene.log, clock.slept, scene.write.lost) == (["sent", "read"], [1], True)


def test_lost_write_is_looked_for_when_it_may_not_be_sent_again(clock):
    scene = Scene(clock, [lost()], [NEW], retries=0)
    assert scene.write.carry_out("It was sent") is NEW
    assert (scene.log, clock.slept) == (["sent", "read"], [])


def test_lost_write_that_was_not_carried_out_is_sent_again(clock):
    scene = Scene(clock, [lost(wait=3), NEW], [OLD])
    assert scene.write.carry_out("It was sent") is NEW
    assert (scene.log, clock.slept) == (["sent", "read", "sent"], [3])


def test_write_that_is_lost_for_good(clock):
    scene = Scene(clock, [lost(), lost()], [OLD, OLD], retries=1)
    with pytest.raises(
        IdentityError,
        match="^Lost. It was read afterwards: API connector 'Orders' has the old URL. Run the task again.$",
    ) as caught:
        scene.write.carry_out("It was sent")
    assert caught.value.failure == {"status": 500}
    assert scene.log == ["sent", "read", "sent", "read"]


def test_lost_write_and_no_connector(clock):
    with pytest.raises(IdentityError, match="Lost. It may have been carried out, and .* is not there any more"):
        Scene(clock, [lost()], [None]).write.carry_out("It was sent")
    scene = Scene(clock, [lost(), NEW], [None], may_be_absent=True)
    assert scene.write.carry_out("It was sent") is NEW


def test_lost_write_that_cannot_be_settled(clock):
    with pytest.raises(IdentityError, match="^Lost. It may have been carried out. Denied.$") as caught:
        Scene(clock, [lost()], [IdentityError("Denied.", {"status": 403})]).write.carry_out("It was sent")
    assert caught.value.failure == {"status": 403}


def test_what_cannot_be_seen_is_sent_again(clock):
    scene = Scene(clock, [lost(), None], [NEW], unseen="It may or may not be set.")
    assert scene.write.carry_out("It was sent") is NEW
    assert scene.log == ["sent", "sent", "read"]


def test_what_cannot_be_seen_and_is_lost_for_good(clock):
    scene = Scene(clock, [lost()], unseen="It may or may not be set.", retries=0)
    with pytest.raises(IdentityError, match="^Lost. It may or may not be set. Run the task again.$"):
        scene.write.carry_out("It was sent")
    assert scene.log == ["sent"]


def test_refusal_is_the_error(clock):
    exc = ServiceError("No.", status=400)
    scene = Scene(clock, [exc])
    with pytest.raises(ServiceError) as caught:
        scene.write.carry_out("It was sent")
    assert (caught.value, scene.log) == (exc, ["sent"])


@pytest.mark.parametrize(
    "read, words",
    [
        (NEW, None),
        (None, "^No.$"),
        (OLD, "^No. API connector 'Orders' has the old URL.$"),
        (IdentityError("Denied."), "^No.$"),
        (HALF, "^No. API connector 'Orders' has half of the new URL.$"),
    ],
)
def test_refusal_of_what_may_be_there_already(clock, read, words):
    scene = Scene(clock, [ServiceError("No.", status=409)], [read], echoes=(400, 409))
    if words is None:
        assert scene.write.carry_out("It was sent") is NEW
    else:
        with pytest.raises(IdentityError, match=words):
            scene.write.carry_out("It was sent")
    assert scene.log == ["sent", "read"]


@pytest.mark.parametrize("read, done", [(NEW, True), (OLD, False)])
def test_refusal_after_a_lost_answer(clock, read, done):
    scene = Scene(clock, [lost(), ServiceError("No.", status=403)], [OLD, read])
    if done:
        assert scene.write.carry_out("It was sent") is NEW
    else:
        with pytest.raises(IdentityError, match="^No. The answer to an earlier try was lost, and .* has the old URL"):
            scene.write.carry_out("It was sent")
    assert scene.log == ["sent", "read", "sent", "read"]


def test_somebody_else_deleted_it_first(clock):
    write = Write(
        make_budget(clock),
        SUBJECT,
        Scene(clock, [NotFound("No.", status=404)]).write.once,
        lambda: None,
        lambda connector: "is still there" if connector else "",
        may_be_absent=True,
        echoes=(404,),
    )
    assert write.carry_out("It was sent") is None
