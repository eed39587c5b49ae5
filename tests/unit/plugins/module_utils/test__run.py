# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import json
from datetime import timedelta
from email.utils import format_datetime

import pytest
from ansible.module_utils import basic

from ansible_collections.msgraph.identity.plugins.module_utils import _libraries
from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import GRAPH
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError, OutOfTime, ServiceError
from ansible_collections.msgraph.identity.plugins.module_utils._libraries import REQUIRED
from ansible_collections.msgraph.identity.plugins.module_utils._run import Module, failed, run, run_module

from ..fakes import FakeClock, make_graph

PARAMETERS = GRAPH.validate({"access_token": "t0ken-long-enough"})
SIGN_IN = {
    "auth_method": "access_token",
    "tenant": None,
    "client_id": None,
    "cloud_environment": "AzureCloud",
    "authority_host": "https://login.microsoftonline.com",
    "graph_url": "https://graph.microsoft.com",
    "origins": {"access_token": "the task"},
    "unused": {},
}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home of the test's own, without profiles."""
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


class Rendered:
    """An outcome that renders as what it is given."""

    def __init__(self, **result):
        self.result = result

    def render(self, with_diff):
        return {**self.result, "diff_asked_for": with_diff}


def run_it(work, parameters=None, check_mode=False, with_diff=False, graph=None):
    graph = graph or make_graph(FakeClock())
    return run(
        work,
        {**PARAMETERS, **(parameters or {})},
        check_mode=check_mode,
        with_diff=with_diff,
        connect=lambda settings: graph,
    )


def fail(exc):
    def work(*unused):
        raise exc

    return work


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("with_diff", [False, True])
def test_work_is_done_with_what_it_needs(check_mode, with_diff):
    graph, seen = make_graph(FakeClock()), []

    def work(*given):
        seen.append(given)
        return Rendered(changed=True)

    assert run_it(work, {"extra": 1}, check_mode, with_diff, graph) == {
        "changed": True,
        "diff_asked_for": with_diff,
        "sign_in": SIGN_IN,
    }
    ((given_graph, parameters, source, given_check_mode, now),) = seen
    assert (given_graph, source, given_check_mode, parameters["extra"]) == (graph, None, check_mode, 1)
    assert now == graph.budget.clock.utc()


def test_settings_come_from_parameters_and_environment(monkeypatch):
    monkeypatch.setenv("AZURE_CLOUD_ENVIRONMENT", "AzureChinaCloud")
    seen = []

    def connect(settings):
        seen.append(settings)
        return make_graph(FakeClock())

    run(lambda *unused: Rendered(), PARAMETERS, check_mode=False, with_diff=False, connect=connect)
    assert (seen[0].cloud.name, seen[0].credential.access_token) == ("AzureChinaCloud", "t0ken-long-enough")


@pytest.mark.parametrize(
    "exc, result",
    [
        (IdentityError("No. Do it."), {"failed": True, "msg": "No. Do it."}),
        (
            ServiceError("No.", status=403, code="C", hint="Do it."),
            {
                "failed": True,
                "msg": "No. Do it.",
                "failure": {
                    "status": 403,
                    "code": "C",
                    "message": None,
                    "request_id": None,
                    "client_request_id": None,
                    "hint": "Do it.",
                },
            },
        ),
    ],
)
def test_errors_become_results(exc, result):
    assert failed(exc) == result
    assert run_it(fail(exc)) == {**result, "sign_in": SIGN_IN}


def test_settings_that_do_not_fit_become_a_result():
    result = run_it(fail(AssertionError), {"access_token": None})
    assert result["failed"] and result["msg"].startswith("Cannot sign in")
    assert sorted(result) == ["failed", "msg"]


def test_missing_library_becomes_a_result(monkeypatch):
    monkeypatch.setattr(_libraries, "find_spec", lambda name: None if name == "msal" else object())
    result = run_it(fail(AssertionError))
    assert result["failed"] and REQUIRED["msal"] in result["msg"]
    assert sorted(result) == ["failed", "msg"]


