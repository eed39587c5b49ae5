# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Uploads as jobs of AWX: with every way to sign in that a credential can hold, and nothing secret in what AWX keeps."""

from __future__ import annotations

import base64
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from emulator.client import Emulator
from emulator.defaults import CLIENT_ID, CLIENT_SECRET, DOMAIN, TENANT
from support.certificates import Made, make_certificate

from awx_jobs import Credential, Job, answers, run_job
from signing_in_tasks import change_app
from spills import Secrets, pieces, private_parts
from stage import MODULE, Stage

pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="awx-plugins-core needs Python 3.11")

UPLOAD = "upload_client_certificate"
# Templates in the eyes of Ansible, if it looked.
PFX_PASSWORD = "pfx~{{ password }}~{%~Tk5nB2"
KEY_PASSWORD = "client-key~{{ password }}~Zt4hE6"
FEDERATED_TOKEN = "federated~token~Kx9mV5"
APPLICATION = "microsoft_graph_application"
WHO = {"tenant": TENANT, "client_id": CLIENT_ID}


@pytest.fixture(name="application", scope="module")
def fixture_application() -> Made:
    """The certificate with which an application signs in."""
    return make_certificate("application.example", key_number=6)


@pytest.fixture(name="made", scope="module")
def fixture_made() -> Made:
    """The certificate of the API."""
    return make_certificate("api.example", key_number=7)


@pytest.fixture(name="credentials")
def fixture_credentials(emulator: Emulator, application: Made) -> Mapping[str, Credential]:
    """The application, which may sign in with each of them."""
    from awx_plugins.credentials.plugins import azure_rm

    change_app(emulator, certificates=[application.pem.decode()], federated_tokens=[FEDERATED_TOKEN])
    pkcs12 = base64.encodebytes(application.pfx(KEY_PASSWORD)).decode()
    own: dict[str, dict[str, Any]] = {
        "secret": {"secret": CLIENT_SECRET},
        "pem": {"certificate": application.pem_file().decode()},
        "encrypted pem": {
            "certificate": application.pem_file(KEY_PASSWORD).decode(),
            "certificate_password": KEY_PASSWORD,
        },
        "pkcs12": {"certificate": pkcs12, "certificate_password": KEY_PASSWORD},
        "federated token": {"federated_token": f"{FEDERATED_TOKEN}\n"},
        "azure_rm": {},
    }
    azure = Credential(
        azure_rm, {"subscription": "5f7c8e4d", "client": CLIENT_ID, "tenant": TENANT, "secret": CLIENT_SECRET}
    )
    return {**{name: Credential(APPLICATION, {**WHO, **inputs}) for name, inputs in own.items()}, "azure_rm": azure}


@pytest.fixture(name="certificate")
def fixture_certificate(made: Made) -> Credential:
    """What is to be uploaded."""
    return Credential(
        "api_connector_certificate",
        {"pfx": base64.encodebytes(made.pfx(PFX_PASSWORD)).decode(), "password": PFX_PASSWORD},
    )


@pytest.fixture(name="secrets")
def fixture_secrets(stage: Stage, made: Made, application: Made) -> Secrets:
    """Everything that must not be seen."""
    secrets = Secrets(
        the_password=PFX_PASSWORD.encode(),
        the_password_of_the_client_key=KEY_PASSWORD.encode(),
        the_client_secret=CLIENT_SECRET.encode(),
        the_federated_token=FEDERATED_TOKEN.encode(),
        the_key=private_parts(made.key),
        the_client_key=private_parts(application.key),
        the_pfx=pieces(made.pfx(PFX_PASSWORD)),
    )
    secrets.add_tokens(stage.emulator.mint_token())
    return secrets


def outcome(job: Job) -> dict[str, Any]:
    """The result of the module."""
    (result,) = [result for action, result in job.results() if action == MODULE]
    return result


METHODS = {
    "secret": "client_secret",
    "pem": "client_certificate",
    "encrypted pem": "client_certificate",
    "pkcs12": "client_certificate",
    "federated token": "federated_token",
    "azure_rm": "client_secret",
}


@pytest.mark.parametrize("name", METHODS)
def test_upload(
    stage: Stage,
    credentials: Mapping[str, Credential],
    certificate: Credential,
    made: Made,
    secrets: Secrets,
    name: str,
) -> None:
    """A check tells what would be done, and a run does it; the events say so, and hold no secret."""
    stage.emulator.add_connector("Orders API", certificates=[])
    given = answers(UPLOAD, connector_name="Orders API")
    checked = run_job(stage, UPLOAD, credentials[name], certificate, variables=given, check=True)
    assert checked.code == 0, checked.stdout
    result = outcome(checked)
    assert (result["changed"], result["uploaded"], result["sign_in"]["auth_method"]) == (True, False, METHODS[name])
    assert "Orders API: the certificate is not listed; it would be uploaded." in checked.stdout
    assert stage.writes() == []

    done = run_job(stage, UPLOAD, credentials[name], certificate, variables=given)
    assert done.code == 0, done.stdout
    result = outcome(done)
    assert (result["changed"], result["uploaded"], result["certificate"]["is_active"]) == (True, True, True)
    assert (
        f"Certificate {made.thumbprint} (CN=api.example) is valid until {result['certificate']['not_after']} and is active."
        in done.stdout
    )
    assert done.artifact_data["apiconnector_upload"] == {
        "connector": "Orders API",
        "thumbprint": made.thumbprint,
        "not_after": result["certificate"]["not_after"],
        "uploaded": True,
    }
    assert [entry["path"].rsplit("/", 1)[-1] for entry in stage.writes()] == ["uploadClientCertificate"]
    secrets.add_sent(stage.writes())
    assert list(secrets.spilt_in_files(checked.shown + done.shown)) == []
    # The search would find them.
    assert list(secrets.spilt_in_files([done.artifacts / "command"]))


