# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From validated parameters to a result: settle, connect, do the work, and turn errors into sentences. The same for
modules and action plugins.
"""

from __future__ import annotations

import os
import typing as t
from datetime import datetime, timezone

from ansible.module_utils.common.parameters import remove_values

from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import ArgumentSpec, secrets_in
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._graph import GraphClient
from ansible_collections.msgraph.identity.plugins.module_utils._libraries import require_libraries
from ansible_collections.msgraph.identity.plugins.module_utils._settings import Settings, settle

# A shorter secret would star out parts of thumbprints and dates; results are built without secrets, this is the second
# line.
SHORTEST_MASKED = 8


class Outcome(t.Protocol):
    """What the work of a module comes to."""

    def render(self, with_diff: bool) -> dict[str, t.Any]:
        """The result of the task."""


Parameters = t.Mapping[str, t.Any]
Work = t.Callable[[GraphClient, Parameters, bool, datetime], Outcome]


def run(
    work: Work,
    parameters: Parameters,
    *,
    check_mode: bool,
    with_diff: bool,
    connect: t.Callable[[Settings], GraphClient] = GraphClient.connect,
) -> dict[str, t.Any]:
    """The result of `work`, or `failed` and `msg`. Never raises for what users, networks or services do wrong.

    :param work: called with the client, `parameters`, `check_mode` and the time
    :param parameters: validated against the module's spec
    :param connect: makes a client, or finds one that serves already
    """
    graph = settings = None
    secrets = secrets_in(parameters)
    try:
        require_libraries()
        settings = settle(parameters, os.environ)
        secrets.update(settings.secrets)
        graph = connect(settings)
        graph.http.begin_task()
        result = work(graph, parameters, check_mode, datetime.now(timezone.utc)).render(with_diff)
    except IdentityError as exc:
        result = failed(exc)
    if settings:
        result["sign_in"] = settings.sign_in.render()
        notices = graph.http.notices if graph else []
        if "upload_due" in result:
            # The action plugin keeps these; the other warnings are those of a plan that is made anew.
            result["notices"] = notices
        warnings = [*settings.warnings, *notices, *result.pop("warnings", ())]
        if warnings:
            result["warnings"] = warnings
    return without_secrets(result, secrets)


def without_secrets(result: dict[str, t.Any], secrets: set[str]) -> dict[str, t.Any]:
    """`result` with stars where it quotes a secret."""
    masked: dict[str, t.Any] = remove_values(result, {secret for secret in secrets if len(secret) >= SHORTEST_MASKED})
    return masked


def failed(exc: IdentityError) -> dict[str, t.Any]:
    """The result of a task that `exc` ended."""
    return {"failed": True, "msg": exc.message, **({"failure": exc.failure} if exc.failure else {})}


def run_module(spec: ArgumentSpec, work: Work) -> None:
    """A module's main: AnsibleModule around `run`."""
    module = spec.ansible_module()
    module.no_log_values = {secret for secret in module.no_log_values if len(secret) >= SHORTEST_MASKED}
    result = run(work, module.params, check_mode=module.check_mode, with_diff=module._diff)
    # What the module was called with is not what the user wrote, and short secrets in it would no longer be masked.
    result["invocation"] = {}
    for warning in result.pop("warnings", []):
        module.warn(warning)
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)
