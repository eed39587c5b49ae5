# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the action plugins share: where the work runs, and with which environment."""

from __future__ import annotations

import contextlib
import functools
import os
import typing as t

from ansible.plugins.action import ActionBase

from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import secrets_in
from ansible_collections.msgraph.identity.plugins.module_utils._door import connect, without_secrets
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._graph import GraphClient
from ansible_collections.msgraph.identity.plugins.module_utils._libraries import missing_libraries
from ansible_collections.msgraph.identity.plugins.module_utils._run import Module, Parameters, failed, run
from ansible_collections.msgraph.identity.plugins.module_utils._settings import Settings
from ansible_collections.msgraph.identity.plugins.module_utils._source import Source

Environment = tuple[tuple[str, str], ...]

# The items of a loop run in one worker process and share its clients: one token, one kept-alive connection.
_clients: dict[tuple[int, Environment, Settings], GraphClient] = {}


def shared_client(environment: Environment, settings: Settings) -> GraphClient:
    """The client of this process for `settings`. A forked process starts with none of its parent's connections.

    :param environment: of the task; it may decide who signs in, as AZURE_CONFIG_DIR does for the Azure CLI
    """
    key = (os.getpid(), environment, settings)
    if key not in _clients:
        _clients[key] = connect(settings)
    return _clients[key]


class _Unprinted(dict[str, t.Any]):
    """Module arguments that ansible-core does not print: with ANSIBLE_DEBUG it would, secrets and all."""

    def __repr__(self) -> str:
        return f"{{{', '.join(self)}}}"


class GraphAction(ActionBase):
    """Runs a module's work in this process when the connection is local, and sends the module to the host otherwise."""

    _supports_check_mode = True
    _supports_async = True

    kind: Module

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        result: dict[str, t.Any] = super().run(tmp, task_vars)
        spec = self.kind.spec
        try:
            result.update(self.act(spec.validate(self._task.args), task_vars or {}))
        except IdentityError as exc:
            # What does not fit may be quoted, and it may be a secret in the wrong place.
            result.update(without_secrets(failed(exc), secrets_in(spec.given(self._task.args))))
        return result

    def act(self, parameters: Parameters, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """The result of the task.

        :raises IdentityError: for what a user can mend
        """
        if self.in_process:
            return self.run_here(parameters)
        return self.run_module(self.arguments(parameters), task_vars, wrap_async=self.wrap_async)

    def arguments(self, parameters: Parameters) -> dict[str, t.Any]:
        """The arguments of the task for the module on its host. Secrets that are not needed stay here."""
        return self.kind.without_needless(self.kind.spec.given(self._task.args), parameters)

    @property
    def in_process(self) -> bool:
        """Whether the work is done here. A controller without the libraries tries the interpreter that modules get."""
        return self._connection.transport == "local" and not self._task.async_val and not missing_libraries()

    def run_here(self, parameters: Parameters, source: Source | None = None) -> dict[str, t.Any]:
        """The result of the work done in this process."""
        with self._environment() as environment:
            return run(
                self.kind.work,
                parameters,
                check_mode=self._task.check_mode,
                with_diff=self._task.diff,
                source=lambda: source,
                connect=functools.partial(shared_client, environment),
            )

    @property
    def wrap_async(self) -> bool:
        """Whether a module has to be sent as a job that goes on by itself."""
        return bool(self._task.async_val) and not self._connection.has_native_async

    def run_module(
        self, arguments: dict[str, t.Any], task_vars: dict[str, t.Any], wrap_async: bool = False
    ) -> dict[str, t.Any]:
        """The result of the module of the same name, sent to the host of the task."""
        with self._pipelining():
            result: dict[str, t.Any] = self._execute_module(
                module_args=_Unprinted(arguments), task_vars=task_vars, wrap_async=wrap_async
            )
        if not wrap_async:
            self._remove_tmp_path(self._connection._shell.tmpdir)
        # What the module was called with is not what the user wrote.
        result.pop("invocation", None)
        return result

    @contextlib.contextmanager
    def _environment(self) -> t.Iterator[Environment]:
        """`environment` of the task in `os.environ`, where requests looks for proxies and CA bundles."""
        given: dict[str, t.Any] = {}
        self._compute_environment_string(given)
        environment = tuple(sorted((name, str(value)) for name, value in given.items()))
        before = dict(os.environ)
        os.environ.update(environment)
        try:
            yield environment
        finally:
            os.environ.clear()
            os.environ.update(before)

    @contextlib.contextmanager
    def _pipelining(self) -> t.Iterator[None]:
        """Hand the module to the interpreter through a pipe, so that its arguments are not written to the host's disk.

        With become it stays as configured: sudo may be set up to refuse a pipe.
        """
        connection = self._connection
        if not connection.has_pipelining or connection.become:
            yield
            return
        before = connection.get_option("pipelining")
        connection.set_option("pipelining", True)
        try:
            yield
        finally:
            connection.set_option("pipelining", before)
