# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import time

import pytest
from support.certificates import make_certificate

from ansible_collections.msgraph.identity.plugins.module_utils._pem import CutOffBlock, decode_base64, read_blocks

MADE = make_certificate()
PEM = MADE.pem.decode()
BODY = "".join(PEM.splitlines()[1:-1])

BLOCKS = {
    "as it should be": PEM,
    "in one line": PEM.replace("\n", " "),
    "without lines": PEM.replace("\n", ""),
    "with text around it": f"subject=CN = x\n{PEM}\nbye",
    "with a header": PEM.replace("-----\n", "-----\nComment: x y\n", 1),
    "with headers and a blank line": PEM.replace("-----\n", "-----\nVersion: 1\nX-Y: z\n\n", 1),
    "with marks that are none before it": f"-----BEGIN -----\n-----BEGIN a b-----\n{PEM}",
}


@pytest.mark.parametrize("text", BLOCKS.values(), ids=BLOCKS)
def test_block(text):
    (block,) = read_blocks(text)
    assert (block.label, block.der, block.encrypted) == ("CERTIFICATE", MADE.der, None)


def test_blocks_in_their_order():
    assert [block.label for block in read_blocks(MADE.key_pem.decode() + PEM + PEM)] == [
        "PRIVATE KEY",
        "CERTIFICATE",
        "CERTIFICATE",
    ]
    assert list(read_blocks("no PEM")) == []


def test_block_that_is_not_base64():
    (block,) = read_blocks("-----BEGIN X-----\n?\n-----END X-----")
    assert block.der is None


def test_encrypted_as_of_old():
    body = "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00FF\n\nAAAA\n"
    for text in (body, body.replace("\n", " "), body.replace("\n", "\r\n")):
        (block,) = read_blocks(f"-----BEGIN RSA PRIVATE KEY-----{text}-----END RSA PRIVATE KEY-----")
        assert block.cipher == "AES-128-CBC"
        assert block.encrypted == (
            b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00FF\n\nAAAA\n"
            b"-----END RSA PRIVATE KEY-----\n"
        )


def test_block_without_end():
    with pytest.raises(CutOffBlock) as caught:
        list(read_blocks(PEM + "-----BEGIN PRIVATE KEY-----\nAAAA"))
    assert caught.value.label == "PRIVATE KEY"


def test_many_beginnings_take_no_time():
    began = time.process_time()
    with pytest.raises(CutOffBlock):
        list(read_blocks("-----BEGIN X-----\n" * 50_000))
    assert list(read_blocks("-----BEGIN ?-----\n" * 50_000)) == []
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "text, decoded",
    [
        ("QUI=", b"AB"),
        ("QUI", b"AB"),
        ("Q U\nI", b"AB"),
        ("QUI====", b"AB"),
        ("", b""),
        ("====", b""),
        ("Q", None),
        ("QUI*", None),
        ("QU=I", None),
        ("ä", None),
    ],
)
def test_base64(text, decoded):
    assert decode_base64(text) == decoded
