# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong, as sentences for the person who runs the play."""

from __future__ import annotations

import typing as t
from contextlib import contextmanager


class IdentityError(Exception):
    """A task cannot go on: `message` is one or two sentences with the cause and the remedy.

    `failure` holds what Graph or Entra said, in the keys of the documented return value, or None.
    Neither ever contains a secret.
    """

    def __init__(self, message: str, failure: dict[str, t.Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.failure = failure

    def __str__(self) -> str:
        return self.message


class OutOfTime(IdentityError):
    """Something has expired, or is not valid yet, by the clock of this machine."""


class ServiceError(IdentityError):
    """Graph or Entra answered, and the answer was no.

    :param status: HTTP status, or None when the answer did not come over HTTP
    :param code: the service's own code, such as `AADB2C99039` or `AADSTS7000215`
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        code: str | None = None,
        service_message: str | None = None,
        request_id: str | None = None,
        client_request_id: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.status = status
        self.code = code
        super().__init__(
            message if hint is None else f"{message} {hint}",
            failure={
                "status": status,
                "code": code,
                "message": service_message,
                "request_id": request_id,
                "client_request_id": client_request_id,
                "hint": hint,
            },
        )


class NotFound(ServiceError):
    """Graph answered 404: the only answer that means absent."""


class Missing(IdentityError):
    """What the task names is not there.

    :ivar fact: that it is not there, as a sentence
    """

    def __init__(self, fact: str, advice: str) -> None:
        super().__init__(f"{fact} {advice}")
        self.fact = fact

    def advise(self, advice: str) -> None:
        """Advise something better, if there is something."""
        if advice:
            self.message = f"{self.fact} {advice}"


class Unreachable(IdentityError):
    """No answer came, and nothing was carried out."""


class Unsettled(IdentityError):
    """A write was sent once and got no answer that counts. Whoever wants the write decides whether to send it again.

    :ivar trouble: what happened, in words that "; retry 1 of 2" may follow
    :ivar wait: seconds to wait before another try, None when the server did not say
    """

    def __init__(
        self, message: str, failure: dict[str, t.Any] | None = None, *, trouble: str, wait: float | None = None
    ) -> None:
        super().__init__(message, failure)
        self.trouble = trouble
        self.wait = wait


class NotCarriedOut(Unsettled):
    """It is certain that the write was not carried out: it may be sent again."""


class FateUnknown(Unsettled):
    """The write may or may not have been carried out: only reading tells."""


@contextmanager
def explained(before: str = "", after: str = "") -> t.Iterator[None]:
    """Put a sentence that fails within it into its context; the error stays what it is."""
    try:
        yield
    except IdentityError as exc:
        exc.message = f"{before}{exc.message}{after}"
        raise


def first_sentence(text: str) -> str:
    """The first sentence of what a service said, on one line and of at most 300 characters, without its full stop."""
    return " ".join(text.split()).split(". ", 1)[0][:300].rstrip(".")
