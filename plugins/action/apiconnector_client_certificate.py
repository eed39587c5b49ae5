# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controller side of the module: reads the PKCS#12 file, and lets the key leave the controller only when an upload is due."""

from __future__ import annotations

import time
import typing as t
from datetime import datetime

from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import APICONNECTOR_CLIENT_CERTIFICATE, PKCS12, without_empty
from ansible_collections.msgraph.identity.plugins.module_utils._client_certificate import Options, Outcome, ensure
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._graph import GraphClient
from ansible_collections.msgraph.identity.plugins.module_utils._libraries import require_libraries
from ansible_collections.msgraph.identity.plugins.module_utils._pkcs12 import LARGEST, Pkcs12, decode
from ansible_collections.msgraph.identity.plugins.module_utils._run import Parameters
from ansible_collections.msgraph.identity.plugins.plugin_utils._controller_file import read_controller_file
from ansible_collections.msgraph.identity.plugins.plugin_utils._graph_action import GraphAction


class ActionModule(GraphAction):
    spec = APICONNECTOR_CLIENT_CERTIFICATE

    def act(self, parameters: Parameters, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        require_libraries("cryptography")
        pkcs12 = self._read_pkcs12(parameters)
        if self.in_process:

            def work(graph: GraphClient, parameters: Parameters, check_mode: bool, now: datetime) -> Outcome:
                options = Options.from_parameters(parameters, check_mode)
                return ensure(graph, pkcs12.wanted, lambda: pkcs12.upload(parameters["pkcs12_encryption"]), options, now)

            result = self.run_here(work, parameters)
        else:
            result = self._run_on_host(pkcs12, parameters, task_vars)
        if pkcs12.warnings:
            result["warnings"] = [*pkcs12.warnings, *result.get("warnings", ())]
        return result

    def _read_pkcs12(self, parameters: Parameters) -> Pkcs12:
        if parameters["src"]:
            name = f"src '{parameters['src']}'"
            data = read_controller_file(self, parameters["src"], parameters["decrypt"], LARGEST)
        else:
            name = "content"
            data = parameters["content"].encode(errors="replace")
            if not data.isascii():
                raise IdentityError("content is not base64 text. Encode the PKCS#12 file in base64, or name the file in src.")
        return Pkcs12(decode(data, name), parameters["certificate_password"] or "", name)

    def _run_on_host(self, pkcs12: Pkcs12, parameters: Parameters, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """Two calls of the module: first with the certificate alone, and with the key only when the first answers that an upload is due."""
        others = {name: value for name, value in without_empty(self._task.args).items() if name not in PKCS12.options}
        arguments = {**others, "content": pkcs12.wanted.pem}
        began = time.monotonic()
        result = self.run_module(arguments, task_vars)
        spent = int(time.monotonic() - began)
        if spent:
            # One budget for both calls.
            others["retry_timeout"] = max(1, parameters["retry_timeout"] - spent)
        due, notices = result.pop("upload_due", False), result.pop("notices", [])
        if due:
            upload = pkcs12.upload(parameters["pkcs12_encryption"])
            # Already in the encryption that was asked for.
            arguments = {**others, "content": upload.pkcs12_value, "certificate_password": upload.password, "pkcs12_encryption": "preserve"}
        wrap_async = bool(self._task.async_val) and not self._connection.has_native_async
        # An asynchronous task is a job in any case, so it runs as one even when nothing is left to do.
        if due or (wrap_async and not result.get("failed")):
            result = self.run_module(arguments, task_vars, wrap_async=wrap_async)
            if notices:
                result["warnings"] = [*notices, *result.get("warnings", ())]
        return result
