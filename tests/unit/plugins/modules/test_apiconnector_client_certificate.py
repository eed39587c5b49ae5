# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import re
from datetime import datetime, timezone
from pathlib import Path

import pytest
import yaml
from ansible.parsing.plugin_docs import read_docstring
from support.certificates import make_certificate

from ansible_collections.msgraph.identity.plugins.doc_fragments import attributes, graph
from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import APICONNECTOR_CLIENT_CERTIFICATE, GRAPH
from ansible_collections.msgraph.identity.plugins.module_utils._client_certificate import Outcome
from ansible_collections.msgraph.identity.plugins.module_utils._errors import ServiceError
from ansible_collections.msgraph.identity.plugins.module_utils._libraries import REQUIRED
from ansible_collections.msgraph.identity.plugins.module_utils._settings import settle
from ansible_collections.msgraph.identity.plugins.modules import apiconnector_client_certificate as module

from ..fakes import CONNECTORS, make_graph

COLLECTION = Path(module.__file__).parents[2]
NOW = datetime.now(timezone.utc)
MADE = make_certificate()
PATH = f"{CONNECTORS}/c-1"
FRAGMENTS = {"graph": graph, "attributes": attributes}

documentation = yaml.safe_load(module.DOCUMENTATION)
returned = yaml.safe_load(module.RETURN)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home without profiles."""
    monkeypatch.setenv("HOME", str(tmp_path))


def as_json(*certificates):
    entries = [
        {"thumbprint": made.thumbprint, "notBefore": int(NOW.timestamp()) - 99, "notAfter": int(NOW.timestamp()) + 86400 * 300, "isActive": True}
        for made in certificates
    ]
    authentication = {"@odata.type": "#microsoft.graph.clientCertificateAuthentication", "certificateList": entries}
    return {"id": "c-1", "displayName": "Orders", "targetUrl": "https://api.example", "authenticationConfiguration": authentication}


def parameters(**arguments):
    return APICONNECTOR_CLIENT_CERTIFICATE.validate({"connector_id": "c-1", **arguments})


def test_documented_options_are_those_of_the_spec():
    documented = {**documentation["options"], **yaml.safe_load(graph.ModuleDocFragment.DOCUMENTATION)["options"]}
    fields = ("type", "default", "choices", "aliases", "elements")
    assert {name: {field: option[field] for field in fields if field in option} for name, option in documented.items()} == {
        name: {field: option[field] for field in fields if field in option} for name, option in APICONNECTOR_CLIENT_CERTIFICATE.options.items()
    }
    assert not set(documentation["options"]) & set(GRAPH.options)


def fragments(documented):
    """The texts of the fragments that a module's documentation names."""
    for name in documented["extends_documentation_fragment"]:
        file, dummy, fragment = name.removeprefix("msgraph.identity.").partition(".")
        yield yaml.safe_load(getattr(FRAGMENTS[file].ModuleDocFragment, fragment.upper() or "DOCUMENTATION"))


def test_attributes_are_those_of_the_fragment():
    described = yaml.safe_load(attributes.ModuleDocFragment.DOCUMENTATION)["attributes"]
    assert set(described) == set(documentation["attributes"])


def test_documented_requirements_are_those_that_are_checked():
    python, *libraries = documentation["requirements"]
    assert sorted(libraries) == sorted(REQUIRED.values())
    assert re.fullmatch(r"python >= 3\.\d+", python)


def modules():
    return sorted(path.stem for path in (COLLECTION / "plugins/modules").glob("*.py") if path.stem != "__init__")


def test_action_group_lists_exactly_the_modules():
    runtime = yaml.safe_load((COLLECTION / "meta/runtime.yml").read_text("utf-8"))
    assert runtime["action_groups"] == {"graph": modules()}


@pytest.mark.parametrize("name", modules())
def test_every_module_has_an_action_plugin_and_is_documented_as_a_member(name):
    assert (COLLECTION / f"plugins/action/{name}.py").is_file()
    documented = read_docstring(str(COLLECTION / f"plugins/modules/{name}.py"))["doc"]
    assert documented["module"] == name
    groups = [fragment["attributes"].get("action_group") for fragment in fragments(documented) if "attributes" in fragment]
    assert ["msgraph.identity.graph"] in [group["membership"] for group in groups if group]


