# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Odd input: what is refused in one clear sentence before anything is sent, what only earns a warning, and what is all
right.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Any

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption, pkcs12
from emulator.client import Emulator
from support.certificates import Made, make_certificate, make_ec_certificate, triple_des
from support.plays import Played

from crowd import Crowd
from stage import BASTION, LOCAL, Stage

PASSWORD = "orders-password"
ODD_PASSWORD = "päß wörd€ 'once' \"twice\" \\n #☃"
ODD_IDS = ("a/b", "a.b", "a?b=c", "a b", "ä%2f", "a'b", "RestApi_45715bb8-13f9-4bf6-927f-ef96c102d394")
# What Ansible makes of the name of a host in an inventory is no matter here.
HOSTS_OF_IDS = {f"id_{number}": identifier for number, identifier in enumerate(ODD_IDS)}


@dataclass(frozen=True)
class Odd:
    """A file that is odd, its password, and words of the message or of the warning that it earns."""

    name: str
    words: tuple[str, ...] = ()
    password: str = PASSWORD
    fails: bool = True
    way: str = LOCAL


ODD = [
    Odd("several_keys", ("src 'several_keys.pfx' holds 2 private keys", "Export one key")),
    Odd(
        "key_of_another", ("src 'key_of_another.pfx' holds a private key, but not the certificate that belongs to it",)
    ),
    Odd("base64_of_something_else", ("src 'base64_of_something_else.pfx' is not PKCS#12",)),
    Odd("vaulted", ("src 'vaulted.pfx' cannot be decrypted", "vault")),
    Odd(
        "no_protection",
        ("src 'no_protection.pfx' is not protected by a password, although certificate_password is given",),
        fails=False,
    ),
    Odd("no_protection_and_no_password", password="", fails=False),
    Odd("elliptic", ("has a key of type EC", "only RSA keys"), fails=False),
    Odd("elliptic_on_a_bastion", ("has a key of type EC", "only RSA keys"), fails=False, way=BASTION),
    Odd("odd_password", password=ODD_PASSWORD, fails=False),
    Odd("odd_password_on_a_bastion", password=ODD_PASSWORD, fails=False, way=BASTION),
    Odd("triple_des", fails=False),
    Odd("base64_with_line_ends", fails=False),
    Odd("expires_soon", ("expires in 2 days",), fails=False),
    Odd("not_valid_yet", ("is not valid before", "cannot be active until then"), fails=False),
]


@dataclass(frozen=True)
class Outcome:
    """What came of a run with all of it."""

    played: Played
    results: dict[str, dict[str, Any]]
    calls: dict[str, list[str]]
    writes: int


