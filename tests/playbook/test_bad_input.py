# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users get wrong ends in one clear sentence, and in nothing written."""

from __future__ import annotations

import base64
import json
import re
import socket
from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from emulator.client import Emulator
from support.certificates import Made, make_certificate
from support.plays import Played

from stage import BASTION, MODULE, Stage

PASSWORD = "orders-password"
POOR_CLIENT = "0b5d7c1e-32a4-4f6b-9c8d-5e1f2a3b4c5d"
POOR_SECRET = "poor~client-secret"
ABSENT = None  # an option that is not given


@dataclass(frozen=True)
class Mistake:
    """Options that make a task wrong which is right otherwise, and the words that its message has to have."""

    name: str
    words: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)


MISTAKES = [
    Mistake(
        "missing_file",
        ("Could not find src 'missing.pfx'. Looked in: {directory}/files, {directory}.",),
        {"src": "missing.pfx"},
    ),
    Mistake("directory", ("directory",), {"src": "directory"}),
    Mistake("empty_file", ("src 'empty.pfx' is empty",), {"src": "empty.pfx"}),
    Mistake("pem", ("src 'orders.pem' holds no private key",), {"src": "orders.pem"}),
    Mistake("der", ("certificate without its private key",), {"src": "orders.der"}),
    Mistake("garbage", ("not PKCS#12", "src 'garbage.pfx'"), {"src": "garbage.pfx"}),
    Mistake("text", ("neither PKCS#12 nor base64", "src 'text.pfx'"), {"src": "text.pfx"}),
    Mistake("truncated", ("incomplete", "src 'truncated.pfx'"), {"src": "truncated.pfx"}),
    Mistake("too_large", ("larger than", "src 'large.pfx'"), {"src": "large.pfx"}),
    Mistake("wrong_password", ("certificate_password is wrong",), {"certificate_password": "not-the-password"}),
    Mistake("missing_password", ("needs certificate_password",), {"certificate_password": ABSENT}),
    Mistake("no_key", ("no private key", "src 'no-key.pfx'"), {"src": "no-key.pfx"}),
    Mistake("expired", ("expired at", "Orders"), {"src": "expired.pfx"}),
    Mistake(
        "bad_content", ("content is neither PKCS#12 nor base64",), {"src": ABSENT, "content": "this is no base64!"}
    ),
    Mistake(
        "missing_key_file",
        ("Could not find private_key_src 'missing.key'. Looked in: {directory}/files, {directory}.",),
        {"src": "orders.pem", "private_key_src": "missing.key"},
    ),
    Mistake(
        "key_of_another",
        ("The key in private_key_src 'other.key' belongs to none of the certificates in src 'orders.pem'",),
        {"src": "orders.pem", "private_key_src": "other.key"},
    ),
    Mistake(
        "wrong_passphrase",
        ("The key in private_key_src 'orders.key' cannot be opened. certificate_password is wrong",),
        {"src": "orders.pem", "private_key_src": "orders.key", "certificate_password": "not-the-password"},
    ),
    Mistake(
        "missing_passphrase",
        ("private_key_src 'orders.key' holds an encrypted key. Give its certificate_password.",),
        {"src": "orders.pem", "private_key_src": "orders.key", "certificate_password": ABSENT},
    ),
    Mistake(
        "no_key_in_key_file",
        ("private_key_src 'orders.pem' holds no private key. Give the one that belongs to the certificate.",),
        {"src": "orders.pem", "private_key_src": "orders.pem"},
    ),
    Mistake(
        "key_beside_pkcs12",
        ("src 'orders.pfx' is PKCS#12, which has its key in it, and a key was given apart",),
        {"private_key_src": "orders.key"},
    ),
    Mistake(
        "key_as_path",
        ("private_key_src looks like the content of a file", "private_key_content"),
        {"src": "orders.pem", "private_key_src": "-----BEGIN PRIVATE KEY-----"},
    ),
    Mistake(
        "bad_key_content",
        ("private_key_content is neither PKCS#12 nor base64",),
        {"src": "orders.pem", "private_key_content": "this is no key!"},
    ),
    Mistake(
        "pem_preserved",
        ("pkcs12_encryption is preserve, but there is no PKCS#12 file to preserve", "compatible"),
        {"src": "orders.pem", "private_key_src": "orders.key", "pkcs12_encryption": "preserve"},
    ),
    Mistake(
        "key_src_and_content",
        ("mutually exclusive", "private_key_src", "private_key_content"),
        {"src": "orders.pem", "private_key_src": "orders.key", "private_key_content": "TUlJ"},
    ),
    Mistake("src_and_content", ("mutually exclusive", "src", "content"), {"content": "TUlJ"}),
    Mistake("neither_src_nor_content", ("src", "content", "required"), {"src": ABSENT}),
    Mistake("empty_src_and_content", ("src", "content", "required"), {"src": "", "content": ""}),
    Mistake(
        "empty_connector", ("connector_id", "connector_name", "required"), {"connector_name": "", "connector_id": ""}
    ),
    Mistake("id_and_name", ("mutually exclusive", "connector_id", "connector_name"), {"connector_id": "orders"}),
    Mistake(
        "unknown_id",
        ("no API connector with the ID 'nowhere'", "id"),
        {"connector_name": ABSENT, "connector_id": "nowhere"},
    ),
    Mistake("unknown_name", ("no API connector named 'Nowhere'", "name"), {"connector_name": "Nowhere"}),
    Mistake(
        "name_in_other_case",
        ("no API connector named 'ORDERS'. Names match exactly: did you mean 'Orders' (orders)?",),
        {"connector_name": "ORDERS"},
    ),
    Mistake(
        "ambiguous_name", ("'Twice'", "ambiguous", "twin-one", "twin-two", "connector_id"), {"connector_name": "Twice"}
    ),
    Mistake(
        "basic_authentication", ("basic authentication", "replace_basic_authentication"), {"connector_name": "Basic"}
    ),
    Mistake("http_graph_url", ("graph_url", "https"), {"graph_url": "http://localhost:1"}),
    Mistake("http_authority_host", ("authority_host", "https"), {"authority_host": "http://localhost:1"}),
    Mistake(
        "no_credentials",
        ("Cannot sign in", "tenant", "client_id", "secret"),
        {"tenant": ABSENT, "client_id": ABSENT, "secret": ABSENT},
    ),
    Mistake(
        "empty_credentials",
        ("Cannot sign in", "tenant", "client_id", "secret"),
        {"tenant": "", "client_id": "", "secret": ""},
    ),
    Mistake(
        "empty_secret",
        ("Cannot sign in: tenant and client_id are there (the task), but no secret",),
        {"secret": ""},
    ),
    Mistake("wrong_secret", ("AADSTS7000215", "secret"), {"secret": "not~the~secret"}),
    Mistake("unknown_tenant", ("AADSTS90002", "tenant"), {"tenant": "nobody.onmicrosoft.com"}),
    Mistake("unknown_client", ("AADSTS700016", "client_id"), {"client_id": "00000000-0000-4000-8000-000000000000"}),
    Mistake(
        "no_permission", ("403", "APIConnectors.Read", "Orders"), {"client_id": POOR_CLIENT, "secret": POOR_SECRET}
    ),
    Mistake("token_of_somebody", ("401", "token"), {"access_token": "not.a.token", "secret": ABSENT}),
    Mistake(
        "token_with_a_newline",
        ("No request can be made", "access_token"),
        {"access_token": "not a\ntoken", "secret": ABSENT},
    ),
    Mistake("untrusted_ca", ("not trusted", "ca_path"), {"ca_path": ABSENT}),
    Mistake("missing_ca", ("ca_path",), {"ca_path": "/nowhere/ca.pem"}),
    Mistake(
        "unreachable_graph",
        ("could not be reached", "{closed}"),
        {"graph_url": "https://{closed}", "retries": 0, "access_token": "any", "secret": ABSENT},
    ),
    Mistake(
        "unreachable_entra", ("Could not sign in", "{closed}"), {"authority_host": "https://{closed}", "retries": 0}
    ),
    Mistake("negative_timeout", ("timeout is -1",), {"timeout": -1}),
    Mistake("unknown_cloud", ("cloud_environment", "AzureCloud"), {"cloud_environment": "MarsCloud"}),
]

