# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one place where requests leave: timeouts, TLS, retries within a budget."""

from __future__ import annotations

import itertools
import random
import re
import time
import typing as t
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from ansible_collections.msgraph.identity.plugins.module_utils._errors import FateUnknown, IdentityError, Unreachable

with suppress(ImportError):  # require_libraries() names what is missing
    import requests
    from urllib3.exceptions import InvalidHeader, NewConnectionError
    from urllib3.util import Retry

READS = ("GET",)
IN_TROUBLE = (429, 500, 502, 503, 504)
# Codes of Graph that say "later": nothing was carried out.
# https://learn.microsoft.com/azure/active-directory-b2c/error-codes.
LATER = ("AADB2C90229", "AADB2C90244", "AADB2C95043", "AADB2C95053", "Directory_ConcurrencyViolation")
FIRST_WAIT = 1.0  # seconds
LONGEST_WAIT = 30.0  # seconds, when the server does not say how long


class Clock:
    """Time as the client sees it; tests drive their own."""

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass."""
        time.sleep(seconds)


class HttpClient:
    """A kept-alive session that repeats what is safe to repeat.

    :param verify: as requests takes it: True, False, or the path of a CA bundle
    :param timeout: seconds for one request to connect, and between bytes of its answer
    :param retries: how often one request may be repeated
    :param retry_timeout: seconds that all requests of one task and their waits may take together
    :param direct: whether to leave alone the proxies and CA bundles that the environment names
    """

    def __init__(
        self,
        *,
        verify: bool | str,
        timeout: float,
        retries: int,
        retry_timeout: float,
        clock: Clock | None = None,
        direct: bool = False,
    ) -> None:
        self.clock = clock or Clock()
        self.retries = retries
        self._verify = verify
        self._timeout = timeout
        self._retry_timeout = retry_timeout
        self._session = requests.Session()
        self._session.trust_env = not direct
        # Else requests lets an entry of ~/.netrc replace the token.
        self._session.auth = _as_it_is
        self.begin_task()

    def begin_task(self) -> None:
        """Start a new budget; forget what happened to the task before."""
        self._deadline = self.clock.monotonic() + self._retry_timeout
        self.notices: list[str] = []

    def _time_for_one_request(self) -> float:
        return max(0.1, min(self._timeout, self._deadline - self.clock.monotonic()))

    def has_time_for(self, wait: float) -> bool:
        """Whether the budget of the task outlasts `wait` seconds."""
        return self.clock.monotonic() + wait < self._deadline

    @contextmanager
    def single_tries(self) -> t.Iterator[None]:
        """Within it nothing is repeated: for what can be done without."""
        retries, self.retries = self.retries, 0
        try:
            yield
        finally:
            self.retries = retries

    def may_retry(self, attempt: int, wait: float) -> bool:
        """Whether attempt `attempt` (from 0) may be followed by another one after `wait` seconds."""
        return attempt < self.retries and self.has_time_for(wait)

    def wait(self, trouble: str, wait: float, attempt: int) -> None:
        """Let `wait` seconds pass, and note why, for the person who wonders about a slow task."""
        self.notices.append(f"{trouble}; trying again after {wait:.1f} s ({attempt + 1} of {self.retries}).")
        self.clock.sleep(wait)

    def send(
        self,
        method: str,
        url: str,
        *,
        repeatable: bool | None = None,
        carried_out: t.Callable[[], bool] | None = None,
        **arguments: t.Any,
    ) -> requests.Response | None:
        """The answer to one request, whatever its status; repeated while that is safe and the budget lasts.

        :param repeatable: whether it does no harm when carried out twice; by default only for reads
        :param carried_out: for a write, asked when its answer is lost; it is sent again only when this says no
        :param arguments: `headers`, `json`, `data`, `params` as for `requests.Session.request`
        :returns: None when the answer was lost and `carried_out` says yes
        :raises Unreachable: nothing was carried out, or a read found no answer
        :raises FateUnknown: a write was sent and its answer was lost, and it may not be sent again
        """
        repeatable = method in READS if repeatable is None else repeatable
        for attempt in itertools.count():
            response: requests.Response | None = None
            try:
                response = self._session.request(
                    # Given with each request: REQUESTS_CA_BUNDLE overrides the session's own.
                    method,
                    url,
                    verify=self._verify,
                    timeout=self._time_for_one_request(),
                    allow_redirects=False,
                    **arguments,
                )
            except (
                OSError,
                ValueError,
            ) as exc:  # every exception of requests is an OSError; a header that cannot be encoded is not
                trouble, sent = _trouble(exc, url)
            else:
                trouble, sent = f"{urlsplit(url).netloc} answered {response.status_code}", not refused_for_now(response)
                if not _in_trouble(response):
                    return response
            unknown = sent and not repeatable
            wait = _wait(response, attempt)
            again = self.may_retry(attempt, wait) and not (unknown and not carried_out)
            if again:
                self.wait(trouble, wait, attempt)
            # Asked after the wait, as reads may lag behind writes.
            if unknown and carried_out and carried_out():
                return None
            if not again:
                if response is not None:
                    return response
                tries = f" {attempt + 1} times" if attempt else ""
                if unknown:
                    raise FateUnknown(f"{trouble}{tries}.")
                raise Unreachable(f"{trouble}{tries}. Check the network, or allow more retries or retry_timeout.")
        raise AssertionError("not reached: the loop ends by return or raise")


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def refused_for_now(response: requests.Response) -> bool:
    """Whether the answer says "later": nothing was carried out, even when it was a write."""
    if response.status_code == 429 or (response.status_code == 503 and "Retry-After" in response.headers):
        return True
    if 400 <= response.status_code < 500:
        error = (json_object(response) or {}).get("error")
        return isinstance(error, dict) and error.get("code") in LATER
    return False


def json_object(response: requests.Response) -> dict[str, t.Any] | None:
    """The JSON object in an answer, or None when there is something else in it."""
    try:
        answer = response.json()
    except ValueError:
        return None
    return answer if isinstance(answer, dict) else None


def _in_trouble(response: requests.Response) -> bool:
    """Whether the answer is none: the service or somebody on the way is in trouble, or says "later"."""
    if response.status_code in (200, 201):
        return json_object(response) is None
    return response.status_code in IN_TROUBLE or refused_for_now(response)


def backoff(attempt: int) -> float:
    """Seconds to wait after attempt `attempt` (from 0): doubled each time, with jitter so that many tasks do not return
    together.
    """
    return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(attempt, 16)) * random.uniform(0.5, 1.0)


def _wait(response: requests.Response | None, attempt: int) -> float:
    """Seconds to wait before the same request again."""
    try:
        # Seconds or an HTTP date: RFC 9110, 10.2.3.
        return (
            float(Retry().parse_retry_after(response.headers["Retry-After"]))
            if response is not None
            else backoff(attempt)
        )
    except (KeyError, InvalidHeader, ValueError, OverflowError):
        return backoff(attempt)


def _trouble(exc: OSError | ValueError, url: str) -> tuple[str, bool]:
    """What went wrong on the way, in words, and whether the request may have arrived; raises when another try is
    pointless.
    """
    host = urlsplit(url).netloc
    kind = type(exc).__name__
    if isinstance(exc, requests.exceptions.SSLError):
        verification = re.search(r"CERTIFICATE_VERIFY_FAILED.*?verify failed: ([^(\"]*)", str(exc))
        if verification:
            raise Unreachable(
                f"The TLS certificate of {host} is not trusted: {verification.group(1).strip()}. "
                "Give the CA that issued it as ca_path, or in REQUESTS_CA_BUNDLE."
            ) from exc
        if "NO_CERTIFICATE_OR_CRL_FOUND" in str(exc) or "PEM lib" in str(exc):
            raise IdentityError(
                "The file with CA certificates holds none. Check ca_path, or REQUESTS_CA_BUNDLE."
            ) from exc
    if isinstance(exc, ValueError):
        # An invalid URL or header. The exception quotes it, and it may be the token.
        raise IdentityError(
            f"No request can be made to {host} ({kind}). Check graph_url, authority_host, access_token and the proxy."
        ) from None
    if not isinstance(exc, requests.exceptions.RequestException):
        # A file that requests was to read: the CA bundle.
        raise IdentityError(f"No request can be made to {host}: {exc}. Check ca_path or REQUESTS_CA_BUNDLE.") from exc
    reason = getattr(exc.args[0], "reason", None) if exc.args else None
    if isinstance(exc, requests.exceptions.ProxyError):
        return f"The proxy for {host} could not be reached or refused (see HTTPS_PROXY and NO_PROXY)", False
    if isinstance(exc, requests.exceptions.ConnectTimeout) or isinstance(reason, NewConnectionError):
        return f"{host} could not be reached ({kind})", False
    return f"The answer of {host} was lost ({kind})", True
