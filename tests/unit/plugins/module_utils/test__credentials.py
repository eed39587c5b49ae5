# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import GRAPH
from ansible_collections.msgraph.identity.plugins.module_utils._credentials import (
    GUESSED,
    METHODS,
    AccessToken,
    Found,
    Lacking,
)
from ansible_collections.msgraph.identity.plugins.module_utils._settings import ENVIRONMENT, SECRETS


def found(origin, values):
    return {name: Found(value, origin, origin) for name, value in values.items()}


def without(values, *names):
    return {name: value for name, value in values.items() if name not in names}


def test_methods_are_those_of_the_option():
    assert {"auto", *METHODS} == set(GRAPH.options["auth_method"]["choices"])
    assert [kind.method for kind in GUESSED] == [
        "access_token",
        "client_secret",
        "client_certificate",
        "federated_token",
    ]


@pytest.mark.parametrize("kind", METHODS.values(), ids=METHODS)
def test_each_method_tells_all_it_lacks(kind):
    whole = found("the task", dict.fromkeys((any_of[0] for any_of in kind.needs), "x"))
    assert isinstance(kind.validate(whole), kind)
    if kind.needs:
        assert kind.validate({}) == Lacking(kind.needs)
    for any_of in kind.needs:
        assert kind.validate(without(whole, any_of[0])) == Lacking((any_of,))


@pytest.mark.parametrize("kind", METHODS.values(), ids=METHODS)
def test_each_method_takes_what_it_needs_and_options_can_be_found(kind):
    assert not kind.shows or kind.shows in kind.needs
    assert {name for any_of in kind.needs for name in any_of} <= set(kind.takes)
    assert set(kind.takes) <= set(ENVIRONMENT)


@pytest.mark.parametrize("kind", METHODS.values(), ids=METHODS)
def test_no_secret_shows(kind):
    values = {name: f"<{name}>" for name in kind.takes}
    shown = f"{kind.validate(found('the task', values))!r} {found('the task', values)!r}"
    for name, value in values.items():
        if name in SECRETS:
            assert value not in shown
    assert kind is AccessToken or any(f"<{name}>" in shown for name in ("tenant", "client_id"))


@pytest.mark.parametrize("kind", METHODS.values(), ids=METHODS)
def test_equal_credentials_can_share_a_client(kind):
    values = dict.fromkeys(kind.takes, "x")
    one, same = (kind.validate(found(origin, values)) for origin in ("the task", "profile p"))
    assert one == same and hash(one) == hash(same)
    for name in kind.takes:
        assert kind.validate(found("the task", {**values, name: "y"})) != one


@pytest.mark.parametrize(
    "kind", [kind for name, kind in METHODS.items() if name != "client_certificate"], ids=lambda kind: kind.method
)
def test_signing_in_begins_without_a_request_or_a_file(kind, wire, monkeypatch):
    monkeypatch.setenv("PATH", "")
    values = {**dict.fromkeys(kind.takes, "x"), "oidc_token_file_path": "/does/not/exist"}
    assert kind.validate(found("the task", values)).authenticate(None, None)
    assert wire.calls == []
