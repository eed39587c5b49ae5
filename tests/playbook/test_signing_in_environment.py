# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signing in where others have set the scene: AWX, profiles, proxies, CA bundles, and variables that must not matter."""

from __future__ import annotations

import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from emulator.client import Emulator
from emulator.defaults import CLIENT_ID, CLIENT_SECRET, DOMAIN, TENANT
from support.certificates import Made, make_certificate
from support.proxies import Proxy

from awx_jobs import Credential
from signing_in_tasks import Attempt, attempt_tasks, by_task, change_app, write_values
from stage import LOCAL, WAYS, Stage, info_task

PERCENT_SECRET = "%(profile)s~client-secret~100%~Fz6hP1"
WRONG_SECRET = "wrong~client-secret~Mw3tB8"
OTHER_CLIENT = "0b5d7c1e-32a4-4f6b-9c8d-5e1f2a3b4c5d"
WITH_SECRET = {"tenant": TENANT, "client_id": CLIENT_ID, "secret": "{{ given.secret }}"}


def awx_environment(directory: Path, **inputs: str) -> dict[str, str]:
    """What AWX sets for a credential of the kind "Microsoft Azure Resource Manager"."""
    from awx_plugins.credentials.plugins import azure_rm

    environ: dict[str, str] = {}
    Credential(azure_rm, inputs).inject(environ, directory)
    return environ


@pytest.mark.skipif(sys.version_info < (3, 11), reason="awx-plugins-core needs Python 3.11")
@pytest.mark.parametrize("way", WAYS)
def test_awx(stage: Stage, orders: Made, way: str) -> None:
    """Its credential is all that a job template needs."""
    environ = awx_environment(
        stage.directory, subscription="5f7c8e4d", client=CLIENT_ID, tenant=TENANT, secret=CLIENT_SECRET
    )
    assert environ == {
        "AZURE_SUBSCRIPTION_ID": "5f7c8e4d",
        "AZURE_CLIENT_ID": CLIENT_ID,
        "AZURE_TENANT": TENANT,
        "AZURE_SECRET": CLIENT_SECRET,
    }
    played = stage.play(
        attempt_tasks(stage, orders, {"orders": Attempt()}), hosts=way, environ={**environ, **stage.hosts_environment}
    )
    assert played.code == 0, played.output
    result = stage.results["orders"]
    assert not result.get("failed"), result["msg"]
    assert (result["changed"], result["sign_in"]["auth_method"]) == (False, "client_secret")
    assert result["sign_in"]["origins"]["secret"] == "environment variable AZURE_SECRET"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="awx-plugins-core needs Python 3.11")
def test_awx_with_gaps(stage: Stage, orders: Made) -> None:
    """Fields that are not filled in arrive as empty strings, and mean nothing."""
    without_secret = awx_environment(stage.directory, client=CLIENT_ID, tenant=TENANT)
    with_user = awx_environment(
        stage.directory, username="user@contoso.onmicrosoft.com", password="user~password~Sd5wK2"
    )
    with_cloud = awx_environment(
        stage.directory, client=CLIENT_ID, tenant=TENANT, secret=CLIENT_SECRET, cloud_environment="AzureChinaCloud"
    )
    assert (
        without_secret["AZURE_SECRET"],
        with_user["AZURE_SUBSCRIPTION_ID"],
        with_cloud["AZURE_CLOUD_ENVIRONMENT"],
    ) == ("", "", "AzureChinaCloud")
    attempts = {
        "no_secret": Attempt(environment=without_secret),
        "no_secret_but_a_token": Attempt(
            environment={**without_secret, "MSGRAPH_ACCESS_TOKEN": stage.emulator.mint_token()}
        ),
        "user": Attempt(environment=with_user),
        "cloud": Attempt(environment=with_cloud),
    }
    played = stage.play(attempt_tasks(stage, orders, attempts), environ=stage.hosts_environment)
    assert played.code == 0, played.output
    results = stage.results
    assert results["no_secret"]["msg"] == (
        "Cannot sign in: tenant and client_id are there (the environment), but no secret, x509_certificate_path or oidc_token."
    )
    assert not results["no_secret_but_a_token"].get("failed")
    assert "AZURE_AD_USER and AZURE_PASSWORD are not used" in results["user"]["msg"]
    assert "user~password" not in results["user"]["msg"]
    assert results["cloud"]["sign_in"]["cloud_environment"] == "AzureChinaCloud"


