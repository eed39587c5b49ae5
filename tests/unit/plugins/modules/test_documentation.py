# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each module's documentation says is what the module does."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from support.certificates import make_certificate

from ansible_collections.msgraph.identity.plugins import modules
from ansible_collections.msgraph.identity.plugins.doc_fragments import attributes, graph
from ansible_collections.msgraph.identity.plugins.module_utils import _argument_specs
from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import GRAPH
from ansible_collections.msgraph.identity.plugins.module_utils._errors import ServiceError
from ansible_collections.msgraph.identity.plugins.module_utils._libraries import REQUIRED
from ansible_collections.msgraph.identity.plugins.module_utils._settings import settle
from ansible_collections.msgraph.identity.plugins.module_utils._source import Source

from ..fakes import CONNECTORS, make_graph

COLLECTION = Path(modules.__path__[0]).parents[1]
FRAGMENTS = {"graph": graph, "attributes": attributes}
MODULES = sorted(path.stem for path in (COLLECTION / "plugins/modules").glob("*.py") if path.stem != "__init__")
NOW = datetime.now(timezone.utc)
MADE = make_certificate()


def of_module(name):
    """The module's documentation, examples and return values, and its spec."""
    module = import_module(f"{modules.__name__}.{name}")
    return *(yaml.safe_load(text) for text in (module.DOCUMENTATION, module.EXAMPLES, module.RETURN)), getattr(
        _argument_specs, name.upper()
    )


def fragments(documented):
    """The fragments that a module's documentation names."""
    for name in documented["extends_documentation_fragment"]:
        file, dummy, fragment = name.removeprefix("msgraph.identity.").partition(".")
        yield yaml.safe_load(getattr(FRAGMENTS[file].ModuleDocFragment, fragment.upper() or "DOCUMENTATION"))


def facts(options, nested):
    """What documentation and spec both say of options."""
    fields = ("type", "default", "choices", "aliases", "elements", "required")
    told = {}
    for name, option in options.items():
        told[name] = {
            field: sorted(option[field]) if field == "choices" else option[field] for field in fields if field in option
        }
        if nested in option:
            told[name]["nested"] = facts(option[nested], nested)
    return told


@pytest.mark.parametrize("name", MODULES)
def test_documented_options_are_those_of_the_spec(name):
    documented, dummy, unused, spec = of_module(name)
    shared = yaml.safe_load(graph.ModuleDocFragment.DOCUMENTATION)["options"]
    assert not set(documented["options"]) & set(GRAPH.options)
    assert facts({**documented["options"], **shared}, "suboptions") == facts(spec.options, "options")


@pytest.mark.parametrize("name", MODULES)
def test_attributes_are_described_and_say_what_is_supported(name):
    documented = of_module(name)[0]
    described = set(yaml.safe_load(attributes.ModuleDocFragment.DOCUMENTATION)["attributes"])
    supported = {**documented.get("attributes", {})}
    for fragment in fragments(documented):
        supported.update({name: value for name, value in fragment.get("attributes", {}).items() if "support" in value})
    assert described | {"action_group"} == set(supported)


@pytest.mark.parametrize("name", MODULES)
def test_documented_requirements_are_those_that_are_checked(name):
    python, *libraries = of_module(name)[0]["requirements"]
    assert sorted(libraries) == sorted(REQUIRED.values())
    assert re.fullmatch(r"python >= 3\.\d+", python)


def test_action_group_lists_exactly_the_modules():
    runtime = yaml.safe_load((COLLECTION / "meta/runtime.yml").read_text("utf-8"))
    assert runtime["action_groups"] == {"graph": MODULES}


@pytest.mark.parametrize("name", MODULES)
def test_every_module_has_an_action_plugin_and_is_documented_as_a_member(name):
    assert (COLLECTION / f"plugins/action/{name}.py").is_file()
    documented = of_module(name)[0]
    assert documented["module"] == name
    groups = [
        fragment["attributes"].get("action_group") for fragment in fragments(documented) if "attributes" in fragment
    ]
    assert ["msgraph.identity.graph"] in [group["membership"] for group in groups if group]


def test_every_action_plugin_has_a_module():
    assert (
        sorted(path.stem for path in (COLLECTION / "plugins/action").glob("*.py") if path.stem != "__init__") == MODULES
    )


@pytest.mark.parametrize("name", MODULES)
def test_examples_fit_the_spec(name):
    def arguments(tasks, defaults):
        for task in tasks:
            defaults = task.get("module_defaults", {}).get("group/msgraph.identity.graph", defaults)
            if "block" in task:
                yield from arguments(task["block"], defaults)
            elif f"msgraph.identity.{name}" in task:
                yield {**defaults, **task[f"msgraph.identity.{name}"]}

    dummy, examples, unused, spec = of_module(name)
    found = list(arguments(examples, {}))
    assert len(found) >= 2
    for example in found:
        assert spec.validate(example)["client_id"]


