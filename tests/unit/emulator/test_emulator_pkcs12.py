# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PFX files: opening, policy, and what the service says about bad ones."""

from __future__ import annotations

import base64

import pytest
from emulator.errors import GraphError
from emulator.pkcs12 import TRIPLE_DES_SHA1, encryption, open_pfx
from emulator_caller import error_code
from hypothesis import given
from hypothesis import strategies as st
from support.certificates import make_certificate, triple_des


@pytest.fixture
def connector(emulator):
    """A connector in certificate mode."""
    return emulator.add_connector("a", certificates=[])


@pytest.fixture(scope="module")
def expired():
    """An expired certificate."""
    return make_certificate("expired", -20, -10)


def test_opens_triple_des(caller, connector, identity):
    assert caller.upload(connector, identity.pfx("pw", triple_des("pw")), "pw").status_code == 200


def test_wrong_password(caller, connector, identity):
    for password in ("wrong", ""):
        answer = caller.upload(connector, identity.pfx("pw", triple_des("pw")), password)
        assert (answer.status_code, error_code(answer)) == (400, "AADB2C90213")
        assert answer.json()["error"]["message"] == "The certificate password provided in request is incorrect."
    assert caller.certificates(connector) == []


def test_aes_is_a_matter_of_policy(caller, connector, identity):
    answer = caller.upload(connector, identity.pfx("pw"), "pw")
    assert (answer.status_code, error_code(answer)) == (400, "AADB2C90213")
    caller.emulator.settings(pfx_policy="any")
    assert caller.upload(connector, identity.pfx("pw"), "pw").status_code == 200


def test_unprotected_is_a_matter_of_policy(caller, connector, identity, other):
    assert caller.upload(connector, identity.pfx(), "").status_code == 200
    assert error_code(caller.upload(connector, other.pfx(), "pw")) == "AADB2C90213"
    caller.emulator.settings(unprotected_pfx="error")
    assert error_code(caller.upload(connector, other.pfx(), "")) == "AADB2C90213"


def test_without_a_key(caller, connector, identity):
    assert (
        error_code(caller.upload(connector, identity.pfx("pw", triple_des("pw"), with_key=False), "pw"))
        == "AADB2C90178"
    )


def test_expired(caller, connector, expired):
    assert error_code(caller.upload(connector, expired.pfx("pw", triple_des("pw")), "pw")) == "AADB2C90214"
    caller.emulator.settings(upload_on_expired="accept")
    assert caller.upload(connector, expired.pfx("pw", triple_des("pw")), "pw").status_code == 200
    assert [item["isActive"] for item in caller.certificates(connector)] == [False]


def test_expired_by_the_emulator_clock(caller, connector, identity):
    caller.emulator.advance_clock(60 * 86400)
    assert error_code(caller.upload(connector, identity.pfx("pw", triple_des("pw")), "pw")) == "AADB2C90214"


def test_not_yet_valid_is_accepted(caller, connector):
    future = make_certificate("future", 5, 50)
    assert caller.upload(connector, future.pfx("pw", triple_des("pw")), "pw").status_code == 200
    assert [item["isActive"] for item in caller.certificates(connector)] == [False]


def test_garbage(caller, connector, identity):
    for content in (b"garbage", identity.pem, identity.pfx("pw", triple_des("pw"))[:-40], b"\x30\x03\x02\x01\x03"):
        assert error_code(caller.upload(connector, content, "pw")) == "AADB2C90215"


def test_what_is_no_base64():
    with pytest.raises(GraphError) as caught:
        open_pfx("not base64!", "", "3des", "accept")
    assert caught.value.code == "AADB2C90215"


def test_algorithms_are_read_from_the_file(identity):
    assert set(encryption(identity.pfx("pw", triple_des("pw")))) == {TRIPLE_DES_SHA1}
    assert len(list(encryption(identity.pfx("pw", triple_des("pw"))))) == 2
    assert TRIPLE_DES_SHA1 not in set(encryption(identity.pfx("pw")))
    assert not set(encryption(identity.pfx()))


@given(st.binary(max_size=60))
def test_any_bytes_are_answered(content):
    with pytest.raises(GraphError):
        open_pfx(base64.b64encode(content).decode(), "", "3des", "accept")


@pytest.mark.filterwarnings("ignore:PKCS#12 bundle could not be parsed as DER")
@given(st.data())
def test_damaged_files_are_answered(identity, data):
    content = bytearray(identity.pfx("pw", triple_des("pw")))
    position = data.draw(st.integers(0, 80))
    content[position] = data.draw(st.integers(0, 255))
    try:
        assert open_pfx(base64.b64encode(content).decode(), "pw", "any", "accept").thumbprint == identity.thumbprint
    except GraphError as error:
        assert error.code in ("AADB2C90213", "AADB2C90215", "AADB2C90178")
