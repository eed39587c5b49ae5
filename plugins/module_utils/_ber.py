# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small reader of BER and DER, and a writer of DER (X.690): as much as the outer shapes of key files need.

What it reads may come from anybody, so depth is limited, nothing is believed about lengths, and the only error is
`Malformed`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

DEEPEST = 24  # levels; a PKCS#12 file has ten, and BER may put an OCTET STRING into pieces of pieces
INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
NULL = 0x05
OBJECT_IDENTIFIER = 0x06
BMP_STRING = 0x1E
SEQUENCE = 0x30
SET = 0x31
_CONSTRUCTED = 0x20
_END_OF_CONTENTS = b"\0\0"


class Malformed(ValueError):
    """These bytes are not what they should be."""


class CutOff(Malformed):
    """The first element announces more bytes than there are.

    :param announced: bytes that the whole element takes
    """

    def __init__(self, announced: int) -> None:
        super().__init__("cut off")
        self.announced = announced


def context(number: int, constructed: bool = True) -> int:
    """The identifier octet of the context-specific tag `number`, below 31."""
    return 0x80 | number | (_CONSTRUCTED if constructed else 0)


@dataclass(frozen=True)
class Element:
    """One element: its identifier octet, its contents octets, and all of its octets.

    :param depth: levels above it
    """

    tag: int
    content: bytes = field(repr=False)
    raw: bytes = field(repr=False)
    depth: int = 0

    @property
    def constructed(self) -> bool:
        """Whether it consists of elements."""
        return bool(self.tag & _CONSTRUCTED)

    def children(self, tag: int | None = None) -> list[Element]:
        """The elements of a constructed one.

        :param tag: the tag that it has to have
        :raises Malformed: when it is another one, or does not consist of elements
        """
        if not self.constructed or tag not in (None, self.tag):
            raise Malformed(f"an element of tag {self.tag:#x} instead of {tag or _CONSTRUCTED:#x}")
        found, position = [], 0
        while position < len(self.content):
            element, position = _read(self.content, position, self.depth + 1)
            found.append(element)
        return found

    def only(self, tag: int | None = None) -> Element:
        """The only element of a constructed one.

        :raises Malformed: when there is another number of them
        """
        children = self.children(tag)
        if len(children) != 1:
            raise Malformed(f"{len(children)} elements instead of one")
        return children[0]

    def octets(self, tag: int = OCTET_STRING) -> bytes:
        """The value of an OCTET STRING, which BER may cut into pieces (X.690, 8.7.3).

        :param tag: for an implicitly tagged one, its tag
        :raises Malformed: when it is something else
        """
        if self.tag == tag:
            return self.content
        if self.tag != tag | _CONSTRUCTED:
            raise Malformed(f"an element of tag {self.tag:#x} instead of {tag:#x}")
        return b"".join(piece.octets() for piece in self.children())

    def integer(self) -> int:
        """The value of an INTEGER.

        :raises Malformed: when it is something else
        """
        if self.tag != INTEGER or not self.content:
            raise Malformed(f"an element of tag {self.tag:#x} instead of an INTEGER")
        return int.from_bytes(self.content, "big", signed=True)

    def oid(self) -> str:
        """An OBJECT IDENTIFIER in dotted form.

        :raises Malformed: when it is something else
        """
        if self.tag != OBJECT_IDENTIFIER or not 0 < len(self.content) < 64 or self.content[-1] & 0x80:
            raise Malformed(f"an element of tag {self.tag:#x} instead of an OBJECT IDENTIFIER")
        arcs, arc = [], 0
        for octet in self.content:
            arc = arc << 7 | octet & 0x7F
            if not octet & 0x80:
                arcs.append(arc)
                arc = 0
        first = min(arcs[0] // 40, 2)
        return ".".join(str(number) for number in (first, arcs[0] - 40 * first, *arcs[1:]))

    def der(self) -> bytes:
        """All octets with definite, shortest lengths, and strings in one piece."""
        if not self.constructed:
            return encode(self.tag, self.content)
        if self.tag == OCTET_STRING | _CONSTRUCTED:
            return encode(OCTET_STRING, self.octets())
        return encode(self.tag, *(child.der() for child in self.children()))


def read(data: bytes) -> tuple[Element, bytes]:
    """The first element in `data`, and what follows it.

    :raises CutOff: when it goes on after the end of `data`
    :raises Malformed: when `data` does not begin with an element
    """
    element, end = _read(data, 0, 0)
    return element, data[end:]


def read_all(data: bytes) -> Element:
    """The one element that `data` is.

    :raises Malformed: when it is not, or when something follows
    """
    element, rest = read(data)
    if rest:
        raise Malformed(f"{len(rest)} bytes after the end")
    return element


def encode(tag: int, *contents: bytes) -> bytes:
    """An element in DER."""
    content = b"".join(contents)
    if len(content) < 0x80:
        return bytes([tag, len(content)]) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def encode_oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER in DER."""
    first, second, *others = (int(arc) for arc in dotted.split("."))
    octets = bytearray()
    for arc in (40 * first + second, *others):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(0x80 | arc & 0x7F)
        octets += bytes(reversed(groups))
    return encode(OBJECT_IDENTIFIER, bytes(octets))


def _read(data: bytes, start: int, depth: int) -> tuple[Element, int]:
    begin, end, after = _bounds(data, start, depth)
    return Element(data[start], data[begin:end], data[start:after], depth), after


def _bounds(data: bytes, start: int, depth: int) -> tuple[int, int, int]:
    """Where the contents of the element at `start` begin, where they end, and where the next element begins."""
    if depth > DEEPEST:
        raise Malformed(f"more than {DEEPEST} levels")
    if len(data) < start + 2:
        raise Malformed("an element without length")
    tag, length, begin = data[start], data[start + 1], start + 2
    if tag & 0x1F == 0x1F or tag == 0:
        raise Malformed(f"the tag {tag:#x}")
    if length == 0x80:
        if not tag & _CONSTRUCTED:
            raise Malformed("a primitive element of indefinite length")
        end = begin
        while data[end : end + 2] != _END_OF_CONTENTS:
            end = _bounds(data, end, depth + 1)[2]
        return begin, end, end + 2
    if length > 0x80:
        octets = length & 0x7F
        if octets > 4 or len(data) < begin + octets:
            raise Malformed("a length that cannot be")
        length = int.from_bytes(data[begin : begin + octets], "big")
        begin += octets
    if len(data) < begin + length:
        raise CutOff(begin + length - start) if start == 0 and depth == 0 else Malformed("an element without end")
    return begin, begin + length, begin + length


def sequence(element: Element, *tags: int | None) -> list[Element]:
    """The elements of a SEQUENCE that begins with these tags; None stands for any.

    :raises Malformed: when it does not
    """
    children = element.children(SEQUENCE)
    if len(children) < len(tags) or any(tag not in (None, child.tag) for tag, child in zip(tags, children)):
        raise Malformed("a SEQUENCE of other elements")
    return children
