#!/usr/bin/python
# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""API connector."""

from __future__ import annotations

DOCUMENTATION = r"""
module: apiconnector
short_description: API connector of Microsoft Entra user flows
version_added: 0.1.0
author:
  - The msgraph.identity contributors (@msgraph-identity)
description:
  - Creates, changes and deletes API connectors, through which Microsoft Entra user flows call your API.
  - Sends only what differs. A connector is never deleted and created again to change it, as user flows refer to it by its ID.
notes:
  - On a local connection (implicit localhost, C(connection=local), C(delegate_to=localhost)) the work is done inside the Ansible process
    and nothing is written to disk.
  - With any other connection, and with C(async), the module runs on that host and needs the requirements on that host, and cryptography on the
    controller. The private key is sent to it only when it is needed, and the password of basic authentication always; see
    M(msgraph.identity.apiconnector_client_certificate).
  - Let one host create a connector, with C(run_once=true) in a play with several. Microsoft Graph accepts two connectors of the same name,
    and tasks that run at the same time do not see each other. A task that finds a second one afterwards fails and names both.
  - Warns when the certificate expires within 30 days.
  - C(become) makes no difference on a local connection, as nothing on the machine changes.
  - Microsoft Graph does not say which user flows use a connector. Make sure that none does before you delete it.
  - Microsoft wants certificates of production connectors to be signed by a certificate authority, and self-signed ones for tests only. The module
    takes both.
seealso:
  - module: msgraph.identity.apiconnector_client_certificate
    description: Client certificates alone, with control over which one is active and which ones stay.
  - module: msgraph.identity.apiconnector_info
requirements:
  - python >= 3.10
  - requests >= 2.31.0
  - msal >= 1.35.0
  - cryptography >= 43.0.0
extends_documentation_fragment:
  - msgraph.identity.graph
  - msgraph.identity.attributes
  - msgraph.identity.attributes.actiongroup_graph
attributes:
  check_mode:
    support: full
    details:
      - A connector that does not exist and cannot be created from what is given is an error. In check mode it is a predicted change with a
        warning, for a play that would create it first.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - With O(authentication.basic.update_password=always) each run sends the password and reports a change.
  async:
    support: full
options:
  state:
    description:
      - Whether the connector exists.
      - With V(absent), O(target_url) and O(authentication) have no effect, though they have to be complete when they are given.
    type: str
    choices: [present, absent]
    default: present
  connector_id:
    description:
      - ID of a connector that exists. Microsoft Graph chooses the IDs, so leave it out to create a connector.
      - At least one of O(connector_id) and O(connector_name) is needed.
    type: str
  connector_name:
    description:
      - Display name of the connector, matched exactly. Fails when several connectors have it.
      - A connector is not created, and none is renamed, when another one has a name that looks alike, by white space, case, or characters
        that are not seen.
      - Together with O(connector_id) it is the name that the connector is to have. That renames it, unless another connector has the name.
    type: str
  target_url:
    description:
      - URL of the API that the connector calls, with https.
      - It is compared and sent whole. Results and diffs show it with the values of its query starred, as they may be keys; the key of an
        Azure Function is one.
      - Needed to create a connector.
    type: str
  authentication:
    description:
      - How the connector authenticates to your API. Exactly one of the two ways.
      - Needed to create a connector. Without it, the authentication of a connector stays as it is.
      - A connector that uses the other way is switched in one request, which removes what it had. The diff shows it.
    type: dict
    suboptions:
      basic:
        description:
          - User name and password.
        type: dict
        suboptions:
          username:
            description:
              - User name.
            type: str
            required: true
          password:
            description:
              - Password. It is sent when the connector is created or switched to basic authentication, when the user name differs, and with
                O(authentication.basic.update_password=always).
            type: str
            required: true
          update_password:
            description:
              - Microsoft Graph shows passwords as C(******), so whether a password differs cannot be known.
              - V(on_create) leaves the password of a connector that has the user name already.
              - V(always) sends it each time, and each time reports a change.
            type: str
            choices: [on_create, always]
            default: on_create
      client_certificate:
        description:
          - A client certificate. On a connector that uses certificates it is added to the list when it is not there, exactly as
            M(msgraph.identity.apiconnector_client_certificate) does with its default options.
        type: dict
        suboptions:
          src:
            description:
              - File on the controller with the certificate, its private key and, if there is one, the chain. PKCS#12 (PFX) or
                base64 text of it, or PEM
                in any order.
              - A certificate in PEM may have its key in O(authentication.client_certificate.private_key_src) or
                O(authentication.client_certificate.private_key_content) instead.
              - A relative path is searched as M(ansible.builtin.copy) does, in C(files/) of the role and of the playbook first.
              - A file that Ansible Vault encrypted is decrypted in memory, see O(authentication.client_certificate.decrypt).
              - Exactly one of O(authentication.client_certificate.src) and O(authentication.client_certificate.content) is needed.
            type: path
          content:
            description:
              - The same as text, for a file that comes out of a key vault or an AWX credential. PEM, or base64 text of the PKCS#12 file.
            type: str
          private_key_src:
            description:
              - File on the controller with the private key in PEM, when it is not in O(authentication.client_certificate.src) or
                O(authentication.client_certificate.content). It is searched and decrypted as
                O(authentication.client_certificate.src) is.
              - At most one of O(authentication.client_certificate.private_key_src) and
                O(authentication.client_certificate.private_key_content) can be given.
            type: path
            version_added: 0.2.0
          private_key_content:
            description:
              - The private key as PEM text, when it is not in O(authentication.client_certificate.src) or
                O(authentication.client_certificate.content).
            type: str
            version_added: 0.2.0
          decrypt:
            description:
              - Whether O(authentication.client_certificate.src) and O(authentication.client_certificate.private_key_src) are
                decrypted when Ansible Vault encrypted them.
            type: bool
            default: true
          certificate_password:
            description:
              - Password of the PKCS#12 file, or of the encrypted private key in PEM. An empty one is the same as none.
            type: str
          pkcs12_encryption:
            description:
              - The encryption of the PKCS#12 file as it is sent.
              - V(compatible) encrypts key, certificate, chain and friendly name anew in memory, with TripleDES-SHA1 and a random password that is
                used once. Microsoft documents this encryption as the accepted one, while today's tools write AES-256. The thumbprint stays the same.
                Of a certificate in PEM, it makes a PKCS#12 file.
              - V(preserve) sends the file and its password as they are. For PEM there is no such file, so it is refused.
            type: str
            choices: [compatible, preserve]
            default: compatible
"""

