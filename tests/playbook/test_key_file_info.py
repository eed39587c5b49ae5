# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The filter key_file_info in real plays: its examples, what it says of text that does not fit, and what it keeps."""

from __future__ import annotations

import ast
import base64
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from support.certificates import Made, make_certificate

from spills import Secrets, private_parts
from stage import Stage

PLUGIN = Path(__file__).resolve().parents[2] / "plugins" / "filter" / "key_file_info.py"
PASSWORD = "filter~password~Gh5tY2"
WRONG_PASSWORD = "filter~wrong~Lp8vB4"
VAULT_PASSWORD = "vault~password"


@pytest.fixture(name="made", scope="module")
def fixture_made() -> Made:
    """A certificate that ends within a month."""
    return make_certificate("orders.contoso.com", ends=20)


def examples() -> list[dict[str, Any]]:
    """The tasks that the documentation shows."""
    for node in ast.parse(PLUGIN.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and [getattr(target, "id", "") for target in node.targets] == ["EXAMPLES"]:
            return list(yaml.safe_load(ast.literal_eval(node.value)))
    raise AssertionError("no examples")


def show(name: str, expression: str) -> dict[str, Any]:
    """A task that shows what an expression comes to, and may fail."""
    return {
        "name": name,
        "ansible.builtin.debug": {"msg": f"{{{{ {expression} }}}}"},
        "register": name,
        "ignore_errors": True,
    }


def test_examples(stage: Stage, made: Made) -> None:
    """They run as they are written."""
    stage.write("orders-api.pfx", made.pfx(PASSWORD))
    stage.write("orders-api.crt", made.pem)
    renew = [{"name": "Renew", "ansible.builtin.debug": {"msg": "{{ certificate.thumbprint }} is renewed"}}]
    stage.write("renew.yml", yaml.safe_dump(renew).encode())
    played = stage.play(examples(), "-e", f"orders_api_pfx_password={PASSWORD}")
    assert played.code == 0, played.output
    assert f"{made.thumbprint} is renewed" in played.stdout


def test_what_is_told_and_kept(stage: Stage, made: Made) -> None:
    """Public parts, sentences, and never a key: with the file in a variable, vaulted or not."""
    pem = made.pem_file(PASSWORD).decode()
    vaulted = VaultLib().encrypt(pem.encode(), VaultSecret(VAULT_PASSWORD.encode())).decode()
    stage.write("vault-password", VAULT_PASSWORD.encode())
    stage.write("vaulted.pem", vaulted.encode())
    indented = vaulted.replace("\n", "\n  ")
    stage.write("vars.yml", f"vaulted: !vault |\n  {indented}\n".encode())
    values = {
        "pem": pem,
        "pfx": base64.b64encode(made.pfx(PASSWORD)).decode(),
        "password": PASSWORD,
        "wrong": WRONG_PASSWORD,
    }
    stage.write("vars.json", stage.as_json(values).encode())
    info = "msgraph.identity.key_file_info"
    tasks = [
        show("of_pem", f"pem | {info}(password)"),
        show("of_pfx", f"pfx | {info}(password=password)"),
        show("of_vaulted", f"vaulted | {info}(password)"),
        show("of_vaulted_file", f"lookup('ansible.builtin.file', 'vaulted.pem') | {info}(password)"),
        show("wrong_password", f"pem | {info}(wrong)"),
        show("no_password", f"pem | {info}"),
        show("nonsense", f"'nonsense!' | {info}"),
        show("undefined", f"missing_variable | {info}"),
    ]
    arguments = ["-e", "@vars.yml", "-e", "@vars.json", "--vault-password-file", "vault-password"]
    played = stage.play(tasks, "-vvv", *arguments)
    assert played.code == 0, played.output
    results = stage.results
    for name in ("of_pem", "of_pfx", "of_vaulted", "of_vaulted_file"):
        assert results[name]["msg"]["thumbprint"] == made.thumbprint, results[name]
        assert results[name]["msg"]["subject"] == "CN=orders.contoso.com"
    for name, sentence in {
        "wrong_password": "key_file_info: The key in the input cannot be opened. password is wrong, or the key is damaged.",
        "no_password": "key_file_info: the input holds an encrypted key. Give its password.",
        "nonsense": "key_file_info: the input is neither PKCS#12 nor base64 text of it, and not PEM.",
        "undefined": "'missing_variable' is undefined",
    }.items():
        assert results[name]["failed"]
        assert sentence in results[name]["msg"]
        assert results[name]["msg"].count("key_file_info: ") <= 1
    assert "Traceback" not in played.output
    secrets = Secrets(
        the_key=private_parts(made.key), the_password=PASSWORD.encode(), the_wrong_password=WRONG_PASSWORD.encode()
    )
    kept = Path(stage.directory, "results.json").read_bytes()
    spilt = [*secrets.spilt("the output", played.output.encode()), *secrets.spilt("the results", kept)]
    assert not spilt, "\n".join(spilt)