def test_a_bug_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        run_it(fail(ZeroDivisionError()))


@pytest.mark.parametrize(
    "ends", [lambda: Rendered(warnings=["Mind this."]), fail(IdentityError("No."))], ids=["success", "failure"]
)
def test_notices_become_warnings(ends):
    def work(graph, *unused):
        graph.budget.wait_to_retry("graph.example answered 429", 3, 0)
        return ends()

    result = run_it(work)
    notice = "graph.example answered 429; retry 1 of 5 in 3 s."
    assert result["warnings"] == ([notice] if result.get("failed") else [notice, "Mind this."])


US = {"cloud_environment": "AzureUSGovernment"}
US_WARNING = "API connectors are not in v1.0 of Microsoft Graph at graph.microsoft.us. Set api_version to beta."


@pytest.mark.parametrize(
    "ends", [lambda: Rendered(warnings=["Mind this."]), fail(IdentityError("No."))], ids=["success", "failure"]
)
def test_warnings_of_the_settings_come_first(ends):
    def work(graph, *unused):
        graph.budget.wait_to_retry("graph.example answered 429", 3, 0)
        return ends()

    result = run_it(work, US)
    own = [] if result.get("failed") else ["Mind this."]
    assert result["warnings"] == [US_WARNING, "graph.example answered 429; retry 1 of 5 in 3 s.", *own]


def test_no_empty_list_of_warnings():
    assert "warnings" not in run_it(lambda *unused: Rendered(warnings=[]))
    assert "warnings" not in run_it(fail(IdentityError("No.")))


@pytest.mark.parametrize("work", [lambda *unused: Rendered(), fail(IdentityError("No."))], ids=["success", "failure"])
def test_result_says_who_signed_in(work, home, monkeypatch):
    (home / ".azure").mkdir()
    (home / ".azure/credentials").write_text("[default]\nsecret=client-s3cr3t\n")
    monkeypatch.setenv("AZURE_CLIENT_ID", "app-identifier")
    result = run_it(work, {"access_token": None, "tenant": "contoso.example", **US})
    assert result["sign_in"] == {
        "auth_method": "client_secret",
        "tenant": "contoso.example",
        "client_id": "app-identifier",
        "cloud_environment": "AzureUSGovernment",
        "authority_host": "https://login.microsoftonline.us",
        "graph_url": "https://graph.microsoft.us",
        "origins": {
            "tenant": "the task",
            "client_id": "environment variable AZURE_CLIENT_ID",
            "secret": "profile default",
            "cloud_environment": "the task",
        },
        "unused": {},
    }
    assert "client-s3cr3t" not in json.dumps(result)


def test_credential_that_is_of_no_use_is_a_failure_that_says_who_would_sign_in(home):
    arguments = {
        "access_token": None,
        "tenant": "contoso",
        "client_id": "app",
        "x509_certificate_path": f"{home}/absent.pem",
    }
    result = run(fail(AssertionError()), {**PARAMETERS, **arguments}, check_mode=False, with_diff=False)
    assert result["msg"] == f"x509_certificate_path '{home}/absent.pem' cannot be read: No such file or directory."
    assert (result["failed"], result["sign_in"]["auth_method"]) == (True, "client_certificate")


def test_profile_that_cannot_be_read_becomes_a_result(home):
    (home / ".azure/credentials").mkdir(parents=True)
    result = run_it(fail(AssertionError()))
    assert result == {"failed": True, "msg": "~/.azure/credentials cannot be read: Is a directory."}


def test_each_task_begins_anew():
    graph = make_graph(FakeClock(), retry_timeout=10)
    graph.budget.wait("before", 100)
    result = run_it(lambda graph, *unused: Rendered(left=graph.budget.left()), graph=graph)
    assert result == {"left": PARAMETERS["retry_timeout"], "diff_asked_for": False, "sign_in": SIGN_IN}


