# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controller side of the module: reads the PKCS#12 file, when there is one."""

from __future__ import annotations

import typing as t
from datetime import datetime

from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import APICONNECTOR
from ansible_collections.msgraph.identity.plugins.module_utils._connector import (
    Wanted,
    ensure,
    ensure_as_received,
    file_options,
)
from ansible_collections.msgraph.identity.plugins.module_utils._graph import GraphClient
from ansible_collections.msgraph.identity.plugins.module_utils._outcome import Outcome
from ansible_collections.msgraph.identity.plugins.module_utils._run import Parameters
from ansible_collections.msgraph.identity.plugins.plugin_utils._certificate_action import CertificateAction


class ActionModule(CertificateAction):
    """Lets the key of a certificate leave the controller only when it has to be sent."""

    spec = APICONNECTOR
    writes_without_key = True
    work = staticmethod(ensure_as_received)

    def act(self, parameters: Parameters, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """The result of the task."""
        given = self.spec.given(self._task.args)
        options = file_options(parameters)
        if options is None:
            # Secrets that are not needed stay here.
            needless = ("authentication",) if parameters["state"] == "absent" else ()
            return self.run_anywhere(
                parameters, {name: value for name, value in given.items() if name not in needless}, task_vars
            )
        pkcs12 = self.read_pkcs12(options)

        def work(graph: GraphClient, parameters: Parameters, check_mode: bool, now: datetime) -> Outcome:
            wanted = Wanted.from_parameters(parameters, pkcs12.wanted)
            return ensure(graph, wanted, lambda: pkcs12.upload(options["pkcs12_encryption"]), now, check_mode)

        def arguments(file: dict[str, t.Any]) -> dict[str, t.Any]:
            return {**given, "authentication": {"client_certificate": file}}

        return self.act_with(pkcs12, options, parameters, task_vars, work=work, arguments=arguments)