def write_profiles(home: Path, content: str, encoding: str = "utf-8") -> None:
    """The file that azure.azcollection reads too."""
    (home / ".azure").mkdir(parents=True)
    (home / ".azure" / "credentials").write_bytes(content.encode(encoding))


PROFILES = f"""
[default]
subscription_id = 5f7c8e4d
tenant = {TENANT}
client_id = {CLIENT_ID}
secret = {PERCENT_SECRET}

[other]
tenant: {DOMAIN}
client_id: {OTHER_CLIENT}
secret: {CLIENT_SECRET}
cloud_environment: AzureUSGovernment

[part]
tenant = {TENANT}
secret =
"""


def test_profile_of_another_user(stage: Stage, orders: Made) -> None:
    """On a local connection become changes nothing, and the task says whose profile it was."""
    write_profiles(stage.home, PROFILES.replace(PERCENT_SECRET, CLIENT_SECRET))
    task = {
        **info_task("become", {"become": True, "become_user": "nobody"}),
        "name": "As nobody",
    }
    tasks = [task, info_task("secret", {"become": True, "become_user": "nobody"}, **stage.sign_in)]
    played = stage.play(tasks, environ=stage.hosts_environment)
    assert played.code == 0, played.output
    told = {
        name: [said for said in result.get("warnings", ()) if "become" in said]
        for name, result in stage.results.items()
    }
    (warning,) = told["become"]
    assert warning.startswith(
        "become has no effect on a local connection: the profile in ~/.azure/credentials was read as "
    )
    assert warning.endswith(", who runs Ansible, and not as nobody.")
    assert not told["secret"]


def test_profiles(stage: Stage, orders: Made) -> None:
    """The section that a task names is not mixed with the environment; the one that nobody named completes it."""
    other = {"client_id": OTHER_CLIENT, "secrets": [{"value": CLIENT_SECRET}], "roles": ["APIConnectors.Read.All"]}
    change_app(stage.emulator, other, secrets=[{"value": PERCENT_SECRET}, {"value": CLIENT_SECRET}])
    write_profiles(stage.home, PROFILES)
    attempts = {
        "default": Attempt(),
        "named": Attempt({"profile": "other"}),
        "named_by_variable": Attempt(environment={"AZURE_PROFILE": "other"}),
        "task_beats_variable": Attempt({"profile": "other"}, {"AZURE_PROFILE": "missing"}),
        "profile_beats_environment": Attempt(
            {"profile": "other"}, {"AZURE_TENANT": TENANT, "AZURE_CLIENT_ID": CLIENT_ID, "AZURE_SECRET": WRONG_SECRET}
        ),
        "task_beats_profile": Attempt(
            {"profile": "other", "tenant": TENANT}, {"AZURE_CLIENT_ID": CLIENT_ID, "AZURE_TENANT": "nobody.example"}
        ),
        "environment_completes_default": Attempt(environment={"AZURE_TENANT": DOMAIN}),
        "a_complete_environment": Attempt(environment={"MSGRAPH_ACCESS_TOKEN": "{{ given.token }}"}),
        "empty_values": Attempt({"profile": "part"}, {"AZURE_CLIENT_ID": CLIENT_ID}),
        "missing": Attempt({"profile": "missing"}),
    }
    values = write_values(stage, token=stage.emulator.mint_token())
    played = stage.play(attempt_tasks(stage, orders, attempts), *values, environ=stage.hosts_environment)
    assert played.code == 0, played.output
    results = stage.results
    told = {
        name: [results[name]["sign_in"]["origins"].get(option) for option in ("tenant", "client_id", "secret")]
        for name in list(attempts)[:7]
    }
    profile = "profile other"
    assert told == {
        "default": ["profile default"] * 3,
        "named": [profile] * 3,
        "named_by_variable": [profile] * 3,
        "task_beats_variable": [profile] * 3,
        "profile_beats_environment": [profile] * 3,
        "task_beats_profile": ["the task", profile, profile],
        "environment_completes_default": ["environment variable AZURE_TENANT", "profile default", "profile default"],
    }
    sent = {
        name: next(entry["body"]["client_secret"] for entry in entries if entry["body"])
        for name, entries in requests_to_entra(stage.emulator).items()
    }
    own = ("default", "environment_completes_default")
    assert sent == {**dict.fromkeys(told, CLIENT_SECRET), **dict.fromkeys(own, PERCENT_SECRET)}
    assert results["profile_beats_environment"]["sign_in"]["unused"] == {
        "tenant": "environment variable AZURE_TENANT",
        "client_id": "environment variable AZURE_CLIENT_ID",
        "secret": "environment variable AZURE_SECRET",
    }
    assert results["named"]["sign_in"]["cloud_environment"] == "AzureUSGovernment"
    assert results["a_complete_environment"]["sign_in"]["auth_method"] == "access_token"
    assert {name for name, result in results.items() if result.get("failed")} == {"empty_values", "missing"}
    assert results["empty_values"]["msg"] == (
        "Cannot sign in: tenant is there (profile part), but no client_id and no secret, x509_certificate_path or oidc_token."
        " The task names a profile, so client_id of the environment is not used."
    )
    assert (
        results["missing"]["msg"]
        == "There is no profile 'missing' in ~/.azure/credentials; it has default, other, part."
    )


