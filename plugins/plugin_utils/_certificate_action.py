# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the action plugins for client certificates share: the key leaves the controller only when an upload is due."""

from __future__ import annotations

import contextlib
import functools
import time
import typing as t
from dataclasses import dataclass, field

from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import is_integer
from ansible_collections.msgraph.identity.plugins.module_utils._connector_model import Named
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError, explained
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import LARGEST, KeyFile, open_key_file
from ansible_collections.msgraph.identity.plugins.module_utils._libraries import require_libraries
from ansible_collections.msgraph.identity.plugins.module_utils._pem import BEGIN
from ansible_collections.msgraph.identity.plugins.module_utils._run import Parameters
from ansible_collections.msgraph.identity.plugins.module_utils._source import Source
from ansible_collections.msgraph.identity.plugins.plugin_utils._controller_file import read_controller_file
from ansible_collections.msgraph.identity.plugins.plugin_utils._graph_action import GraphAction


@dataclass(frozen=True)
class Part:
    """A key file, or the key apart, as an option gave it.

    :param name: what to call it in messages
    """

    data: bytes = field(repr=False)
    name: str


@functools.lru_cache(maxsize=8)
def opened(file: Part, key: Part | None, key_option: str, password: str) -> KeyFile:
    """The file, opened once for all items of a loop: the worker process that runs them ends with the task, and so does
    this memory.

    :param key: the key, when it is not in `file`
    :param key_option: the option in which it could be given, for messages
    """
    if key is None:
        return open_key_file(file.data, password, file.name, key_option=key_option)
    return open_key_file(file.data, password, file.name, key_data=key.data, key_name=key.name)


class CertificateAction(GraphAction):
    """Reads a key file on the controller for a module that may upload it.

    A module on a host gets the certificate alone at first. Where it answers `upload_due`, it is called again with the
    key; what it said in the meantime, `notices`, is kept. Neither of the two is in the result of the task.
    """

    def act(self, parameters: Parameters, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """The result of the task, with what is to be said of the file."""
        options = self.kind.file_options(parameters)
        if options is None:
            return super().act(parameters, task_vars)
        named = Named(parameters["connector_id"], parameters["connector_name"])
        with explained(f"{named}: "):
            file = self.read_key_file(options)
            file.require_encryption(options["pkcs12_encryption"])
        if self.in_process:
            result = self.run_here(parameters, Source.opened(file, options["pkcs12_encryption"]))
        else:
            result = self._run_on_host(file, options, parameters, task_vars)
        if file.warnings:
            result["warnings"] = [*file.warnings, *result.get("warnings", ())]
        return result

    def read_key_file(self, options: Parameters) -> KeyFile:
        """The certificate and its key, in one file or in two.

        :param options: validated against the spec KEY_FILE
        :raises IdentityError: when they cannot be found, decrypted or opened
        """
        require_libraries("cryptography")
        file = self._part(options, "src", "content")
        key = self._part(options, "private_key_src", "private_key_content")
        key_option = "private_key_src" if options["src"] else "private_key_content"
        if file is None:
            raise ValueError("the spec wants one of the two")
        try:
            return opened(file, key, key_option, options["certificate_password"] or "")
        except IdentityError as exc:
            if "certificate_password" in exc.message and self._password_is_a_number():
                exc.message += " YAML took it for a number, which may have changed it: put it in quotes."
            raise

    def _part(self, options: Parameters, src: str, content: str) -> Part | None:
        """What one of two options gives, if they do.

        :param src: the option that names a file
        :param content: the option that takes the text of one
        """
        if options[src]:
            data = read_controller_file(self, src, options[src], options["decrypt"], LARGEST, content)
            return Part(data, f"{src} '{options[src]}'")
        if not options[content]:
            return None
        text: str = options[content]
        # What is around PEM may be in any language.
        if BEGIN not in text and not text.lstrip("\ufeff").isascii():
            raise IdentityError(
                f"{content} is neither PEM nor base64 text. Encode the file in base64, or give its name as {src}."
            )
        return Part(text.encode(errors="replace"), content)

    def _password_is_a_number(self) -> bool:
        options = self.kind.at_file(self.kind.spec.given(self._task.args)) or {}
        return is_integer(options.get("certificate_password"))

    def _run_on_host(
        self, file: KeyFile, options: Parameters, parameters: Parameters, task_vars: dict[str, t.Any]
    ) -> dict[str, t.Any]:
        """Two calls of the module: first with the certificate alone, and with the key only when an upload is due."""
        arguments = self.arguments(parameters)
        to_send = self.kind.with_file(arguments, {"content": file.wanted.pem})
        began = time.monotonic()
        # What an asynchronous task writes is written by its job.
        with self._check_mode(self._task.check_mode or (self.wrap_async and self.kind.writes_without_key)):
            result = self.run_module(to_send, task_vars)
        spent = int(time.monotonic() - began)
        due, notices = result.pop("upload_due", False) and not self._task.check_mode, result.pop("notices", [])
        if due:
            upload = file.upload(options["pkcs12_encryption"])
            sent = {
                "content": upload.pkcs12_value,
                "certificate_password": upload.password,
                # Already in the encryption that was asked for.
                "pkcs12_encryption": "preserve",
            }
            to_send = self.kind.with_file(arguments, sent)
        if spent:
            # One budget for both calls.
            to_send["retry_timeout"] = max(1, parameters["retry_timeout"] - spent)
        # An asynchronous task is a job in any case, so it runs as one even when nothing is left to do.
        if due or (self.wrap_async and not result.get("failed")):
            result = self.run_module(to_send, task_vars, wrap_async=self.wrap_async)
        if notices:
            result["warnings"] = [*notices, *(said for said in result.get("warnings", ()) if said not in notices)]
        return result

    @contextlib.contextmanager
    def _check_mode(self, check_mode: bool) -> t.Iterator[None]:
        before = self._task.check_mode
        self._task.check_mode = check_mode
        try:
            yield
        finally:
            self._task.check_mode = before
