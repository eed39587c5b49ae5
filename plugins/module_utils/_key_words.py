# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of key files that do not hold one key with its certificate."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass

from ansible_collections.msgraph.identity.plugins.module_utils._certificate import thumbprint
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._key_parts import ReadCertificate
from ansible_collections.msgraph.identity.plugins.module_utils._key_text import Form, Held

TOGETHER = "Put the certificate and its key into one PEM file."


@dataclass(frozen=True)
class Words:
    """How to speak of a file, and its refusals."""

    name: str
    key_name: str
    option: str
    key_option: str | None

    @property
    def together(self) -> str:
        """The remedy for a certificate without its key."""
        return f"{TOGETHER[:-1]}, or give the key as {self.key_option}." if self.key_option else TOGETHER

    def require_alone(self, held: Held, apart: Held | None) -> None:
        if apart is not None:
            raise IdentityError(
                f"{self.name} is PKCS#12, which has its key in it, and a key was given apart. Leave one of them out."
            )
        if len(held.items) > 1:
            raise IdentityError(f"{self.name} holds a PKCS#12 file and more. Give the PKCS#12 file alone.")

    def without_key(self, held: Held, apart: Held | None) -> str:
        if apart is not None and apart.of(Form.PKCS12):
            return f"{self.key_name} is a PKCS#12 file, which has its certificate in it. Give it alone."
        if apart is not None and (apart.others or not held.items):
            return _other(apart if apart.others else held, self.key_name if apart.others else self.name, self.together)
        if apart is not None:
            return f"{self.key_name} holds no private key. Give the one that belongs to the certificate."
        if held.others:
            return _other(held, self.name, self.together)
        if held.of(Form.PKCS12):
            return f"{self.name} holds no private key. Export it again together with its key."
        if held.pem:
            return f"{self.name} holds no private key. {self.together}"
        remedy = f", or give the key as {self.key_option}" if self.key_option else ""
        return f"{self.name} is a certificate without its private key. Export both together as PKCS#12{remedy}."

    def without_certificate(self, held: Held) -> str:
        if held.of(Form.PKCS12):
            return self.without_own_certificate(pkcs12_file=True)
        if held.others:
            return f"{self.name} holds no certificate, but {held.others[0]}."
        return f"{self.name} holds no certificate. {TOGETHER}"

    def without_own_certificate(self, pkcs12_file: bool) -> str:
        if pkcs12_file:
            return f"{self.name} holds a private key, but not the certificate that belongs to it. Export them together."
        where = "it" if self.name == self.key_name else self.name
        return (
            f"The key in {self.key_name} belongs to none of the certificates in {where}. "
            "Put the certificate of the key there."
        )

    def unreadable(self, what: str, pkcs12_file: bool, words: str) -> str:
        name = self.key_name if what == "the key" else self.name
        if pkcs12_file:
            return f"{name} opens, but {what} in it cannot be read: {words}."
        return f"{what.capitalize()} in {name} cannot be read: {words}."


def _other(held: Held, name: str, remedy: str) -> str:
    if not held.others:
        return f"{name} holds no private key. {remedy}"
    if held.items:
        return f"{name} holds no private key that can be read, but {held.others[0]}."
    return f"{name} is {held.others[0]}."


def ambiguous(name: str, count: int, leaves: t.Sequence[ReadCertificate]) -> str:
    which = f" ({', '.join(thumbprint(leaf.x509) for leaf in leaves)})" if leaves else ""
    return (
        f"{name} holds {count} private keys, so which certificate is meant{which} cannot be told. "
        "Export one key with its certificate."
    )
