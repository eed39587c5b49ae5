# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import copy
import json
from datetime import datetime, timezone

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret
from cryptography.hazmat.primitives.serialization import pkcs12
from support.certificates import make_certificate

from ansible_collections.msgraph.identity.plugins.action.apiconnector_client_certificate import ActionModule
from ansible_collections.msgraph.identity.plugins.module_utils import _libraries
from ansible_collections.msgraph.identity.plugins.plugin_utils import _graph_action

from ..fakes import CONNECTORS, ModuleCalls, make_action

PASSWORD = "Corr3ct-horse"
MADE = make_certificate()
PFX = MADE.pfx(PASSWORD)
BASE64 = base64.b64encode(PFX).decode()
PATH = f"{CONNECTORS}/c-1"
ARGUMENTS = {
    "connector_id": "c-1",
    "src": "x.pfx",
    "certificate_password": PASSWORD,
    "access_token": "t0ken-long-enough",
}
OLD_OID = bytes.fromhex("060a2a864886f70d010c0103")  # pbeWithSHAAnd3-KeyTripleDES-CBC
PEM = {
    "both": MADE.pem_file(),
    "encrypted": MADE.pem_file(PASSWORD),
    "certificate": MADE.pem,
    "key": MADE.key_pem,
    "encrypted key": MADE.pem_file(PASSWORD).replace(MADE.pem, b""),
    "key of another": make_certificate(key_number=1).key_pem,
}
TEXT = {name: content.decode() for name, content in PEM.items()}
VAULT = [("default", VaultSecret(b"vault-password"))]


