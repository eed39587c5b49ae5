# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controller side of the module: reads the key file, when there is one."""

from __future__ import annotations

from ansible_collections.msgraph.identity.plugins.module_utils._connector_plan import MODULE
from ansible_collections.msgraph.identity.plugins.plugin_utils._certificate_action import CertificateAction


class ActionModule(CertificateAction):
    """Lets the key of a certificate leave the controller only when it has to be sent."""

    kind = MODULE
