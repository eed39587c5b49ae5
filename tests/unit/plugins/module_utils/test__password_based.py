# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12
from support import pkcs12_writer as w
from support.certificates import make_certificate

from ansible_collections.msgraph.identity.plugins.module_utils import _password_based
from ansible_collections.msgraph.identity.plugins.module_utils._ber import Malformed, read_all
from ansible_collections.msgraph.identity.plugins.module_utils._password_based import (
    MOST_ROUNDS,
    MOST_ROUNDS_OF_A_FILE,
    Rounds,
    TooManyRounds,
    empty_password_mac,
    read_encryption,
    read_mac,
)

PLAIN = w.tlv(0x30, w.number(7))
NULL = w.tlv(5)

# Test vectors that pass from one implementation of PKCS #12 to the next: password, salt, purpose, rounds, derived
DERIVED = [
    ("smeg", "0A58CF64530D823F", 1, 1, "8AAAE6297B6CB04642AB5B077851284EB7128F1A2A7FBCA3"),
    ("smeg", "0A58CF64530D823F", 2, 1, "79993DFE048D3B76"),
    ("smeg", "3D83C0E4546AC140", 3, 1, "8D967D88F6CAA9D714800AB3D48051D63F73A312"),
    ("queeg", "05DEC959ACFF72F7", 1, 1000, "ED2034E36328830FF09DF1E1A07DD357185DAC0D4F9EB3D4"),
    ("queeg", "05DEC959ACFF72F7", 2, 1000, "11DEDAD7758D4860"),
    ("queeg", "263216FCC2FAB31C", 3, 1000, "5EC4C7A80DF652294C3925B6489A7AB857C83476"),
]


@pytest.mark.parametrize("password, salt, purpose, rounds, derived", DERIVED)
def test_derivation_of_pkcs12(password, salt, purpose, rounds, derived):
    length = len(derived) // 2
    value = _password_based._derive("sha1", w.bmp(password), bytes.fromhex(salt), rounds, purpose, length)
    assert value.hex().upper() == derived
    assert w.derive(w.bmp(password), bytes.fromhex(salt), purpose, length, rounds) == value


@pytest.mark.parametrize("protect, password", [(w.triple_des, w.bmp("foo")), (w.aes, b"foo")])
def test_decryption(protect, password):
    algorithm, data = protect(PLAIN, password)
    encryption = read_encryption(read_all(algorithm))
    assert encryption.decrypt(data, "foo", Rounds()) == PLAIN
    for wrong in ("", "bar", "fo"):
        assert encryption.decrypt(data, wrong, Rounds()) is None
    for damaged in (b"", data[:-1], data + data, bytes(len(data))):
        assert encryption.decrypt(damaged, "foo", Rounds()) is None


def test_plaintext_has_to_be_one_sequence():
    for plain in (w.number(7), PLAIN + PLAIN, w.tlv(0x30), b"", b"garbage"):
        algorithm, data = w.aes(plain, b"foo")
        assert read_encryption(read_all(algorithm)).decrypt(data, "foo", Rounds()) is None


def test_work_is_counted_before_it_is_done(monkeypatch):
    algorithm, data = w.aes(PLAIN, b"foo", rounds=MOST_ROUNDS + 1)
    monkeypatch.setattr(_password_based.hashlib, "pbkdf2_hmac", lambda *arguments: pytest.fail("it was done"))
    with pytest.raises(TooManyRounds) as caught:
        read_encryption(read_all(algorithm)).decrypt(data, "foo", Rounds())
    assert caught.value.rounds == MOST_ROUNDS + 1


