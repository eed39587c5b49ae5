# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.msgraph.identity.plugins.module_utils._ber import (
    DEEPEST,
    INTEGER,
    OCTET_STRING,
    SEQUENCE,
    CutOff,
    Malformed,
    encode,
    encode_oid,
    read,
    read_all,
    sequence,
)

SEVEN = bytes.fromhex("020107")


def nested(levels, indefinite=False):
    data = SEVEN
    for dummy in range(levels):
        data = b"\x30\x80" + data + b"\0\0" if indefinite else encode(SEQUENCE, data)
    return data


# element, its contents, what follows
READ = {
    "primitive": ("020107", "07", ""),
    "empty": ("3000", "", ""),
    "something follows": ("020107ff", "07", "ff"),
    "long form": ("04810107", "07", ""),
    "long form of four bytes": ("04840000000107", "07", ""),
    "indefinite": ("30800201070000", "020107", ""),
    "indefinite in indefinite": ("308030800000020107000001", "30800000020107", "01"),
    "end of contents within": ("3080040200000000ff", "04020000", "ff"),
}


@pytest.mark.parametrize("data, content, rest", READ.values(), ids=READ)
def test_element(data, content, rest):
    element, follows = read(bytes.fromhex(data))
    assert (element.content.hex(), follows.hex()) == (content, rest)
    assert element.raw + follows == bytes.fromhex(data)


MALFORMED = {
    "nothing": "",
    "tag alone": "30",
    "end of contents": "0000",
    "high tag number": "1f0100",
    "length of five bytes": "0485000000000107",
    "length cut off": "048200",
    "primitive of indefinite length": "0480070000",
    "indefinite length without end": "3080020107",
    "indefinite length, its end cut off": "308002010700",
    "reserved length": "04ff07",
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_malformed(data):
    with pytest.raises(Malformed) as caught:
        read(bytes.fromhex(data))
    assert not isinstance(caught.value, CutOff)


@pytest.mark.parametrize("data, announced", [("0402ff", 4), ("3082010002", 260), ("30840010000000", 0x100006)])
def test_cut_off(data, announced):
    with pytest.raises(CutOff) as caught:
        read(bytes.fromhex(data))
    assert caught.value.announced == announced


def test_element_within_that_is_cut_off_is_malformed():
    with pytest.raises(Malformed) as caught:
        read_all(bytes.fromhex("30030402ff")).children()
    assert not isinstance(caught.value, CutOff)


def innermost(data):
    element = read_all(data)
    while element.constructed:
        element = element.only()
    return element


@pytest.mark.parametrize("indefinite", [False, True])
def test_depth_is_limited(indefinite):
    assert innermost(nested(DEEPEST, indefinite)).integer() == 7
    with pytest.raises(Malformed, match="more than 24 levels"):
        innermost(nested(DEEPEST + 1, indefinite))


def test_a_million_levels_take_no_time():
    with pytest.raises(Malformed):
        read(b"\x30\x80" * 500_000)


@pytest.mark.parametrize("number", [0, 1, -1, 127, 128, -128, 2**64, -(2**64)])
def test_integer(number):
    octets = number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True)
    assert read_all(encode(INTEGER, octets)).integer() == number


@pytest.mark.parametrize("data", ["0200", "040107", "2203020107"])
def test_no_integer(data):
    with pytest.raises(Malformed):
        read_all(bytes.fromhex(data)).integer()


# X.690, 8.19.5, and object identifiers of RFC 7292 and RFC 8018
OIDS = {
    "06038837 03".replace(" ", ""): "2.999.3",
    "06092a864886f70d010701": "1.2.840.113549.1.7.1",
    "060b2a864886f70d010c0a0102": "1.2.840.113549.1.12.10.1.2",
    "0609608648016503040 12a".replace(" ", ""): "2.16.840.1.101.3.4.1.42",
    "06052b0e03021a": "1.3.14.3.2.26",
}


@pytest.mark.parametrize("data, dotted", OIDS.items())
def test_object_identifier(data, dotted):
    assert read_all(bytes.fromhex(data)).oid() == dotted
    assert encode_oid(dotted).hex() == data


@pytest.mark.parametrize("data", ["0600", "06022a86", "040107", "0640" + "2a" * 64])
def test_no_object_identifier(data):
    with pytest.raises(Malformed):
        read_all(bytes.fromhex(data)).oid()


@pytest.mark.parametrize(
    "data, octets",
    [("0402abcd", "abcd"), ("24060401ab0401cd", "abcd"), ("24800401ab24030401cd0000", "abcd"), ("2400", "")],
)
def test_octets_in_pieces(data, octets):
    element = read_all(bytes.fromhex(data))
    assert element.octets().hex() == octets
    assert element.der() == encode(OCTET_STRING, bytes.fromhex(octets))


def test_octets_with_another_tag():
    assert read_all(bytes.fromhex("8002abcd")).octets(0x80).hex() == "abcd"
    assert read_all(bytes.fromhex("a0060401ab0401cd")).octets(0x80).hex() == "abcd"
    for data in ("0402abcd", "2403020107"):
        with pytest.raises(Malformed):
            read_all(bytes.fromhex(data)).octets(0x80 if data.startswith("04") else OCTET_STRING)


def test_der_of_ber():
    ber = bytes.fromhex("30 80 02 81 01 07 24 80 04 01 ab 04 01 cd 00 00 31 00 00 00")
    assert read_all(ber).der().hex() == "3009020107" + "0402abcd" + "3100"


def test_sequence():
    assert len(sequence(read_all(bytes.fromhex("3005020107 0500")), INTEGER, None)) == 2
    for tags in ((INTEGER, INTEGER), (INTEGER, None, None)):
        with pytest.raises(Malformed):
            sequence(read_all(bytes.fromhex("3005020107 0500")), *tags)


def test_rest_is_no_part():
    with pytest.raises(Malformed, match="1 bytes after the end"):
        read_all(SEVEN + b"\0")


elements = st.recursive(
    st.binary(max_size=200).map(lambda octets: encode(OCTET_STRING, octets)),
    lambda inner: st.lists(inner, max_size=4).map(lambda children: encode(SEQUENCE, *children)),
    max_leaves=20,
)


@given(elements)
def test_der_stays_der(data):
    assert read_all(data).der() == data


@given(st.binary(max_size=200))
def test_nothing_but_malformed(data):
    with contextlib.suppress(Malformed):
        read_all(data).der()
