# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From validated parameters to a result: open the door, do the work, and turn errors into sentences. The same for
modules and action plugins.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import KEY_FILE, ArgumentSpec
from ansible_collections.msgraph.identity.plugins.module_utils._door import Connect, Door, connect, secrets_of
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError, OutOfTime
from ansible_collections.msgraph.identity.plugins.module_utils._foreign_text import Secrets, one_line
from ansible_collections.msgraph.identity.plugins.module_utils._graph import GraphClient
from ansible_collections.msgraph.identity.plugins.module_utils._source import Source

LONGEST = 5000  # characters of a sentence; one that lists the names of many things is long


class Rendered(t.Protocol):
    """What the work of a module comes to."""

    def render(self, with_diff: bool) -> dict[str, t.Any]:
        """The result of the task."""


Parameters = t.Mapping[str, t.Any]


class Work(t.Protocol):
    """What a module does."""

    def __call__(
        self, graph: GraphClient, parameters: Parameters, source: Source | None, check_mode: bool, now: datetime, /
    ) -> Rendered:
        """Do it.

        :param source: the certificate that the task brings, if any
        :raises IdentityError: for what users, networks or services do wrong
        """


@dataclass(frozen=True)
class Module:
    """A module, for both ways of running it.

    :ivar work: called with the client, the parameters, the certificate that the task brings, check mode and the time
    :ivar file_at: where among the options those of the key file stand: names of dictionaries, one in the other; None
        when there are none
    :ivar needless: which options the work does not look at, so that secrets in them stay where they are
    :ivar writes_without_key: whether there may be something to write that needs no key
    """

    spec: ArgumentSpec
    work: Work
    file_at: tuple[str, ...] | None = None
    needless: t.Callable[[Parameters], tuple[str, ...]] = lambda parameters: ()
    writes_without_key: bool = False

    def file_options(self, parameters: Parameters) -> Parameters | None:
        """The options of the key file, when the task needs one."""
        return self.at_file(self.without_needless(parameters, parameters))

    def at_file(self, options: Parameters) -> Parameters | None:
        """Those of the key file among `options`, as a task gave them or validated."""
        if self.file_at is None:
            return None
        found: t.Any = options
        for name in self.file_at:
            found = (found or {}).get(name)
        chosen: Parameters | None = found
        return chosen

    def with_file(self, arguments: Parameters, file: Parameters) -> dict[str, t.Any]:
        """`arguments` of a task with `file` in place of the options of the key file."""
        if not self.file_at:
            return {**{name: value for name, value in arguments.items() if name not in KEY_FILE.options}, **file}
        changed: t.Any = file
        for name in reversed(self.file_at[1:]):
            changed = {name: changed}
        return {**arguments, self.file_at[0]: changed}

    def without_needless(self, arguments: Parameters, parameters: Parameters) -> dict[str, t.Any]:
        """`arguments` without those that the work does not look at."""
        needless = self.needless(parameters)
        return {name: value for name, value in arguments.items() if name not in needless}


def run(
    work: Work,
    parameters: Parameters,
    *,
    check_mode: bool,
    with_diff: bool,
    source: t.Callable[[], Source | None] = lambda: None,
    connect: Connect = connect,
    secrets: Secrets | None = None,
) -> dict[str, t.Any]:
    """The result of `work`, or `failed` and `msg`. Never raises for what users, networks or services do wrong.

    :param parameters: validated against the module's spec
    :param source: makes the certificate that the task brings, once the libraries are known to be there
    :param connect: makes a client, or finds one that serves already
    :param secrets: those in the parameters; it gets to know more
    """
    secrets = secrets or secrets_of(parameters)
    door = Door(parameters, secrets, connect)
    try:
        graph = door.open()
        result = work(graph, parameters, source(), check_mode, graph.budget.clock.utc()).render(with_diff)
    except IdentityError as exc:
        result = failed(exc, door.doubt)
    result.update(door.sign_in())
    if "upload_due" in result:
        # The action plugin keeps these; the other warnings are those of a plan that is made anew.
        result["notices"] = door.notices
    warnings = [*door.warnings, *door.notices, *result.pop("warnings", ())]
    if warnings:
        result["warnings"] = [one_line(warning, LONGEST) for warning in warnings]
    shown: dict[str, t.Any] = secrets.without(result)
    return shown


def failed(exc: IdentityError, doubt: str = "") -> dict[str, t.Any]:
    """The result of a task that `exc` ended.

    :param doubt: what has to be said when a date was the reason
    """
    msg = f"{exc.message}{doubt if isinstance(exc, OutOfTime) else ''}"
    return {"failed": True, "msg": one_line(msg, LONGEST), **({"failure": exc.failure} if exc.failure else {})}


def run_module(kind: Module) -> None:
    """A module's main: AnsibleModule around `run`."""
    module = kind.spec.ansible_module()
    secrets = secrets_of(module.params)
    module.no_log_values = secrets.in_results

    def source() -> Source | None:
        options = kind.file_options(module.params)
        return Source.received(options) if options else None

    result = run(
        kind.work,
        module.params,
        check_mode=module.check_mode,
        with_diff=module._diff,
        source=source,
        secrets=secrets,
    )
    module.no_log_values = secrets.in_results
    # What the module was called with is not what the user wrote, and short secrets in it would no longer be masked.
    result["invocation"] = {}
    for warning in result.pop("warnings", []):
        module.warn(warning)
    if result.get("failed"):
        module.fail_json(**result)
    module.exit_json(**result)