def check_documented(result, documented, where="result"):
    """Everything in a result is documented, with its type."""
    types = {"bool": bool, "str": str, "int": int, "dict": dict, "list": list}
    for name, value in result.items():
        assert name in documented, f"{where}.{name} is not documented"
        assert value is None or isinstance(value, types[documented[name]["type"]]), f"{where}.{name}"
        if "contains" in documented[name] and value is not None:
            for entry in value if isinstance(value, list) else [value]:
                check_documented(entry, documented[name]["contains"], f"{where}.{name}")
                assert sorted(entry) == sorted(documented[name]["contains"])


# Options for a connector that has the certificate already.
RECEIVED = {"content": MADE.pem.decode()}
ARGUMENTS = {
    "apiconnector": {"connector_id": "c-1", "authentication": {"client_certificate": RECEIVED}},
    "apiconnector_client_certificate": {"connector_id": "c-1", **RECEIVED},
    "apiconnector_info": {"connector_id": "c-1"},
}


@pytest.mark.parametrize("name", MODULES)
def test_returned_values_are_the_documented_ones(wire, clock, name):
    dummy, unused, returned, spec = of_module(name)
    kind = import_module(f"{modules.__name__}.{name}").MODULE
    parameters = spec.validate(ARGUMENTS[name])
    options = kind.file_options(parameters)
    source = Source.received(options) if options else None
    now = int(NOW.timestamp())
    entry = {"thumbprint": MADE.thumbprint, "notBefore": now - 99, "notAfter": now + 86400 * 300, "isActive": True}
    authentication = {"@odata.type": "#microsoft.graph.clientCertificateAuthentication", "certificateList": [entry]}
    answer = {
        "id": "c-1",
        "displayName": "Orders",
        "targetUrl": "https://api.example",
        "authenticationConfiguration": authentication,
    }
    wire.expect("GET", f"{CONNECTORS}/c-1", answer)
    result = kind.work(make_graph(clock), parameters, source, False, NOW).render(False)
    assert set(result) - set(returned) == {"changed"}
    check_documented({name: value for name, value in result.items() if name in returned}, returned)
    assert set(returned) - set(result) - {"diff"} == {"failure", "sign_in"}


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize(
    "options", [{"access_token": "t"}, {"tenant": "contoso", "client_id": "app", "secret": "s"}], ids=sorted
)
def test_returned_sign_in_is_the_documented_one(monkeypatch, tmp_path, name, options):
    monkeypatch.setenv("HOME", str(tmp_path))
    dummy, unused, returned, spec = of_module(name)
    sign_in = settle(
        spec.validate({**ARGUMENTS[name], **options}), {"AZURE_CLOUD_ENVIRONMENT": "AzureCloud"}
    ).sign_in.render()
    check_documented({"sign_in": sign_in}, returned)
    assert set(sign_in["origins"]) == {*options, "cloud_environment"}


@pytest.mark.parametrize("name", MODULES)
def test_returned_failure_is_the_documented_one(name):
    assert sorted(ServiceError("No.").failure) == sorted(of_module(name)[2]["failure"]["contains"])


@pytest.mark.parametrize("key", ["connector", "certificate", "sign_in", "failure", "uploaded"])
def test_what_several_modules_return_is_documented_alike(key):
    documented = [returned[key] for returned in (of_module(name)[2] for name in MODULES) if key in returned]
    assert len(documented) >= 2
    assert all(entry.get("contains") == documented[0].get("contains") for entry in documented)


@pytest.mark.parametrize("name", MODULES)
def test_main_runs_the_work_with_the_spec(monkeypatch, name):
    module, seen = import_module(f"{modules.__name__}.{name}"), []
    monkeypatch.setattr(module, "run_module", lambda *given: seen.append(given))
    module.main()
    assert seen == [(module.MODULE,)]
    assert module.MODULE.spec is of_module(name)[3]


def test_listed_connectors_are_documented_as_single_ones_are():
    listed = of_module("apiconnector_info")[2]["connectors"]["contains"]
    single = of_module("apiconnector")[2]["connector"]["contains"]
    assert {name: value for name, value in listed.items() if name not in ("active_certificate", "id")} == {
        name: value for name, value in single.items() if name != "id"
    }
    assert listed["active_certificate"]["contains"] == single["authentication"]["contains"]["certificates"]["contains"]


def test_file_options_are_documented_as_in_the_other_module():
    other = of_module("apiconnector_client_certificate")[0]["options"]
    for name, option in of_module("apiconnector")[0]["options"]["authentication"]["suboptions"]["client_certificate"][
        "suboptions"
    ].items():
        said = yaml.safe_dump(option).replace("authentication.client_certificate.", "")
        assert " ".join(said.split()) == " ".join(yaml.safe_dump(other[name]).split())
