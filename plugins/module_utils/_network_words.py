# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What went wrong on the way, in words: read from an exception and its causes, which are those of several libraries."""

from __future__ import annotations

import http.client
import os
import platform
import re
import socket
import ssl
import sys
import typing as t
from contextlib import suppress
from dataclasses import dataclass
from errno import EHOSTDOWN, EHOSTUNREACH, ENETDOWN, ENETUNREACH
from importlib.util import find_spec
from urllib.parse import urlsplit

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError, Unreachable
from ansible_collections.msgraph.identity.plugins.module_utils._foreign_text import Secrets

with suppress(ImportError):  # require_libraries() names what is missing
    import requests
    import urllib3.exceptions as of_urllib3
    from requests import exceptions as of_requests

# What the system calls by these numbers, and what OpenSSL says where somebody does not speak TLS.
NO_ROUTE = (ENETUNREACH, EHOSTUNREACH, ENETDOWN, EHOSTDOWN)
NO_TLS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "UNKNOWN_PROTOCOL", "RECORD_LAYER_FAILURE")
# A proxy that answers so may answer otherwise in a moment.
PROXY_BUSY = (408, 429)


@dataclass(frozen=True)
class Way:
    """Where a request goes.

    :param url: what is asked for
    :param proxy: the URL of the proxy that the environment names for it, or None
    :param connecting: whether the connection was still being made
    :param sent: whether all of it was sent
    """

    url: str
    proxy: str | None
    connecting: bool
    sent: bool

    @property
    def host(self) -> str:
        """Whom it asks, with the port where there is one."""
        return urlsplit(self.url).netloc


def proxy_for(url: str) -> str | None:
    """The URL of the proxy that the environment names for `url`, as requests sees it."""
    found: str | None = requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url, no_proxy=None))
    return found or None