def test_certificate_is_made_when_the_way_is_open():
    graph, steps = make_graph(FakeClock()), []

    def connect(settings):
        steps.append("connect")
        return graph

    def source():
        steps.append("source")
        return "a certificate"

    result = run(
        lambda graph, parameters, source, *unused: Rendered(source=source),
        PARAMETERS,
        check_mode=False,
        with_diff=False,
        source=source,
        connect=connect,
    )
    assert (result["source"], steps) == ("a certificate", ["connect", "source"])


@pytest.mark.parametrize(
    "parameters, environment, secret",
    [
        ({}, {}, "t0ken-long-enough"),
        ({"access_token": "", "tenant": "t", "client_id": "c", "secret": "client-s3cr3t"}, {}, "client-s3cr3t"),
        ({"certificate_password": "pfx-s3cr3t"}, {}, "pfx-s3cr3t"),
        ({"content": "UEZYIGlzIGhlcmU="}, {}, "UEZYIGlzIGhlcmU="),
        ({"access_token": ""}, {"MSGRAPH_ACCESS_TOKEN": "t0ken-of-env"}, "t0ken-of-env"),
        ({}, {"AZURE_SECRET": "client-s3cr3t-of-env"}, "client-s3cr3t-of-env"),
        (
            {"access_token": "", "tenant": "t", "client_id": "c", "oidc_token": "0idc-long-enough"},
            {},
            "0idc-long-enough",
        ),
        ({}, {"AZURE_FEDERATED_TOKEN": "0idc-of-env"}, "0idc-of-env"),
        ({"x509_certificate_password": "pem-s3cr3t"}, {}, "pem-s3cr3t"),
        ({}, {"AZURE_CLIENT_CERTIFICATE_PASSWORD": "pem-s3cr3t-of-env"}, "pem-s3cr3t-of-env"),
        ({"certificate_password": "12345678"}, {}, "12345678"),
    ],
    ids=str,
)
def test_secrets_are_masked_wherever_they_show(monkeypatch, parameters, environment, secret):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    shown = Rendered(deep=[{"a": f"x{secret}y"}], warnings=[secret])
    assert secret not in json.dumps(run_it(lambda *unused: shown, parameters))
    error = ServiceError(f"No: {secret}", service_message=secret, code=secret)
    result = run_it(fail(error), parameters)
    assert secret not in json.dumps(result)
    assert result["failed"] is True and result["msg"].startswith("No: ")


@pytest.mark.parametrize("name", ["secret", "x509_certificate_password", "oidc_token", "access_token"])
def test_secrets_of_a_profile_are_masked(home, name):
    (home / ".azure").mkdir()
    lines = [f"{option} = {value}" for option, value in {"access_token": "t0ken", name: "pr0file-s3cr3t"}.items()]
    (home / ".azure/credentials").write_text("\n".join(["[test]", *lines]))
    result = run_it(
        lambda *unused: Rendered(deep=[{"a": "x pr0file-s3cr3t y"}]), {"access_token": None, "profile": "test"}
    )
    assert "pr0file-s3cr3t" not in json.dumps(result)
    assert result["deep"][0]["a"].startswith("x ")


@pytest.mark.parametrize("secret", ["1", "2026", "0EB255C", "certif", "Z"])
def test_short_secrets_star_nothing_out(secret):
    result = {
        "thumbprint": "0EB255CC895477798BA418B378255204304897AD",
        "not_after": "2026-01-31T12:00:00Z",
        "msg": "the certificate is listed",
    }
    parameters = {"access_token": secret, "certificate_password": secret, "content": secret}
    assert run_it(lambda *unused: Rendered(**result), parameters) == {
        **result,
        "diff_asked_for": False,
        "sign_in": SIGN_IN,
    }


