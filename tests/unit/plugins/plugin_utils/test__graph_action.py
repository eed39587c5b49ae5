# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import pwd

import pytest
from ansible.errors import AnsibleError

from ansible_collections.msgraph.identity.plugins.module_utils import _libraries
from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import GRAPH
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError, ServiceError
from ansible_collections.msgraph.identity.plugins.module_utils._run import Module
from ansible_collections.msgraph.identity.plugins.module_utils._settings import settle
from ansible_collections.msgraph.identity.plugins.plugin_utils import _graph_action
from ansible_collections.msgraph.identity.plugins.plugin_utils._graph_action import GraphAction, shared_client

from ..fakes import FakeClock, ModuleCalls, make_action, make_graph

APP = {"tenant": "t", "client_id": "c"}
SIGNED_IN = {"access_token": "t0ken-long-enough"}


class Rendered:
    def __init__(self, **result):
        self.result = result

    def render(self, with_diff):
        return {**self.result, "diff_asked_for": with_diff}


def show(graph, parameters, source, check_mode, now):
    """A work that shows what it was given."""
    return Rendered(checked=check_mode, timeout=parameters["timeout"])


class Action(GraphAction):
    """Does the work here, or calls the module."""

    kind = Module(GRAPH, show)


@pytest.fixture(autouse=True)
def clients(monkeypatch):
    """No client is left over; new ones send nothing."""
    made = []

    def connect(settings):
        made.append(settings)
        return make_graph(FakeClock())

    monkeypatch.setattr(_graph_action, "_clients", {})
    monkeypatch.setattr(_graph_action, "connect", connect)
    return made


@pytest.fixture
def make(tmp_path):
    def action(arguments=None, kind=Action, **changes):
        return make_action(kind, tmp_path, SIGNED_IN if arguments is None else arguments, **changes)

    return action


@pytest.mark.parametrize(
    "changes, here",
    [
        ({}, True),
        ({"become": "sudo"}, True),
        ({"check_mode": True}, True),
        ({"transport": "ssh"}, False),
        ({"transport": "community.docker.docker"}, False),
        ({"async_val": 30}, False),
    ],
    ids=str,
)
def test_where_the_work_is_done(make, changes, here):
    calls = ModuleCalls({"changed": True})
    result = make(calls=calls, **changes).run()
    assert ("checked" in result) == here
    assert len(calls.arguments) == (not here)


@pytest.mark.parametrize("name", ["msal", "requests", "cryptography"])
def test_controller_without_a_library_tries_the_module(make, monkeypatch, name):
    monkeypatch.setattr(_libraries, "find_spec", lambda asked: None if asked == name else object())
    calls = ModuleCalls({"changed": True})
    assert make(calls=calls).run() == {"changed": True}


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("diff", [False, True])
def test_keywords_of_the_task_count(make, check_mode, diff):
    result = make({**SIGNED_IN, "timeout": "7"}, check_mode=check_mode, diff=diff).run()
    assert result.pop("sign_in")["auth_method"] == "access_token"
    assert result == {"checked": check_mode, "diff_asked_for": diff, "timeout": 7}


def test_arguments_that_do_not_fit(make):
    result = make({"unknown": 1}).run()
    assert result["failed"] and result["msg"].startswith("Unsupported parameters: unknown")


@pytest.mark.parametrize("exc", [IdentityError("No."), ServiceError("No.", status=403)])
def test_errors_become_results(make, exc):
    class Failing(Action):
        def act(self, parameters, task_vars):
            raise exc

    result = make(kind=Failing).run()
    assert (result["failed"], result["msg"]) == (True, "No.")
    assert result.get("failure", {}).get("status") == getattr(exc, "status", None)


def test_arguments_of_the_task_are_not_changed(make):
    arguments = {**SIGNED_IN, "timeout": "7", "tenant": ""}
    make(arguments).run()
    assert arguments == {**SIGNED_IN, "timeout": "7", "tenant": ""}