@pytest.mark.parametrize("way", WAYS)
def test_what_the_task_names_is_used(stage: Stage, orders: Made, way: str) -> None:
    """Whatever else the environment of AWX, a pod or a shell gives; and the result tells what was found besides."""
    application = make_certificate("application.example", key_number=2)
    other = {"client_id": OTHER_CLIENT, "secrets": [{"value": PERCENT_SECRET}], "roles": ["APIConnectors.Read.All"]}
    change_app(stage.emulator, other, certificates=[application.pem.decode()])
    write_profiles(
        stage.home,
        f'[prod]\r\ntenant="{DOMAIN}"\r\nclient_id={OTHER_CLIENT}\r\nclient_secret={PERCENT_SECRET}\r\n',
        "utf-16",
    )
    key = str(stage.directory / stage.write("key.pem", application.pem_file()))
    awx = {
        "AZURE_TENANT": TENANT,
        "AZURE_CLIENT_ID": CLIENT_ID,
        "AZURE_SECRET": "{{ given.secret }}",
        "AZURE_AD_USER": "",
    }
    pod = {
        "AZURE_TENANT_ID": DOMAIN,
        "AZURE_CLIENT_ID": OTHER_CLIENT,
        "AZURE_FEDERATED_TOKEN_FILE": "/var/run/secrets/azure/tokens/azure-identity-token",
    }
    attempts = {
        "profile": Attempt({"profile": "prod"}, awx),
        "certificate": Attempt({"x509_certificate_path": key}, awx),
        "secret": Attempt({"secret": "{{ given.secret }}\n"}, {**awx, "AZURE_SECRET": WRONG_SECRET}),
        "awx_in_a_pod": Attempt(environment={**pod, **awx}),
        "two": Attempt({**WITH_SECRET, "x509_certificate_path": key}, awx),
        "one_of_two": Attempt({**WITH_SECRET, "x509_certificate_path": key, "auth_method": "client_secret"}),
        "bearer": Attempt({"access_token": "Bearer {{ given.token }}\n"}, awx),
    }
    values = write_values(stage, token=stage.emulator.mint_token())
    played = stage.play(attempt_tasks(stage, orders, attempts), *values, hosts=way, environ=stage.hosts_environment)
    assert played.code == 0, played.output
    results = stage.results
    assert {name for name, result in results.items() if result.get("failed")} == {"two"}
    assert results["two"]["msg"].startswith("The task gives secret and x509_certificate_path, ")
    signed = {name: result["sign_in"] for name, result in results.items() if name != "two"}
    assert {name: (who["auth_method"], who["client_id"], list(who["unused"])) for name, who in signed.items()} == {
        "profile": ("client_secret", OTHER_CLIENT, ["tenant", "client_id", "secret"]),
        "certificate": ("client_certificate", CLIENT_ID, ["secret"]),
        "secret": ("client_secret", CLIENT_ID, ["secret"]),
        "awx_in_a_pod": ("client_secret", CLIENT_ID, ["tenant", "oidc_token_file_path"]),
        "one_of_two": ("client_secret", CLIENT_ID, []),
        "bearer": ("access_token", None, ["tenant", "client_id", "secret"]),
    }
    assert signed["profile"]["origins"]["client_id"] == "profile prod"
    assert (
        "x509_certificate_path of the task is not used: it signs in by client_secret."
        in results["one_of_two"]["warnings"]
    )
    host = urlsplit(stage.emulator.authority_host).netloc
    assert results["secret"]["warnings"] == [
        f"secret (the task) is sent to {host}, which is no host of Microsoft and comes from elsewhere "
        "(environment variable AZURE_AUTHORITY_HOST). Give authority_host where secret is given, if that is meant."
    ]
    assert not [name for name in ("certificate", "awx_in_a_pod") if results[name].get("warnings")]


