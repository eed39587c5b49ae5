# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets that are options in options stay secret: the password of basic authentication, the one of the file, and the
file itself.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.certificates import Made, make_certificate

from spills import Secrets, pieces, private_parts
from stage import BASTION, RESULTS, WAYS, Stage, connector_task, info_task

URL = "https://api.contoso.com/orders"
# What tasks take from variables, as Ansible prints the lines around a task that failed.
GIVEN = {
    "pfx_password": "connector~pfx~Kd3wN8",
    "passphrase": "connector~passphrase~Sx8wM3",
    "typed_password": "wrong~connector~pfx~Jm5tQ2",
    "basic_password": "connector~basic~Vr9xB4",
    "new_basic_password": "new~connector~basic~Sg2hY7",
    "url_password": "url-password-Lz6cF1",
}


@pytest.fixture(name="made", scope="module")
def fixture_made() -> Made:
    """A certificate whose key nobody else uses."""
    return make_certificate("secret.example", key_number=7)


@pytest.fixture(name="secrets")
def fixture_secrets(stage: Stage, made: Made) -> Secrets:
    """Everything that must not be seen; writes the files that a play takes it from."""
    pfx = made.pfx(GIVEN["pfx_password"])
    stage.write("made.pfx", pfx)
    stage.write("made.crt", made.pem)
    stage.write("made.key", made.pem_file(GIVEN["passphrase"]).replace(made.pem, b""))
    secrets = Secrets(
        the_key=private_parts(made.key),
        the_pfx=pieces(pfx),
        the_client_secret=str(stage.emulator.client_secret).encode(),
    )
    secrets.add({name: value.encode() for name, value in GIVEN.items()})
    secrets.add_tokens(stage.emulator.mint_token())
    values = {
        **GIVEN,
        "content": base64.b64encode(pfx).decode(),
        "plain_key": made.key_pem.decode(),
        "secret": stage.emulator.client_secret,
    }
    stage.write("secrets.json", stage.as_json(values).encode())
    return secrets


def basic(password: str = "basic_password", **options: Any) -> dict[str, Any]:
    """Basic authentication with a password from a variable."""
    return {"basic": {"username": "entra", "password": f"{{{{ {password} }}}}", **options}}


def certificate(password: str = "pfx_password", **options: Any) -> dict[str, Any]:
    """A client certificate with a password from a variable."""
    return {"client_certificate": {"certificate_password": f"{{{{ {password} }}}}", **({"src": "made.pfx"} | options)}}


def pem(password: str = "passphrase", **options: Any) -> dict[str, Any]:
    """The same in PEM, with the key in a file of its own."""
    return certificate(password, **{"src": "made.crt", "private_key_src": "made.key", **options})


def scenarios(stage: Stage, made: Made, way: str) -> list[dict[str, Any]]:
    """A task for each way a run can end."""
    emulator = stage.emulator
    emulator.settings(pfx_policy="any")
    for name in ("to_certificate", "always", "other_user", "refused", "lost"):
        emulator.add_connector(name, URL, basic=("somebody", GIVEN["basic_password"]), connector_id=name)
    emulator.add_connector("to_basic", URL, certificates=[{"pfx": made.pfx()}], connector_id="to_basic")
    emulator.add_connector("upload", URL, certificates=[], connector_id="upload")
    emulator.fault(action="status", status=400, method="PATCH", path="/refused$", times=None)
    emulator.fault(action="drop_after", method="PATCH", path="/lost$")

    def task(name: str, keywords: Mapping[str, Any] | None = None, **options: Any) -> dict[str, Any]:
        named = {} if {"connector_id", "connector_name"} & set(options) else {"connector_id": name}
        return connector_task(name, keywords, **named, **options, **{**stage.sign_in, "secret": "{{ secret }}"})

    def new(name: str) -> dict[str, Any]:
        return {"connector_name": name, "target_url": URL}

    ignore = {"ignore_errors": True}
    preserved = certificate(pkcs12_encryption="preserve")
    in_url = "https://entra:{{ url_password }}@api.contoso.com/"
    tasks = [
        task("predicted", {"check_mode": True}, **new("Basic"), authentication=basic()),
        task("predicted_file", {"check_mode": True}, **new("Certified"), authentication=certificate()),
        task("created", **new("Basic"), authentication=basic()),
        task("created_with_file", **new("Certified"), authentication=certificate()),
        task("created_with_content", **new("Encoded"), authentication=certificate(src="", content="{{ content }}")),
        task("unchanged", **new("Certified"), authentication=certificate()),
        task("predicted_pem", {"check_mode": True}, **new("In PEM"), authentication=pem()),
        task("created_with_pem", **new("In PEM"), authentication=pem()),
        task(
            "unchanged_pem",
            **new("In PEM"),
            authentication=pem(private_key_src="", private_key_content="{{ plain_key }}"),
        ),
        task("to_certificate", authentication=preserved),
        task("to_basic", authentication=basic("new_basic_password")),
        task("always", authentication=basic("new_basic_password", update_password="always")),
        task("other_user", authentication=basic("new_basic_password")),
        task("lost", authentication=basic("new_basic_password")),
        task("upload", target_url=f"{URL}/v2", authentication=preserved),
        task("removed", **new("Basic"), state="absent", authentication=basic()),
        info_task("info", **{**stage.sign_in, "secret": "{{ secret }}"}),
        task("refused", ignore, authentication=basic("new_basic_password")),
        task("wrong_password", ignore, **new("Never"), authentication=certificate("typed_password")),
        task("bad_content", ignore, **new("Never"), authentication=certificate(src="", content="{{ content[:-9] }}")),
        task("wrong_passphrase", ignore, **new("Never"), authentication=pem("typed_password")),
        task("pem_preserved", ignore, **new("Never"), authentication=pem(pkcs12_encryption="preserve")),
        task("key_as_path", ignore, **new("Never"), authentication=pem(private_key_src="{{ plain_key }}")),
        task("key_twice", ignore, **new("Never"), authentication=pem(private_key_content="{{ plain_key }}")),
        task("both", ignore, **new("Never"), authentication={**basic(), **certificate(content="{{ content }}")}),
        task("unknown_option", ignore, **new("Never"), authentication=basic(passphrase="{{ new_basic_password }}")),
        task("no_user", ignore, **new("Never"), authentication={"basic": {"password": "{{ basic_password }}"}}),
        task("no_dictionary", ignore, **new("Never"), authentication={"basic": "{{ basic_password }}"}),
        task("no_dictionary_at_all", ignore, **new("Never"), authentication="{{ basic_password }}"),
        task("in_url", ignore, connector_name="Never", target_url=in_url, authentication=basic()),
        task("removed_with_url", ignore, connector_name="Never", target_url=in_url, state="absent"),
    ]
    if way == BASTION:
        tasks.append(task("job", {"async": 30, "poll": 1}, **new("Job"), authentication=preserved))
        tasks.append(task("basic_job", {"async": 30, "poll": 1}, **new("Basic job"), authentication=basic()))
    return tasks


