# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What several unit tests stand on: a clock, tokens, and requests that are expected one by one."""

from __future__ import annotations

import copy
import typing as t
from datetime import datetime, timedelta, timezone
from unittest import mock

import requests
import responses
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from responses import matchers, registries

from ansible_collections.msgraph.identity.plugins.module_utils._budget import Budget, Clock
from ansible_collections.msgraph.identity.plugins.module_utils._graph import GraphClient, Kind, Purpose
from ansible_collections.msgraph.identity.plugins.module_utils._http import HttpClient

HOST = "graph.example"
ROOT = f"https://{HOST}/v1.0"
CONNECTORS = "/identity/apiConnectors"
THUMBPRINT = "0EB255CC895477798BA418B378255204304897AD"
# https://learn.microsoft.com/graph/api/identityapiconnector-uploadclientcertificate
DOCUMENTED = {
    "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#identity/apiConnectors/$entity",
    "id": "45715bb8-13f9-4bf6-927f-ef96c102d394",
    "displayName": "My API connector",
    "targetUrl": "https://api.contoso.com/endpoint",
    "authenticationConfiguration": {
        "@odata.type": "#microsoft.graph.clientCertificateAuthentication",
        "certificateList": [
            {"thumbprint": THUMBPRINT, "notAfter": 1666350522, "notBefore": 1508670522, "isActive": True}
        ],
    },
}


class FakeClock(Clock):
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def utc(self) -> datetime:
        return datetime(2026, 6, 1, 11, 43, 20, tzinfo=timezone.utc) + timedelta(seconds=self.now)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


class FakeTokens:
    """Tokens `token-1`, `token-2` and so on: a new one after each renewal."""

    anew = "Sign in anew."

    def __init__(self, renewable: bool = True) -> None:
        self.renewable = renewable
        self.number = 1
        self.claims: list[str | None] = []

    def token(self, budget: Budget) -> str:
        return f"token-{self.number}"

    def renew(self, claims: str | None = None) -> bool:
        self.claims.append(claims)
        self.number += self.renewable
        return self.renewable


def make_budget(clock: Clock, retry_timeout: float = 180, retries: int = 5) -> Budget:
    """The module's defaults, in fake time."""
    return Budget(clock, retry_timeout, retries)


def make_graph(
    clock: Clock, tokens: t.Any = None, verify: bool | str = True, timeout: float = 30, **budget: t.Any
) -> GraphClient:
    """A signed-in client."""
    http = HttpClient(verify=verify, timeout=timeout)
    return GraphClient(ROOT, tokens or FakeTokens(), http, make_budget(clock, **budget))


def to(what: str) -> Purpose:
    """What a request of a test is for, as in "read x"."""
    verb, thing = what.split(" ", 1)
    done = {"read": "read", "write": "written", "list": "listed", "find": "looked for"}.get(verb, f"{verb}d")
    kind = Kind("things", "Things.Read.All", "Things.ReadWrite.All", "Thing Administrator")
    return Purpose(what, kind, f"while {thing} is {done}")


class Wire:
    """Requests that are expected, in this order, and no others. Leaving the context checks that."""

    def __init__(self) -> None:
        self._mock = responses.RequestsMock(registry=registries.OrderedRegistry)
        self._expected: list[str] = []

    def __enter__(self) -> Wire:
        self._mock.__enter__()
        return self

    def __exit__(self, kind: t.Any, value: t.Any, trace: t.Any) -> None:
        sent = self.sent
        self._mock.stop(allow_assert=False)
        if kind is None:
            assert sent == self._expected

    @property
    def calls(self) -> list[requests.PreparedRequest]:
        """What was sent, unexpected requests too."""
        return [call.request for call in self._mock.calls]

    @property
    def sent(self) -> list[str]:
        """What was sent, as in "GET https://..."."""
        return [f"{request.method} {request.url}" for request in self.calls]

    def expect(
        self,
        method: str,
        url: str,
        answer: t.Any = None,
        status: int = 200,
        *,
        json: t.Any = None,
        form: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        """Expect a request.

        :param url: whole, or the path below ROOT
        :param answer: an exception to raise, text, or what becomes JSON; without one an empty object where an object is
            due
        :param json: what its body has to be
        """
        url = url if url.startswith("https://") else ROOT + url
        match = [matchers.json_params_matcher(json)] if json is not None else []
        match += [matchers.urlencoded_params_matcher(form)] if form is not None else []
        if answer is None and status in (200, 201):
            answer = {}
        content = (
            {"body": answer}
            if isinstance(answer, (str, bytes, Exception))
            else {"json": answer}
            if answer is not None
            else {}
        )
        self._mock.add(method, url, status=status, headers=headers, match=match, **content)
        self._expected.append(f"{method} {url}")


class ModuleCalls:
    """Stands in for _execute_module(): answers what it is told, and keeps what it was called with."""

    def __init__(self, *answers: t.Any) -> None:
        self.answers = list(answers)
        self.arguments: list[dict[str, t.Any]] = []
        self.wrapped: list[bool] = []

    def __call__(
        self, module_args: dict[str, t.Any], task_vars: dict[str, t.Any], wrap_async: bool = False
    ) -> dict[str, t.Any]:
        self.arguments.append(copy.deepcopy(module_args))
        self.wrapped.append(wrap_async)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return {"invocation": {"module_args": module_args}, **answer}


def make_action(
    kind: t.Any, directory: t.Any, arguments: dict[str, t.Any], *, calls: ModuleCalls | None = None, **changes: t.Any
) -> t.Any:
    """An action plugin of a task in the playbook directory `directory`.

    :param changes: keywords of the task, or `transport`, `has_pipelining`, `become`, `has_native_async` of its
        connection
    """
    loader = DataLoader()
    loader.set_basedir(str(directory))
    connection = {"transport": "local", "has_pipelining": False, "become": None, "has_native_async": False}
    connection.update({name: changes.pop(name) for name in list(changes) if name in connection})
    task = mock.MagicMock(
        **{"args": arguments, "async_val": 0, "check_mode": False, "diff": False, "environment": None, **changes}
    )
    task.get_search_path.return_value = [str(directory)]
    action = kind(
        task, mock.MagicMock(**connection), mock.MagicMock(), loader, Templar(loader=loader), mock.MagicMock()
    )
    action._connection._shell.tmpdir = None
    action._execute_module = calls or ModuleCalls()
    return action