@pytest.fixture
def module_result(monkeypatch, capsys):
    """What a module prints, run on arguments."""
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)

    def result(work, **arguments):
        monkeypatch.setattr(
            basic,
            "_ANSIBLE_ARGS",
            json.dumps(
                {
                    "ANSIBLE_MODULE_ARGS": {
                        "auth_method": "access_token",
                        "access_token": "t0ken-long-enough",
                        **arguments,
                    }
                }
            ).encode(),
        )
        monkeypatch.setattr(
            run, "__kwdefaults__", {**run.__kwdefaults__, "connect": lambda settings: make_graph(FakeClock())}
        )
        with pytest.raises(SystemExit) as caught:
            run_module(Module(GRAPH, work))
        printed = json.loads(capsys.readouterr().out)
        assert caught.value.code == (1 if printed.get("failed") else 0)
        return printed

    return result


def test_module_exits_with_the_result(module_result, monkeypatch):
    warned = []
    monkeypatch.setattr(basic.AnsibleModule, "warn", lambda module, warning: warned.append(warning))
    result = module_result(lambda *unused: Rendered(changed=True, warnings=["Mind this."]), _ansible_diff=True)
    assert (result["changed"], result["diff_asked_for"]) == (True, True)
    assert warned == ["Mind this."]
    assert "warnings" not in result


def test_module_fails_with_sentence_and_failure(module_result):
    result = module_result(fail(ServiceError("No.", status=403)))
    assert (result["failed"], result["msg"], result["failure"]["status"]) == (True, "No.", 403)
    assert "exception" not in result or "Traceback" not in str(result["msg"])


@pytest.mark.parametrize("ends", [lambda *unused: Rendered(), fail(IdentityError("No."))], ids=["success", "failure"])
def test_module_does_not_print_its_arguments(module_result, ends):
    result = module_result(ends, tenant="a-tenant", secret="short")
    assert not result.get("invocation")
    assert "a-tenant" not in json.dumps(result) and "short" not in json.dumps(result)


@pytest.mark.parametrize("check_mode", [False, True])
def test_module_passes_check_mode_on(module_result, check_mode):
    result = module_result(
        lambda graph, parameters, source, check_mode, now: Rendered(checked=check_mode), _ansible_check_mode=check_mode
    )
    assert result["checked"] is check_mode


def test_module_does_not_print_a_secret(module_result):
    result = module_result(lambda *unused: Rendered(said="t0ken-long-enough and client-s3cr3t"), secret="client-s3cr3t")
    assert "t0ken-long-enough" not in json.dumps(result) and "client-s3cr3t" not in json.dumps(result)


def test_module_stars_nothing_out_for_a_short_secret(module_result):
    result = module_result(lambda *unused: Rendered(said="0EB255CC"), secret="B25")
    assert result["said"] == "0EB255CC"


FILE = {"content": "c", "certificate_password": "p"}


@pytest.mark.parametrize(
    "file_at, parameters, options, arguments, sent",
    [
        (None, {"a": 1, "src": "x"}, None, None, None),
        ((), {"a": 1, "src": "x"}, {"a": 1, "src": "x"}, {"a": 1, "src": "x", "decrypt": False}, {"a": 1, **FILE}),
        (("in", "deep"), {"in": None}, None, None, None),
        (("in", "deep"), {"in": {"other": 1}}, None, None, None),
        (
            ("in", "deep"),
            {"a": 1, "in": {"deep": {"src": "x"}}},
            {"src": "x"},
            {"a": 1, "in": {"deep": {"src": "x"}}},
            {"a": 1, "in": {"deep": FILE}},
        ),
    ],
)
def test_where_the_options_of_the_file_are(file_at, parameters, options, arguments, sent):
    module = Module(GRAPH, fail(AssertionError()), file_at)
    assert module.file_options(parameters) == options
    if sent:
        assert module.with_file(arguments, FILE) == sent