def requests_to_entra(emulator: Emulator) -> dict[str, list]:
    """The requests by which each task signed in, for those that did at Entra."""
    found = {
        name: [entry for entry in entries if entry["service"] == "entra"]
        for name, entries in by_task(emulator.requests()).items()
    }
    return {name: entries for name, entries in found.items() if entries}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (f"{WRONG_SECRET}\n", "it is not an ini file in line 1."),
        (f"[default]\nsecret = {WRONG_SECRET}\nsecret = {WRONG_SECRET}\n", "it is not an ini file in line 3."),
        (f"[default]\n{WRONG_SECRET}\n", "it is not an ini file"),
        (f"[default]\nsecret = {WRONG_SECRET}\n[default]\n", "it is not an ini file in line 3."),
    ],
    ids=["no section", "an option twice", "no value", "a section twice"],
)
def test_malformed_profiles(stage: Stage, orders: Made, content: str, message: str) -> None:
    """What is wrong is said, and the line that may hold a secret is not."""
    write_profiles(stage.home, content)
    played = stage.play(attempt_tasks(stage, orders, {"orders": Attempt()}), "-vvv", environ=stage.hosts_environment)
    assert played.code == 0, played.output
    assert stage.results["orders"]["msg"].startswith("~/.azure/credentials cannot be read: " + message)
    assert WRONG_SECRET not in played.output


def test_proxies(stage: Stage, orders: Made) -> None:
    """A proxy of the task's environment is used for both hosts, unless no_proxy says otherwise; what is on the machine
    itself needs none.
    """
    with Proxy() as used, Proxy() as lower_case, Proxy() as bypassed, Proxy() as not_for_machines:
        identity = {"AZURE_POD_IDENTITY_AUTHORITY_HOST": "{{ given.metadata }}"}
        everything = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), not_for_machines.url)
        attempts = {
            "used": Attempt(WITH_SECRET, {"HTTPS_PROXY": used.url}),
            "lower_case": Attempt(WITH_SECRET, {"https_proxy": lower_case.url}),
            "bypassed": Attempt(WITH_SECRET, {"HTTPS_PROXY": bypassed.url, "NO_PROXY": "elsewhere.example,localhost"}),
            "bypassed_in_lower_case": Attempt(WITH_SECRET, {"HTTPS_PROXY": bypassed.url, "no_proxy": "localhost"}),
            "of_a_machine": Attempt(
                {"auth_method": "managed_identity"}, {**identity, **everything, "no_proxy": "none.example"}
            ),
        }
        played = stage.play(
            attempt_tasks(stage, orders, attempts), *write_values(stage), environ=stage.hosts_environment
        )
    assert played.code == 0, played.output
    assert not [result["msg"] for result in stage.results.values() if result.get("failed")]
    both = [urlsplit(stage.emulator.authority_host).netloc, urlsplit(stage.emulator.graph_url).netloc]
    assert (used.asked, lower_case.asked, bypassed.asked) == (both, both, [])
    # ALL_PROXY counts for Graph, but not for the endpoint on the machine.
    assert not_for_machines.asked == both[1:]


