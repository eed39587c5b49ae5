# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one place where requests leave: timeouts, TLS, retries within a budget, and how much an answer may be."""

from __future__ import annotations

import itertools
import json
import re
import time
import typing as t
from contextlib import suppress
from datetime import datetime, timezone
from http.client import HTTPException
from urllib.parse import urlsplit

from ansible_collections.msgraph.identity.plugins.module_utils._budget import LONGEST, Budget, backoff
from ansible_collections.msgraph.identity.plugins.module_utils._connections import Running, session_for
from ansible_collections.msgraph.identity.plugins.module_utils._errors import (
    FateUnknown,
    NotCarriedOut,
    Unreachable,
    Unsettled,
)
from ansible_collections.msgraph.identity.plugins.module_utils._network_words import Way, proxy_for, trouble_of
from ansible_collections.msgraph.identity.plugins.module_utils._times import http_date

with suppress(ImportError):  # require_libraries() names what is missing
    import requests
    from urllib3.exceptions import HTTPError

READS = ("GET",)
LARGEST = 32 * 1024 * 1024  # bytes of an answer
PIECE = 16 * 1024  # bytes that are read at once; compressed, they may be a thousand times as many
THROTTLED = 429  # RFC 6585
TIMED_OUT = 408  # RFC 9110, 15.5.9: the server did not wait for the whole request, or says so on somebody's behalf
# Codes of Graph that say "later": nothing was carried out.
# https://learn.microsoft.com/azure/active-directory-b2c/error-codes.
LATER = ("AADB2C90229", "AADB2C90244", "AADB2C95043", "AADB2C95053", "Directory_ConcurrencyViolation")


class HttpClient:
    """A kept-alive session that repeats what is safe to repeat, and sends a write once.

    :param verify: as requests takes it: True, False, or the path of a CA bundle
    :param timeout: seconds for one request to connect, and between bytes of its answer; the whole of it keeps to the budget
    :param direct: whether to leave alone the proxies and CA bundles that the environment names
    """

    def __init__(self, *, verify: bool | str, timeout: float, direct: bool = False) -> None:
        self._verify = verify
        self._timeout = timeout
        self._running = Running()
        self._session = session_for(self._running)
        self._session.trust_env = not direct
        # Else requests lets an entry of ~/.netrc replace the token.
        self._session.auth = _as_it_is

    def send(
        self,
        budget: Budget,
        method: str,
        url: str,
        *,
        repeatable: bool | None = None,
        during: str = "",
        **arguments: t.Any,
    ) -> requests.Response:
        """The answer to one request, whatever its status.

        :param budget: of the task
        :param repeatable: whether it does no harm when carried out twice, so that it is repeated while the budget lasts;
            by default only for reads
        :param during: what it is for, in words that may follow what went wrong, as in "while the list is read"
        :param arguments: `headers`, `json`, `data`, `params` as for `requests.Session.request`
        :raises Unreachable: nothing was carried out, or something repeatable found no answer
        :raises NotCarriedOut: the same of something that is not repeatable, which may be sent again
        :raises FateUnknown: something that is not repeatable was sent, and its answer was lost
        """
        repeatable = method in READS if repeatable is None else repeatable
        if not repeatable:
            return self._send_once(budget, method, url, arguments)
        for attempt in itertools.count():
            response: requests.Response | None = None
            try:
                response = self._send_once(budget, method, url, arguments)
            except Unsettled as exc:
                trouble, wait = exc.trouble, backoff(attempt)
            else:
                if not in_trouble(response):
                    return response
                asked = wait_asked(response)
                trouble, wait = described(response), backoff(attempt) if asked is None else asked
            if budget.may_retry(attempt, wait):
                budget.wait_to_retry(f"{trouble} {during}".rstrip(), wait, attempt)
            elif response is not None:
                return response
            else:
                raise Unreachable(_unreachable(f"{trouble} {attempt + 1} times" if attempt else trouble))
        raise AssertionError("not reached: the loop ends by return or raise")

    def _send_once(self, budget: Budget, method: str, url: str, arguments: dict[str, t.Any]) -> requests.Response:
        timeout = budget.time_for(self._timeout)
        self._running.begin(budget)
        began = budget.clock.utc()
        try:
            response = self._session.request(
                # Given with each request: REQUESTS_CA_BUNDLE overrides the session's own.
                method,
                url,
                verify=self._verify,
                timeout=timeout,
                allow_redirects=False,
                stream=True,
                **arguments,
            )
            response = _read(response)
        except (OSError, ValueError, HTTPError, HTTPException) as exc:
            # Every exception of requests is an OSError; a header that cannot be encoded is not, nor is what it lets
            # through of the libraries below it.
            way = Way(url, self._proxy(url), self._running.connecting, self._running.sent)
            trouble, sent = trouble_of(exc, way, budget.secrets)
            if sent:
                raise FateUnknown(f"{trouble}.", trouble=trouble) from exc
            raise NotCarriedOut(_unreachable(trouble), trouble=trouble) from exc
        if "Age" not in response.headers:  # else it comes out of a cache, and its date is that of long ago
            budget.compare_clocks(response.headers.get("Date"), urlsplit(url).netloc, began)
        return response

    def _proxy(self, url: str) -> str | None:
        return proxy_for(url) if self._session.trust_env else None