EXAMPLES = r"""
- name: The connector exists, with its certificate
  msgraph.identity.apiconnector:
    connector_name: Orders API
    target_url: https://api.contoso.com/orders
    authentication:
      client_certificate:
        src: orders-api.pfx
        certificate_password: "{{ orders_api_pfx_password }}"
    tenant: contoso.onmicrosoft.com
    client_id: "{{ graph_client_id }}"
    secret: "{{ graph_client_secret }}"
  delegate_to: localhost

- name: Several tasks that sign in the same way
  module_defaults:
    group/msgraph.identity.graph:
      tenant: contoso.onmicrosoft.com
      client_id: "{{ graph_client_id }}"
      secret: "{{ graph_client_secret }}"
  delegate_to: localhost
  block:
    - name: A connector with basic authentication
      msgraph.identity.apiconnector:
        connector_name: Loyalty API
        target_url: https://api.contoso.com/loyalty
        authentication:
          basic:
            username: entra
            password: "{{ loyalty_api_password }}"

    - name: A connector whose certificate is in PEM, with its key in a file of its own
      msgraph.identity.apiconnector:
        connector_name: Invoices API
        target_url: https://api.contoso.com/invoices
        authentication:
          client_certificate:
            src: invoices-api.crt
            private_key_src: invoices-api.key
            certificate_password: "{{ invoices_api_key_password }}"

    - name: Another one has a new name and a new URL, and the same ID, so user flows go on working
      msgraph.identity.apiconnector:
        connector_id: "{{ billing_connector_id }}"
        connector_name: Billing API
        target_url: https://billing.contoso.com/v2

    - name: One that is not needed any more
      msgraph.identity.apiconnector:
        connector_name: Retired API
        state: absent
"""

RETURN = r"""
msg:
  description: What came of the task, in one or two sentences; on failure, what happened and what to do.
  returned: always
  type: str
  sample: "API connector 'Orders API' (45715bb8-13f9-4bf6-927f-ef96c102d394) was changed: the target URL differs."
reason:
  description: Why something was done or not.
  returned: success
  type: str
  sample: the target URL differs
uploaded:
  description: Whether the certificate was sent to Microsoft Graph. Always V(false) in check mode.
  returned: with O(authentication.client_certificate)
  type: bool
  sample: true
certificate:
  description: The certificate that belongs to the private key.
  returned: with O(authentication.client_certificate)
  type: dict
  contains:
    thumbprint:
      description: SHA-1 fingerprint of the certificate in upper-case hex, as Microsoft Entra shows it.
      type: str
      sample: 0EB255CC895477798BA418B378255204304897AD
    subject:
      description: Subject as in RFC 4514.
      type: str
      sample: CN=orders.contoso.com
    issuer:
      description: Issuer as in RFC 4514.
      type: str
      sample: CN=Contoso Issuing CA
    serial_number:
      description: Serial number in upper-case hex, whole bytes as openssl shows them.
      type: str
      sample: 04A12A
    not_before:
      description: Start of validity, ISO 8601 in UTC.
      type: str
      sample: "2026-01-01T00:00:00Z"
    not_after:
      description: End of validity, ISO 8601 in UTC.
      type: str
      sample: "2027-01-01T00:00:00Z"
    days_remaining:
      description: Whole days until it expires, negative when it has.
      type: int
      sample: 203
    is_active:
      description: Whether it is the certificate that the connector uses now.
      type: bool
      sample: true
connector:
  description: The API connector as it is afterwards, in check mode as it would be.
  returned: unless O(state=absent)
  type: dict
  contains:
    id:
      description: ID. In check mode, V(00000000-0000-0000-0000-000000000000) for a connector that would be created.
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
diff:
  description: The connector before and after, in the form of RV(connector), empty where there is none.
  returned: in diff mode
  type: dict
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

from ansible_collections.msgraph.identity.plugins.module_utils._connector_plan import MODULE
from ansible_collections.msgraph.identity.plugins.module_utils._run import run_module


def main() -> None:
    """Run on a host; the action plugin of the same name does the controller's part."""
    run_module(MODULE)


if __name__ == "__main__":
    main()
