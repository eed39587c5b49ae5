# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ways to sign in: options → credential.

One small frozen class a method. `validate` looks at options only, never at the network or a file: it returns the
credential or what it lacks. `authenticate` opens a session that yields tokens, see _tokens.
"""

from __future__ import annotations

import abc
import os
import typing as t
from dataclasses import dataclass, field

from ansible_collections.msgraph.identity.plugins.module_utils._clouds import Cloud
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._http import HttpClient
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import load_client_key
from ansible_collections.msgraph.identity.plugins.module_utils._paths import require_path
from ansible_collections.msgraph.identity.plugins.module_utils._text import clean_token, decode_text, out_of_place
from ansible_collections.msgraph.identity.plugins.module_utils._tokens import (
    AzureCliTokens,
    ConfidentialClientTokens,
    FixedToken,
    ManagedIdentityTokens,
    TokenSource,
)


@dataclass(frozen=True)
class Found:
    """A value and where it was found.

    :param origin: as in "environment variable AZURE_SECRET"
    :param source: the place as a whole, as in "the environment"
    """

    value: str = field(repr=False)
    origin: str
    source: str


Options = t.Mapping[str, Found]


@dataclass(frozen=True)
class Lacking:
    """The options that a method still needs; of several in one entry any will do."""

    options: tuple[tuple[str, ...], ...]


class Credential(abc.ABC):
    """What is needed to sign in by one method, complete."""

    method: t.ClassVar[str]
    # What somebody shows who signs in by the method; of several the first one that is given.
    shows: t.ClassVar[tuple[str, ...]] = ()
    # The options that the method cannot do without; of several in one entry any will do.
    needs: t.ClassVar[tuple[tuple[str, ...], ...]] = ()
    # All options that it reads, which are its fields.
    takes: t.ClassVar[tuple[str, ...]] = ()

    @classmethod
    def validate(cls, options: Options) -> Credential | Lacking:
        """The credential that `options` amount to, or what they lack."""
        missing = tuple(any_of for any_of in cls.needs if not any(name in options for name in any_of))
        if missing:
            return Lacking(missing)
        make: t.Callable[..., Credential] = cls
        return make(**{name: options[name].value if name in options else None for name in cls.takes})

    @abc.abstractmethod
    def authenticate(self, cloud: Cloud, http: HttpClient) -> TokenSource:
        """The session that yields tokens for `cloud`. Nothing is sent before the first token is asked for.

        :raises IdentityError: when a file that the method reads is of no use
        """


@dataclass(frozen=True)
class AccessToken(Credential):
    """A token that somebody else obtained, of an application or of a user."""

    access_token: str = field(repr=False)

    method = "access_token"
    shows = ("access_token",)
    needs = (("access_token",),)
    takes = ("access_token",)

    def authenticate(self, cloud: Cloud, http: HttpClient) -> TokenSource:
        """Open the session; nothing is sent yet."""
        return FixedToken(self.access_token)


@dataclass(frozen=True)
class FederatedToken(Credential):
    """An application that shows the token of an identity provider it trusts: workload identity federation."""

    tenant: str
    client_id: str
    oidc_token: str | None = field(repr=False)
    oidc_token_file_path: str | None

    method = "federated_token"
    shows = ("oidc_token", "oidc_token_file_path")
    needs = (("tenant",), ("client_id",), ("oidc_token", "oidc_token_file_path"))
    takes = ("tenant", "client_id", "oidc_token", "oidc_token_file_path")

    def authenticate(self, cloud: Cloud, http: HttpClient) -> TokenSource:
        """Open the session; nothing is sent yet."""
        # msal calls it each time that it needs a token: whoever writes the file renews it.
        return ConfidentialClientTokens(self.tenant, self.client_id, {"client_assertion": self._assertion}, cloud, http)

    def _assertion(self) -> str:
        if self.oidc_token:
            return self.oidc_token
        require_path("oidc_token_file_path", self.oidc_token_file_path or "", "Give it as oidc_token.")
        path = os.path.expanduser(self.oidc_token_file_path or "")
        try:
            with open(path, "rb") as file:
                token = clean_token("oidc_token_file_path", decode_text(file.read()))
            token.encode("ascii")
        except (OSError, ValueError) as exc:
            problem = getattr(exc, "strerror", None) or "it is not text"
            raise IdentityError(
                f"oidc_token_file_path '{path}' cannot be read: {problem}. Give the file with the token."
            ) from exc
        if not token:
            raise IdentityError(
                f"oidc_token_file_path '{path}' is empty. Whoever issues the token has not written it yet."
            )
        odd = out_of_place(token)
        if odd:
            raise IdentityError(
                f"oidc_token_file_path '{path}' holds {odd} within its text. Give the file with the token alone."
            )
        return token


@dataclass(frozen=True)
class ClientSecret(Credential):
    """An application that signs in with a secret."""

    tenant: str
    client_id: str
    secret: str = field(repr=False)

    method = "client_secret"
    shows = ("secret",)
    needs = (("tenant",), ("client_id",), ("secret",))
    takes = ("tenant", "client_id", "secret")

    def authenticate(self, cloud: Cloud, http: HttpClient) -> TokenSource:
        """Open the session; nothing is sent yet."""
        return ConfidentialClientTokens(self.tenant, self.client_id, self.secret, cloud, http)


@dataclass(frozen=True)
class ClientCertificate(Credential):
    """An application that signs in with a certificate; not to be confused with the one that is uploaded."""

    tenant: str
    client_id: str
    x509_certificate_path: str
    x509_certificate_password: str | None = field(repr=False)

    method = "client_certificate"
    shows = ("x509_certificate_path",)
    needs = (("tenant",), ("client_id",), ("x509_certificate_path",))
    takes = ("tenant", "client_id", "x509_certificate_path", "x509_certificate_password")

    def authenticate(self, cloud: Cloud, http: HttpClient) -> TokenSource:
        """Open the session; nothing is sent yet."""
        key = load_client_key(self.x509_certificate_path, self.x509_certificate_password or "")
        credential = {"private_key": key.private_key, "public_certificate": key.certificates}
        return ConfidentialClientTokens(self.tenant, self.client_id, credential, cloud, http)


@dataclass(frozen=True)
class ManagedIdentity(Credential):
    """The identity that Azure gives to the machine where the task runs; `client_id` names a user-assigned one."""

    client_id: str | None

    method = "managed_identity"
    takes = ("client_id",)

    def authenticate(self, cloud: Cloud, http: HttpClient) -> TokenSource:
        """Open the session; nothing is sent yet."""
        return ManagedIdentityTokens(self.client_id, cloud)


@dataclass(frozen=True)
class AzureCli(Credential):
    """Whoever has signed in with `az login`."""

    tenant: str | None

    method = "azure_cli"
    takes = ("tenant",)

    def authenticate(self, cloud: Cloud, http: HttpClient) -> TokenSource:
        """Open the session; nothing is sent yet."""
        return AzureCliTokens(self.tenant, cloud)


# In the order in which "auto" takes them from one source: that of the Azure SDKs, where what somebody set on purpose
# comes before what a platform provides.
GUESSED: tuple[type[Credential], ...] = (AccessToken, ClientSecret, ClientCertificate, FederatedToken)
NAMED: tuple[type[Credential], ...] = (ManagedIdentity, AzureCli)
METHODS = {kind.method: kind for kind in GUESSED + NAMED}
