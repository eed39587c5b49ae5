# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is public of a key file."""

from __future__ import annotations

import typing as t

DOCUMENTATION = r"""
name: key_file_info
short_description: What is public of a key file
version_added: 0.2.0
author:
  - The msgraph.identity contributors (@msgraph-identity)
description:
  - Thumbprint, names and dates of the certificate in a key file, as M(msgraph.identity.apiconnector_client_certificate) would see it, for
    C(when) and for reports. Nothing is sent anywhere.
  - The private key is not in the result. It is not even needed, since a certificate alone will do.
notes:
  - Runs on the controller, and needs the requirements there.
positional: password
options:
  _input:
    description:
      - Text of a key file. PEM, or base64 text of a PKCS#12 file (PFX) or of a certificate in DER.
      - With a private key in it, the result is about the certificate that belongs to the key. Without one, it is about the only certificate
        that issued none of the others.
    type: str
    required: true
  password:
    description:
      - Password of the PKCS#12 file, or of the encrypted private key. An empty one is the same as none.
    type: str
requirements:
  - python >= 3.10
  - cryptography >= 43.0.0
seealso:
  - module: msgraph.identity.apiconnector_client_certificate
"""

EXAMPLES = r"""
- name: Read a PKCS#12 file as base64 text
  ansible.builtin.slurp:
    src: "{{ playbook_dir }}/orders-api.pfx"
  delegate_to: localhost
  register: orders_api_pfx

- name: Renew the certificate a month before it ends
  ansible.builtin.include_tasks: renew.yml
  vars:
    certificate: "{{ orders_api_pfx.content | msgraph.identity.key_file_info(orders_api_pfx_password) }}"
  when: (certificate.not_after | ansible.builtin.to_datetime('%Y-%m-%dT%H:%M:%SZ') - now(utc=true)).days < 30

- name: Is the PEM file for the orders API?
  ansible.builtin.assert:
    that: (lookup('ansible.builtin.file', 'orders-api.crt') | msgraph.identity.key_file_info).subject == 'CN=orders.contoso.com'
"""

RETURN = r"""
_value:
  description: The certificate.
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
    key_type:
      description: Kind of the key, V(RSA), V(RSA-PSS), V(EC), V(DSA), V(Ed25519) or V(Ed448).
      type: str
      sample: RSA
"""

from ansible.errors import AnsibleFilterError
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import is_integer
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import open_certificate
from ansible_collections.msgraph.identity.plugins.module_utils._libraries import require_libraries


def key_file_info(text: t.Any, password: t.Any = None) -> dict[str, t.Any]:
    """The public parts of the certificate in a key file, as RETURN describes them.

    :param text: PEM or base64 text
    :param password: of the file or of its key
    :raises AnsibleFilterError: with a sentence for the user
    """
    try:
        require_libraries("cryptography")
        certificate = open_certificate(
            _text("the input", text).encode(errors="replace"),
            "" if password is None else str(password) if is_integer(password) else _text("password", password),
            "the input",
            password_option="password",
            vault_remedy="Read the file with the lookup ansible.builtin.unvault, which decrypts it.",
        )
    except IdentityError as exc:
        # Newer versions of ansible-core print a cause too, which would say the same again.
        raise AnsibleFilterError(f"key_file_info: {exc.message}") from None
    # Whoever issued the certificate chose the names in it: they are no templates.
    result: dict[str, t.Any] = wrap_var({**certificate.render(), "key_type": certificate.key_type})
    return result


def _text(what: str, value: t.Any) -> str:
    """:raises IdentityError: when it is no text"""
    if value is None or isinstance(value, (bool, int, float, bytes, list, tuple, set, dict)):
        raise IdentityError(f"{what} is not text.")
    # Of a value that Ansible Vault encrypted in place, it is the decrypted text; what is not defined says so itself.
    return str(value)


class FilterModule:
    """The filter, as Ansible finds it."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """By name."""
        return {"key_file_info": key_file_info}
