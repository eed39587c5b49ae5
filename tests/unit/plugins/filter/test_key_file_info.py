# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import inspect
import json

import pytest
import yaml
from ansible import template
from ansible.errors import AnsibleFilterError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from support.certificates import make_certificate, make_ec_certificate

from ansible_collections.msgraph.identity.plugins.filter import key_file_info as module
from ansible_collections.msgraph.identity.plugins.filter.key_file_info import FilterModule, key_file_info
from ansible_collections.msgraph.identity.plugins.module_utils import _libraries
from ansible_collections.msgraph.identity.plugins.module_utils._libraries import REQUIRED
from ansible_collections.msgraph.identity.plugins.modules import apiconnector_client_certificate

PASSWORD = "Corr3ct-horse"
MADE, OTHER = make_certificate(), make_certificate("other.example", key_number=1)
ENDED = make_certificate("ended.example", starts=-30, ends=-2)
ELLIPTIC = make_ec_certificate()
TEXT = {name: made.pem.decode() for name, made in {"made": MADE, "other": OTHER}.items()}


def encoded(data):
    return base64.b64encode(data).decode()


def as_told(made, key_type="RSA"):
    """What is told of a certificate, by the library alone."""
    certificate, form = made.certificate, "%Y-%m-%dT%H:%M:%SZ"
    digits = f"{certificate.serial_number:X}"
    return {
        "thumbprint": made.thumbprint,
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "serial_number": digits.zfill(len(digits) + len(digits) % 2),
        "not_before": certificate.not_valid_before_utc.strftime(form),
        "not_after": certificate.not_valid_after_utc.strftime(form),
        "key_type": key_type,
    }


@pytest.mark.parametrize(
    "text, password",
    [
        (encoded(MADE.pfx(PASSWORD)), PASSWORD),
        (encoded(MADE.pfx()), None),
        (encoded(MADE.pfx()), ""),
        (encoded(MADE.pfx("1234")), 1234),
        (encoded(MADE.pfx(PASSWORD, chain=(OTHER,))), PASSWORD),
        (MADE.pem_file().decode(), None),
        (MADE.pem_file(PASSWORD).decode(), PASSWORD),
        (TEXT["other"] + MADE.pem_file().decode(), None),
        (TEXT["made"], None),
        (TEXT["made"], "needless"),
        (f"Bestellungen für München\n{TEXT['made']}", None),
        (encoded(MADE.der), None),
        (encoded(MADE.pfx(PASSWORD, with_key=False)), PASSWORD),
    ],
    ids=[
        "PKCS#12",
        "PKCS#12 without a password",
        "an empty password",
        "a number as password",
        "PKCS#12 with a chain",
        "PEM",
        "PEM, encrypted",
        "PEM, the other certificate first",
        "certificate in PEM",
        "certificate in PEM, and a password",
        "certificate in PEM with text around it",
        "certificate in DER",
        "PKCS#12 without a key",
    ],
)
def test_public_parts(text, password):
    result = key_file_info(text, password)
    assert result == as_told(MADE)
    assert all(value.__class__.__name__ in ("str", "AnsibleUnsafeText") for value in result.values())


def test_other_kinds():
    assert key_file_info(ELLIPTIC.pem.decode()) == as_told(ELLIPTIC, "EC")
    assert key_file_info(ENDED.pem.decode()) == as_told(ENDED)


@pytest.mark.parametrize(
    "text, password, sentence",
    [
        ("", None, "the input is empty."),
        ("nonsense!", None, "the input is neither PKCS#12 nor base64 text of it, and not PEM."),
        (encoded(MADE.pfx(PASSWORD)), None, "the input cannot be opened. It needs password"),
        (encoded(MADE.pfx(PASSWORD)), "Wr0ng-horse", "the input cannot be opened. Its password is wrong"),
        (MADE.pem_file(PASSWORD).decode(), None, "the input holds an encrypted key. Give its password."),
        (MADE.pem_file(PASSWORD).decode(), "Wr0ng-horse", "The key in the input cannot be opened. password is wrong"),
        (MADE.key_pem.decode(), None, "the input holds no certificate."),
        (
            MADE.key_pem.decode() + TEXT["other"],
            None,
            "The key in the input belongs to none of the certificates in it.",
        ),
        (TEXT["made"] + TEXT["other"], None, "the input holds 2 certificates and no key, so which one is meant"),
        (VaultLib().encrypt(MADE.pem, VaultSecret(b"v")).decode(), None, "ansible.builtin.unvault, which decrypts it."),
        (None, None, "the input is not text."),
        ({"value": "x"}, None, "the input is not text."),
        (["x"], None, "the input is not text."),
        (83, None, "the input is not text."),
        (MADE.pem, None, "the input is not text."),
        (TEXT["made"], True, "password is not text."),
        (TEXT["made"], [PASSWORD], "password is not text."),
        (encoded(MADE.pfx(PASSWORD)), "a\0b", "password holds a NUL character"),
    ],
)
def test_what_does_not_fit_is_told(text, password, sentence):
    with pytest.raises(AnsibleFilterError) as caught:
        key_file_info(text, password)
    message = str(caught.value)
    assert message.startswith("key_file_info: ") and sentence in message
    assert "horse" not in message and "PRIVATE" not in message


def test_without_cryptography(monkeypatch):
    monkeypatch.setattr(_libraries, "find_spec", lambda name: None)
    with pytest.raises(AnsibleFilterError, match="key_file_info: The Python .* lacks cryptography"):
        key_file_info(TEXT["made"])


def test_names_in_a_certificate_are_no_templates():
    """Before ansible-core 2.19, text with braces was run when a variable held it."""
    braces = make_certificate("{{ 7 * 6 }}")
    templar = template.Templar(loader=DataLoader(), variables={"info": key_file_info(braces.pem.decode())})
    trusted = getattr(template, "trust_as_template", str)
    assert templar.template(trusted("{{ info.subject }}")) == "CN={{ 7 * 6 }}"


def test_documentation_is_true():
    documented, examples, returned = (
        yaml.safe_load(text) for text in (module.DOCUMENTATION, module.EXAMPLES, module.RETURN)
    )
    assert FilterModule().filters() == {documented["name"]: key_file_info}
    _text, *others = inspect.signature(key_file_info).parameters
    assert list(documented["options"]) == ["_input", *others]
    assert documented["positional"] == ", ".join(others)
    assert documented["requirements"][1:] == [REQUIRED["cryptography"]]
    assert list(returned["_value"]["contains"]) == list(key_file_info(TEXT["made"]))
    assert f"msgraph.identity.{documented['name']}" in json.dumps(examples)


def test_what_modules_return_too_is_documented_alike():
    certificate = yaml.safe_load(apiconnector_client_certificate.RETURN)["certificate"]["contains"]
    contains = yaml.safe_load(module.RETURN)["_value"]["contains"]
    shared = contains.keys() & certificate.keys()
    assert contains.keys() - shared == {"key_type"}
    assert {name: contains[name] for name in shared} == {name: certificate[name] for name in shared}
