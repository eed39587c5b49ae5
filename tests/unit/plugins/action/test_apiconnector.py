# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12
from support.certificates import make_certificate

from ansible_collections.msgraph.identity.plugins.action.apiconnector import ActionModule

from ..fakes import CONNECTORS, ModuleCalls, make_action

PASSWORD = "Corr3ct-horse"
MADE = make_certificate()
PATH = f"{CONNECTORS}/c-1"
SIGNED_IN = {"access_token": "t0ken-long-enough"}
FILE = {"client_certificate": {"src": "x.pfx", "certificate_password": PASSWORD}}
BASIC = {"basic": {"username": "user", "password": "b4sic-password"}}
CERTIFICATE_MODE = {"@odata.type": "#microsoft.graph.clientCertificateAuthentication", "certificateList": []}
URL = "https://api.example"
CONNECTOR = {"id": "c-1", "displayName": "Orders", "targetUrl": URL, "authenticationConfiguration": CERTIFICATE_MODE}
LISTED = {"thumbprint": MADE.thumbprint, "notBefore": 0, "notAfter": 4000000000, "isActive": True}
DUE = {"changed": True, "uploaded": False, "upload_due": True}
DONE = {"changed": True, "uploaded": True}


@pytest.fixture
def make(tmp_path):
    """Makes the action of a task beside whose playbook lies files/x.pfx."""
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "x.pfx").write_bytes(MADE.pfx(PASSWORD))
    (tmp_path / "files" / "x.pem").write_bytes(MADE.pem)

    def action(arguments, **changes):
        return make_action(ActionModule, tmp_path, {**SIGNED_IN, **arguments}, **changes)

    return action


def test_create_with_a_file(make, wire):
    wire.expect("GET", CONNECTORS, {"value": []})
    wire.expect("POST", CONNECTORS, CONNECTOR, 201)
    wire.expect(
        "GET",
        CONNECTORS,
        {"value": [{**CONNECTOR, "authenticationConfiguration": {**CERTIFICATE_MODE, "certificateList": [LISTED]}}]},
    )
    result = make({"connector_name": "Orders", "target_url": URL, "authentication": FILE}).run(task_vars={})
    assert (result["changed"], result["uploaded"], result["certificate"]["is_active"]) == (True, True, True)
    sent = json.loads(wire.calls[1].body)["authenticationConfiguration"]
    assert sent["@odata.type"] == "#microsoft.graph.pkcs12Certificate"
    assert sent["password"] != PASSWORD and PASSWORD not in json.dumps(result)
    assert (
        pkcs12.load_pkcs12(base64.b64decode(sent["pkcs12Value"]), sent["password"].encode()).cert.certificate
        == MADE.certificate
    )


def test_file_as_it_is(make, wire):
    wire.expect("GET", PATH, CONNECTOR)
    upload = {"pkcs12Value": base64.b64encode(MADE.pfx(PASSWORD)).decode(), "password": PASSWORD}
    answer = {**CONNECTOR, "authenticationConfiguration": {**CERTIFICATE_MODE, "certificateList": [LISTED]}}
    wire.expect("POST", f"{PATH}/uploadClientCertificate", answer)
    authentication = {"client_certificate": {**FILE["client_certificate"], "pkcs12_encryption": "preserve"}}
    assert make({"connector_id": "c-1", "authentication": authentication}).run(task_vars={})["uploaded"]
    assert json.loads(wire.calls[1].body)["password"] == upload["password"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"connector_id": "c-1", "target_url": URL},
        {"connector_id": "c-1", "target_url": URL, "authentication": ""},
        {"connector_id": "c-1", "target_url": URL, "state": "", "authentication": None},
    ],
    ids=["left out", "empty", "null"],
)
def test_without_authentication(make, wire, arguments):
    wire.expect("GET", PATH, CONNECTOR)
    result = make(arguments).run(task_vars={})
    assert result["changed"] is False
    assert "certificate" not in result and "uploaded" not in result


def test_absent_does_not_look_at_the_file(make, wire):
    wire.expect("GET", PATH, status=404)
    result = make(
        {"connector_id": "c-1", "state": "absent", "authentication": {"client_certificate": {"src": "gone.pfx"}}}
    ).run(task_vars={})
    assert (result["changed"], result.get("failed")) == (False, None)


@pytest.mark.parametrize("transport", ["local", "ssh"])
@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (
            {"connector_name": "n", "authentication": {"client_certificate": {"src": "none.pfx"}}},
            "Could not find src 'none.pfx'. Looked in: ",
        ),
        (
            {"connector_name": "n", "authentication": {"client_certificate": {"src": "x.pfx"}}},
            "src 'x.pfx' cannot be opened. It needs certificate_password",
        ),
        (
            {"connector_name": "n", "authentication": {"client_certificate": {"src": "x.pem"}}},
            "src 'x.pem' holds no private key. Put the certificate and its key into one PEM file, or give the key as "
            "private_key_src.",
        ),
        (
            {
                "connector_name": "n",
                "authentication": {
                    "client_certificate": {
                        "src": "x.pem",
                        "private_key_content": MADE.key_pem.decode(),
                        "pkcs12_encryption": "preserve",
                    }
                },
            },
            "pkcs12_encryption is preserve, but there is no PKCS#12 file to preserve: the key is PEM.",
        ),
        ({"connector_name": "n", "authentication": {}}, "one of the following is required: basic, client_certificate"),
        ({}, "one of the following is required: connector_id, connector_name"),
    ],
    ids=["no file", "no password", "no key", "PEM as it is", "no authentication", "no connector"],
)
def test_what_does_not_fit_is_told_before_anything_is_sent(make, wire, transport, arguments, sentence):
    calls = ModuleCalls()
    result = make(arguments, transport=transport, calls=calls).run(task_vars={})
    assert result["failed"] and sentence in result["msg"]
    assert calls.arguments == []