def _read(response: requests.Response) -> requests.Response:
    """`response` with its content, which is read as a stream.

    :raises FateUnknown: when it is too large
    """
    content = bytearray()
    for piece in response.iter_content(PIECE):
        content += piece
        if len(content) > LARGEST:
            response.close()
            trouble = f"{urlsplit(response.url).netloc} answered more than {LARGEST // 1024**2} MiB"
            raise FateUnknown(f"{trouble}.", trouble=trouble)
    response._content = bytes(content)
    return response


def _unreachable(trouble: str) -> str:
    return f"{trouble}. Check the network, or allow more retries or retry_timeout."


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def refused_for_now(response: requests.Response) -> bool:
    """Whether the answer says "later": nothing was carried out, even when it was a write.

    A 503 does not, with Retry-After or without: a gateway says it of a service that may have done the work.
    """
    if response.status_code == THROTTLED:
        return True
    if 400 <= response.status_code < 500:
        error = (json_object(response) or {}).get("error")
        return isinstance(error, dict) and error.get("code") in LATER
    return False


def json_object(response: requests.Response) -> dict[str, t.Any] | None:
    """The JSON object in an answer, or None when there is something else in it: whatever cannot be read (RFC 8259), or not
    be written again.
    """
    try:
        text = response.content.decode("utf-8-sig")
        answer = json.loads(text)
        if "\\u" in text:
            # Half of a surrogate pair is no text: it would fail wherever it is printed or sent.
            json.dumps(answer, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def in_trouble(response: requests.Response) -> bool:
    """Whether the answer is none: the service or somebody on the way is in trouble, or says "later"."""
    if response.status_code in (200, 201):
        return json_object(response) is None
    return response.status_code >= 500 or response.status_code == TIMED_OUT or refused_for_now(response)


def described(response: requests.Response) -> str:
    """An answer that is none, in words."""
    page = " with a web page instead of JSON" if is_web_page(response) else ""
    return f"{urlsplit(response.url).netloc} answered {response.status_code}{page}"


def is_web_page(response: requests.Response) -> bool:
    """Whether the answer is HTML, by what it says of itself or by how it begins; JSON is none, whatever it says."""
    if json_object(response) is not None:
        return False
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    begins = response.content[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return kind in ("text/html", "application/xhtml+xml") or begins.startswith((b"<!doctype html", b"<html"))


def wait_asked(response: requests.Response) -> float | None:
    """Seconds that the server asks to wait before the same request again, or None: RFC 9110, 10.2.3."""
    asked = response.headers.get("Retry-After", "").strip()
    if re.fullmatch("[0-9]+", asked):
        return min(float(asked), LONGEST)
    until = http_date(asked)
    if until is None:
        return None
    # By the clock of the server, as the date is.
    now = http_date(response.headers.get("Date")) or datetime.fromtimestamp(time.time(), timezone.utc)
    return max(0.0, (until - now).total_seconds())
