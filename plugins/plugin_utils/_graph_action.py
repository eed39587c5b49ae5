# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the action plugins share: where the work runs, and with which environment."""

from __future__ import annotations

import contextlib
import functools
import os
import pwd
import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import secrets_in
from ansible_collections.msgraph.identity.plugins.module_utils._door import connect, secrets_of
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._foreign_text import Secrets
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


# What signing in reads that depends on the user, and whether it did, by what results say of it.
_FILES_OF_USERS: dict[str, t.Callable[[dict[str, t.Any]], bool]] = {
    "the login of the Azure CLI": lambda sign_in: sign_in.get("auth_method") == "azure_cli",
    "the profile in ~/.azure/credentials": lambda sign_in: any(
        origin.startswith("profile ") for origin in sign_in.get("origins", {}).values()
    ),
    "x509_certificate_path": lambda sign_in: "x509_certificate_path" in sign_in.get("origins", {}),
    "oidc_token_file_path": lambda sign_in: "oidc_token_file_path" in sign_in.get("origins", {}),
}


def _own_name() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # in a container
        return f"user {os.geteuid()}"


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
        # What does not fit may be quoted, and it may be a secret in the wrong place.
        secrets = Secrets()
        secrets.add(*secrets_in(spec.given(self._task.args)))
        try:
            parameters = spec.validate(self._task.args)
            secrets = secrets_of(parameters)
            result.update(self.act(parameters, task_vars or {}))
        except IdentityError as exc:
            result.update(secrets.without(failed(exc)))
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
            result = run(
                self.kind.work,
                parameters,
                check_mode=self._task.check_mode,
                with_diff=self._task.diff,
                source=lambda: source,
                connect=functools.partial(shared_client, environment),
            )
        warning = self._other_user(result.get("sign_in", {}))
        return {**result, "warnings": [*result.get("warnings", ()), warning]} if warning else result

    def _other_user(self, sign_in: dict[str, t.Any]) -> str | None:
        """What is to be said when the task becomes another user, who would sign in differently.

        :param sign_in: as in results
        """
        if not self._connection.become:
            return None
        becomes, user = self.get_become_option("become_user") or "root", _own_name()
        read = [what for what, is_read in _FILES_OF_USERS.items() if is_read(sign_in)]
        if not read or becomes == user:
            return None
        return (
            f"become has no effect on a local connection: {' and '.join(read)} {'were' if len(read) > 1 else 'was'} read as {user}, "
            f"who runs Ansible, and not as {becomes}."
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
        try:
            before = connection.get_option("pipelining")
        except (KeyError, AttributeError, ValueError, AnsibleError):
            # Connections to containers and the like can do it, but have no such option: ansible-core goes by these then.
            contexts = [self._play_context, getattr(connection, "_play_context", self._play_context)]
            asked = [getattr(context, "pipelining", False) for context in contexts]
            for context in contexts:
                context.pipelining = True
            try:
                yield
            finally:
                for context, pipelining in zip(contexts, asked):
                    context.pipelining = pipelining
            return
        connection.set_option("pipelining", True)
        try:
            yield
        finally:
            connection.set_option("pipelining", before)
