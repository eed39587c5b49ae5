# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of the documentation work as they are written, and change nothing the second time."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import Environment, meta
from support.certificates import Made, make_certificate
from support.examples import Example, of_modules, of_readme

from stage import Stage

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "example~password"
CONNECTOR_ID = "45715bb8-13f9-4bf6-927f-ef96c102d394"
OURS = re.compile(r"\bmsgraph\.identity\.\w+(?=:)")
RECAP = re.compile(r"^\S+ +: ok=(\d+) +changed=(\d+) +unreachable=0 +failed=0 ", re.MULTILINE)


# Of the README, the blocks that have tasks of ours.
EXAMPLES = [*of_modules(), *(example for example in of_readme() if OURS.search(example.text))]


def values(document: Any, key: str) -> Iterator[Any]:
    """The values of a key anywhere in a document."""
    if isinstance(document, dict):
        for name, value in document.items():
            if name == key:
                yield value
            yield from values(value, key)
    elif isinstance(document, list):
        for item in document:
            yield from values(item, key)


def our_tasks(example: Example) -> list[dict[str, Any]]:
    """The options of its tasks with modules of ours."""
    return [options for module in set(OURS.findall(example.text)) for options in values(example.document, module)]


def only_reads(example: Example) -> bool:
    """Whether it has no task that could change something."""
    return all(module.endswith("_info") for module in OURS.findall(example.text))


def provide_variable(stage: Stage, name: str, made: Made) -> str:
    """A value for a variable that an example leaves to the reader, by what its name says."""
    rules = {
        r"base64|_b64": base64.b64encode(made.pfx(PASSWORD)).decode(),
        r"certificate_pem$": made.pem.decode(),
        r"private_key_pem$": made.key_pem.decode(),
        r"password": PASSWORD,
        r"connector_id$": name,
        r"client_id": stage.emulator.client_id,
        r"secret": str(stage.emulator.client_secret),
        r"tenant": stage.emulator.tenant,
        r"token": stage.emulator.mint_token(),
    }
    found = [value for pattern, value in rules.items() if re.search(pattern, name)]
    assert found, f"the example uses the variable {name}, which nobody would know how to set"
    return found[0]


def content_of(src: str, made: Made) -> bytes:
    """A file that an example names, by what its name says."""
    pem = made.pem_file(PASSWORD)
    contents = {".pfx": made.pfx(PASSWORD), ".pem": pem, ".crt": made.pem, ".key": pem.replace(made.pem, b"")}
    return contents[Path(src).suffix]


def set_stage(stage: Stage, example: Example, made: Made, predecessor: Made) -> str:
    """Put in place what an example takes for granted; returns the playbook."""
    document = example.document
    plays = (
        document
        if "hosts" in document[0]
        else [{"name": "Example", "hosts": "localhost", "gather_facts": False, "tasks": document}]
    )
    stage.write("play.yml", yaml.safe_dump(plays, sort_keys=False).encode())
    for src in (*values(document, "src"), *values(document, "private_key_src")):
        stage.write(src if "/" in src else f"files/{src}", content_of(src, made))
    hosts = {str(host) for key in ("hosts", "delegate_to") for host in values(plays, key)} - {"localhost"}
    stage.inventory += [
        f'{host} ansible_connection=bastion ansible_python_interpreter="{{{{ ansible_playbook_python }}}}"'
        for host in hosts
    ]

    # Valid for long, so that it is no news to who looks for certificates that end.
    seeded = [{"pfx": predecessor.pfx()}]
    # What an example creates is not there yet, and neither is the new name that it gives to a connector.
    created = {
        str(task.get("connector_name")) for task in our_tasks(example) if {"authentication", "connector_id"} & set(task)
    }
    names = {"Orders API", *(str(name) for name in values(document, "connector_name") if "{{" not in str(name))}
    names |= {
        str(item)
        for items in values(document, "loop")
        if isinstance(items, list)
        for item in items
        if isinstance(item, str)
    }
    for name in names - created:
        stage.emulator.add_connector(
            name, certificates=seeded, connector_id=CONNECTOR_ID if name == "Orders API" else None
        )
    # A variable for an id has its own name as its value.
    for connector in {str(given).strip("{ }") for given in values(document, "connector_id")} - {CONNECTOR_ID}:
        stage.emulator.add_connector(f"The connector {connector}", certificates=seeded, connector_id=connector)

    own = {
        name
        for key in ("vars", "ansible.builtin.set_fact")
        for given in values(plays, key)
        if isinstance(given, dict)
        for name in given
    }
    own |= {str(name) for key in ("register", "loop_var") for name in values(plays, key)}
    known = {"item", "omit", "lookup", "query", "now", *own}
    used = meta.find_undeclared_variables(Environment(autoescape=True).parse(example.text))
    variables = {
        name: provide_variable(stage, name, made) for name in sorted(used - known) if not name.startswith("ansible_")
    }
    stage.write("variables.json", stage.as_json(variables).encode())
    return "play.yml"


def test_there_are_examples() -> None:
    """Each module shows some."""
    modules = {path.stem for path in (ROOT / "plugins" / "modules").glob("*.py")}
    assert modules <= {example.origin for example in EXAMPLES}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.origin)
def test_example(stage: Stage, orders: Made, example: Example) -> None:
    """It succeeds, and the second time there is nothing left to do."""
    playbook = set_stage(stage, example, orders, make_certificate("predecessor.example"))
    changes = []
    for _turn in range(2):
        played = stage.run(
            playbook, "-e", "@variables.json", environ={**stage.sign_in_environment, **stage.hosts_environment}
        )
        assert played.code == 0, played.output
        recap = [(int(ok), int(changed)) for ok, changed in RECAP.findall(played.stdout)]
        assert sum(ok for ok, _changed in recap) > 0, played.output
        changes.append(sum(changed for _ok, changed in recap))
    assert (changes[0] == 0) is only_reads(example)
    assert changes[1] == 0
    # The examples give a secret, and the environment leads them to the emulator.
    assert played.output.count("[WARNING]") == played.output.count("[WARNING]: secret (the task) is sent to ")
