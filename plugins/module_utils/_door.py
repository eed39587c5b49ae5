# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one door: from the parameters of a task and its environment to a signed-in client, and back to what may be said."""

from __future__ import annotations

import os
import typing as t

from ansible.module_utils.common.parameters import remove_values

from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import secrets_in
from ansible_collections.msgraph.identity.plugins.module_utils._budget import Budget, Clock
from ansible_collections.msgraph.identity.plugins.module_utils._graph import GraphClient
from ansible_collections.msgraph.identity.plugins.module_utils._http import HttpClient
from ansible_collections.msgraph.identity.plugins.module_utils._libraries import require_libraries
from ansible_collections.msgraph.identity.plugins.module_utils._settings import Settings, settle

# A shorter secret would star out parts of thumbprints and dates; results are built without secrets, this is the second
# line.
SHORTEST_MASKED = 8

Connect = t.Callable[[Settings], GraphClient]


def connect(settings: Settings) -> GraphClient:
    """A client for `settings`; nothing is sent before the first request."""
    http = HttpClient(verify=settings.verify, timeout=settings.timeout)
    tokens = settings.credential.authenticate(settings.cloud, http)
    budget = Budget(Clock(), settings.retry_timeout, settings.retries)
    return GraphClient(f"{settings.cloud.graph_url}/{settings.api_version}", tokens, http, budget)


class Door:
    """Whoever wants something of Graph goes in and out here.

    :param parameters: validated against a spec that includes `GRAPH`
    :param connect: makes a client, or finds one that serves already
    """

    def __init__(self, parameters: t.Mapping[str, t.Any], connect: Connect = connect) -> None:
        self._parameters = parameters
        self._connect = connect
        self._secrets = secrets_in(parameters)
        self._settings: Settings | None = None
        self._graph: GraphClient | None = None

    def open(self) -> GraphClient:
        """A client for one task, with a budget of its own; nothing is sent before the first request.

        :raises IdentityError: when a library is missing, no way to sign in is complete, or a value does not fit
        """
        require_libraries()
        self._settings = settle(self._parameters, os.environ)
        self._secrets.update(self._settings.secrets)
        graph = self._connect(self._settings)
        graph.budget = Budget(graph.budget.clock, self._settings.retry_timeout, self._settings.retries)
        self._graph = graph
        return graph

    @property
    def notices(self) -> list[str]:
        """What happened to the task on the way."""
        return self._graph.budget.notices if self._graph else []

    def sign_in(self) -> dict[str, t.Any]:
        """Who signed in, as in results; nothing before that is known."""
        return {"sign_in": self._settings.sign_in.render()} if self._settings else {}

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is to be said of the settings."""
        return self._settings.warnings if self._settings else ()

    def without_secrets(self, result: dict[str, t.Any]) -> dict[str, t.Any]:
        """`result` with stars where it quotes a secret."""
        return without_secrets(result, self._secrets)


def without_secrets(result: dict[str, t.Any], secrets: set[str]) -> dict[str, t.Any]:
    """`result` with stars where it quotes one of `secrets`."""
    masked: dict[str, t.Any] = remove_values(result, {secret for secret in secrets if len(secret) >= SHORTEST_MASKED})
    return masked