@pytest.fixture
def make(tmp_path):
    """Makes the action of a task beside whose playbook lies files/x.pfx."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "x.pfx").write_bytes(PFX)
    for name, content in PEM.items():
        (tmp_path / "files" / f"{name}.pem").write_bytes(content)

    def action(*, without=(), **changes):
        given = {
            name: value for name, value in {**ARGUMENTS, **changes.pop("arguments", {})}.items() if name not in without
        }
        return make_action(ActionModule, tmp_path, given, **changes)

    return action


def as_json(*certificates):
    now = int(datetime.now(timezone.utc).timestamp())
    entries = [
        {"thumbprint": made.thumbprint, "notBefore": now - 99, "notAfter": now + 86400 * 300, "isActive": True}
        for made in certificates
    ]
    authentication = {"@odata.type": "#microsoft.graph.clientCertificateAuthentication", "certificateList": entries}
    return {
        "id": "c-1",
        "displayName": "Orders",
        "targetUrl": "https://api.example",
        "authenticationConfiguration": authentication,
    }


# --- what YAML did ---


@pytest.mark.parametrize(
    "password, src, told",
    [(83, "x.pfx", True), ("83", "x.pfx", False), (83, "missing.pfx", False)],
    ids=["number", "text", "another mistake"],
)
def test_password_that_yaml_took_for_a_number_is_told_when_it_does_not_fit(make, password, src, told):
    result = make(arguments={"certificate_password": password, "src": src}).run()
    assert result["failed"] and result["msg"].startswith("API connector 'c-1': ")
    assert ("YAML took it for a number" in result["msg"]) is told
    assert "83" not in result["msg"]


# --- in this process ---


@pytest.mark.parametrize(
    "arguments, without",
    [({}, ()), ({"content": BASE64}, ("src",)), ({"content": f"\n{BASE64}\n", "src": ""}, ())],
    ids=["src", "content", "empty src"],
)
def test_nothing_to_do(make, wire, arguments, without):
    wire.expect("GET", PATH, as_json(MADE))
    result = make(arguments=arguments, without=without).run(task_vars={})
    assert (result["changed"], result["uploaded"]) == (False, False)
    assert result["certificate"]["thumbprint"] == MADE.thumbprint


def test_upload_is_encrypted_anew(make, wire):
    wire.expect("GET", PATH, as_json())
    wire.expect("POST", f"{PATH}/uploadClientCertificate", as_json(MADE))
    result = make().run(task_vars={})
    assert (result["changed"], result["uploaded"]) == (True, True)
    body = json.loads(wire.calls[1].body)
    raw = base64.b64decode(body["pkcs12Value"])
    assert OLD_OID in raw
    assert body["password"] != PASSWORD
    assert pkcs12.load_pkcs12(raw, body["password"].encode()).cert.certificate == MADE.certificate
    assert body["password"] not in json.dumps(result) and PASSWORD not in json.dumps(result)


def test_upload_as_it_is(make, wire):
    wire.expect("GET", PATH, as_json())
    wire.expect(
        "POST", f"{PATH}/uploadClientCertificate", as_json(MADE), json={"pkcs12Value": BASE64, "password": PASSWORD}
    )
    assert make(arguments={"pkcs12_encryption": "preserve"}).run(task_vars={})["uploaded"]


def test_check_mode_with_diff(make, wire):
    wire.expect("GET", PATH, as_json())
    result = make(check_mode=True, diff=True).run(task_vars={})
    assert (result["changed"], result["uploaded"]) == (True, False)
    assert result["diff"]["before"] != result["diff"]["after"]
    assert "upload_due" not in result


def test_loop_shares_one_client(make, wire, graph):
    wire.expect("GET", PATH, as_json(MADE))
    wire.expect("GET", CONNECTORS, {"value": [as_json(MADE)]})
    for unused in range(5):
        assert make().run(task_vars={})["changed"] is False
    assert list(_graph_action._clients.values()) == [graph]


def test_no_module_is_sent_and_no_argument_changed(make, wire):
    wire.expect("GET", PATH, as_json(MADE))
    calls = ModuleCalls()
    action = make(calls=calls, arguments={"ensure_active": "yes"})
    before = copy.deepcopy(action._task.args)
    result = action.run(task_vars={})
    assert calls.arguments == []
    assert action._task.args == before
    assert "invocation" not in result


# --- PEM, in one file or two ---

IN_PEM = {
    "one file": {"src": "both.pem"},
    "one file, encrypted": {"src": "encrypted.pem", "certificate_password": PASSWORD},
    "two files": {"src": "certificate.pem", "private_key_src": "key.pem"},
    "two files, encrypted": {
        "src": "certificate.pem",
        "private_key_src": "encrypted key.pem",
        "certificate_password": PASSWORD,
    },
    "text": {"content": TEXT["both"]},
    "text, other text around it": {"content": f"Schlüssel für Bestellungen\n{TEXT['both']}"},
    "two texts": {"content": TEXT["certificate"], "private_key_content": TEXT["key"]},
    "text and file": {"content": TEXT["certificate"], "private_key_src": "key.pem"},
    "file and text": {"src": "certificate.pem", "private_key_content": TEXT["key"], "private_key_src": ""},
}
pem = pytest.mark.parametrize("file", IN_PEM.values(), ids=IN_PEM)


def without_file(file):
    """The arguments of the other tests that `file` does not give."""
    return [name for name in ("src", "certificate_password") if name not in file]


def opened(body, password):
    """The file in a request or in arguments: it has the key."""
    raw = base64.b64decode(body)
    assert OLD_OID in raw
    return pkcs12.load_pkcs12(raw, password.encode())


@pem
def test_pem_is_uploaded_as_pkcs12(make, wire, file):
    wire.expect("GET", PATH, as_json())
    wire.expect("POST", f"{PATH}/uploadClientCertificate", as_json(MADE))
    result = make(arguments=file, without=without_file(file)).run(task_vars={})
    assert result.get("msg", "").startswith("API connector") and result["uploaded"]
    body = json.loads(wire.calls[1].body)
    sent = opened(body["pkcs12Value"], body["password"])
    assert sent.cert.certificate == MADE.certificate
    assert sent.key.private_numbers() == MADE.key.private_numbers()
    assert body["password"] != PASSWORD


@pem
def test_key_in_pem_stays_here_until_an_upload_is_due(make, wire, file):
    calls = ModuleCalls(DUE, DONE)
    assert make(arguments=file, without=without_file(file), transport="ssh", calls=calls).run(task_vars={}) == DONE
    first, second = calls.arguments
    rest = {"connector_id": "c-1", "access_token": "t0ken-long-enough"}
    assert first == {**rest, "content": MADE.pem.decode()}
    assert set(second) == {*rest, "content", "certificate_password", "pkcs12_encryption"}
    assert opened(second["content"], second["certificate_password"]).key.private_numbers() == MADE.key.private_numbers()
    assert second["certificate_password"] != PASSWORD


@pytest.mark.parametrize("transport", ["local", "ssh"])
@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize(
    "file, sentence",
    [
        (
            {"src": "both.pem", "pkcs12_encryption": "preserve"},
            "pkcs12_encryption is preserve, but there is no PKCS#12 file to preserve: the key is PEM",
        ),
        (
            {"src": "certificate.pem"},
            "src 'certificate.pem' holds no private key. Put the certificate and its key into one PEM file, or give the "
            "key as private_key_src.",
        ),
        ({"content": TEXT["certificate"]}, "or give the key as private_key_content."),
        (
            {"src": "certificate.pem", "private_key_src": "none.pem"},
            "Could not find private_key_src 'none.pem'. Looked in: ",
        ),
        (
            {"src": "certificate.pem", "private_key_src": "key of another.pem"},
            "The key in private_key_src 'key of another.pem' belongs to none of the certificates in src 'certificate.pem'",
        ),
        (
            {"src": "certificate.pem", "private_key_src": "encrypted key.pem"},
            "private_key_src 'encrypted key.pem' holds an encrypted key. Give its certificate_password.",
        ),
        (
            {
                "src": "certificate.pem",
                "private_key_content": TEXT["encrypted key"],
                "certificate_password": "Wr0ng-horse",
            },
            "The key in private_key_content cannot be opened. certificate_password is wrong",
        ),
        (
            {"src": "x.pfx", "certificate_password": PASSWORD, "private_key_src": "key.pem"},
            "src 'x.pfx' is PKCS#12, which has its key in it, and a key was given apart",
        ),
        (
            {"src": "certificate.pem", "private_key_src": "key.pem", "private_key_content": TEXT["key"]},
            "mutually exclusive: private_key_src|private_key_content",
        ),
        ({"private_key_src": "key.pem"}, "one of the following is required: src, content"),
        ({"content": "Gr\u00fc\u00dfe"}, "content is neither PEM nor base64 text"),
        (
            {"src": "certificate.pem", "private_key_content": "\udcff\udcfe"},
            "private_key_content is neither PEM nor base64 text. Encode the file in base64, or give its name as private_key_src.",
        ),
        (
            {"src": "certificate.pem", "private_key_src": TEXT["key"]},
            "private_key_src looks like the content of a file and not like its name. Give it as private_key_content.",
        ),
    ],
)
def test_pem_that_does_not_fit_is_told_before_anything_is_sent(make, wire, transport, check_mode, file, sentence):
    calls = ModuleCalls()
    result = make(
        arguments=file, without=without_file(file), transport=transport, check_mode=check_mode, calls=calls
    ).run(task_vars={})
    assert result["failed"] and sentence in result["msg"]
    assert "horse" not in result["msg"] and "PRIVATE" not in result["msg"]
    assert calls.arguments == []


# --- what is read ---


def test_vaulted_file(make, wire, tmp_path):
    (tmp_path / "files" / "x.pfx").write_bytes(VaultLib(VAULT).encrypt(PFX))
    action = make()
    action._loader.set_vault_secrets(VAULT)
    wire.expect("GET", PATH, as_json(MADE))
    assert action.run(task_vars={})["changed"] is False


@pytest.mark.parametrize(
    "arguments, secrets, sentence",
    [
        ({"decrypt": False}, VAULT, "src 'x.pfx' is encrypted with Ansible Vault. Leave decrypt at true"),
        ({}, [], "src 'x.pfx' cannot be decrypted"),
    ],
    ids=["not to be decrypted", "no vault password"],
)
def test_vaulted_file_that_stays_closed(make, tmp_path, wire, arguments, secrets, sentence):
    (tmp_path / "files" / "x.pfx").write_bytes(VaultLib(VAULT).encrypt(PFX))
    action = make(arguments=arguments)
    action._loader.set_vault_secrets(secrets)
    result = action.run(task_vars={})
    assert result["failed"] and sentence in result["msg"]


@pytest.mark.parametrize("transport", ["local", "ssh"])
@pytest.mark.parametrize(
    "arguments, without, sentence",
    [
        ({"src": "none.pfx"}, (), "Could not find src 'none.pfx'. Looked in: "),
        (
            {"certificate_password": "Wr0ng-horse"},
            (),
            "src 'x.pfx' cannot be opened. Its certificate_password is wrong",
        ),
        ({"certificate_password": ""}, (), "src 'x.pfx' cannot be opened. It needs certificate_password"),
        ({"content": "nonsense!"}, ("src",), "content is neither PKCS#12 nor base64"),
        ({"content": MADE.pem.decode()}, ("src",), "content holds no private key"),
        ({"src": ""}, (), "one of the following is required: src, content"),
        ({"connector_name": "n"}, (), "mutually exclusive"),
        ({"thumbprint": "x"}, (), "Unsupported parameters: thumbprint"),
    ],
    ids=[
        "no file",
        "wrong password",
        "no password",
        "nonsense",
        "PEM",
        "no certificate",
        "two connectors",
        "unknown option",
    ],
)
def test_what_does_not_fit_is_told_before_anything_is_sent(make, wire, transport, arguments, without, sentence):
    calls = ModuleCalls()
    result = make(arguments=arguments, without=without, transport=transport, calls=calls).run(task_vars={})
    assert result["failed"] and sentence in result["msg"]
    assert "horse" not in result["msg"]
    assert calls.arguments == []


def test_controller_without_cryptography(make, wire, monkeypatch):
    monkeypatch.setattr(_libraries, "find_spec", lambda name: None if name == "cryptography" else object())
    calls = ModuleCalls()
    result = make(transport="ssh", calls=calls).run(task_vars={})
    assert result["failed"] and "cryptography >= 43.0.0" in result["msg"]
    assert calls.arguments == []


# --- on the host of the task ---

DUE = {"changed": True, "uploaded": False, "upload_due": True}
DONE = {"changed": True, "uploaded": True}
NOTHING = {"changed": False, "uploaded": False}
FAILED = {"failed": True, "msg": "No."}


def assert_no_key(arguments):
    assert arguments["content"] == MADE.pem.decode()
    assert set(arguments) <= set(ARGUMENTS) - {"src", "certificate_password"} | {"content", "ensure_active", "timeout"}
    assert PASSWORD not in json.dumps(arguments)


@pytest.mark.parametrize("missing", ["msal", "requests"])
def test_controller_without_a_library_sends_the_module(make, wire, monkeypatch, missing):
    monkeypatch.setattr(_libraries, "find_spec", lambda name: None if name == missing else object())
    calls = ModuleCalls(NOTHING)
    assert make(calls=calls).run(task_vars={}) == NOTHING
    assert_no_key(calls.arguments[0])


@pytest.mark.parametrize(
    "answer", [NOTHING, FAILED, {"changed": True, "uploaded": False}], ids=["nothing to do", "failed", "check mode"]
)
def test_one_call_without_the_key(make, wire, answer):
    calls = ModuleCalls(answer)
    result = make(transport="ssh", calls=calls, arguments={"ensure_active": "yes", "timeout": ""}).run(task_vars={})
    assert result == answer
    (arguments,) = calls.arguments
    assert_no_key(arguments)
    assert arguments == {
        "connector_id": "c-1",
        "access_token": "t0ken-long-enough",
        "ensure_active": "yes",
        "content": MADE.pem.decode(),
    }


def test_second_call_brings_the_key_when_an_upload_is_due(make, wire):
    calls = ModuleCalls(DUE, DONE)
    assert make(transport="ssh", calls=calls).run(task_vars={}) == DONE
    first, second = calls.arguments
    assert_no_key(first)
    assert calls.wrapped == [False, False]
    raw = base64.b64decode(second["content"])
    assert OLD_OID in raw
    assert second["certificate_password"] != PASSWORD and PASSWORD not in json.dumps(second)
    opened = pkcs12.load_pkcs12(raw, second["certificate_password"].encode())
    assert opened.key.private_numbers() == MADE.key.private_numbers()
    assert second["pkcs12_encryption"] == "preserve"
    assert {name: second[name] for name in ("connector_id", "access_token")} == {
        "connector_id": "c-1",
        "access_token": "t0ken-long-enough",
    }
    assert "src" not in second and "decrypt" not in second


def test_second_call_with_the_file_as_it_is(make, wire):
    calls = ModuleCalls(DUE, DONE)
    make(transport="ssh", calls=calls, arguments={"pkcs12_encryption": "preserve", "decrypt": False}).run(task_vars={})
    assert_no_key(calls.arguments[0])
    assert calls.arguments[1] == {
        "connector_id": "c-1",
        "access_token": "t0ken-long-enough",
        "content": BASE64,
        "certificate_password": PASSWORD,
        "pkcs12_encryption": "preserve",
    }


def test_failure_of_the_second_call_is_the_result(make, wire):
    calls = ModuleCalls(DUE, FAILED)
    assert make(transport="ssh", calls=calls).run(task_vars={}) == FAILED


def test_exception_of_the_first_call_ends_the_task(make, wire):
    calls = ModuleCalls(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        make(transport="ssh", calls=calls).run(task_vars={})
    assert len(calls.arguments) == 1


@pytest.mark.parametrize("transport", ["local", "ssh"])
@pytest.mark.parametrize("due", [True, False])
def test_async_looks_first_and_then_runs_one_job(make, wire, transport, due):
    job = {"started": 1, "finished": 0, "ansible_job_id": "j.1"}
    calls = ModuleCalls(DUE if due else NOTHING, job)
    assert make(transport=transport, async_val=60, calls=calls).run(task_vars={}) == job
    assert calls.wrapped == [False, True]
    assert_no_key(calls.arguments[0])
    if due:
        assert calls.arguments[1]["pkcs12_encryption"] == "preserve"
    else:
        assert_no_key(calls.arguments[1])


def test_async_that_fails_at_once(make, wire):
    calls = ModuleCalls(FAILED)
    assert make(transport="ssh", async_val=60, calls=calls).run(task_vars={}) == FAILED
    assert calls.wrapped == [False]


def test_connection_with_async_of_its_own(make, wire):
    calls = ModuleCalls(DUE, DONE)
    make(transport="ssh", async_val=60, has_native_async=True, calls=calls).run(task_vars={})
    assert calls.wrapped == [False, False]


def test_arguments_of_the_task_are_not_changed(make, wire):
    action = make(transport="ssh", calls=ModuleCalls(DUE, DONE), arguments={"tenant": "", "exclusive": "no"})
    before = copy.deepcopy(action._task.args)
    action.run(task_vars={})
    assert action._task.args == before


def test_variables_of_the_task_reach_the_module(make, wire):
    action, seen = make(transport="ssh"), []

    def execute(**given):
        seen.append(given["task_vars"])
        return {}

    action._execute_module = execute
    action.run(task_vars={"a": 1})
    assert seen == [{"a": 1}]
