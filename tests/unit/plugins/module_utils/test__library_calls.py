# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import warnings

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509 import InvalidVersion

from ansible_collections.msgraph.identity.plugins.module_utils._library_calls import (
    Unreadable,
    Unsupported,
    library_call,
)

# As pyo3 names it; it is no Exception.
Panic = type("PanicException", (BaseException,), {"__module__": "pyo3_runtime"})


@pytest.mark.parametrize(
    "raised, kind, words",
    [
        (ValueError("Not good. At all."), Unreadable, "Not good"),
        (ValueError("Not\n good", ["<OpenSSLError(code=1)>"]), Unreadable, "Not good"),
        (ValueError(), Unreadable, "no reason given"),
        (TypeError("x"), Unreadable, "x"),
        (
            ValueError(
                'error parsing asn1 value: ParseError { kind: InvalidValue, location: ["TbsCertificate::validity", "Time::UtcTime"] }'
            ),
            Unreadable,
            "error parsing asn1 value: invalid value in Time::UtcTime in TbsCertificate::validity",
        ),
        (
            ValueError("error parsing asn1 value: ParseError { kind: ShortData { needed: 109 } }"),
            Unreadable,
            "error parsing asn1 value: short data",
        ),
        (OverflowError("x" * 500), Unreadable, "x" * 200),
        (InvalidVersion("5 is not a valid version", 5), Unreadable, "5 is not a valid version"),
        (UnsupportedAlgorithm("RC2 is not supported"), Unsupported, "RC2 is not supported"),
        (Panic("NulError(1, [102, 0, 111])"), Unreadable, "cryptography failed inside"),
    ],
)
def test_what_the_library_raises(raised, kind, words):
    with pytest.raises(Unreadable) as caught, library_call():
        raise raised
    assert caught.value.__class__ is kind
    assert caught.value.words == words


def test_panic_that_may_quote_a_password_is_no_cause():
    with pytest.raises(Unreadable) as caught, library_call():
        raise Panic("NulError(1, [102, 0, 111])")
    assert caught.value.__suppress_context__ and caught.value.__cause__ is None


@pytest.mark.parametrize("raised", [KeyboardInterrupt, SystemExit, RuntimeError, GeneratorExit])
def test_what_is_not_the_librarys_goes_on(raised):
    with pytest.raises(raised), library_call():
        raise raised


def test_warnings_are_collected(recwarn):
    complaints = []
    with library_call(complaints):
        warnings.warn("Parsed a\n serial number.", UserWarning, stacklevel=1)
    with library_call():
        warnings.warn("nobody asks", DeprecationWarning, stacklevel=1)
    assert complaints == ["Parsed a serial number."]
    assert list(recwarn) == []