def test_work_of_a_file_adds_up():
    rounds = Rounds()
    for dummy in range(MOST_ROUNDS_OF_A_FILE // MOST_ROUNDS):
        rounds.spend(MOST_ROUNDS)
    with pytest.raises(TooManyRounds):
        rounds.spend(1)


@pytest.mark.parametrize("rounds", [0, 1, 2048])
def test_few_rounds_are_no_problem(rounds):
    assert Rounds().spend(rounds) is None


@pytest.mark.parametrize("prf", ["sha1", "sha256", "sha512"])
def test_pbmac1(prf):
    mac = read_mac(read_all(w.pbmac1(b"data", "foo", prf=prf)))
    assert mac.name == f"PBMAC1 (PBKDF2 with {prf.upper().replace('SHA', 'SHA-')}, 2048 rounds)"
    assert mac.matches(b"data", "foo", Rounds())
    assert not mac.matches(b"data", "bar", Rounds())
    assert not mac.matches(b"dat", "foo", Rounds())


def test_mac_of_sha1():
    mac = read_mac(read_all(w.sha1_mac(b"data", w.bmp("foo"))))
    assert mac.matches(b"data", "foo", Rounds()) and not mac.matches(b"data", "", Rounds())


def test_empty_password_in_both_spellings():
    for spelling in (b"\0\0", b""):
        mac = read_mac(read_all(w.sha1_mac(b"data", spelling)))
        assert mac.matches(b"data", "", Rounds()) and not mac.matches(b"data", "foo", Rounds())
    assert read_mac(read_all(empty_password_mac(b"data"))).matches(b"data", "", Rounds())


def test_what_is_not_known_is_named():
    unknown = w.tlv(0x30, w.oid("1.2.3.4"), NULL)
    assert read_encryption(read_all(unknown)).name == "the encryption 1.2.3.4"
    assert read_encryption(read_all(unknown)).decryptions is None
    mac = read_mac(read_all(w.sha1_mac(b"", b"", digest="1.2.3.4")))
    assert (mac.name, mac.matches) == ("the digest 1.2.3.4", None)


def pbes2(kdf, scheme):
    return w.tlv(0x30, w.oid(w.PBES2), w.tlv(0x30, kdf, scheme))


PBKDF2 = w.tlv(0x30, w.oid(w.PBKDF2), w.tlv(0x30, w.tlv(4, b"salt"), w.number(1)))
AES = w.tlv(0x30, w.oid(w.AES_256), w.tlv(4, bytes(16)))

MALFORMED = {
    "no sequence": w.number(1),
    "nothing": w.tlv(0x30),
    "PBES1 without parameters": w.tlv(0x30, w.oid(w.PBE_3DES)),
    "PBES1 with a NULL": w.tlv(0x30, w.oid(w.PBE_3DES), NULL),
    "PBES2 without parameters": w.tlv(0x30, w.oid(w.PBES2)),
    "PBES2 without scheme": w.tlv(0x30, w.oid(w.PBES2), w.tlv(0x30, PBKDF2)),
    "AES without IV": pbes2(PBKDF2, w.tlv(0x30, w.oid(w.AES_256))),
    "AES with a short IV": pbes2(PBKDF2, w.tlv(0x30, w.oid(w.AES_256), w.tlv(4, bytes(8)))),
    "PBKDF2 without rounds": pbes2(w.tlv(0x30, w.oid(w.PBKDF2), w.tlv(0x30, w.tlv(4, b"salt"))), AES),
    "PBKDF2 with a key of no bytes": pbes2(
        w.tlv(0x30, w.oid(w.PBKDF2), w.tlv(0x30, w.tlv(4, b"salt"), w.number(1), w.number(0))), AES
    ),
    "scrypt with N 3": pbes2(
        w.tlv(
            0x30,
            w.oid("1.3.6.1.4.1.11591.4.11"),
            w.tlv(0x30, w.tlv(4, b"salt"), w.number(3), w.number(8), w.number(1)),
        ),
        AES,
    ),
}


@pytest.mark.parametrize("algorithm", MALFORMED.values(), ids=MALFORMED)
def test_malformed(algorithm):
    with pytest.raises(Malformed):
        read_encryption(read_all(algorithm))


# The rounds are said although they are the default: strictly, that is BER.
@pytest.mark.filterwarnings("ignore:PKCS#12 bundle could not be parsed as DER")
def test_library_agrees_with_the_writer_of_pbmac1():
    made = make_certificate()
    key = made.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    data = w.pfx(
        w.plain_part(w.bag(1, key), w.certificate_bag(made.der)), mac=lambda safe: w.pbmac1(safe, "foo", prf="sha256")
    )
    try:
        opened = pkcs12.load_pkcs12(data, b"foo")
    except ValueError:
        pytest.skip("this library does not know PBMAC1; 44 does")
    assert opened.cert.certificate == made.certificate