@pytest.fixture(name="outcome", scope="module")
def fixture_outcome(started: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """One task in one play, with another file or another id on each host."""
    started.reset()
    stage = Stage(tmp_path_factory.mktemp("odd_input"), started)
    for name, content in files().items():
        stage.write(f"{name}.pfx", content)
    crowd = Crowd(stage)
    for odd in ODD:
        started.add_connector(odd.name, certificates=[], connector_id=odd.name)
        options = {"connector_id": odd.name, "src": f"{odd.name}.pfx", "certificate_password": odd.password}
        crowd.add(odd.name, odd.way, **stage.sign_in, **options)
    for host, identifier in HOSTS_OF_IDS.items():
        started.add_connector(identifier, certificates=[], connector_id=identifier)
        crowd.add(
            host, LOCAL, **stage.sign_in, connector_id=identifier, src="triple_des.pfx", certificate_password=PASSWORD
        )
    played = crowd.play()
    assert played.code == 0, played.output
    return Outcome(played, crowd.results, {odd.name: crowd.calls(odd.name) for odd in ODD}, len(stage.writes()))


def files() -> dict[str, bytes]:
    """The files, by name."""
    orders = make_certificate("orders.example")
    protection = BestAvailableEncryption(PASSWORD.encode())
    odd_password = make_certificate("odd-password.example").pfx(ODD_PASSWORD)
    elliptic = make_ec_certificate("elliptic.example").pfx(PASSWORD)
    return {
        "several_keys": with_two_keys(orders),
        "key_of_another": pkcs12.serialize_key_and_certificates(
            None, make_certificate(key_number=1).key, None, [orders.certificate], protection
        ),
        "base64_of_something_else": base64.b64encode(b"a shopping list: apples, pears, plums and cherries"),
        "vaulted": VaultLib([("default", VaultSecret(b"vault-password"))]).encrypt(orders.pfx(PASSWORD)),
        "no_protection": orders.pfx(),
        "no_protection_and_no_password": orders.pfx(),
        "elliptic": elliptic,
        "elliptic_on_a_bastion": elliptic,
        "odd_password": odd_password,
        "odd_password_on_a_bastion": odd_password,
        "triple_des": orders.pfx(encryption=triple_des(PASSWORD)),
        "base64_with_line_ends": base64.encodebytes(orders.pfx(PASSWORD)).replace(b"\n", b"\r\n"),
        "expires_soon": make_certificate("soon.example", ends=2.5).pfx(PASSWORD),
        "not_valid_yet": make_certificate("later.example", starts=3).pfx(PASSWORD),
    }


def with_two_keys(made: Made) -> bytes:
    """A file with two keys, none of them protected: what is in two files side by side in one (RFC 7292, 4)."""
    files_of_keys = [
        pkcs12.serialize_key_and_certificates(None, key, None, None, NoEncryption())
        for key in (made.key, make_certificate(key_number=1).key)
    ]
    # PFX: version, ContentInfo with an OCTET STRING of the AuthenticatedSafe, which is a SEQUENCE of ContentInfo.
    safes = b"".join(der_content(der_content(der_content(der_items(der_items(file)[1])[1]))) for file in files_of_keys)
    of_type_data = bytes.fromhex("06092a864886f70d010701")
    return der(0x30, b"\x02\x01\x03" + der(0x30, of_type_data + der(0xA0, der(0x04, der(0x30, safes)))))


def der(tag: int, content: bytes) -> bytes:
    """A DER value."""
    size = len(content)
    length = (
        bytes([size])
        if size < 128
        else bytes([0x80 | (size.bit_length() + 7) // 8]) + size.to_bytes((size.bit_length() + 7) // 8, "big")
    )
    return bytes([tag]) + length + content


def der_content(value: bytes) -> bytes:
    """The content of the first DER value."""
    start, end = der_bounds(value)
    return value[start:end]


def der_bounds(value: bytes) -> tuple[int, int]:
    """Where the content of the first DER value starts and ends."""
    if value[1] < 128:
        return 2, 2 + value[1]
    count = value[1] & 0x7F
    return 2 + count, 2 + count + int.from_bytes(value[2 : 2 + count], "big")


def der_items(value: bytes) -> list[bytes]:
    """The DER values in a SEQUENCE."""
    content, items = der_content(value), []
    while content:
        end = der_bounds(content)[1]
        items.append(content[:end])
        content = content[end:]
    return items


@pytest.mark.parametrize("odd", ODD, ids=lambda odd: odd.name)
def test_odd_file(outcome: Outcome, odd: Odd) -> None:
    """It is refused before anything is sent, or uploaded with a warning."""
    result = outcome.results[odd.name]
    said = [result["msg"]] if odd.fails else result.get("warnings", [])
    assert bool(result.get("failed")) is odd.fails, result
    assert bool(said) is bool(odd.words)
    for word in odd.words:
        assert any(word in sentence for sentence in said), said
    if odd.fails:
        assert "\n" not in result["msg"]
        assert len(result["msg"]) <= 400
        assert not outcome.calls[odd.name]
    else:
        assert result["changed"]
        assert outcome.calls[odd.name].count("POST") == 1


@pytest.mark.parametrize("host", HOSTS_OF_IDS)
def test_odd_id(outcome: Outcome, host: str) -> None:
    """Whatever is in an id, it is the id of that connector and leads nowhere else."""
    result = outcome.results[host]
    assert result["changed"], result
    assert result["connector"]["id"] == HOSTS_OF_IDS[host]


def test_run(outcome: Outcome) -> None:
    """Each upload is made once, and no traceback is shown."""
    assert outcome.writes == len([odd for odd in ODD if not odd.fails]) + len(HOSTS_OF_IDS)
    assert not re.search("Traceback|MODULE FAILURE", outcome.played.output)
