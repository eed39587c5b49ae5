# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of every module: how to sign in, and to which Graph."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment for all modules."""

    DOCUMENTATION = r"""
notes:
  - "Four sources tell who signs in, in this order: the task (C(module_defaults) included), the profile that the task names with O(profile),
    the environment, and the profile that E(AZURE_PROFILE) names or C([default]). The first source that gives a credential decides by which method.
    Within one source the order is O(access_token), O(secret), O(x509_certificate_path), O(oidc_token), O(oidc_token_file_path)."
  - What that method lacks besides is completed, each option from the first source that has it. A profile that the task names is not
    completed by an application or tenant of the environment. The environment may still give O(cloud_environment), O(authority_host) and O(graph_url).
  - A task that gives two credentials fails, unless O(auth_method) tells which one is meant. Other options for signing in that the task gives
    and that are not used get a warning. Those of other sources are in RV(ignore:sign_in.unused) of the result.
  - An empty string is no value. White space and quotes around a value are left out, and so is the word C(Bearer) before a token.
    A O(secret) keeps its quotes outside of a profile, and an O(x509_certificate_password) is taken as it is.
  - Environment, profile and files are those of the host where the task runs. On a local connection that is the controller, with the
    credentials that AWX puts there, and they are read as the user who runs Ansible; C(become_user) makes no difference. For any other host give
    the options, which a lookup can fill; C(environment) of the task counts too, but Ansible prints it at C(-vvv).
options:
  auth_method:
    description:
      - How to sign in.
      - V(auto) takes the method of the first credential that is found; see the notes.
      - V(managed_identity) and V(azure_cli) are used only when they are named here.
    type: str
    choices: [auto, access_token, client_secret, client_certificate, federated_token, managed_identity, azure_cli]
    default: auto
  tenant:
    description:
      - Tenant, by ID or by domain name.
      - "I(environment): E(AZURE_TENANT), E(AZURE_TENANT_ID)."
    type: str
    aliases: [tenant_id]
  client_id:
    description:
      - Application (client) ID. The application needs the Microsoft Graph permission C(APIConnectors.ReadWrite.All), to which an
        administrator has consented; for reading and for check mode C(APIConnectors.Read.All) is enough.
      - With O(auth_method=managed_identity), the client ID of a user-assigned identity.
      - "I(environment): E(AZURE_CLIENT_ID)."
    type: str
  secret:
    description:
      - Client secret of the application.
      - "I(environment): E(AZURE_SECRET), E(AZURE_CLIENT_SECRET)."
    type: str
    aliases: [client_secret]
  x509_certificate_path:
    description:
      - File with the RSA key and the certificate with which the application signs in, in PEM or PKCS#12, where the task runs.
      - "I(environment): E(AZURE_X509_CERTIFICATE_PATH), E(AZURE_CLIENT_CERTIFICATE_PATH)."
    type: path
  x509_certificate_password:
    description:
      - Password of O(x509_certificate_path), when it is encrypted.
      - "I(environment): E(AZURE_CLIENT_CERTIFICATE_PASSWORD)."
    type: str
  oidc_token:
    description:
      - Token of another identity provider that the application trusts (workload identity federation).
      - "I(environment): E(AZURE_FEDERATED_TOKEN)."
    type: str
  oidc_token_file_path:
    description:
      - File with such a token, where the task runs. It is read anew each time that a token is needed.
      - "I(environment): E(AZURE_FEDERATED_TOKEN_FILE)."
    type: path
  access_token:
    description:
      - A token for Microsoft Graph that was obtained elsewhere, for an application or for a user.
      - "I(environment): E(MSGRAPH_ACCESS_TOKEN)."
    type: str
  cloud_environment:
    description:
      - The cloud, which determines where to sign in and where Microsoft Graph is. Without a value it is V(AzureCloud).
      - "I(environment): E(AZURE_CLOUD_ENVIRONMENT)."
    type: str
    choices: [AzureCloud, AzureUSGovernment, AzureUSGovernmentL5, AzureChinaCloud]
  authority_host:
    description:
      - Where to sign in instead of the cloud's own host, an https URL.
      - A warning tells when a secret of one source is sent to a host that another source gives and that is not one of Microsoft's.
      - "I(environment): E(AZURE_AUTHORITY_HOST)."
    type: str
  graph_url:
    description:
      - Microsoft Graph instead of the cloud's own, an https URL without the version.
      - "I(environment): E(MSGRAPH_URL)."
    type: str
  profile:
    description:
      - Section of C(~/.azure/credentials), an ini file that azure.azcollection uses too. Its keys are named like these options. A section
        that is named has to exist.
      - A profile that is named here comes before the environment, and is not mixed with an application or tenant of the environment. One that
        E(AZURE_PROFILE) names, or else C(default), comes after it and completes it.
      - Anyone who can read the file can sign in, so let nobody but its owner read it.
      - "I(environment): E(AZURE_PROFILE)."
    type: str
  api_version:
    description:
      - Version of Microsoft Graph. The clouds for the US Government have API connectors in V(beta) only.
    type: str
    choices: [v1.0, beta]
    default: v1.0
  validate_certs:
    description:
      - Whether the TLS certificates of both hosts are checked. V(false) lets anyone on the network path read all that is sent, secrets too.
    type: bool
    default: true
  ca_path:
    description:
      - File with the CA certificates to trust, in PEM. Takes precedence over E(REQUESTS_CA_BUNDLE) and E(CURL_CA_BUNDLE), which
        are used otherwise.
    type: path
  timeout:
    description:
      - Seconds to wait for a connection, and for the next byte of an answer.
    type: int
    default: 30
  retries:
    description:
      - How many times a request is retried after throttling, a network failure or a server error.
      - A write is repeated only when it is certain that it was not carried out; when its answer is lost, the connector is read again first.
        A password of basic authentication cannot be read, so it is sent again.
    type: int
    default: 5
  retry_timeout:
    description:
      - Seconds that all requests of a task and the waits between them may take. No request begins and no answer is waited for after them.
    type: int
    default: 180
"""
