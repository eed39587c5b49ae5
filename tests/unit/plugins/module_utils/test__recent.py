# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.msgraph.identity.plugins.module_utils._recent import LONGEST, Recent

A, B = {"id": "a"}, {"id": "b"}


def test_nothing_is_known_at_first(clock):
    assert Recent(clock).objects() is None


def test_known_for_a_few_seconds(clock):
    recent = Recent(clock)
    assert recent.keep(iter([A, B])) == [A, B]
    clock.now += LONGEST - 0.01
    assert recent.objects() == [A, B]
    clock.now += 0.01
    assert recent.objects() is None


def test_time_counts_from_before_the_reading(clock):
    def slowly():
        clock.now += LONGEST
        yield A

    recent = Recent(clock)
    recent.keep(slowly())
    assert recent.objects() is None


def test_list_that_breaks_off_is_not_kept(clock):
    def broken():
        yield A
        raise ZeroDivisionError

    recent = Recent(clock)
    with pytest.raises(ZeroDivisionError):
        recent.keep(broken())
    assert recent.objects() is None


def test_all_are_forgotten(clock):
    recent = Recent(clock)
    recent.keep([A, B])
    recent.forget()
    assert recent.objects() is None


def test_new_list_knows_of_all_writes_before_it(clock):
    recent = Recent(clock)
    recent.written.add("a")
    recent.keep([A, B])
    assert recent.written == set()


def test_list_is_worth_reading_from_the_second_question_on(clock):
    recent = Recent(clock)
    assert not recent.worth_reading()
    recent.asked = True
    assert recent.worth_reading()


@pytest.mark.parametrize("served", [False, True])
def test_list_that_served_nobody_is_not_worth_another_one(clock, served):
    recent = Recent(clock)
    recent.asked = True
    recent.keep([A])
    if served:
        recent.served()
    assert recent.worth_reading() is served
    recent.not_worth_reading()
    assert not recent.worth_reading()
