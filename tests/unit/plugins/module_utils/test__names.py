# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.msgraph.identity.plugins.module_utils._names import look, only_looks_like, spelled_out


@pytest.mark.parametrize(
    "one, other, alike",
    [
        ("Orders API", "Orders API", False),  # it is the same
        ("Orders API", "Orders API ", True),
        ("Orders API", " Orders API", True),
        ("Orders API", "Orders  API", True),
        ("Orders API", "Orders\u00a0API", True),  # no-break space
        ("Orders API", "Orders\tAPI", True),
        ("Orders API", "Orders\u2003API\n", True),
        ("Orders API", "orders api", True),
        ("Orders API", "Orders\u200b API", True),  # zero width space
        ("Orders API", "\ufeffOrders API", True),
        ("Orders API", "Orders\u00ad API", True),  # soft hyphen
        ("Größe", "Gro\u0308ße", True),  # composed and decomposed
        ("Größe", "GRÖSSE", True),
        ("ﬁx", "fix", True),  # a ligature
        ("Ｏrders", "Orders", True),  # full width
        ("Orders API", "Orders-API", False),
        ("Orders API", "OrdersAPI", False),
        ("Orders API", "Orders API 2", False),
        ("", " ", True),
    ],
    ids=ascii,
)
def test_look_alikes(one, other, alike):
    assert [only_looks_like(*pair) for pair in ((one, other), (other, one))] == [alike, alike]


@given(name=st.text())
def test_what_makes_no_difference(name):
    assert look(look(name)) == look(name)
    for form in ("NFC", "NFD", "NFKC"):
        assert look(unicodedata.normalize(form, name)) == look(name)
    assert look(f" {name}\u200b") == look(name)


@pytest.mark.parametrize(
    "name, shown",
    [
        ("Orders API", "'Orders API'"),
        ("Orders API ", "'Orders API <U+0020>'"),
        (" Orders", "'<U+0020> Orders'"),
        ("Orders  API", "'Orders <U+0020> API'"),
        ("Orders\u00a0API", "'Orders<U+00A0>API'"),
        ("Orders\u200b", "'Orders<U+200B>'"),
        ("a\nb", "'a<U+000A>b'"),
        ("Größe", "'Größe'"),
        ("", "''"),
    ],
    ids=ascii,
)
def test_nothing_is_invisible(name, shown):
    assert spelled_out(name) == shown
    assert spelled_out(name, "c-1") == f"{shown} (c-1)"
