# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an emulator started without a configuration knows: one tenant with one application, and a machine with two
managed identities.
"""

from __future__ import annotations

TENANT = "c0a8017e-5d2f-4b7c-9a41-0b6f6c1d2e3f"
DOMAIN = "contoso.onmicrosoft.com"
CLIENT_ID = "7d3b1f52-84c6-4e0a-b1d9-2f5a6c7e8901"
CLIENT_SECRET = "emulator~client-secret~Zk3vQ9pL1x"
SYSTEM_ASSIGNED = "2f9d6a40-1c7b-4e35-8d02-6b3f7e5a9c18"
USER_ASSIGNED = "91e4c7b3-5a08-4d6f-b2c1-0d8f3a7e6b54"

READ_ROLE = "APIConnectors.Read.All"
WRITE_ROLE = "APIConnectors.ReadWrite.All"
FLOW_READ_ROLE = "IdentityUserFlow.Read.All"
FLOW_WRITE_ROLE = "IdentityUserFlow.ReadWrite.All"

# The template id of the directory role "External ID User Flow Administrator", as the wids claim carries it.
USER_FLOW_ADMINISTRATOR = "6e591065-9bad-43ed-90f3-e9424366d2f0"

TENANTS = [
    {
        "id": TENANT,
        "domains": [DOMAIN],
        "apps": [{"client_id": CLIENT_ID, "secrets": [{"value": CLIENT_SECRET}], "roles": [WRITE_ROLE]}],
        "managed_identities": {
            "system_assigned": {"client_id": SYSTEM_ASSIGNED, "roles": [WRITE_ROLE]},
            "user_assigned": [{"client_id": USER_ASSIGNED, "roles": [WRITE_ROLE]}],
        },
    }
]