def test_what_the_work_does_not_look_at_stays_away():
    module = Module(
        GRAPH, fail(AssertionError()), ("in", "deep"), needless=lambda given: ("in",) if given["gone"] else ()
    )
    needed = {"gone": False, "in": {"deep": FILE}}
    assert module.without_needless(needed, needed) == needed
    assert module.file_options(needed) == FILE
    needless = {"gone": True, "in": {"deep": FILE}}
    assert module.without_needless(needless, needless) == {"gone": True}
    assert module.file_options(needless) is None


def test_short_secret_is_starred_in_what_a_service_says_and_nowhere_else():
    def work(graph, *unused):
        raise ServiceError(
            f"Could not read x: {graph.budget.secrets.message('You sent pa55')}.",
            service_message=graph.budget.secrets.message("pa55"),
        )

    result = run_it(work, {"access_token": "pa55"})
    assert (result["msg"], result["failure"]["message"]) == ("Could not read x: You sent ********.", "********")


@pytest.mark.parametrize("password", ["certificate", "Orders API 2", "client_certificate", "2026-01-31"])
@pytest.mark.parametrize("ends", ["well", "badly"])
def test_password_does_not_change_what_results_say_themselves(password, ends):
    result = {
        "connector": {"display_name": "Orders API 2", "authentication": {"type": "client_certificate"}},
        "reason": "the certificate is listed",
        "not_after": "2026-01-31T12:00:00Z",
    }

    def work(graph, *unused):
        graph.budget.secrets.add_open({"displayName": "Orders API 2"})
        if ends == "badly":
            raise IdentityError("API connector 'Orders API 2' has no client_certificate since 2026-01-31.")
        return Rendered(**result)

    shown = run_it(work, {"certificate_password": password})
    if ends == "badly":
        assert shown["msg"] == "API connector 'Orders API 2' has no client_certificate since 2026-01-31."
    else:
        assert {name: shown[name] for name in result} == result


def test_name_that_the_task_gives_is_no_secret():
    result = run_it(
        fail(IdentityError("There is no 'Orders API 2'.")),
        {"access_token": None, "tenant": "t", "client_id": "c", "secret": "Orders API 2", "x": "Orders API 2"},
    )
    assert result["msg"] == "There is no 'Orders API 2'."


def test_sentences_are_lines(monkeypatch):
    def work(graph, *unused):
        graph.budget.note("a\x1b[2J\nb")
        raise IdentityError("c\r\nd\x07" + "x" * 10_000)

    result = run_it(work)
    assert result["warnings"] == ["a [2J b"]
    assert result["msg"].startswith("c d x") and len(result["msg"]) == 5000


@pytest.mark.parametrize("kind, doubts", [(OutOfTime, True), (IdentityError, False)])
@pytest.mark.parametrize("differs", [False, True])
def test_what_a_date_decides_is_doubted_when_clocks_differ(kind, doubts, differs):
    def work(graph, parameters, source, check_mode, now):
        told = now + timedelta(hours=3) if differs else now
        graph.budget.compare_clocks(format_datetime(told, usegmt=True), "graph.example", now)
        raise kind("It expired.")

    result = run_it(work)
    by = "the clock of this machine, which is 3 hours behind that of graph.example."
    assert result["msg"] == ("It expired." if not (doubts and differs) else f"It expired. This goes by {by}")
    assert result.get("warnings") == ([f"What is said of dates goes by {by} Set it."] if differs else None)


def test_module_knows_of_secrets_that_come_later(module_result):
    def work(graph, *unused):
        graph.budget.secrets.add_made("0ne-time-password")
        return Rendered(said="0ne-time-password")

    assert module_result(work)["said"] == "********"


@pytest.mark.parametrize("password", ["certificate", "Orders API 2"])
def test_module_says_itself_what_equals_a_password(module_result, password):
    def work(graph, *unused):
        graph.budget.secrets.add_open(["Orders API 2"])
        return Rendered(reason="the certificate is listed", display_name="Orders API 2")

    result = module_result(work, secret=password)
    assert (result["reason"], result["display_name"]) == ("the certificate is listed", "Orders API 2")
