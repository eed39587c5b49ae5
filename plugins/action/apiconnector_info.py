# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controller side of the module: does its work here where the connection is local."""

from __future__ import annotations

from ansible_collections.msgraph.identity.plugins.module_utils._connector_list import MODULE
from ansible_collections.msgraph.identity.plugins.plugin_utils._graph_action import GraphAction


class ActionModule(GraphAction):
    """Nothing but the shared work."""

    kind = MODULE
