# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.msgraph.identity.plugins.module_utils import _http
from ansible_collections.msgraph.identity.plugins.module_utils._api_connectors import NONE, ApiConnector
from ansible_collections.msgraph.identity.plugins.module_utils._errors import FateUnknown, IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._writes import Write

from ..fakes import make_http

OLD, NEW = (ApiConnector("c-1", "Orders", url, NONE) for url in ("https://old.example", "https://new.example"))


@pytest.fixture(autouse=True)
def no_jitter(monkeypatch):
    monkeypatch.setattr(_http.random, "uniform", lambda low, high: high)


def make_write(clock, *reads, **changes):
    """A write that NEW shows; `reads` are what reading comes to, one after the other."""
    left = list(reads)

    def read():
        found = left.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    http = make_http(clock, retry_timeout=changes.pop("retry_timeout", 10))
    return Write(
        http, "API connector 'Orders'", read, lambda connector: "" if connector is NEW else "has the old URL", **changes
    )


def test_seen_at_once(clock):
    assert make_write(clock, NEW).see("It was sent") is NEW
    assert clock.slept == []


def test_read_until_it_is_seen_and_noted(clock):
    write = make_write(clock, None, OLD, NEW)
    assert write.see("It was sent") is NEW
    assert clock.slept == [1, 2]
    assert write.http.notices == [
        "API connector 'Orders' has the old URL so far; reading again after 1.0 s.",
        "API connector 'Orders' has the old URL so far; reading again after 2.0 s.",
    ]


def test_never_seen(clock):
    with pytest.raises(
        IdentityError,
        match="^It was sent, but API connector 'Orders' has the old URL. Look at the connector .*retry_timeout",
    ):
        make_write(clock, OLD, OLD, OLD, retry_timeout=4).see("It was sent")
    assert clock.slept == [1, 2]


def test_what_cannot_be_read_is_not_known(clock):
    with pytest.raises(IdentityError, match="^It was sent, but what came of it is not known. Denied.") as caught:
        make_write(clock, IdentityError("Denied.", {"status": 403})).see("It was sent")
    assert caught.value.failure == {"status": 403}


@pytest.mark.parametrize("read, done", [(NEW, True), (OLD, False)])
def test_lost_answer_is_settled_by_reading(clock, read, done):
    write = make_write(clock, read)
    assert not write.lost
    assert write.carried_out() is done
    assert (write.lost, write.seen) == (True, read)


def test_lost_answer_and_no_connector(clock):
    with pytest.raises(IdentityError, match="not there any more"):
        make_write(clock, None).carried_out()
    assert make_write(clock, None, may_be_absent=True).carried_out() is False


def test_lost_answer_that_cannot_be_settled(clock):
    with pytest.raises(IdentityError, match="the answer was lost, so it may have been carried out. Denied."):
        make_write(clock, IdentityError("Denied.")).carried_out()


def test_answer_that_is_lost_for_good(clock):
    lost = FateUnknown("Lost 3 times.", {"status": 500})
    write = make_write(clock, OLD)
    assert write.unsettled(lost).message == "Lost 3 times."
    write.carried_out()
    assert write.unsettled(lost).message == "Lost 3 times. Read again, API connector 'Orders' has the old URL."
    assert write.unsettled(lost).failure == {"status": 500}