def test_every_action_plugin_has_a_module():
    assert sorted(path.stem for path in (COLLECTION / "plugins/action").glob("*.py") if path.stem != "__init__") == modules()


def test_examples_fit_the_spec():
    def arguments(tasks, defaults):
        for task in tasks:
            defaults = task.get("module_defaults", {}).get("group/msgraph.identity.graph", defaults)
            if "block" in task:
                yield from arguments(task["block"], defaults)
            elif "msgraph.identity.apiconnector_client_certificate" in task:
                yield {**defaults, **task["msgraph.identity.apiconnector_client_certificate"]}

    found = list(arguments(yaml.safe_load(module.EXAMPLES), {}))
    assert len(found) >= 3
    for example in found:
        assert APICONNECTOR_CLIENT_CERTIFICATE.validate(example)["client_id"]


def check_documented(result, documented, where="result"):
    """Everything in a result is documented, with its type."""
    types = {"bool": bool, "str": str, "int": int, "dict": dict, "list": list}
    for name, value in result.items():
        assert name in documented, f"{where}.{name} is not documented"
        assert value is None or isinstance(value, types[documented[name]["type"]]), f"{where}.{name}"
        if "contains" in documented[name]:
            for entry in value if isinstance(value, list) else [value]:
                check_documented(entry, documented[name]["contains"], f"{where}.{name}")
                assert sorted(entry) == sorted(documented[name]["contains"])


def test_returned_values_are_the_documented_ones(wire, clock):
    wire.expect("GET", PATH, as_json(MADE))
    outcome = module.work(make_graph(clock), parameters(content=MADE.pem.decode()), False, NOW)
    result = outcome.render(False)
    assert set(result) - set(returned) == {"changed"}
    check_documented({name: value for name, value in result.items() if name in returned}, returned)
    assert set(returned) - set(result) == {"diff", "failure", "sign_in"}


@pytest.mark.parametrize("options", [{"access_token": "t"}, {"tenant": "contoso", "client_id": "app", "secret": "s"}], ids=sorted)
def test_returned_sign_in_is_the_documented_one(options):
    sign_in = settle(parameters(content="x", **options), {"AZURE_CLOUD_ENVIRONMENT": "AzureCloud"}).sign_in.render()
    check_documented({"sign_in": sign_in}, returned)
    assert set(sign_in["origins"]) == {*options, "cloud_environment"}


def test_returned_failure_is_the_documented_one():
    assert sorted(ServiceError("No.").failure) == sorted(returned["failure"]["contains"])


def test_certificate_alone_is_enough_to_look(wire, clock):
    wire.expect("GET", PATH, as_json())
    outcome = module.work(make_graph(clock), parameters(content=MADE.pem.decode()), False, NOW)
    assert isinstance(outcome, Outcome)
    assert (outcome.changed, outcome.uploaded, outcome.upload_due) == (True, False, True)


def test_certificate_alone_in_check_mode_makes_nothing_due(wire, clock):
    wire.expect("GET", PATH, as_json())
    outcome = module.work(make_graph(clock), parameters(content=MADE.pem.decode()), True, NOW)
    assert (outcome.changed, outcome.uploaded, outcome.upload_due) == (True, False, False)


@pytest.mark.parametrize("password", ["", "one-time"])
def test_file_is_uploaded_as_it_came(wire, clock, password):
    content = base64.b64encode(MADE.pfx(password)).decode()
    wire.expect("GET", PATH, as_json())
    wire.expect("POST", f"{PATH}/uploadClientCertificate", as_json(MADE), json={"pkcs12Value": content, "password": password})
    outcome = module.work(make_graph(clock), parameters(content=content, certificate_password=password), False, NOW)
    assert (outcome.changed, outcome.uploaded, outcome.upload_due) == (True, True, False)


def test_main_runs_the_work_with_the_spec(monkeypatch):
    seen = []
    monkeypatch.setattr(module, "run_module", lambda *given: seen.append(given))
    module.main()
    assert seen == [(APICONNECTOR_CLIENT_CERTIFICATE, module.work)]