@pytest.mark.parametrize("way", WAYS)
def test_proxy_of_the_run(stage: Stage, orders: Made, way: str) -> None:
    """The environment of the run counts too."""
    with Proxy() as proxy:
        environ = {**stage.hosts_environment, "HTTPS_PROXY": proxy.url}
        played = stage.play(
            attempt_tasks(stage, orders, {"orders": Attempt(WITH_SECRET)}),
            *write_values(stage),
            hosts=way,
            environ=environ,
        )
    assert not stage.results["orders"].get("failed"), played.output
    assert proxy.asked == [urlsplit(stage.emulator.authority_host).netloc, urlsplit(stage.emulator.graph_url).netloc]


@pytest.mark.parametrize("way", WAYS)
def test_what_must_not_matter(stage: Stage, orders: Made, way: str) -> None:
    """Neither another CA bundle, nor ~/.netrc, nor a region for msal comes between the task and the hosts that it
    names.
    """
    wrong = str(stage.directory / stage.write("other-ca.pem", orders.pem))
    stage.home.mkdir()
    stage.home.joinpath(".netrc").write_text("machine localhost login somebody password else\n", encoding="utf-8")
    stage.home.joinpath(".netrc").chmod(0o600)
    bundles = {"REQUESTS_CA_BUNDLE": wrong, "CURL_CA_BUNDLE": wrong, "SSL_CERT_FILE": wrong}
    with Proxy() as proxy:
        attempts = {
            "ca_path": Attempt({**WITH_SECRET, **stage.hosts}, bundles),
            "unchecked": Attempt({**WITH_SECRET, **stage.hosts, "ca_path": "", "validate_certs": False}, bundles),
            "curl_bundle": Attempt(WITH_SECRET, {"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": stage.emulator.ca_path}),
            "region": Attempt(
                WITH_SECRET,
                {
                    "MSAL_FORCE_REGION": "westeurope",
                    "REGION_NAME": "westeurope",
                    "HTTPS_PROXY": proxy.url,
                    "HTTP_PROXY": proxy.url,
                },
            ),
            "netrc": Attempt(WITH_SECRET),
        }
        played = stage.play(
            attempt_tasks(stage, orders, attempts), *write_values(stage), hosts=way, environ=stage.hosts_environment
        )
    assert played.code == 0, played.output
    assert not [result["msg"] for result in stage.results.values() if result.get("failed")]
    assert {entry["status"] for entry in stage.emulator.requests()} == {200}
    assert proxy.asked == [urlsplit(stage.emulator.authority_host).netloc, urlsplit(stage.emulator.graph_url).netloc]


def test_the_wrong_bundle_counts_without_ca_path(stage: Stage, orders: Made) -> None:
    """The bundles that must not matter do matter otherwise."""
    wrong = str(stage.directory / stage.write("other-ca.pem", orders.pem))
    bundles = {"requests": {"REQUESTS_CA_BUNDLE": wrong}, "curl": {"REQUESTS_CA_BUNDLE": "", "CURL_CA_BUNDLE": wrong}}
    attempts = {name: Attempt({**WITH_SECRET, "retries": 0}, environment) for name, environment in bundles.items()}
    played = stage.play(
        attempt_tasks(stage, orders, attempts), *write_values(stage), hosts=LOCAL, environ=stage.hosts_environment
    )
    assert played.code == 0, played.output
    assert [
        "is not trusted: " in result["msg"] and "Give the CA" in result["msg"] for result in stage.results.values()
    ] == [True, True]
    assert stage.emulator.requests() == []
