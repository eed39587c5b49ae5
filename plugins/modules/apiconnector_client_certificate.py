#!/usr/bin/python
# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Client certificate of an API connector."""

from __future__ import annotations

DOCUMENTATION = r"""
module: apiconnector_client_certificate
short_description: Client certificate of a Microsoft Entra API connector
version_added: 0.1.0
author:
  - The msgraph.identity contributors (@msgraph-identity)
description:
  - Makes sure that a certificate is among the client certificates with which an API connector of Microsoft Entra user flows
    calls your API.
  - Reads a key file on the controller, PKCS#12 (PFX) or PEM, compares the certificate's thumbprint with the connector's list, and uploads it
    only when it is not there. Safe to run every night.
  - An upload adds to the list. Of all certificates that are valid now, Microsoft Entra uses the one that was uploaded last; that is
    the I(active) one.
notes:
  - The private key stays in memory. On a local connection (implicit localhost, C(connection=local), C(delegate_to=localhost)) the work
    is done inside the Ansible process and nothing is written to disk, whatever O(ignore:ansible_python_interpreter) says.
  - With any other connection, and with C(async), the module runs on that host and needs the requirements there, beside cryptography on the
    controller. The key is sent to it only when an upload is due; the password of your file never is, unless O(pkcs12_encryption=preserve).
    The arguments go through a pipe. They are written to a temporary directory of that host, and removed a few seconds after the task, with
    C(async), with C(become) when pipelining is off, and with connections that have no pipelining. C(ANSIBLE_KEEP_REMOTE_FILES) leaves them there.
  - C(become) makes no difference on a local connection, as nothing on the machine changes.
  - Two tasks that upload to the same connector at the same time do not see each other. Both certificates are listed afterwards, and
    the one whose upload came last is active.
  - Microsoft wants certificates of production connectors to be signed by a certificate authority, and self-signed ones for tests only. The module
    takes both.
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
      - A connector that does not exist is an error, but in check mode it is a predicted change with a warning, for a play that would
        create it first.
  diff_mode:
    support: full
  idempotent:
    support: full
  async:
    support: full
options:
  connector_id:
    description:
      - ID of the API connector.
      - Exactly one of O(connector_id) and O(connector_name) is needed.
    type: str
  connector_name:
    description:
      - Display name of the API connector, matched exactly. Fails when several connectors have it.
      - Finding a name reads the list of all connectors, one request a page.
    type: str
  src:
    description:
      - File on the controller with the certificate, its private key and, if there is one, the chain. PKCS#12 (PFX) or base64 text of it, or PEM
        in any order.
      - A certificate in PEM may have its key in O(private_key_src) or O(private_key_content) instead.
      - A relative path is searched as M(ansible.builtin.copy) does, in C(files/) of the role and of the playbook first.
      - A file that Ansible Vault encrypted is decrypted in memory, see O(decrypt).
      - Exactly one of O(src) and O(content) is needed.
    type: path
  content:
    description:
      - The same as text, for a file that comes out of a key vault or an AWX credential. PEM, or base64 text of the PKCS#12 file.
    type: str
  private_key_src:
    description:
      - File on the controller with the private key in PEM, when it is not in O(src) or O(content). It is searched and decrypted as O(src) is.
      - At most one of O(private_key_src) and O(private_key_content) can be given.
    type: path
    version_added: 0.2.0
  private_key_content:
    description:
      - The private key as PEM text, when it is not in O(src) or O(content).
    type: str
    version_added: 0.2.0
  decrypt:
    description:
      - Whether O(src) and O(private_key_src) are decrypted when Ansible Vault encrypted them.
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
  ensure_active:
    description:
      - Whether the certificate has to be the active one. When it is listed once and not active, it is uploaded again.
      - Which certificate is active is what Microsoft Graph says. When it says another one after the upload, or when the certificate is
        listed twice already, the task fails and names O(exclusive), instead of making the list longer each night.
      - Nothing is uploaded for a certificate that is not valid yet or has expired, as that could not make it active.
    type: bool
    default: false
  exclusive:
    description:
      - Whether to remove all other certificates from the connector. The whole list is replaced in one request.
      - Leave it at V(false) during a rotation, so that your API can accept the old and the new certificate for a while.
    type: bool
    default: false
  replace_basic_authentication:
    description:
      - Whether a connector that uses basic authentication may be switched to the certificate. Its user name and password are lost.
    type: bool
    default: false
  expiry_warning_days:
    description:
      - Warn when the certificate expires within this many days. V(0) never warns.
    type: int
    default: 30
"""

EXAMPLES = r"""
- name: The certificate in files/orders-api.pfx is on the connector
  msgraph.identity.apiconnector_client_certificate:
    connector_name: Orders API
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
    - name: One certificate for several connectors
      msgraph.identity.apiconnector_client_certificate:
        connector_name: "{{ item }}"
        src: orders-api.pfx
        certificate_password: "{{ orders_api_pfx_password }}"
      loop:
        - Orders API
        - Invoices API

    - name: A certificate kept as base64 text, made the active one
      msgraph.identity.apiconnector_client_certificate:
        connector_id: "{{ orders_connector_id }}"
        content: "{{ orders_api_pfx_base64 }}"
        certificate_password: "{{ orders_api_pfx_password }}"
        ensure_active: true

    - name: A certificate in PEM, with its encrypted key in a file of its own
      msgraph.identity.apiconnector_client_certificate:
        connector_name: Orders API
        src: orders-api.crt
        private_key_src: orders-api.key
        certificate_password: "{{ orders_api_key_password }}"

    - name: A certificate that a CA has just issued, in PEM, and that is in no file
      msgraph.identity.apiconnector_client_certificate:
        connector_name: Orders API
        content: "{{ orders_api_certificate_pem }}"
        private_key_content: "{{ orders_api_private_key_pem }}"

    - name: The rotation is over, only the new certificate stays
      msgraph.identity.apiconnector_client_certificate:
        connector_name: Orders API
        src: orders-api.pfx
        certificate_password: "{{ orders_api_pfx_password }}"
        exclusive: true
      register: rotated

    - name: When will it expire?
      ansible.builtin.debug:
        msg: "{{ rotated.certificate.thumbprint }} is valid until {{ rotated.certificate.not_after }}"
"""

RETURN = r"""
msg:
  description: What came of the task, in one or two sentences; on failure, what happened and what to do.
  returned: always
  type: str
  sample: >-
    API connector 'Orders API' (45715bb8-13f9-4bf6-927f-ef96c102d394) was changed: the certificate is not listed.
    Certificate 0EB255CC895477798BA418B378255204304897AD is the active one.
uploaded:
  description: Whether the certificate was sent to Microsoft Graph. Always V(false) in check mode.
  returned: success
  type: bool
  sample: true
reason:
  description: Why something was done or not.
  returned: success
  type: str
  sample: the certificate is not listed
certificate:
  description: The certificate that belongs to the private key.
  returned: success
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
  returned: success
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
  description: The connector before and after, in the form of RV(connector). Without a connector RV(ignore:before) is empty.
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

from ansible_collections.msgraph.identity.plugins.module_utils._certificate_plan import MODULE
from ansible_collections.msgraph.identity.plugins.module_utils._run import run_module


def main() -> None:
    """Run on a host; the action plugin of the same name does the controller's part."""
    run_module(MODULE)


if __name__ == "__main__":
    main()