def looking(seen, exc=None):
    """An action whose work looks at the environment."""

    def look(*unused):
        seen.append(dict(os.environ))
        if exc:
            raise exc
        return Rendered()

    class Looking(Action):
        kind = Module(GRAPH, look)

    return Looking


@pytest.mark.parametrize("exc", [None, IdentityError("No."), ZeroDivisionError()])
def test_environment_of_the_task_is_seen_and_gone_afterwards(make, monkeypatch, exc):
    monkeypatch.setenv("KEPT", "as it was")
    monkeypatch.delenv("NUMBER", raising=False)
    before, seen = dict(os.environ), []
    action = make(kind=looking(seen, exc), environment=[{"NUMBER": 7, "KEPT": "outer"}, {"KEPT": "inner"}, {}])
    if isinstance(exc, ZeroDivisionError):
        with pytest.raises(ZeroDivisionError):
            action.run()
    else:
        action.run()
    assert (seen[0]["NUMBER"], seen[0]["KEPT"]) == ("7", "inner")
    assert dict(os.environ) == before


def test_environment_of_the_task_settles_options(make, clients):
    make(
        {}, environment=[{"MSGRAPH_ACCESS_TOKEN": "t0ken-of-task", "AZURE_CLOUD_ENVIRONMENT": "AzureChinaCloud"}]
    ).run()
    assert (clients[0].cloud.name, clients[0].credential.access_token) == ("AzureChinaCloud", "t0ken-of-task")


@pytest.mark.parametrize("environment", [None, [], [{}], [None]], ids=repr)
def test_task_without_environment(make, environment):
    seen = []
    make(kind=looking(seen), environment=environment).run()
    assert seen == [dict(os.environ)]


def test_environment_that_work_changes_is_restored(make, monkeypatch):
    def change(*unused):
        os.environ["LEFT"] = "behind"
        return Rendered()

    class Changing(Action):
        kind = Module(GRAPH, change)

    monkeypatch.delenv("LEFT", raising=False)
    make(kind=Changing).run()
    assert "LEFT" not in os.environ


def settled(**arguments):
    return settle(GRAPH.validate({**SIGNED_IN, **arguments}), {})


def test_equal_settings_share_a_client(clients):
    assert shared_client((), settled()) is shared_client((), settled())
    assert shared_client((), settled(timeout=7)) is not shared_client((), settled())
    assert shared_client((("AZURE_CONFIG_DIR", "/other"),), settled()) is not shared_client((), settled())
    assert len(clients) == 3


def test_tasks_of_a_loop_share_a_client(make, clients):
    for unused in range(3):
        make().run()
    assert len(clients) == 1


def test_forked_process_makes_its_own_client(clients, monkeypatch):
    first = shared_client((), settled())
    monkeypatch.setattr(os, "getpid", lambda: -1)
    assert shared_client((), settled()) is not first


def test_module_result_without_its_arguments(make):
    calls = ModuleCalls({"changed": True, "msg": "x"})
    assert make(calls=calls, transport="ssh").run() == {"changed": True, "msg": "x"}


def pipelining(action):
    """The options set on the connection, and a module call that notes the one in force."""
    options = {"pipelining": "as configured"}
    action._connection.get_option.side_effect = options.__getitem__
    action._connection.set_option.side_effect = options.__setitem__
    during = []

    def execute(**unused):
        during.append(options["pipelining"])
        return action.answer()

    action.answer = dict
    action._execute_module = execute
    return options, during


def test_module_is_piped(make):
    action = make(transport="ssh", has_pipelining=True)
    options, during = pipelining(action)
    action.run()
    assert (during, options) == ([True], {"pipelining": "as configured"})


def test_pipelining_is_as_configured_after_an_exception(make):
    action = make(transport="ssh", has_pipelining=True)
    options, during = pipelining(action)

    def fail():
        raise ZeroDivisionError

    action.answer = fail
    with pytest.raises(ZeroDivisionError):
        action.run()
    assert (during, options) == ([True], {"pipelining": "as configured"})


