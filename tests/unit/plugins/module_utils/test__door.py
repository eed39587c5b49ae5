# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import GRAPH
from ansible_collections.msgraph.identity.plugins.module_utils._door import connect
from ansible_collections.msgraph.identity.plugins.module_utils._settings import settle

from ..fakes import to


def test_connect_asks_the_right_version_of_the_right_cloud(wire):
    options = {
        "access_token": "t0ken",
        "cloud_environment": "AzureChinaCloud",
        "api_version": "beta",
        "ca_path": "/ca.pem",
        "timeout": 3,
    }
    settled = settle(GRAPH.validate(options), {})
    wire.expect("GET", "https://microsoftgraph.chinacloudapi.cn/beta/x", {})
    connect(settled).get("/x", to("read x"))
    sent = wire.calls[0]
    assert sent.headers["Authorization"] == "Bearer t0ken"
    assert (sent.req_kwargs["verify"], sent.req_kwargs["timeout"]) == ("/ca.pem", 3)
