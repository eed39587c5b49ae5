# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one door: from the parameters of a task and its environment to a signed-in client, and back to what may be said."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import open_in, secrets_in
from ansible_collections.msgraph.identity.plugins.module_utils._budget import Budget, Clock
from ansible_collections.msgraph.identity.plugins.module_utils._foreign_text import Secrets
from ansible_collections.msgraph.identity.plugins.module_utils._graph import GraphClient
from ansible_collections.msgraph.identity.plugins.module_utils._http import HttpClient
from ansible_collections.msgraph.identity.plugins.module_utils._libraries import require_libraries
from ansible_collections.msgraph.identity.plugins.module_utils._network_words import require_bundle
from ansible_collections.msgraph.identity.plugins.module_utils._settings import Settings, settle

Connect = t.Callable[[Settings], GraphClient]


def connect(settings: Settings) -> GraphClient:
    """A client for `settings`; nothing is sent before the first request."""
    http = HttpClient(verify=settings.verify, timeout=settings.timeout)
    tokens = settings.credential.authenticate(settings.cloud, http)
    budget = Budget(Clock(), settings.retry_timeout, settings.retries)
    return GraphClient(f"{settings.cloud.graph_url}/{settings.api_version}", tokens, http, budget)


def secrets_of(parameters: t.Mapping[str, t.Any]) -> Secrets:
    """The secrets of a task with these parameters, as far as they are known by now."""
    secrets = Secrets(open_in(parameters))
    secrets.add(*secrets_in(parameters))
    return secrets


class Door:
    """Whoever wants something of Graph goes in and out here.

    :param parameters: validated against a spec that includes `GRAPH`
    :param secrets: those in them; more may come
    :param connect: makes a client, or finds one that serves already
    """

    def __init__(self, parameters: t.Mapping[str, t.Any], secrets: Secrets, connect: Connect = connect) -> None:
        self._parameters = parameters
        self._connect = connect
        self._secrets = secrets
        self._settings: Settings | None = None
        self._graph: GraphClient | None = None

    def open(self) -> GraphClient:
        """A client for one task, with a budget of its own; nothing is sent before the first request.

        :raises IdentityError: when a library or the file of CA certificates is missing, no way to sign in is complete, or a
            value does not fit
        """
        require_libraries()
        self._settings = settle(self._parameters, os.environ)
        self._secrets.add(*self._settings.secrets)
        self._secrets.add_open(self._settings.sign_in.render())
        require_bundle(self._settings.verify)
        graph = self._connect(self._settings)
        graph.budget = Budget(graph.budget.clock, self._settings.retry_timeout, self._settings.retries, self._secrets)
        self._graph = graph
        return graph

    @property
    def notices(self) -> list[str]:
        """What happened to the task on the way."""
        return self._graph.budget.notices if self._graph else []

    @property
    def doubt(self) -> str:
        """What has to follow a sentence about a date, when the clock of this machine is in doubt."""
        return self._graph.budget.doubt if self._graph else ""

    def sign_in(self) -> dict[str, t.Any]:
        """Who signed in, as in results; nothing before that is known."""
        return {"sign_in": self._settings.sign_in.render()} if self._settings else {}

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is to be said of the settings."""
        return self._settings.warnings if self._settings else ()
