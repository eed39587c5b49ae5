# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the collection brings for AWX is what AWX accepts, and the playbook that sets it up does so with the modules of
awx.awx.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import Template
from support.plays import COLLECTIONS, Played

from awx_jobs import DEFINITIONS, INVENTORY, ROOT, definition
from awx_rules import credential_type_faults, survey_faults
from awx_server import ENCRYPTED, AwxServer
from spills import Secrets
from stage import Stage

CREDENTIAL_TYPES = sorted(path.stem for path in DEFINITIONS.glob("credential_types/*.yml"))
SURVEYS = sorted(path.stem for path in DEFINITIONS.glob("surveys/*.yml"))
PLAYBOOK = "msgraph.identity.configure_awx"
TOKEN = "awx~token~Vb6yQ3"
SECRETS = {
    "CONTOSO_AWX_TOKEN": TOKEN,
    "CONTOSO_CLIENT_SECRET": "client~secret~Hs8mC4",
    "ORDERS_PFX_BASE64": "pfx~in~base64~Wd2kF9",
    "ORDERS_PFX_PASSWORD": "pfx~password~Jq4vT8",
}
UPLOAD, CHECK = "Upload a client certificate to an API connector", "Check client certificates of API connectors"
APPLICATION = "Microsoft Graph application"
RECAP = re.compile(r"^localhost .* changed=(\d+) ", re.MULTILINE)


@pytest.mark.parametrize("name", CREDENTIAL_TYPES)
def test_credential_type(name: str) -> None:
    """AWX takes it, and hides every field that is one of a secret."""
    document = definition(f"credential_types/{name}")
    assert set(document) == {"name", "description", "kind", "inputs", "injectors"}
    assert list(credential_type_faults(document["inputs"], document["injectors"])) == []
    # Only these kinds can be put into a job template.
    assert document["kind"] in ("cloud", "net")
    open_fields = {field["id"] for field in document["inputs"]["fields"] if not field.get("secret")}
    assert open_fields <= {"tenant", "client_id", "cloud_environment"}
    # AWX shows the environment of a job, but for variables with such names.
    filled = {
        **dict.fromkeys(open_fields, "open"),
        **{field["id"]: "SECRET" for field in document["inputs"]["fields"] if field.get("secret")},
    }
    shown = {
        name: Template(template).render(filled, tower={"filename": "a file"})
        for name, template in document["injectors"]["env"].items()
    }
    assert [
        name for name, value in shown.items() if "SECRET" in value and not re.search("API|TOKEN|KEY|SECRET|PASS", name)
    ] == []


@pytest.mark.parametrize("name", SURVEYS)
def test_survey(name: str) -> None:
    """AWX takes it, and its questions are for variables of the playbook of the same name, where an empty answer is one."""
    document = definition(f"surveys/{name}")
    assert set(document) == {"name", "description", "spec"}
    assert list(survey_faults(document)) == []
    playbook = (ROOT / "playbooks" / f"{name}.yml").read_text(encoding="utf-8")
    for question in document["spec"]:
        assert re.search(rf"\b{question['variable']}\b", playbook)
        assert question["question_description"].endswith(".")


def test_rules() -> None:
    """The rules find what they are for."""
    fields = [
        {"id": "a b", "label": "A"},
        {"id": "c", "label": "C", "type": "boolean", "secret": True},
        {"id": "c", "label": "C", "default": 1},
    ]
    injectors = {
        "env": {"ANSIBLE_X": "{{ c }}", "Y": "{{ d }}", "Z": "{% if %}"},
        "file": {"template": "", "template.x": ""},
        "more": {},
    }
    assert len(list(credential_type_faults({"fields": fields, "required": ["e"], "more": []}, injectors))) == 11
    questions: list[dict[str, Any]] = [
        {"variable": "a", "question_name": "A", "type": "multiplechoice", "required": True, "choices": [False, True]},
        {"variable": "a", "question_name": "A", "type": "integer", "required": "no", "default": "1", "min": "0"},
        {"variable": "b", "type": "bool", "required": True},
    ]
    assert len(list(survey_faults({"name": "", "spec": questions}))) == 8
    assert list(survey_faults({"name": "", "description": "", "spec": []})) == ["there is no question"]