def test_secret_in_the_wrong_place_is_not_quoted(make, wire):
    authentication = {"basic": {"username": "user", "password": "b4sic-password", "update_password": "b4sic-password"}}
    result = make({"connector_name": "n", "authentication": authentication}).run(task_vars={})
    assert result["failed"] and "update_password" in result["msg"]
    assert "b4sic-password" not in result["msg"]


# --- on the host of the task ---


def test_key_is_sent_only_when_an_upload_is_due(make, wire):
    calls = ModuleCalls(DUE, DONE)
    arguments = {"connector_name": "Orders", "target_url": URL, "timeout": "", "authentication": FILE}
    assert make(arguments, transport="ssh", calls=calls).run(task_vars={}) == DONE
    first, second = calls.arguments
    assert first == {
        **SIGNED_IN,
        "connector_name": "Orders",
        "target_url": URL,
        "authentication": {"client_certificate": {"content": MADE.pem.decode()}},
    }
    file = second["authentication"]["client_certificate"]
    assert (
        pkcs12.load_pkcs12(
            base64.b64decode(file["content"]), file["certificate_password"].encode()
        ).key.private_numbers()
        == MADE.key.private_numbers()
    )
    assert file["pkcs12_encryption"] == "preserve"
    assert PASSWORD not in json.dumps([first, second])


def test_key_in_pem_is_sent_only_when_an_upload_is_due(make, wire):
    calls = ModuleCalls(DUE, DONE)
    pem = {"src": "x.pem", "private_key_content": MADE.pem_file(PASSWORD).decode(), "certificate_password": PASSWORD}
    arguments = {"connector_id": "c-1", "authentication": {"client_certificate": pem}}
    assert make(arguments, transport="ssh", calls=calls).run(task_vars={}) == DONE
    first, second = (call["authentication"]["client_certificate"] for call in calls.arguments)
    assert first == {"content": MADE.pem.decode()}
    assert set(second) == {"content", "certificate_password", "pkcs12_encryption"}
    sent = pkcs12.load_pkcs12(base64.b64decode(second["content"]), second["certificate_password"].encode())
    assert sent.key.private_numbers() == MADE.key.private_numbers()
    assert second["certificate_password"] != PASSWORD


def test_what_needs_no_key_is_one_call(make, wire):
    calls = ModuleCalls({"changed": True, "uploaded": False})
    make({"connector_id": "c-1", "authentication": FILE}, transport="ssh", calls=calls).run(task_vars={})
    assert len(calls.arguments) == 1


def test_check_mode_is_one_call(make, wire):
    calls = ModuleCalls({**DUE, "notices": ["It was slow."], "warnings": ["Mind this."]})
    result = make({"connector_id": "c-1", "authentication": FILE}, transport="ssh", calls=calls, check_mode=True).run(
        task_vars={}
    )
    assert result == {"changed": True, "uploaded": False, "warnings": ["It was slow.", "Mind this."]}


def test_asynchronous_task_leaves_all_writing_to_its_job(make, wire):
    """The look before it is in check mode: else the job would find a change done and report none."""
    job = {"started": 1, "finished": 0, "ansible_job_id": "j.1"}
    modes = []

    class Calls(ModuleCalls):
        def __call__(self, *given, **named):
            modes.append(action._task.check_mode)
            return super().__call__(*given, **named)

    calls = Calls({"changed": True, "uploaded": False}, job)
    action = make({"connector_id": "c-1", "target_url": URL, "authentication": FILE}, async_val=60, calls=calls)
    assert action.run(task_vars={}) == job
    assert (modes, calls.wrapped) == ([True, False], [False, True])
    assert PASSWORD not in json.dumps(calls.arguments)


@pytest.mark.parametrize("async_val", [0, 60])
def test_basic_authentication_is_one_call(make, wire, async_val):
    calls = ModuleCalls(DONE)
    arguments = {"connector_name": "Orders", "authentication": BASIC, "ca_path": ""}
    make(arguments, transport="ssh", calls=calls, async_val=async_val).run(task_vars={})
    assert calls.arguments == [{**SIGNED_IN, "connector_name": "Orders", "authentication": BASIC}]
    assert calls.wrapped == [bool(async_val)]


@pytest.mark.parametrize(
    "authentication", [FILE, BASIC, {"client_certificate": {"content": "UEZY"}}], ids=["file", "basic", "content"]
)
def test_absent_sends_no_secret(make, wire, authentication):
    calls = ModuleCalls(DONE)
    make(
        {"connector_id": "c-1", "state": "absent", "authentication": authentication}, transport="ssh", calls=calls
    ).run(task_vars={})
    assert calls.arguments == [{**SIGNED_IN, "connector_id": "c-1", "state": "absent"}]
