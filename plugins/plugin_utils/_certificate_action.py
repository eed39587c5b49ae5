# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the action plugins for client certificates share: the key leaves the controller only when an upload is due."""

from __future__ import annotations

import contextlib
import functools
import time
import typing as t

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import LARGEST, open_key_file
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import KeyFile as Pkcs12
from ansible_collections.msgraph.identity.plugins.module_utils._libraries import require_libraries
from ansible_collections.msgraph.identity.plugins.module_utils._run import Parameters, Work
from ansible_collections.msgraph.identity.plugins.plugin_utils._controller_file import read_controller_file
from ansible_collections.msgraph.identity.plugins.plugin_utils._graph_action import GraphAction


@functools.lru_cache(maxsize=8)
def opened(data: bytes, password: str, name: str) -> Pkcs12:
    """The file, opened once for all items of a loop: the worker process that runs them ends with the task, and so does
    this memory.
    """
    return open_key_file(data, password, name)


class CertificateAction(GraphAction):
    """Reads a PKCS#12 file on the controller for a module that may upload it."""

    # Whether the module may have something to write that needs no key.
    writes_without_key = False

    def read_pkcs12(self, options: Parameters) -> Pkcs12:
        """The file in `src` or `content`.

        :param options: validated against the spec PKCS12
        :raises IdentityError: when it cannot be found, decrypted or opened
        """
        require_libraries("cryptography")
        if options["src"]:
            name = f"src '{options['src']}'"
            data = read_controller_file(self, options["src"], options["decrypt"], LARGEST)
        else:
            name = "content"
            data = options["content"].encode(errors="replace")
            if not data.isascii():
                raise IdentityError(
                    "content is not base64 text. Encode the PKCS#12 file in base64, or name the file in src."
                )
        return opened(data, options["certificate_password"] or "", name)

    def act_with(
        self,
        pkcs12: Pkcs12,
        options: Parameters,
        parameters: Parameters,
        task_vars: dict[str, t.Any],
        *,
        work: Work,
        arguments: t.Callable[[dict[str, t.Any]], dict[str, t.Any]],
    ) -> dict[str, t.Any]:
        """The result of the task, with what is to be said of the file.

        :param options: those of the file, validated
        :param parameters: all, validated
        :param work: what is done in this process, if it is done here
        :param arguments: makes the arguments of the module from those that stand for the file
        """
        if self.in_process:
            result = self.run_here(work, parameters)
        else:
            result = self._run_on_host(pkcs12, options, parameters, task_vars, arguments)
        if pkcs12.warnings:
            result["warnings"] = [*pkcs12.warnings, *result.get("warnings", ())]
        return result

    def _run_on_host(
        self,
        pkcs12: Pkcs12,
        options: Parameters,
        parameters: Parameters,
        task_vars: dict[str, t.Any],
        arguments: t.Callable[[dict[str, t.Any]], dict[str, t.Any]],
    ) -> dict[str, t.Any]:
        """Two calls of the module: first with the certificate alone, and with the key only when the first answers that
        an upload is due.
        """
        to_send = arguments({"content": pkcs12.wanted.pem})
        began = time.monotonic()
        # What an asynchronous task writes is written by its job.
        with self._check_mode(self._task.check_mode or (self.wrap_async and self.writes_without_key)):
            result = self.run_module(to_send, task_vars)
        spent = int(time.monotonic() - began)
        due, notices = result.pop("upload_due", False) and not self._task.check_mode, result.pop("notices", [])
        if due:
            upload = pkcs12.upload(options["pkcs12_encryption"])
            # Already in the encryption that was asked for.
            to_send = arguments(
                {
                    "content": upload.pkcs12_value,
                    "certificate_password": upload.password,
                    "pkcs12_encryption": "preserve",
                }
            )
        if spent:
            # One budget for both calls.
            to_send["retry_timeout"] = max(1, parameters["retry_timeout"] - spent)
        # An asynchronous task is a job in any case, so it runs as one even when nothing is left to do.
        if due or (self.wrap_async and not result.get("failed")):
            result = self.run_module(to_send, task_vars, wrap_async=self.wrap_async)
        if notices:
            result["warnings"] = [*notices, *result.get("warnings", ())]
        return result

    @contextlib.contextmanager
    def _check_mode(self, check_mode: bool) -> t.Iterator[None]:
        before = self._task.check_mode
        self._task.check_mode = check_mode
        try:
            yield
        finally:
            self._task.check_mode = before
