# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controller side of the module: reads the PKCS#12 file."""

from __future__ import annotations

import typing as t
from datetime import datetime

from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import (
    APICONNECTOR_CLIENT_CERTIFICATE,
    PKCS12,
)
from ansible_collections.msgraph.identity.plugins.module_utils._client_certificate import Options, ensure
from ansible_collections.msgraph.identity.plugins.module_utils._graph import GraphClient
from ansible_collections.msgraph.identity.plugins.module_utils._outcome import Outcome
from ansible_collections.msgraph.identity.plugins.module_utils._run import Parameters
from ansible_collections.msgraph.identity.plugins.plugin_utils._certificate_action import CertificateAction


class ActionModule(CertificateAction):
    """Lets the key of the certificate leave the controller only when an upload is due."""

    spec = APICONNECTOR_CLIENT_CERTIFICATE

    def act(self, parameters: Parameters, task_vars: dict[str, t.Any]) -> dict[str, t.Any]:
        """The result of the task."""
        pkcs12 = self.read_pkcs12(parameters)

        def work(graph: GraphClient, parameters: Parameters, check_mode: bool, now: datetime) -> Outcome:
            options = Options.from_parameters(parameters, check_mode)
            return ensure(graph, pkcs12.wanted, lambda: pkcs12.upload(parameters["pkcs12_encryption"]), options, now)

        def arguments(file: dict[str, t.Any]) -> dict[str, t.Any]:
            return {
                **{
                    name: value
                    for name, value in self.spec.given(self._task.args).items()
                    if name not in PKCS12.options
                },
                **file,
            }

        return self.act_with(pkcs12, parameters, parameters, task_vars, work=work, arguments=arguments)
