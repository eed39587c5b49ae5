# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._key_password import near_miss, require_password

REFUSED = {
    "f\0o\0o\0": "holds a NUL character",
    "\0": "holds a NUL character",
    "\udcff\udcfef\0": "holds a NUL character",
    "P\udce4ss": "is not UTF-8 text",
    "\ud800": "is not UTF-8 text",
}


@pytest.mark.parametrize("password, words", REFUSED.items(), ids=ascii)
def test_no_password(password, words):
    with pytest.raises(IdentityError) as caught:
        require_password(password, "certificate_password")
    assert caught.value.message.startswith(f"certificate_password {words}")
    assert password not in caught.value.message


@pytest.mark.parametrize("password", ["", " ", "foo", "päßwörd€", "\U0001f600", "\ufeff", "\x7f\x01"])
def test_password(password):
    assert require_password(password, "certificate_password") is None


# given, what opens the file, what is said
NEAR = {
    "line end": ("foo\n", "foo", "ends in a line end"),
    "line end of Windows": ("foo\r\n", "foo", "ends in a line end"),
    "line end after a blank that counts": ("foo \n", "foo ", "ends in a line end"),
    "blank": ("foo ", "foo", "begins or ends with white space"),
    "blank before it": ("\tfoo", "foo", "begins or ends with white space"),
    "quotes": ('"foo"', "foo", "is in quotes"),
    "byte order mark": ("\ufefffoo", "foo", "begins with a byte order mark"),
    "accents apart": ("a\u0308", "\u00e4", "is not in the Unicode form NFC"),
    "accents together": ("\u00e4", "a\u0308", "is not in the Unicode form NFD"),
    "another one": ("foo\n", "bar", None),
    "unequal quotes": ("\"foo'", "foo", None),
    "nothing but quotes": ("''", "", None),
    "nothing but a line end": ("\n", "", None),
    "nothing to take away": ("foo", "foo", None),
}


@pytest.mark.parametrize("given, right, words", NEAR.values(), ids=NEAR)
def test_near_miss(given, right, words):
    said = near_miss(given, "certificate_password", lambda password: password == right)
    assert said is None if words is None else said.startswith(f"certificate_password {words}")