@pytest.fixture(name="awx_awx", scope="session")
def fixture_awx_awx() -> str:
    """The path of the collection awx.awx."""
    spec = importlib.util.spec_from_file_location("awx_collection", ROOT / "tests" / "tools" / "awx_collection.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return str(module.provide())


@pytest.fixture(name="awx")
def fixture_awx() -> Iterator[AwxServer]:
    """An AWX as it is after its installation, but for who is told of failures."""
    with AwxServer(TOKEN) as server:
        server.add("notification_templates", name="Identity team")
        yield server


def configure(stage: Stage, collections: str, awx: AwxServer, *arguments: str, **changes: Any) -> Played:
    """Run the playbook with the variables of the example, which are changed no further than needed."""
    variables = yaml.safe_load((ROOT / "playbooks" / "vars" / "awx.example.yml").read_text(encoding="utf-8"))
    variables["awx"]["controller_host"] = awx.url
    stage.write("awx.yml", yaml.safe_dump({**variables, **changes}).encode())
    environ = {
        "ANSIBLE_COLLECTIONS_PATH": f"{COLLECTIONS}{os.pathsep}{collections}",
        "ANSIBLE_PIPELINING": "true",
        **SECRETS,
    }
    return stage.run(PLAYBOOK, "-e", "@awx.yml", *arguments, environ=environ)


def changed(played: Played) -> int:
    """How many tasks made a difference."""
    assert played.code == 0, played.output
    (count,) = RECAP.findall(played.stdout)
    return int(count)


def test_configure(stage: Stage, awx: AwxServer, awx_awx: str) -> None:
    """Everything of the example is made once; the second run changes nothing, and nothing secret is printed."""
    first = configure(stage, awx_awx, awx, "-vvv")
    assert changed(first) == 10
    assert "[WARNING]" not in first.output
    for name in CREDENTIAL_TYPES:
        document = definition(f"credential_types/{name}")
        made = awx.find("credential_types", document["name"])
        assert {key: made[key] for key in document} == document
    application, certificate = awx.find("credentials", APPLICATION), awx.find("credentials", "Orders API 2027")
    assert application["inputs"]["secret"] == ENCRYPTED
    assert awx.secrets == {
        application["id"]: {"secret": SECRETS["CONTOSO_CLIENT_SECRET"]},
        certificate["id"]: {"pfx": SECRETS["ORDERS_PFX_BASE64"], "password": SECRETS["ORDERS_PFX_PASSWORD"]},
    }
    host = awx.find("hosts", "localhost")
    assert yaml.safe_load(host["variables"]) == INVENTORY["all"]["hosts"]["localhost"]
    environment = awx.find("execution_environments", "Microsoft Graph identity")
    for name, survey in {UPLOAD: "upload_client_certificate", CHECK: "check_client_certificates"}.items():
        template = awx.find("job_templates", name)
        assert awx.below[f"{template['url']}survey_spec/"] == definition(f"surveys/{survey}")
        assert awx.names(template, "credentials") == [APPLICATION]
        assert (ROOT / template["playbook"]).is_file()
        assert template["execution_environment"] == environment["id"]
        assert (template["survey_enabled"], template["inventory"]) == (True, host["inventory"])
        assert "extra_vars" not in template
    assert awx.find("job_templates", UPLOAD)["ask_job_type_on_launch"] is True
    assert awx.find("job_templates", UPLOAD)["ask_credential_on_launch"] is True
    assert awx.names(awx.find("job_templates", CHECK), "notification_templates_error") == ["Identity team"]
    schedule = awx.find("schedules", CHECK)
    assert (schedule["unified_job_template"], schedule["extra_data"]) == (
        awx.find("job_templates", CHECK)["id"],
        {"expiring_within_days": 45},
    )
    assert schedule["rrule"].startswith("DTSTART;TZID=Europe/Berlin:")

    written = len(awx.writes)
    second = configure(stage, awx_awx, awx, "-vvv")
    assert changed(second) == 0
    assert awx.writes[written:] == []
    spilt = Secrets(**{name: secret.encode() for name, secret in SECRETS.items()})
    for played in (first, second):
        assert list(spilt.spilt("the output", played.output.encode())) == []


def test_configure_the_least(stage: Stage, awx: AwxServer, awx_awx: str) -> None:
    """A project is enough when the credential is there already; a check shows what another run would change."""
    awx.add("credential_types", name="Microsoft Azure Resource Manager", inputs={"fields": []})
    awx.add(
        "credentials",
        name="Azure",
        inputs={},
        credential_type=awx.find("credential_types", "Microsoft Azure Resource Manager")["id"],
    )
    least: dict[str, Any] = {
        "awx_application": {"name": "Azure"},
        "awx_execution_environment": {},
        "awx_check": {},
        "awx_graph": {"api_version": "beta"},
    }
    assert changed(configure(stage, awx_awx, awx, **least)) == 8
    assert awx.items["execution_environments"] == []
    assert "execution_environment" not in awx.find("job_templates", CHECK)
    assert awx.names(awx.find("job_templates", UPLOAD), "credentials") == ["Azure"]
    assert (
        awx.find("job_templates", UPLOAD)["extra_vars"]
        == awx.find("job_templates", CHECK)["extra_vars"]
        == '{"graph": {"api_version": "beta"}}'
    )
    assert awx.find("schedules", CHECK)["rrule"] == "DTSTART:20260101T030000Z RRULE:FREQ=DAILY;INTERVAL=1"
    written = len(awx.writes)
    later = {**least, "awx_check": {"rrule": "DTSTART:20260101T040000Z RRULE:FREQ=DAILY;INTERVAL=1"}}
    # The schedule, and a credential: AWX cannot tell whether a secret is another one, so that somebody has to say it.
    assert changed(configure(stage, awx_awx, awx, "--check", **later, awx_update_secrets=True)) == 2
    assert awx.writes[written:] == []


def test_configure_mistakes(stage: Stage, awx: AwxServer, awx_awx: str) -> None:
    """What is missing is said; secrets of a credential that AWX refuses are not."""
    no_project = configure(stage, awx_awx, awx, awx_project={})
    assert "Give the git repository with the playbooks as awx_project.scm_url." in no_project.output
    no_collection = configure(stage, "", awx)
    assert "awx.awx" in no_collection.output
    wrong_field = configure(
        stage,
        awx_awx,
        awx,
        "-vvv",
        awx_application={"inputs": {"tenant": "contoso.onmicrosoft.com", "client_secret": TOKEN}},
    )
    assert (
        "Unable to create credential Microsoft Graph application: there is no field client_secret" in wrong_field.output
    )
    assert 0 not in {no_project.code, no_collection.code, wrong_field.code}
    assert TOKEN not in wrong_field.output


def test_example_is_complete() -> None:
    """Every variable that the playbook takes is in the example."""
    example = Path(ROOT / "playbooks" / "vars" / "awx.example.yml").read_text(encoding="utf-8")
    used = {
        name
        for path in ROOT.glob("playbooks/**/configure_awx.yml")
        for name in re.findall(r"\bawx_\w+(?:\.\w+)?", path.read_text(encoding="utf-8"))
    }
    missing = {name for name in used if not all(re.search(rf"\b{part}:", example) for part in name.split("."))}
    assert missing - {"awx_awx"} == set()
