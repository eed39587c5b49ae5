# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""https URLs: which ones are whole, which ones an API connector can call, and which ones are the same."""

from __future__ import annotations

import re
import typing as t
from urllib.parse import SplitResult, unquote, unquote_plus, urlsplit

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._foreign_text import STARS


def https_parts(url: str) -> SplitResult | None:
    """The parts of an https URL with a host and a port that can be; None for anything else."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme == "https" and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        return None
    return parts if fits else None


def without_values(url: str | None) -> str | None:
    """A URL as results show it: without the values of its query, its fragment and its user, which may be keys.

    Microsoft documents the key of an Azure Function as a value of the query.
    """
    if url is None:
        return None
    rest, hash_sign, dummy = url.partition("#")
    place, question_mark, query = rest.partition("?")
    values = "&".join(_without_value(pair) for pair in query.split("&")) if query else ""
    scheme, slashes, where = place.partition("://")
    host, slash, path = where.partition("/")
    host = f"{STARS}@{host.rpartition('@')[2]}" if "@" in host else host
    return f"{scheme}{slashes}{host}{slash}{path}{question_mark}{values}{hash_sign}{STARS if hash_sign else ''}"


def values(url: str | None) -> set[str]:
    """The values that `without_values` leaves out, as they are written and as they are meant."""
    rest, dummy, fragment = (url or "").partition("#")
    place, dummy, query = rest.partition("?")
    user = place.partition("://")[2].partition("/")[0].rpartition("@")[0]
    written = {pair.partition("=")[2] if "=" in pair else pair for pair in query.split("&")}
    found = {value for value in (*written, fragment, user) if value}
    return found | {unquote_plus(value) for value in found}


def _without_value(pair: str) -> str:
    name, equals, value = pair.partition("=")
    # Without a sign it may be a name or a value.
    return f"{name}={STARS if value else ''}" if equals else (STARS if name else "")


def require_target_url(url: str | None) -> str | None:
    """The URL when an API connector can call it.

    :raises IdentityError: otherwise
    """
    if url is None:
        return None
    parts = https_parts(url)
    if parts is None or any(character in " \\" or not character.isprintable() for character in url):
        raise IdentityError(
            "target_url is not an https URL with a host, such as https://api.contoso.com/orders. Nothing was sent."
        )
    if STARS in url:
        raise IdentityError(
            "target_url contains stars, as results show it where a value is hidden. Give the whole URL. Nothing was sent."
        )
    if "@" in parts.netloc:
        raise IdentityError(
            "target_url contains a user name or password, which every result would show. Give them in authentication.basic."
        )
    return url


def same_url(one: str | None, other: str | None) -> bool:
    """Whether two https URLs are the same but for what never matters (RFC 3986, 6.2): the case of scheme and host, the
    default port, an empty path.
    """
    return one == other or (one is not None and other is not None and _normalized(one) == _normalized(other))


def _normalized(url: str) -> tuple[t.Any, ...]:
    try:
        parts = urlsplit(url)
        port = 443 if parts.port is None else parts.port
        return (
            parts.scheme,
            parts.username,
            parts.password,
            parts.hostname,
            port,
            parts.path or "/",
            parts.query,
            parts.fragment,
        )
    except ValueError:
        return (url,)


def is_below(url: t.Any, root: str) -> bool:
    """Whether `url` leads to something below `root` for certain: on the way, and on a server, dot segments may be taken
    out of its path (RFC 3986, 5.2.4), also when they are percent-encoded, once or more, or come with a parameter.
    """
    if not isinstance(url, str) or not url.startswith(f"{root}/") or not url.isprintable() or " " in url:
        return False
    path = re.split("[?#]", url.removeprefix(root), maxsplit=1)[0]
    while path != unquote(path):
        path = unquote(path)
    return not any(segment.split(";")[0].strip() in (".", "..") for segment in re.split(r"[/\\]", path))