FAILING = {
    "refused",
    "wrong_password",
    "bad_content",
    "wrong_passphrase",
    "pem_preserved",
    "key_as_path",
    "key_twice",
    "both",
    "unknown_option",
    "no_user",
    "no_dictionary",
    "no_dictionary_at_all",
    "in_url",
}


@pytest.mark.parametrize("way", WAYS)
def test_nothing_is_spilt(stage: Stage, made: Made, secrets: Secrets, way: str) -> None:
    """Whatever comes of a task, its secrets are neither printed nor logged nor kept."""
    tasks = scenarios(stage, made, way)
    shown = [{"name": "Show a result", "ansible.builtin.debug": {"var": task["register"]}} for task in tasks]
    log = stage.home / "ansible.log"
    environ = {"ANSIBLE_LOG_PATH": str(log), "ANSIBLE_DEBUG": "1", "ANSIBLE_NO_LOG": "false"}
    played = stage.play([*tasks, *shown], "-vvvv", "--diff", "-e", "@secrets.json", hosts=way, environ=environ)
    assert played.code == 0, played.output[-5000:]
    assert {name for name, result in stage.results.items() if result.get("failed")} == FAILING
    sent_files = [entry for entry in stage.writes() if "pkcs12Value" in str(entry["body"])]
    assert secrets.add_sent(sent_files) == (6 if way == BASTION else 5)
    kept = Path(stage.directory, RESULTS).read_bytes()
    # Ansible removes the directory of a job some seconds after its end.
    files = [path for path in stage.files() if not path.with_name("async_wrapper.py").exists()]
    assert log in files
    spilt = [
        *secrets.spilt("the output", played.output.encode()),
        *secrets.spilt("the results", kept),
        *secrets.spilt_in_files(files),
    ]
    assert not spilt, "\n".join(spilt)
    assert "Traceback" not in played.output


@pytest.mark.parametrize("way", WAYS)
def test_short_password(stage: Stage, made: Made, way: str) -> None:
    """A password that is found in every date, or in every other word, does not star out results."""
    stage.emulator.settings(pfx_policy="any")
    tasks = []
    for password in ("1", "a"):
        src = stage.write(f"made-{password}.pfx", made.pfx(password))
        given = {"target_url": "https://api.contoso.com/1a", **stage.sign_in}
        file = {"src": src, "certificate_password": password, "pkcs12_encryption": "preserve"}
        user = {"username": "entra", "password": password}
        tasks.append(
            connector_task(
                f"certified_{password}",
                connector_name=f"Certified {password}",
                authentication={"client_certificate": file},
                **given,
            )
        )
        tasks.append(
            connector_task(
                f"basic_{password}", connector_name=f"Basic {password}", authentication={"basic": user}, **given
            )
        )
    played = stage.play(tasks, "-v", "--diff", hosts=way)
    assert played.code == 0, played.output
    assert not [line for line in played.output.splitlines() if "***" in line and not line.startswith(("PLAY", "TASK"))]
    for name, result in stage.results.items():
        assert result["changed"]
        assert result["connector"]["target_url"] == "https://api.contoso.com/1a"
        assert ("certificate" in result) is name.startswith("certified")
