# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets stay secret: in what is printed and logged, however verbose a run is, in results that are kept, and in the
files that it leaves.
"""

from __future__ import annotations

import base64
import json
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from support.certificates import Made, make_certificate
from support.plays import BIN, Played, environment, write_playbook

from spills import Secrets, pieces, private_parts
from stage import BASTION, CONTAINER, LOCAL, RESULTS, WAYS, Stage, certificate_task

PASSWORD = "pfx~password~Jq4vT8"
WRONG_PASSWORD = "wrong~pfx~password~Wm2xK7"
WRONG_SECRET = "wrong~client-secret~Bn5cR9"
POOR_SECRET = "poor~client-secret~Hd8fL3"
WRONG_TOKEN = "wrong.access.token~Yp6sG1"
BASIC_PASSWORD = "basic~password~Ct3zN4"
FEDERATED_TOKEN = "federated~token~Kx9mV5"
KEY_PASSWORD = "client-key~password~Zt4hE6"
PASSPHRASE = "pem~passphrase~Rw6jD1"
POOR_CLIENT = "0b5d7c1e-32a4-4f6b-9c8d-5e1f2a3b4c5d"


@pytest.fixture(name="made", scope="module")
def fixture_made() -> Made:
    """A certificate whose key nobody else uses."""
    return make_certificate("secret.example", key_number=7)


@pytest.fixture(name="pfx", scope="module")
def fixture_pfx(made: Made) -> bytes:
    """The PFX of the user."""
    return made.pfx(PASSWORD)


@pytest.fixture(name="key_pem", scope="module")
def fixture_key_pem(made: Made) -> bytes:
    """The key of the user in PEM, under a passphrase."""
    return made.pem_file(PASSPHRASE).replace(made.pem, b"")


@pytest.fixture(name="application", scope="module")
def fixture_application() -> Made:
    """The certificate with which an application signs in."""
    return make_certificate("application.example", key_number=6)


@pytest.fixture(name="secrets")
def fixture_secrets(made: Made, application: Made, pfx: bytes, key_pem: bytes, stage: Stage) -> Secrets:
    """Everything that must not be seen."""
    secrets = Secrets(
        the_password=PASSWORD.encode(),
        the_wrong_password=WRONG_PASSWORD.encode(),
        the_client_secret=str(stage.emulator.client_secret).encode(),
        the_wrong_client_secret=WRONG_SECRET.encode(),
        the_poor_client_secret=POOR_SECRET.encode(),
        the_wrong_token=WRONG_TOKEN.encode(),
        the_basic_password=BASIC_PASSWORD.encode(),
        the_federated_token=FEDERATED_TOKEN.encode(),
        the_password_of_the_client_key=KEY_PASSWORD.encode(),
        the_client_key=private_parts(application.key),
        the_key=private_parts(made.key),
        the_pfx=pieces(pfx),
        the_passphrase=PASSPHRASE.encode(),
        the_encrypted_key=pieces(base64.b64decode(b"".join(key_pem.splitlines()[1:-1]))),
    )
    secrets.add_tokens(stage.emulator.mint_token())
    return secrets


def test_secrets_are_found(made: Made, pfx: bytes, key_pem: bytes, secrets: Secrets) -> None:
    """The search finds what it is for, in every form."""
    der = made.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    traditional = made.key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    for content in (der, made.key_pem, traditional, base64.b64encode(b"x" + der), der.hex().upper().encode()):
        assert list(secrets.spilt("here", b"before" + content + b"after"))
    for content in (
        key_pem,
        key_pem.replace(b"\n", b"\\n"),
        pfx,
        base64.b64encode(pfx),
        base64.b64encode(b"xx" + pfx),
        base64.encodebytes(pfx),
    ):
        assert list(secrets.spilt("here", content))
    for shift in range(3):
        assert list(secrets.spilt("here", base64.b64encode(b"x" * shift + PASSWORD.encode() + b"tail")))
    assert list(secrets.spilt("here", b"Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6.eyJhdWQiOiJodHRwczovL2dy.c2ln"))
    assert not list(secrets.spilt("here", made.pem + made.thumbprint.encode()))


# What gives the certificate and its key in PEM, by the name of the connector.
IN_PEM = {
    "pem_in_files": {"src": "made.crt", "private_key_src": "made.key", "certificate_password": "{{ passphrase }}"},
    "pem_in_one_file": {"src": "made.pem", "certificate_password": "{{ passphrase }}"},
    "pem_as_text": {
        "content": "{{ certificate }}",
        "private_key_content": "{{ encrypted_key }}",
        "certificate_password": "{{ passphrase }}",
    },
    "pem_not_encrypted": {"content": "{{ certificate ~ plain_key }}"},
    "pem_key_not_encrypted": {"src": "made.crt", "private_key_content": "{{ plain_key }}"},
}
IN_PEM_WRONG = {
    "pem_wrong_passphrase": {**IN_PEM["pem_as_text"], "certificate_password": "{{ typed_password }}"},
    "pem_without_passphrase": {"src": "made.pem"},
    "pem_preserved": {**IN_PEM["pem_not_encrypted"], "pkcs12_encryption": "preserve"},
    "pem_key_as_path": {"src": "made.crt", "private_key_src": "{{ plain_key }}"},
    "pem_key_twice": {**IN_PEM["pem_in_files"], "private_key_content": "{{ plain_key }}"},
    "pem_cut_off": {"src": "made.crt", "private_key_content": "{{ plain_key[:-30] }}"},
    "pem_of_another": {"src": "application.crt", "private_key_content": "{{ plain_key }}"},
}


def scenarios(stage: Stage, made: Made, application: Made, way: str) -> list[dict[str, Any]]:
    """A task for each way a run can end. Secrets come from variables, as Ansible prints the lines around a task that
    failed.
    """
    emulator = stage.emulator
    tenant = emulator.tenants()[0]
    poor = {"client_id": POOR_CLIENT, "secrets": [{"value": POOR_SECRET}], "roles": []}
    own = {**tenant["apps"][0], "certificates": [application.pem.decode()], "federated_tokens": [FEDERATED_TOKEN]}
    emulator.set_tenants([{**tenant, "apps": [own, poor]}])
    # The private key of the application is where the task runs, and stays there.
    stage.write("application.pfx", application.pfx(KEY_PASSWORD))
    for name in ("new", "lost", "refused", "throttled", "encoded", "short", "federated", "with_key", "looped", *IN_PEM):
        emulator.add_connector(name, certificates=[], connector_id=name)
    emulator.add_connector("listed", certificates=[{"pfx": made.pfx()}], connector_id="listed")
    emulator.add_connector("basic", basic=("user", BASIC_PASSWORD), connector_id="basic")
    emulator.settings(pfx_policy="any")
    emulator.fault(action="drop_after", method="POST", path="/lost/")
    emulator.fault(action="status", status=400, method="POST", path="/refused/", times=None)
    emulator.fault(action="status", status=429, headers={"Retry-After": "0"}, path="/throttled", times=None)

    plain = {
        "src": "made.pfx",
        "certificate_password": "{{ password }}",
        "tenant": emulator.tenant,
        "client_id": emulator.client_id,
        **stage.hosts,
    }
    signed_in = {**plain, "secret": "{{ secret }}"}
    ignore = {"ignore_errors": True}
    tasks = [
        certificate_task("predicted", {"check_mode": True}, connector_id="new", **signed_in),
        certificate_task("uploaded", connector_id="new", **signed_in),
        certificate_task("unchanged", connector_id="listed", **signed_in),
        certificate_task(
            "replaced",
            connector_id="basic",
            replace_basic_authentication=True,
            pkcs12_encryption="preserve",
            **signed_in,
        ),
        certificate_task("answer_lost", connector_id="lost", **signed_in),
        certificate_task(
            "encoded",
            connector_name="encoded",
            **{**plain, "src": "", "content": "{{ content }}", "access_token": "{{ token }}"},
        ),
        certificate_task("federated", connector_id="federated", oidc_token="{{ federated_token }}", **plain),
        certificate_task(
            "with_key",
            connector_id="with_key",
            x509_certificate_path=str(stage.directory / "application.pfx"),
            x509_certificate_password="{{ key_password }}",
            **plain,
        ),
        certificate_task(
            "wrong_password",
            ignore,
            connector_id="new",
            **{**signed_in, "certificate_password": "{{ typed_password }}"},
        ),
        certificate_task("sign_in_refused", ignore, connector_id="new", **{**plain, "secret": "{{ wrong_secret }}"}),
        certificate_task(
            "forbidden",
            ignore,
            connector_id="new",
            **{**plain, "client_id": POOR_CLIENT, "secret": "{{ poor_secret }}"},
        ),
        certificate_task("wrong_token", ignore, connector_id="new", **{**plain, "access_token": "{{ typed_token }}"}),
        certificate_task("refused", ignore, connector_id="refused", **signed_in),
        certificate_task("throttled", ignore, connector_id="throttled", retries=1, **signed_in),
        # Its items share token, list and opened file, and the last one fails.
        certificate_task(
            "looped", {**ignore, "loop": ["listed", "looped", "listed", "gone"]}, connector_id="{{ item }}", **signed_in
        ),
        certificate_task("misused", ignore, connector_id="new", **{**signed_in, "content": "{{ content }}"}),
    ]
    without_file = {name: value for name, value in signed_in.items() if name not in ("src", "certificate_password")}
    for name, file in IN_PEM.items():
        tasks += [
            certificate_task(f"{name}_predicted", {"check_mode": True}, connector_id=name, **file, **without_file),
            certificate_task(name, connector_id=name, **file, **without_file),
        ]
    for name, file in IN_PEM_WRONG.items():
        tasks.append(certificate_task(name, ignore, connector_id="new", **file, **without_file))
    if way == BASTION:
        again = {"connector_id": "short", "pkcs12_encryption": "preserve", **signed_in}
        tasks += [
            certificate_task("job", {"async": 30, "poll": 0}, **again),
            {
                "name": "Wait for the job",
                "ansible.builtin.async_status": {"jid": "{{ job.ansible_job_id }}"},
                "register": "awaited",
                "until": "awaited is finished",
                "delay": 0.2,
                "retries": 100,
            },
        ]
    tasks = [{**task, "no_log": False} for task in tasks]
    shown = [{"name": "Show a result", "ansible.builtin.debug": {"var": task["register"]}} for task in tasks]
    return tasks + shown


def write_secrets(stage: Stage, made: Made, pfx: bytes, key_pem: bytes) -> list[str]:
    """The files that a play takes its secrets from; returns the arguments that name them."""
    stage.write("made.pfx", pfx)
    stage.write("made.crt", made.pem)
    stage.write("made.key", key_pem)
    stage.write("made.pem", key_pem + made.pem)
    values = {
        "password": PASSWORD,
        "typed_password": WRONG_PASSWORD,
        "content": base64.b64encode(pfx).decode(),
        "secret": stage.emulator.client_secret,
        "wrong_secret": WRONG_SECRET,
        "poor_secret": POOR_SECRET,
        "token": stage.emulator.mint_token(),
        "federated_token": FEDERATED_TOKEN,
        "key_password": KEY_PASSWORD,
        "typed_token": WRONG_TOKEN,
        "passphrase": PASSPHRASE,
        "certificate": made.pem.decode(),
        "encrypted_key": key_pem.decode(),
        "plain_key": made.key_pem.decode(),
    }
    stage.write("secrets.json", stage.as_json(values).encode())
    return ["-e", "@secrets.json"]


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_spilt(
    stage: Stage, made: Made, application: Made, pfx: bytes, key_pem: bytes, secrets: Secrets, way: str
) -> None:
    """Whatever comes of a task, its secrets are neither printed nor logged nor kept."""
    arguments = write_secrets(stage, made, pfx, key_pem)
    stage.write("application.crt", application.pem)
    log = stage.home / "ansible.log"
    environ = {"ANSIBLE_LOG_PATH": str(log), "ANSIBLE_DEBUG": "1", "ANSIBLE_NO_LOG": "false"}
    played = stage.play(
        scenarios(stage, made, application, way), "-vvvv", "--diff", *arguments, hosts=way, environ=environ
    )
    assert played.code == 0, played.output
    results = stage.results
    failed = {name for name, result in results.items() if result.get("failed")}
    assert failed == {
        "wrong_password",
        "sign_in_refused",
        "forbidden",
        "wrong_token",
        "refused",
        "throttled",
        "misused",
        "looped",
        *IN_PEM_WRONG,
    }
    assert {name for name, result in results.items() if result.get("uploaded")} == {
        *("uploaded", "replaced", "answer_lost", "encoded", "federated", "with_key", *IN_PEM),
        *(["awaited"] if way == BASTION else []),
    }
    assert [bool(item.get("uploaded")) for item in results["looped"]["results"]] == [False, True, False, False]
    assert secrets.add_sent(stage.writes()) >= 8 + len(IN_PEM)
    kept = Path(stage.directory, RESULTS).read_bytes()
    # Ansible removes the directory of a job some seconds after its end.
    files = [path for path in stage.files() if not path.with_name("async_wrapper.py").exists()]
    assert log in files
    assert made.thumbprint in log.read_text(encoding="utf-8")
    spilt = [
        *secrets.spilt("the output", played.output.encode()),
        *secrets.spilt("the results", kept),
        *secrets.spilt_in_files(files),
    ]
    assert not spilt, "\n".join(spilt)


FILES = {"pfx": {"src": "made.pfx", "certificate_password": "{{ password }}"}, **IN_PEM}


@pytest.mark.parametrize("way", [*WAYS, CONTAINER])
@pytest.mark.parametrize("file", ["pfx", "pem_in_files", "pem_not_encrypted"])
def test_nothing_is_on_disk_meanwhile(
    stage: Stage, made: Made, pfx: bytes, key_pem: bytes, secrets: Secrets, way: str, file: str
) -> None:
    """While the key is on its way to Graph, it is in no file and in no command line."""
    stage.add_container()
    connector = stage.emulator.add_connector("Orders", certificates=[])
    stage.emulator.fault(action="stall", seconds=1.5, method="POST")
    arguments = write_secrets(stage, made, pfx, key_pem)
    task = certificate_task(
        connector_id=connector,
        **FILES[file],
        **{**stage.sign_in, "secret": "{{ secret }}"},
    )
    played: list[Played] = []
    running = threading.Thread(target=lambda: played.append(stage.play([task], *arguments, hosts=way)))
    running.start()
    while running.is_alive() and not stage.writes():
        time.sleep(0.05)
    secrets.add_sent(stage.writes())
    commands = [path for path in Path("/proc").glob("[0-9]*/cmdline") if not path.is_symlink()]
    spilt = [*secrets.spilt_in_files(stage.files()), *secrets.spilt_in_files(commands)]
    still_running = running.is_alive()
    running.join()
    assert played[0].code == 0, played[0].output
    assert still_running
    assert len(stage.writes()) == 1
    assert stage.calls("graph").count("GET " + connector) == (1 if way == LOCAL else 2)
    assert not spilt, "\n".join(spilt)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("file", ["pfx", "pem_in_files"])
def test_files_left(stage: Stage, made: Made, pfx: bytes, key_pem: bytes, way: str, file: str) -> None:
    """A run leaves no file at all in HOME and TMPDIR."""
    connector = stage.emulator.add_connector("Orders", certificates=[])
    arguments = write_secrets(stage, made, pfx, key_pem)
    options = {**FILES[file], **stage.sign_in}
    tasks = [
        certificate_task(connector_id=connector, **options),
        certificate_task(keywords={"ignore_errors": True}, connector_id="missing", **options),
    ]
    played = stage.play(tasks, *arguments, hosts=way)
    assert played.code == 0, played.output
    assert len(stage.writes()) == 1
    assert not stage.files()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("encryption", ["compatible", "preserve"])
def test_short_password(stage: Stage, made: Made, way: str, encryption: str) -> None:
    """A password that is found in every date, or in every other word, does not star out results."""
    stage.emulator.settings(pfx_policy="any")
    tasks = []
    for password in ("1", "a"):
        connector = stage.emulator.add_connector(
            f"Orders {password}", target_url="https://api.contoso.com/1", certificates=[]
        )
        src = stage.write(f"made-{password}.pfx", made.pfx(password))
        options = {
            "connector_id": connector,
            "src": src,
            "certificate_password": password,
            "pkcs12_encryption": encryption,
            **stage.sign_in,
        }
        tasks += [
            certificate_task(f"uploaded_{password}", **options),
            certificate_task(f"unchanged_{password}", **options),
        ]
    played = stage.play(tasks, "-v", "--diff", hosts=way)
    assert played.code == 0, played.output
    assert not [line for line in played.output.splitlines() if "***" in line and not line.startswith(("PLAY", "TASK"))]
    for name, result in stage.results.items():
        assert result["changed"] is name.startswith("uploaded")
        assert result["certificate"]["thumbprint"] == made.thumbprint
        assert result["connector"]["target_url"] == "https://api.contoso.com/1"


def test_short_password_of_a_job(stage: Stage, made: Made) -> None:
    """The result of an asynchronous job does not repeat a password that is too short to be starred out."""
    stage.emulator.settings(pfx_policy="any")
    connector = stage.emulator.add_connector("Orders", certificates=[])
    src = stage.write("made.pfx", made.pfx("1"))
    options = {
        "connector_id": connector,
        "src": src,
        "certificate_password": "1",
        "pkcs12_encryption": "preserve",
        **stage.sign_in,
    }
    played = stage.play([certificate_task("job", {"async": 30, "poll": 1}, **options)], "-vvv", hosts=BASTION)
    assert played.code == 0, played.output
    assert stage.results["job"]["uploaded"]
    assert '"certificate_password"' not in played.output


def test_ansible_runner(stage: Stage, made: Made, pfx: bytes, secrets: Secrets) -> None:
    """What ansible-runner keeps of a run has no secret but in the environment, which it writes down itself."""
    emulator = stage.emulator
    private = stage.directory / "runner"
    (private / "project").mkdir(parents=True)
    hosts = {way: f"{way}.connector" for way in WAYS}
    for connector in hosts.values():
        emulator.add_connector(connector, certificates=[], connector_id=connector)
        emulator.fault(action="drop_after", method="POST", path=f"/{connector}/")
    # As AWX does it: the sign-in in the environment, the password and the file in variables. Another host gets the
    # sign-in as options.
    environ = {**stage.sign_in_environment, **stage.hosts_environment}
    stage.write("runner/env/envvars", stage.as_json(environ).encode())
    variables = {
        "password": PASSWORD,
        "typed_password": WRONG_PASSWORD,
        "content": base64.b64encode(pfx).decode(),
        "graph": stage.sign_in,
    }
    stage.write("runner/env/extravars", stage.as_json(variables).encode())
    stage.write("runner/inventory/hosts", "\n".join(["localhost ansible_connection=local", *stage.inventory]).encode())
    options = {
        "connector_id": "{{ inventory_hostname }}.connector",
        "content": "{{ content }}",
        "certificate_password": "{{ password }}",
    }
    options.update(
        {name: f"{{{{ omit if inventory_hostname == 'localhost' else graph.{name} }}}}" for name in stage.sign_in}
    )
    tasks = [
        certificate_task("uploaded", **options),
        certificate_task(
            "failed", {"ignore_errors": True}, **{**options, "certificate_password": "{{ typed_password }}"}
        ),
        *({"name": "Show a result", "ansible.builtin.debug": {"var": name}} for name in ("uploaded", "failed")),
    ]
    write_playbook(private / "project", tasks, hosts="all")

    (stage.home / "tmp").mkdir(parents=True, exist_ok=True)
    command = [
        str(BIN / "ansible-runner"),
        "run",
        str(private),
        "--playbook",
        "play.yml",
        "--ident",
        "run",
        "-vvvv",
        "--cmdline=--diff",
    ]
    done = subprocess.run(
        command, env=environment(stage.home), stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=False
    )

    artifacts = private / "artifacts" / "run"
    assert done.returncode == 0, done.stdout.decode()
    assert secrets.add_sent(stage.writes()) == len(WAYS)
    events = [json.loads(path.read_text(encoding="utf-8")) for path in (artifacts / "job_events").glob("*.json")]
    assert {event["event"] for event in events} >= {"runner_on_ok", "runner_on_failed", "playbook_on_stats"}
    command_file = artifacts / "command"
    kept = json.loads(command_file.read_text(encoding="utf-8"))
    assert kept.pop("env")["AZURE_SECRET"] == emulator.client_secret
    files = [path for path in [*artifacts.rglob("*"), *stage.files()] if path.is_file() and path != command_file]
    assert artifacts / "stdout" in files
    spilt = [
        *secrets.spilt("the output", done.stdout + done.stderr),
        *secrets.spilt("artifacts/run/command without env", json.dumps(kept).encode()),
        *secrets.spilt_in_files(files),
    ]
    assert not spilt, "\n".join(spilt)
