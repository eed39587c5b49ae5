# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who signs in: what each source gives → one credential.

The first source that gives a credential decides by which method; the sources only complete what that method lacks.
Nothing is read here, neither files nor the environment.
"""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from urllib.parse import urlsplit

from ansible_collections.msgraph.identity.plugins.module_utils._clouds import Cloud, is_known_host
from ansible_collections.msgraph.identity.plugins.module_utils._credentials import (
    GUESSED,
    METHODS,
    Credential,
    Found,
    Lacking,
    Options,
)
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._text import is_quoted, listed

CLOUD = ("cloud_environment", "authority_host", "graph_url")
# The options that tell who signs in.
WHO = tuple(dict.fromkeys(name for kind in METHODS.values() for name in kind.takes))
APPLICATION = ("tenant", "client_id")
KEY, PASSWORD = "x509_certificate_path", "x509_certificate_password"

Variables = t.Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Sources:
    """What each source gives, in the order in which they are asked.

    :param task: the options of the task, `module_defaults` included
    :param named_profile: the profile that the task names; None when it names none
    :param environment: the first variable of each option
    :param other_profile: the profile that the environment names, or the default; empty beside a named one
    :param shadowed: further variables of the environment for options that it gives already
    """

    task: Options
    named_profile: Options | None
    environment: Options
    other_profile: Options
    shadowed: Options

    @property
    def all(self) -> tuple[Options, ...]:
        """All sources, the first one first."""
        return (self.task, self.named_profile or {}, self.environment, self.other_profile, self.shadowed)

    @property
    def allowed(self) -> tuple[Options, ...]:
        """The sources that may say who signs in. An application of the environment is not that of a profile which the
        task names: two halves make no whole.
        """
        if self.named_profile is None:
            return self.all
        another = any(name in self.environment for name in APPLICATION)
        return (self.task, self.named_profile, {} if another else self.environment)

    def first(self, name: str) -> Found | None:
        """Whatever source gives it first; for options that do not tell who signs in."""
        return next((source[name] for source in self.all if name in source), None)


@dataclass(frozen=True)
class Choice:
    """Who signs in.

    :param used: the options of the credential, and where they were found
    :param unused: what other sources than the task give in vain: pairs of option and origin
    """

    credential: Credential
    used: Options
    unused: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]


class CannotSignIn(IdentityError):
    """Nobody can sign in with what the sources give.

    :param attempts: for each method what it has, from where, and what it lacks
    """

    def __init__(self, message: str, attempts: tuple[str, ...]) -> None:
        super().__init__(message)
        self.attempts = attempts


def choose(auth_method: str, sources: Sources, variables: Variables) -> Choice:
    """Who signs in.

    :param auth_method: `auto`, or the one method to use
    :param variables: the environment variables of each option, for messages
    :raises CannotSignIn: when the credential lacks something, or there is none
    :raises IdentityError: when the task gives two credentials and does not say which one is meant
    """
    kinds = GUESSED if auth_method == "auto" else (METHODS[auth_method],)
    shown = _credential_of_first(kinds, sources, auth_method)
    if shown is None and auth_method == "auto":
        raise _cannot_sign_in(auth_method, None, sources, variables)
    kind, option = shown or (kinds[0], None)
    used = _completed(kind, option, sources.allowed)
    credential = kind.validate(used)
    if isinstance(credential, Lacking):
        raise _cannot_sign_in(auth_method, kind, sources, variables)
    return Choice(credential, used, _unused(used, sources), tuple(_warnings(kind, option, used, sources)))


def _credential_of_first(
    kinds: t.Sequence[type[Credential]], sources: Sources, auth_method: str
) -> tuple[type[Credential], str] | None:
    """The method and the option of the first source that gives a credential."""
    for source in sources.allowed:
        given = [(kind, option) for kind in kinds for option in kind.shows if option in source]
        if len(given) > 1 and source is sources.task and auth_method == "auto":
            names = listed([option for dummy, option in given])
            raise IdentityError(
                f"The task gives {names}, module_defaults included, and each is enough to sign in."
                " Give one of them, or choose with auth_method."
            )
        if given:
            return given[0]
    return None


def _completed(kind: type[Credential], option: str | None, sources: t.Sequence[Options]) -> dict[str, Found]:
    """What `kind` takes, each from the first source that has it, and of what it shows only `option`."""
    used: dict[str, Found] = {}
    for name in kind.takes:
        if name in kind.shows and name != option:
            continue
        # The password beside another key is that of the other key.
        fits = (source for source in sources if name != PASSWORD or _same(source.get(KEY), used.get(KEY)))
        found = next((source[name] for source in fits if name in source), None)
        if found:
            used[name] = found
    return used


def _same(key: Found | None, used: Found | None) -> bool:
    return key is None or used is None or key.value == used.value


def _unused(used: Options, sources: Sources) -> tuple[tuple[str, str], ...]:
    unused: dict[str, str] = {}
    for source in sources.all[1:]:
        for name in WHO:
            if name in source and not _is_used(source[name], name, used):
                unused.setdefault(name, source[name].origin)
    return tuple((name, unused[name]) for name in WHO if name in unused)


def _is_used(found: Found, name: str, used: Options) -> bool:
    return name in used and used[name].value == found.value


def _warnings(kind: type[Credential], option: str | None, used: Options, sources: Sources) -> t.Iterator[str]:
    unused = [name for name in WHO if name in sources.task and not _is_used(sources.task[name], name, used)]
    serving = {*used.values(), *(sources.first(name) for name in CLOUD)}
    if sources.named_profile is not None and serving.isdisjoint(sources.named_profile.values()):
        unused.append("profile")
    if unused:
        by = f" ({used[option].origin})" if option and option not in sources.task else ""
        verb = "are" if len(unused) > 1 else "is"
        yield f"{listed(unused)} of the task {verb} not used: it signs in by {kind.method}{by}."
    secret, client_id = used.get("secret"), used.get("client_id")
    if secret and client_id:
        others = [source for source in sources.allowed if source.get("secret") == secret and "client_id" in source]
        if others and others[0]["client_id"].value != client_id.value:
            yield (
                f"secret ({secret.origin}) is used for the application that client_id names ({client_id.origin}),"
                f" though {secret.source} names another one beside it."
            )
        if is_quoted(secret.value):
            yield f"secret ({secret.origin}) is in quotes, which are sent as a part of it. Leave them out."


# What is sent as it is, and to which host. Of a key only a signature goes out.
_SENT_TO = {
    "access_token": "graph_url",
    "secret": "authority_host",
    "oidc_token": "authority_host",
    "oidc_token_file_path": "authority_host",
}


def host_warnings(choice: Choice, sources: Sources, cloud: Cloud) -> tuple[str, ...]:
    """One for each secret that goes to a host which somebody else named, unless it is Microsoft's own.

    :param cloud: the hosts that `sources` amount to
    """
    return tuple(
        f"{name} ({choice.used[name].origin}) is sent to {urlsplit(getattr(cloud, option)).netloc},"
        f" which is no host of Microsoft and comes from elsewhere ({host.origin})."
        f" Give {option} where {name} is given, if that is meant."
        for name, option in _SENT_TO.items()
        for host in (sources.first(option),)
        if host and name in choice.used and host.source != choice.used[name].source
        if not is_known_host(option, getattr(cloud, option))
    )


def _cannot_sign_in(
    auth_method: str, kind: type[Credential] | None, sources: Sources, variables: Variables
) -> CannotSignIn:
    """What is there, from where, and what is missing."""
    first = {name: next((source[name] for source in sources.allowed if name in source), None) for name in WHO}
    there = {name: found for name, found in first.items() if found}
    has = [name for name in (kind.takes if kind else (*APPLICATION, PASSWORD)) if name in there]
    needs = kind.needs if kind else (("tenant",), ("client_id",), ("secret", KEY, "oidc_token"))
    lacks = [any_of for any_of in needs if not any(name in there for name in any_of)]
    auto = auth_method == "auto"
    kinds = GUESSED if auto else (METHODS[auth_method],)
    if has:
        chosen = "" if auto else f"auth_method is {auth_method}, "
        no = listed([f"no {listed(any_of, 'or')}" for any_of in lacks])
        message = f"Cannot sign in: {chosen}{_there(has, there)}, but {no}."
    else:
        problem = (
            "no credentials found" if auto else f"auth_method is {auth_method}, but there are no credentials for it"
        )
        wanted = [any_of[0] for any_of in lacks]
        named = ", ".join(variables[name][0] for name in wanted)
        message = f"Cannot sign in: {problem}. Give {listed(wanted)} ({named}){' or set auth_method' if auto else ''}."
    missing = {name for each in ([kind] if kind else GUESSED) for name in each.takes if name not in there}
    withheld = [name for name in WHO if name in missing and name in sources.environment]
    if withheld:
        verb = "are" if len(withheld) > 1 else "is"
        message += f" The task names a profile, so {listed(withheld)} of the environment {verb} not used."
    return CannotSignIn(message, tuple(_attempt(each, there, variables) for each in kinds))


def _there(names: list[str], there: Options) -> str:
    """As in "tenant and client_id are there (the task)"."""
    verb = "are" if len(names) > 1 else "is"
    places = {there[name].source for name in names}
    if len(places) == 1:
        return f"{listed(names)} {verb} there ({places.pop()})"
    return f"{listed([f'{name} ({there[name].source})' for name in names])} {verb} there"


def _attempt(kind: type[Credential], there: Options, variables: Variables) -> str:
    has = [f"{name} from {there[name].origin}" for name in kind.takes if name in there]
    lacks = [
        " or ".join(f"{name} ({', '.join(variables[name])})" for name in any_of)
        for any_of in kind.needs
        if not any(name in there for name in any_of)
    ]
    return f"{kind.method} " + " and ".join(
        [*([f"has {', '.join(has)}"] if has else []), *([f"lacks {', '.join(lacks)}"] if lacks else [])]
    )