# What is settled on the controller comes before the ways part; these are tried on a bastion too.
ON_A_HOST = {
    "expired",
    "unknown_id",
    "unknown_name",
    "ambiguous_name",
    "basic_authentication",
    "http_graph_url",
    "no_credentials",
    "wrong_secret",
    "no_permission",
    "untrusted_ca",
    "unreachable_graph",
    "negative_timeout",
}
SUFFIX = "_on_a_bastion"


@dataclass(frozen=True)
class Outcome:
    """What came of a run with all mistakes."""

    played: Played
    messages: dict[str, str]
    writes: list[dict[str, Any]]
    closed: str
    directory: str


@pytest.fixture(name="outcome", scope="module")
def fixture_outcome(started: Emulator, orders: Made, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """One task in one play, made wrong by each host in another way."""
    started.reset()
    stage = Stage(tmp_path_factory.mktemp("mistakes"), started)
    tenant = started.tenants()[0]
    poor = {"client_id": POOR_CLIENT, "secrets": [{"value": POOR_SECRET}], "roles": []}
    started.set_tenants([{**tenant, "apps": [*tenant["apps"], poor]}])
    started.add_connector("Orders", certificates=[], connector_id="orders")
    started.add_connector("Twice", certificates=[], connector_id="twin-one")
    started.add_connector("Twice", certificates=[], connector_id="twin-two")
    started.add_connector("Basic", basic=("user", "basic-password"), connector_id="basic")
    write_files(stage, orders)

    right = {"connector_name": "Orders", "src": "orders.pfx", "certificate_password": PASSWORD, **stage.sign_in}
    closed = closed_port()
    given: dict[str, dict[str, Any]] = {}
    stage.inventory = []
    for mistake in MISTAKES:
        wrong = json.loads(json.dumps(mistake.options).replace("{closed}", closed))
        options = {name: value for name, value in {**right, **wrong}.items() if value is not ABSENT}
        connections = {
            mistake.name: "local",
            **({mistake.name + SUFFIX: "bastion"} if mistake.name in ON_A_HOST else {}),
        }
        for host, connection in connections.items():
            given[host] = options
            stage.inventory.append(
                f'{host} ansible_connection={connection} ansible_python_interpreter="{{{{ ansible_playbook_python }}}}"'
            )
    names = sorted({name for options in given.values() for name in options})
    task = {
        "name": "Certificate",
        MODULE: {name: f"{{{{ given[inventory_hostname].{name} | default(omit) }}}}" for name in names},
    }
    stage.write("given.json", stage.as_json({"given": given}).encode())
    played = stage.play([task], "-e", "@given.json", "--forks", "8", hosts="all")
    found = re.findall(r"^fatal: \[(\w+)\]: FAILED! => (\{.*\})$", played.stdout, re.MULTILINE)
    return Outcome(
        played,
        {host: json.loads(result)["msg"] for host, result in found},
        stage.writes(),
        closed,
        str(stage.directory),
    )


def closed_port() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


def write_files(stage: Stage, orders: Made) -> None:
    """The files that the mistakes name."""
    good = orders.pfx(PASSWORD)
    stage.write("orders.pfx", good)
    (stage.directory / "directory").mkdir()
    stage.write("empty.pfx", b"")
    stage.write("orders.pem", orders.pem)
    stage.write("orders.der", orders.der)
    stage.write("orders.key", orders.pem_file(PASSWORD).replace(orders.pem, b""))
    stage.write("other.key", make_certificate(key_number=1).key_pem)
    stage.write("garbage.pfx", b"0\x82" + bytes(range(256)) * 4)
    stage.write("text.pfx", "Kein PFX, nur Text – mit Umlauten: äöü".encode())
    stage.write("truncated.pfx", good[: len(good) // 2])
    stage.write("large.pfx", good + bytes(3 * 1024 * 1024))
    protection = BestAvailableEncryption(PASSWORD.encode())
    stage.write("no-key.pfx", pkcs12.serialize_key_and_certificates(None, None, orders.certificate, None, protection))
    stage.write("expired.pfx", make_certificate("expired.example", starts=-30, ends=-2).pfx(PASSWORD))


def test_run(outcome: Outcome) -> None:
    """The run fails, all hosts do, and nothing is written."""
    assert outcome.played.code == 2
    assert set(outcome.messages) == {mistake.name for mistake in MISTAKES} | {name + SUFFIX for name in ON_A_HOST}
    assert "Traceback" not in outcome.played.output
    assert "MODULE FAILURE" not in outcome.played.output
    assert not outcome.writes


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_message(outcome: Outcome, mistake: Mistake) -> None:
    """The message names the cause and the remedy, in few words for people."""
    message = outcome.messages[mistake.name]
    for word in mistake.words:
        word = word.replace("{closed}", outcome.closed).replace("{directory}", outcome.directory)
        assert word.lower() in message.lower()
    # A sentence ends where a blank and a capital follow.
    assert len(re.split(r"[.!?]\s+(?=[A-Za-z])", message)) <= 3
    # Only what each of the ways to sign in lacks takes longer.
    assert len(message) <= (800 if "Cannot sign in" in message else 400)
    assert "\n" not in message
    assert "1 times" not in message
    assert not re.search(r"Errno|<\w+[. ]|object at|HTTPSConnectionPool", message)


@pytest.mark.parametrize("name", sorted(ON_A_HOST))
def test_the_ways_say_the_same(outcome: Outcome, name: str) -> None:
    """Where the work runs makes no difference to a message."""
    assert outcome.messages[name + SUFFIX] == outcome.messages[name]


def test_base64_in_a_file(stage: Stage, orders: Made) -> None:
    """What the mistakes are measured against: the same task without one does its work."""
    stage.emulator.add_connector("Orders", certificates=[], connector_id="orders")
    src = stage.write("orders.b64", base64.encodebytes(orders.pfx(PASSWORD)))
    task = {
        "name": "Certificate",
        MODULE: {"connector_name": "Orders", "src": src, "certificate_password": PASSWORD, **stage.sign_in},
    }
    assert stage.play([task], hosts=BASTION).code == 0
    assert len(stage.writes()) == 1