@pytest.mark.parametrize("changes", [{"has_pipelining": True, "become": "sudo"}, {"has_pipelining": False}], ids=str)
def test_pipelining_is_left_alone(make, changes):
    action = make(transport="ssh", **changes)
    dummy, during = pipelining(action)
    action.run()
    assert during == ["as configured"]
    action._connection.set_option.assert_not_called()


@pytest.mark.parametrize(
    "error", [KeyError("pipelining"), AnsibleError("No config definition exists for 'pipelining'"), AttributeError()]
)
@pytest.mark.parametrize("before", [False, True])
def test_module_is_piped_where_the_connection_has_no_option_for_it(make, error, before):
    action = make(transport="community.docker.docker", has_pipelining=True)
    action._connection.get_option.side_effect = error
    action._play_context.pipelining = before
    during = []
    action._execute_module = lambda **unused: during.append(action._play_context.pipelining) or {"changed": True}
    assert action.run() == {"changed": True}
    assert (during, action._play_context.pipelining) == ([True], before)
    action._connection.set_option.assert_not_called()


OTHER = "was read as somebody, who runs Ansible, and not as"


@pytest.mark.parametrize(
    "arguments, becomes, warning",
    [
        ({"auth_method": "azure_cli"}, "root", f"the login of the Azure CLI {OTHER} root."),
        ({"auth_method": "azure_cli"}, None, f"the login of the Azure CLI {OTHER} root."),
        ({"profile": "test"}, "deploy", f"the profile in ~/.azure/credentials {OTHER} deploy."),
        ({**APP, "oidc_token_file_path": "/token"}, "deploy", f"oidc_token_file_path {OTHER} deploy."),
        ({**APP, "x509_certificate_path": "/key.pem"}, "deploy", f"x509_certificate_path {OTHER} deploy."),
        (
            {"tenant": "", "client_id": "c", "x509_certificate_path": "/key.pem", "profile": "half"},
            "deploy",
            "the profile in ~/.azure/credentials and x509_certificate_path were read as somebody, "
            "who runs Ansible, and not as deploy.",
        ),
        ({"auth_method": "azure_cli"}, "somebody", None),
        ({**APP, "secret": "s3cr3t"}, "root", None),
        (SIGNED_IN, "root", None),
    ],
)
def test_sign_in_of_another_user(make, monkeypatch, tmp_path, arguments, becomes, warning):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".azure").mkdir()
    (tmp_path / ".azure/credentials").write_text("[test]\naccess_token=t0ken-long-enough\n[half]\ntenant=t\n")
    monkeypatch.setattr(_graph_action, "_own_name", lambda: "somebody")
    action = make(arguments, become="sudo")
    monkeypatch.setattr(action, "get_become_option", lambda name: becomes)
    assert action.run().get("warnings") == (
        [f"become has no effect on a local connection: {warning}"] if warning else None
    )
    assert "warnings" not in make(arguments).run()


def test_own_name(monkeypatch):
    assert _graph_action._own_name() == pwd.getpwuid(os.geteuid()).pw_name
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000_000)
    assert _graph_action._own_name() == "user 4000000000"


def test_secret_in_the_wrong_place_is_not_quoted(make):
    result = make({"auth_method": "s3cr3t-long-enough", "secret": "s3cr3t-long-enough"}).run()
    assert result["failed"] and "s3cr3t" not in result["msg"]


def test_name_that_equals_a_password_is_quoted(make):
    class Failing(Action):
        def act(self, parameters, task_vars):
            raise IdentityError("There is no 'Orders API 2'.")

    result = make({"tenant": "Orders API 2", "secret": "Orders API 2"}, kind=Failing).run()
    assert result["msg"] == "There is no 'Orders API 2'."


@pytest.mark.parametrize("wrap_async", [False, True])
def test_temporary_directory_of_a_call_is_removed(make, wrap_async, monkeypatch):
    action = make(transport="ssh", calls=ModuleCalls({}))
    removed = []
    monkeypatch.setattr(action, "_remove_tmp_path", removed.append)
    action._connection._shell.tmpdir = "/tmp/x"
    action.run_module({}, {}, wrap_async=wrap_async)
    assert removed == ([] if wrap_async else ["/tmp/x"])
