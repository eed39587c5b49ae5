#!/usr/bin/python
# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""API connectors."""

from __future__ import annotations

DOCUMENTATION = r"""
module: apiconnector_info
short_description: List API connectors of Microsoft Entra user flows
version_added: 0.1.0
author:
  - The msgraph.identity contributors (@msgraph-identity)
description:
  - Lists API connectors with their client certificates, all of them or those whose certificate will expire soon.
  - Sends one request for each page of the list, however many connectors there are.
notes:
  - The permission C(APIConnectors.Read.All) is enough.
  - A connector of a kind that this collection does not understand is left out of a list with a warning that names it.
  - On a local connection (implicit localhost, C(connection=local), C(delegate_to=localhost)) the work is done inside the Ansible process.
    With any other connection, and with C(async), the module runs on that host and needs the requirements there.
seealso:
  - module: msgraph.identity.apiconnector
  - module: msgraph.identity.apiconnector_client_certificate
requirements:
  - python >= 3.10
  - requests >= 2.31.0
  - msal >= 1.35.0
  - cryptography >= 43.0.0
extends_documentation_fragment:
  - msgraph.identity.graph
  - msgraph.identity.attributes
  - msgraph.identity.attributes.actiongroup_graph
  - msgraph.identity.attributes.info_module
attributes:
  async:
    support: full
options:
  connector_id:
    description:
      - Only the connector with this ID.
    type: str
  connector_name:
    description:
      - Only connectors with exactly this display name. There may be several.
      - At most one of O(connector_id) and O(connector_name) can be given.
    type: str
  expiring_within_days:
    description:
      - Of the connectors that use client certificates, only those whose active certificate ends within this many days or has ended, or
        which have none that is active. Connectors with basic authentication are never among them.
      - V(0) keeps only connectors that have no valid certificate now.
    type: int
"""

EXAMPLES = r"""
- name: Which connectors are there?
  msgraph.identity.apiconnector_info:
    tenant: contoso.onmicrosoft.com
    client_id: "{{ graph_client_id }}"
    secret: "{{ graph_client_secret }}"
  delegate_to: localhost
  register: all_of_them

- name: Show when their certificates end
  ansible.builtin.debug:
    msg: "{{ item.display_name }}: {{ (item.active_certificate or {}).not_after | default('no active certificate') }}"
  loop: "{{ all_of_them.connectors }}"
  loop_control:
    label: "{{ item.id }}"

- name: Find what has to be renewed this month
  msgraph.identity.apiconnector_info:
    expiring_within_days: 30
    tenant: contoso.onmicrosoft.com
    client_id: "{{ graph_client_id }}"
    secret: "{{ graph_client_secret }}"
  delegate_to: localhost
  register: expiring

- name: Fail the nightly job when there is any
  ansible.builtin.assert:
    that: not expiring.connectors
    fail_msg: "Renew: {{ expiring.connectors | map(attribute='display_name') | join(', ') }}"
"""

RETURN = r"""
msg:
  description: What came of the task, in one or two sentences; on failure, what happened and what to do.
  returned: always
  type: str
  sample: 3 API connectors in the tenant.
connectors:
  description: The API connectors, in the order in which Microsoft Graph lists them. Empty when there is none.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: ID.
      type: str
      sample: 45715bb8-13f9-4bf6-927f-ef96c102d394
    display_name:
      description: Display name.
      type: str
      sample: Orders API
    target_url:
      description: URL of the API that the connector calls; the values of its query are starred, as they may be keys.
      type: str
      sample: https://api.contoso.com/orders
    authentication:
      description: How the connector authenticates to the API.
      type: dict
      contains:
        type:
          description: V(client_certificate), V(basic) or V(none).
          type: str
          sample: client_certificate
        username:
          description: User name, with basic authentication only.
          type: str
        certificates:
          description: The client certificates, in the order in which Microsoft Graph lists them.
          type: list
          elements: dict
          contains:
            thumbprint:
              description: SHA-1 fingerprint in upper-case hex.
              type: str
              sample: 0EB255CC895477798BA418B378255204304897AD
            not_before:
              description: Start of validity, ISO 8601 in UTC.
              type: str
              sample: "2026-01-01T00:00:00Z"
            not_after:
              description: End of validity, ISO 8601 in UTC.
              type: str
              sample: "2027-01-01T00:00:00Z"
            is_active:
              description: Whether the connector uses it now.
              type: bool
              sample: true
            days_remaining:
              description: Whole days until it expires, negative when it has.
              type: int
              sample: 203
    active_certificate:
      description: The one of the certificates that the connector uses now, null when it uses none.
      type: dict
      contains:
        thumbprint:
          description: SHA-1 fingerprint in upper-case hex.
          type: str
          sample: 0EB255CC895477798BA418B378255204304897AD
        not_before:
          description: Start of validity, ISO 8601 in UTC.
          type: str
          sample: "2026-01-01T00:00:00Z"
        not_after:
          description: End of validity, ISO 8601 in UTC.
          type: str
          sample: "2027-01-01T00:00:00Z"
        is_active:
          description: Whether the connector uses it now.
          type: bool
          sample: true
        days_remaining:
          description: Whole days until it expires, negative when it has.
          type: int
          sample: 203
sign_in:
  description: Who signed in, and where each option of it was found. Nothing of it is secret.
  returned: when there is a complete way to sign in, on failure too
  type: dict
  contains:
    auth_method:
      description: The method.
      type: str
      sample: client_secret
    tenant:
      description: The tenant as it was given, where the method needs it.
      type: str
      sample: contoso.onmicrosoft.com
    client_id:
      description: The application, where the method needs it.
      type: str
      sample: 7d3b1f52-84c6-4e0a-b1d9-2f5a6c7e8901
    cloud_environment:
      description: The cloud.
      type: str
      sample: AzureCloud
    authority_host:
      description: Where it signed in.
      type: str
      sample: https://login.microsoftonline.com
    graph_url:
      description: Where Microsoft Graph is.
      type: str
      sample: https://graph.microsoft.com
    origins:
      description: Where each option that was used was found.
      type: dict
      sample: {"tenant": "the task", "client_id": "environment variable AZURE_CLIENT_ID"}
    unused:
      description:
        - Options for signing in that the environment or a profile gives and that are not used, and where they were found.
        - What the task itself gives and is not used gets a warning.
      type: dict
      sample: {"secret": "environment variable AZURE_SECRET"}
failure:
  description: What Microsoft Graph or Microsoft Entra answered.
  returned: when one of them refused
  type: dict
  contains:
    status:
      description: HTTP status, where there is one.
      type: int
      sample: 403
    code:
      description: The error code of the service.
      type: str
      sample: AADB2C90213
    message:
      description: The error message of the service.
      type: str
    request_id:
      description: The service's ID of the request. Microsoft's support asks for it.
      type: str
    client_request_id:
      description: This collection's ID of the request.
      type: str
    hint:
      description: What helps in most cases.
      type: str
"""

from ansible_collections.msgraph.identity.plugins.module_utils._connector_list import MODULE
from ansible_collections.msgraph.identity.plugins.module_utils._run import run_module


def main() -> None:
    """Run on a host; the action plugin of the same name does the controller's part."""
    run_module(MODULE)


if __name__ == "__main__":
    main()