def test_answers(
    stage: Stage, credentials: Mapping[str, Credential], certificate: Credential, orders: Made, made: Made
) -> None:
    """Answers of the survey arrive as options, and empty ones are none."""
    emulator = stage.emulator
    connector = emulator.add_connector(
        "Orders API", certificates=[{"pfx": orders.pfx()}, {"pfx": made.pfx()}, {"pfx": orders.pfx()}]
    )
    again = run_job(
        stage,
        UPLOAD,
        credentials["secret"],
        certificate,
        variables=answers(UPLOAD, connector_id=connector, expiry_warning_days=""),
    )
    assert again.code == 0, again.stdout
    assert "Orders API: the certificate is listed; nothing was uploaded." in again.stdout
    assert "and is not active." in again.stdout
    given = answers(UPLOAD, connector_id=connector, ensure_active="yes", exclusive="yes", expiry_warning_days=3650)
    only = run_job(stage, UPLOAD, credentials["secret"], certificate, variables=given)
    assert only.code == 0, only.stdout
    result = outcome(only)
    assert [listed["thumbprint"] for listed in result["connector"]["authentication"]["certificates"]] == [
        made.thumbprint
    ]
    assert [warning for warning in result["warnings"] if "days" in warning]
    assert "Orders API: other certificates are listed too; it was uploaded." in only.stdout


@pytest.mark.parametrize("check", [True, False], ids=["check", "run"])
def test_mistakes(stage: Stage, credentials: Mapping[str, Credential], certificate: Credential, check: bool) -> None:
    """What is missing is said, in a check too."""
    signed_in = credentials["secret"]
    jobs = {
        "no certificate": run_job(
            stage, UPLOAD, signed_in, variables=answers(UPLOAD, connector_name="Orders API"), check=check
        ),
        "no connector": run_job(stage, UPLOAD, signed_in, certificate, variables=answers(UPLOAD), check=check),
        "unknown": run_job(
            stage, UPLOAD, signed_in, certificate, variables=answers(UPLOAD, connector_name="Orders"), check=check
        ),
        "unknown ID": run_job(
            stage, UPLOAD, signed_in, certificate, variables=answers(UPLOAD, connector_id="gone"), check=check
        ),
        "no sign-in": run_job(
            stage, UPLOAD, certificate, variables=answers(UPLOAD, connector_name="Orders"), check=check
        ),
    }
    assert {job.code for job in jobs.values()} == {2}
    assert jobs["no certificate"].failure.startswith(
        'There is no certificate to upload. In AWX, add a credential of the type "API connector certificate"'
    )
    assert jobs["no connector"].failure == "one of the following is required: connector_id, connector_name"
    assert "There is no API connector" in jobs["unknown"].failure
    assert "'Orders'" in jobs["unknown"].failure
    assert "There is no API connector" in jobs["unknown ID"].failure
    assert "'gone'" in jobs["unknown ID"].failure
    assert jobs["no sign-in"].failure.startswith("Cannot sign in: no credentials found.")


def test_without_awx(stage: Stage, made: Made) -> None:
    """A file is looked for where the play was started, and everything else comes from variables."""
    stage.emulator.add_connector("Orders API", certificates=[])
    stage.write("certificates/orders.txt", base64.b64encode(made.pfx()))
    given = {
        **answers(UPLOAD, connector_name="Orders API"),
        "certificate_src": "certificates/orders.txt",
        "graph": {"api_version": "beta"},
    }
    stage.write("variables.json", stage.as_json(given).encode())
    played = stage.run(
        f"msgraph.identity.{UPLOAD}",
        "-e",
        "@variables.json",
        environ={**stage.sign_in_environment, **stage.hosts_environment},
    )
    assert played.code == 0, played.output
    assert "Orders API: the certificate is not listed; it was uploaded." in played.stdout
    (write,) = stage.writes()
    assert write["path"].startswith("/beta/")


def test_empty_fields(tmp_path: Path) -> None:
    """What was not filled in is empty, and the file of a certificate that is not there is not pointed to."""
    (tmp_path / "env").mkdir()
    environ: dict[str, str] = {}
    assert (
        Credential(APPLICATION, {"tenant": DOMAIN, "client_id": CLIENT_ID, "secret": CLIENT_SECRET}).inject(
            environ, tmp_path
        )
        == []
    )
    assert environ == {
        "AZURE_TENANT": DOMAIN,
        "AZURE_CLIENT_ID": CLIENT_ID,
        "AZURE_SECRET": CLIENT_SECRET,
        "AZURE_CLIENT_CERTIFICATE_PATH": "",
        "AZURE_CLIENT_CERTIFICATE_PASSWORD": "",
        "AZURE_FEDERATED_TOKEN": "",
        "AZURE_CLOUD_ENVIRONMENT": "AzureCloud",
    }
    (file,) = (tmp_path / "env").iterdir()
    assert file.read_bytes() == b""