def require_bundle(verify: bool | str) -> None:
    """Refuse a file of CA certificates that cannot be read, before anything is sent.

    :param verify: as requests takes it
    :raises IdentityError: naming whoever named the file
    """
    named = [("ca_path", verify)] if isinstance(verify, str) else []
    if verify is True:
        named = [(name, os.environ.get(name) or "") for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")]
    name, path = next(((name, path) for name, path in named if path), ("", ""))
    if path and not os.path.exists(path):
        raise IdentityError(f"{name} '{path}' does not exist.")
    if path and not os.access(path, os.R_OK):
        raise IdentityError(f"{name} '{path}' cannot be read: permission denied.")


def trouble_of(exc: Exception, way: Way, secrets: Secrets) -> tuple[str, bool]:
    """What went wrong, and whether the request may have arrived.

    :param secrets: not to be quoted
    :raises IdentityError: when another try is pointless
    """
    causes = list(_causes(exc))
    words = _words(causes)
    in_brackets = f" ({words})" if words else ""
    if way.sent:
        return f"The answer of {way.host} was lost{in_brackets}", True
    proxy = secrets.foreign(_shown(way.proxy)) if way.proxy else ""
    at_proxy = _any(causes, of_requests.ProxyError, of_urllib3.ProxyError) or _is_of_socks_proxy(causes)
    _refuse_what_is_pointless(exc, causes, way, proxy, f"the proxy {proxy}" if at_proxy else way.host, secrets)
    status = _status_of_proxy(causes)
    if status:
        return f"The proxy {proxy} for {way.host} answered {status}", False
    if at_proxy:
        why = f"{words}; see HTTPS_PROXY and NO_PROXY" if words else "see HTTPS_PROXY and NO_PROXY"
        return f"The proxy {proxy} for {way.host} could not be reached ({why})", False
    if way.connecting or _any(causes, of_requests.ConnectTimeout, of_urllib3.NewConnectionError):
        return f"{way.host} could not be reached{f' through the proxy {proxy}' if proxy else ''}{in_brackets}", False
    return f"The answer of {way.host} was lost{in_brackets}", True


def _causes(exc: BaseException) -> t.Iterator[BaseException]:
    """`exc` and what led to it, the nearest first. Libraries put that into different places."""
    queue, seen = [exc], set()
    while queue:
        each = queue.pop(0)
        # One of ours was handled when this one came up, as after a write whose answer was lost.
        if id(each) in seen or isinstance(each, IdentityError):
            continue
        seen.add(id(each))
        yield each
        context = None if each.__suppress_context__ else each.__context__
        places = (each.__cause__, context, getattr(each, "reason", None), getattr(each, "socket_err", None), *each.args)
        queue += [found for found in places if isinstance(found, BaseException)]


def _any(causes: t.Iterable[BaseException], *kinds: type[BaseException]) -> bool:
    return any(isinstance(cause, kinds) for cause in causes)


def _words(causes: t.Sequence[BaseException]) -> str:
    """What happened; empty when nothing is known but that it did."""
    names = [cause for cause in causes if isinstance(cause, socket.gaierror)]
    if names or _any(causes, getattr(of_urllib3, "NameResolutionError", socket.gaierror)):
        # Whoever should know the name did not answer.
        return "name not found for now" if names and names[0].errno == socket.EAI_AGAIN else "name not found"
    if _any(causes, ConnectionRefusedError):
        return "connection refused"
    if any(isinstance(cause, OSError) and cause.errno in NO_ROUTE for cause in causes):
        return "no way to it in this network"
    timeouts = (TimeoutError, of_urllib3.TimeoutError, of_requests.Timeout)
    if any(isinstance(cause, timeouts) and not isinstance(cause, of_urllib3.NewConnectionError) for cause in causes):
        return "timed out"
    if _any(causes, ConnectionResetError, ConnectionAbortedError, BrokenPipeError):
        return "connection closed"
    if _any(causes, http.client.IncompleteRead, of_urllib3.IncompleteRead, of_requests.ChunkedEncodingError):
        return "incomplete answer"
    if _any(causes, ssl.SSLError, of_urllib3.SSLError, of_requests.SSLError):
        return _words_of_tls([str(getattr(cause, "reason", "")) for cause in causes if isinstance(cause, ssl.SSLError)])
    if _any(causes, of_urllib3.DecodeError, of_requests.ContentDecodingError):
        return "compression that cannot be undone"
    if _any(causes, http.client.HTTPException, of_urllib3.ProtocolError):
        return "not HTTP"
    numbers = [cause.errno for cause in causes if isinstance(cause, OSError) and isinstance(cause.errno, int)]
    return os.strerror(numbers[0]).lower() if numbers else ""


def _words_of_tls(reasons: t.Sequence[str]) -> str:
    if any(reason in NO_TLS for reason in reasons):
        return "no TLS is spoken there"
    return "TLS refused" if any("ALERT" in reason for reason in reasons) else "TLS broken off"


def _shown(proxy: str) -> str:
    """Host and port of a proxy, without the user and the password that its URL may hold, whatever is in them."""
    return re.split("[/?#]", proxy.split("://", 1)[-1].rpartition("@")[2])[0]


def _is_of_socks_proxy(causes: t.Iterable[BaseException]) -> bool:
    """Whether a SOCKS proxy was not reached; the library for those need not be there."""
    return any(type(cause).__module__ == "socks" and type(cause).__name__ == "ProxyConnectionError" for cause in causes)


def _status_of_proxy(causes: t.Iterable[BaseException]) -> int | None:
    """What a proxy answered to CONNECT (RFC 9110, 9.3.6), in the words of http.client."""
    for cause in causes:
        found = re.match(r"Tunnel connection failed: (\d{3})\b", str(cause)) if isinstance(cause, OSError) else None
        if found:
            return int(found.group(1))
    return None


def _refuse_what_is_pointless(
    exc: Exception, causes: t.Sequence[BaseException], way: Way, proxy: str, peer: str, secrets: Secrets
) -> None:
    """Raise when another try would end the same way.

    :param proxy: host and port, as they may be shown
    :param peer: who was talked to
    """
    status = _status_of_proxy(causes)
    if status and 400 <= status < 500 and status not in PROXY_BUSY:
        remedy = (
            "Give the user and the password that it wants in HTTPS_PROXY."
            if status == 407
            else f"Have it let {way.host} through, or name the host in NO_PROXY."
        )
        raise Unreachable(f"The proxy {proxy} for {way.host} answered {status}. {remedy}") from exc
    untrusted = _why_untrusted(causes)
    if untrusted:
        raise Unreachable(
            f"The TLS certificate of {peer} is not trusted: {secrets.foreign(untrusted).strip()}. "
            "Give the CA that issued it as ca_path, or in REQUESTS_CA_BUNDLE."
        ) from exc
    if any(words in str(exc) for words in ("NO_CERTIFICATE_OR_CRL_FOUND", "PEM lib")):
        raise IdentityError("The file with CA certificates holds none. Check ca_path, or REQUESTS_CA_BUNDLE.") from exc
    if isinstance(exc, ValueError):
        # The exception quotes an invalid URL or header, and it may be the token.
        raise IdentityError(_no_request(exc, way, proxy)) from None
    if isinstance(exc, OSError) and not isinstance(exc, of_requests.RequestException):
        # A file that requests was to read: the CA bundle.
        said = secrets.foreign(str(exc))
        raise IdentityError(
            f"No request can be made to {way.host}: {said}. Check ca_path or REQUESTS_CA_BUNDLE."
        ) from exc


def _no_request(exc: ValueError, way: Way, proxy: str) -> str:
    if way.proxy and way.proxy.lower().startswith("socks") and find_spec("socks") is None:
        return (
            f"The proxy {proxy} for {way.host} speaks SOCKS, and the Python {sys.executable} on {platform.node()} lacks "
            f"PySocks. Install with: {sys.executable} -m pip install pysocks"
        )
    if isinstance(exc, of_requests.InvalidProxyURL):
        return f"The proxy for {way.host} has to be a URL such as http://proxy.example:3128. Check HTTPS_PROXY."
    return f"No request can be made to {way.host}. Check graph_url, authority_host, access_token and the proxy."


def _why_untrusted(causes: t.Iterable[BaseException]) -> str | None:
    """What OpenSSL has against a certificate."""
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message
        found = re.search(r"CERTIFICATE_VERIFY_FAILED.*?verify failed: ([^(\"]*)", str(cause))
        if found:
            return found.group(1)
    return None
