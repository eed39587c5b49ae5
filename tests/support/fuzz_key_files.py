# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Broken key files, thousands of them: each one opens, or an IdentityError says why not.

A program of its own, as a library that crashes ends the process:
`python fuzz_key_files.py EXAMPLES` runs as many examples of each property, and prints how many ran.
"""

from __future__ import annotations

import base64
import re
import sys
import typing as t
import warnings
from collections import Counter

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support import pkcs12_writer as w
from support.certificates import make_certificate, make_ec_certificate, triple_des

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import (
    open_certificate,
    open_key_file,
    received,
)

PASSWORD = "foo"
MADE, CHAIN, CURVE = make_certificate(), make_certificate("CA", key_number=1), make_ec_certificate()
KEY = w.tlv(0x30, *w.children(base64.b64decode(b"".join(MADE.key_pem.splitlines()[1:-1]))))


def bmp_mac(safe: bytes) -> bytes:
    return w.sha1_mac(safe, w.bmp(PASSWORD))


BAGS = w.bag(1, KEY) + w.certificate_bag(MADE.der, w.name_attribute("orders"))
# Each with its password. Without a MAC, a changed byte gets further.
FILES = {
    "AES": (MADE.pfx(PASSWORD, chain=(CHAIN,)), PASSWORD),
    "TripleDES": (MADE.pfx(encryption=triple_des(PASSWORD)), PASSWORD),
    "curve": (CURVE.pfx(), ""),
    "plain": (w.pfx(w.plain_part(BAGS)), ""),
    "plain in BER": (w.indefinite(w.chopped(w.pfx(w.plain_part(BAGS)))), ""),
    "plain with a MAC": (w.pfx(w.plain_part(BAGS), mac=bmp_mac), PASSWORD),
    "PBMAC1": (w.pfx(w.plain_part(BAGS), mac=lambda safe: w.pbmac1(safe, PASSWORD)), PASSWORD),
    "AES without a MAC": (w.pfx(w.encrypted_part(w.aes(w.tlv(0x30, BAGS), b"foo"))), PASSWORD),
    "TripleDES without a MAC": (w.pfx(w.encrypted_part(w.triple_des(w.tlv(0x30, BAGS), w.bmp("foo")))), PASSWORD),
    "key alone encrypted": (w.pfx(w.plain_part(w.bag(2, w.shrouded(w.aes(KEY, b"foo"))), BAGS)), PASSWORD),
    "an encryption that is left to the library": (
        w.pfx(w.encrypted_part(w.triple_des(w.tlv(0x30, BAGS), w.bmp("foo")))).replace(
            w.oid(w.PBE_3DES), w.oid("1.2.840.113549.1.12.1.6")
        ),
        PASSWORD,
    ),
    "PEM": (MADE.pem + MADE.key_pem, ""),
    "PEM of a curve": (CURVE.pem_file(), ""),
    "encrypted PEM": (MADE.pem_file(PASSWORD) + CHAIN.pem, PASSWORD),
    "base64": (base64.b64encode(w.pfx(w.plain_part(BAGS))), ""),
    "UTF-16": (base64.b64encode(MADE.pfx()).decode().encode("utf-16"), ""),
    "certificate": (MADE.der, ""),
    "key": (KEY, ""),
}
counted: Counter[str] = Counter()


def harmless(what: str, data: bytes, password: str = "", key: bytes | None = None) -> None:
    """It opens, and can be re-encoded, or a sentence says why not; the same when only public parts are asked for."""
    counted[what] += 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for use in (
            lambda: open_key_file(data, password, "the file", key_data=key).upload("compatible"),
            lambda: open_certificate(data, password, "the file"),
        ):
            try:
                use()
            except IdentityError as exc:
                assert exc.message[-1] in ".mt" or "with: " in exc.message, exc.message
                # Thumbprints are the longest words; what is longer would be quoted from the file.
                assert not re.search(r"[\w+/]{41}", exc.message), exc.message


def mutated() -> st.SearchStrategy[tuple[bytes, str]]:
    """A file of those above with some bytes changed, taken out, put in or cut off."""
    places = st.floats(0, 1, exclude_max=True)
    change = st.tuples(places, st.sampled_from(("set", "out", "in", "copy")), st.integers(0, 255))

    def apply(drawn: tuple[tuple[bytes, str], list[tuple[float, str, int]], float | None]) -> tuple[bytes, str]:
        (data, password), changes, cut = drawn
        changed = bytearray(data)
        for place, how, value in changes:
            at = int(place * len(changed))
            if how == "set":
                changed[at : at + 1] = bytes([value])
            elif how == "out":
                del changed[at : at + 1 + value % 9]
            elif how == "in":
                changed[at:at] = bytes([value]) * (1 + value % 5)
            else:
                changed[at:at] = changed[at : at + value]
        return bytes(changed if cut is None else changed[: int(cut * len(changed))]), password

    return st.tuples(
        st.sampled_from(list(FILES.values())), st.lists(change, min_size=1, max_size=4), st.none() | places
    ).map(apply)


def der() -> st.SearchStrategy[bytes]:
    """DER of a grammar that knows the tags and object identifiers of key files, but not where they belong."""
    oids = [w.DATA, w.ENCRYPTED, w.ENVELOPED, w.PBES2, w.PBKDF2, w.PBMAC1, w.PBE_3DES, w.AES_256, w.SHA1]
    oids += [*w.HMACS.values(), *(f"{w.BAG}{number}" for number in range(1, 8)), "1.2.840.113549.1.9.22.1"]
    leaves = st.one_of(
        st.sampled_from(oids).map(w.oid),
        st.integers(0, 2**40).map(w.number),
        st.integers(0, 4).map(w.number),
        st.binary(max_size=24).map(lambda octets: w.tlv(4, octets)),
        st.sampled_from((w.tlv(5), BAGS, KEY, MADE.der, w.name_attribute("x"), w.tlv(3, b"\0\1"))),
    )
    tags = st.sampled_from((0x30, 0x30, 0x30, 0x31, 0xA0, 0xA1, 0x24, 0x04, 0x80))
    return st.recursive(
        leaves,
        lambda inner: st.tuples(tags, st.lists(inner, max_size=5)).map(lambda drawn: w.tlv(drawn[0], *drawn[1])),
        max_leaves=25,
    )


def properties(examples: int) -> list[t.Callable[[], None]]:
    """What is tried, each with so many examples."""
    often = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=False,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )

    @often
    @given(mutated())
    def mutations(drawn: tuple[bytes, str]) -> None:
        harmless("mutations", *drawn)

    @often
    @given(mutated(), mutated())
    def mutations_with_a_key_apart(drawn: tuple[bytes, str], key: tuple[bytes, str]) -> None:
        harmless("mutations with a key apart", *drawn, key=key[0])

    @often
    @given(st.binary(max_size=200), st.text(max_size=5))
    def random_bytes(data: bytes, password: str) -> None:
        harmless("random bytes", data, password)

    @often
    @given(st.text(max_size=200))
    def random_text(text: str) -> None:
        harmless("random text", text.encode(errors="replace"))

    @often
    @given(der(), st.sampled_from(("", PASSWORD)))
    def structures(data: bytes, password: str) -> None:
        for wrapped in (data, w.pfx(data), w.pfx(w.plain_part(data), mac=bmp_mac)):
            harmless("structures", wrapped, password)

    @often
    @given(der())
    def authenticated_data(data: bytes) -> None:
        mac = w.tlv(0x30, data, w.tlv(4, b"salt"), w.number(1))
        harmless("MACs", w.pfx(w.plain_part(BAGS), mac=lambda safe: mac), PASSWORD)
        sealed = w.encrypted_part((data, bytes(64)))
        harmless("encryptions", w.pfx(sealed, mac=bmp_mac), PASSWORD)

    @often
    @given(st.integers(1, 3000), st.sampled_from((0x30, 0x24, 0xA0, 0x31)), st.booleans())
    def deep_nesting(levels: int, tag: int, indefinite: bool) -> None:
        data = bytes([tag, 0x80]) * levels
        if not indefinite:
            data = b""
            for dummy in range(levels):
                data = w.tlv(tag, data)
        harmless("deep nesting", data)
        harmless("deep nesting", w.pfx(w.plain_part(data)), PASSWORD)

    @often
    @given(mutated())
    def on_a_host(drawn: tuple[bytes, str]) -> None:
        counted["on a host"] += 1
        try:
            dummy, upload = received(drawn[0].decode("latin-1"), drawn[1])
        except IdentityError:
            return
        assert upload is not None or b"PRIVATE KEY-----" not in drawn[0]

    return [
        mutations,
        mutations_with_a_key_apart,
        random_bytes,
        random_text,
        structures,
        authenticated_data,
        deep_nesting,
        on_a_host,
    ]


if __name__ == "__main__":
    for each in properties(int(sys.argv[1])):
        each()
    for name, number in counted.items():
        print(f"{name}: {number}")
