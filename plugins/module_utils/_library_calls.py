# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of cryptography that end in an answer or in `Unreadable`, whatever they are fed."""

from __future__ import annotations

import contextlib
import re
import typing as t
import warnings

with contextlib.suppress(ImportError):  # require_libraries() names what is missing
    from cryptography import x509
    from cryptography.exceptions import InternalError, UnsupportedAlgorithm


class Unreadable(Exception):
    """The library cannot read or write it; `words` are the library's own, on one line."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


class Unsupported(Unreadable):
    """The library knows what it is, and cannot do it here."""


@contextlib.contextmanager
def library_call(complaints: list[str] | None = None) -> t.Iterator[None]:
    """Run calls of the library; what it warns of goes to `complaints` and not to stderr.

    :raises Unsupported: for what this build of the library does not do
    :raises Unreadable: for everything else that it raises
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        except UnsupportedAlgorithm as exc:
            raise Unsupported(_words(exc)) from exc
        except (ValueError, TypeError, OverflowError, InternalError, x509.InvalidVersion) as exc:
            raise Unreadable(_words(exc)) from exc
        except BaseException as exc:
            # A panic of its Rust is no Exception, and its text may quote what was passed.
            if type(exc).__module__ != "pyo3_runtime":
                raise
            raise Unreadable("cryptography failed inside") from None
        finally:
            if complaints is not None:
                complaints.extend(" ".join(str(warning.message).split()) for warning in caught)


def _words(exc: BaseException) -> str:
    """The first sentence of what the library says; older ones add a list of OpenSSL's codes."""
    said = exc.args[0] if exc.args else exc
    first = " ".join(str(said).split()).split(". ", maxsplit=1)[0]
    return _PARSE_ERROR.sub(_in_words, first)[:200].rstrip(". ") or "no reason given"


# How its Rust shows what is wrong with DER, as in `ParseError { kind: InvalidValue, location: ["Time::UtcTime"] }`.
_PARSE_ERROR = re.compile(r"ParseError \{ kind: (\w+).*\}")


def _in_words(found: re.Match[str]) -> str:
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", found[1]).lower()
    return " in ".join([kind, *reversed(re.findall(r'"([\w:]+)"', found[0]))])
