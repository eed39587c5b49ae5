# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
from datetime import datetime, timezone

import pytest
from support.certificates import make_certificate

from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import APICONNECTOR_CLIENT_CERTIFICATE
from ansible_collections.msgraph.identity.plugins.module_utils._outcome import Outcome
from ansible_collections.msgraph.identity.plugins.module_utils._source import Source
from ansible_collections.msgraph.identity.plugins.modules.apiconnector_client_certificate import MODULE

from ..fakes import CONNECTORS, make_graph

NOW = datetime.now(timezone.utc)
MADE = make_certificate()
PATH = f"{CONNECTORS}/c-1"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A home without profiles."""
    monkeypatch.setenv("HOME", str(tmp_path))


def as_json(*certificates):
    entries = [
        {
            "thumbprint": made.thumbprint,
            "notBefore": int(NOW.timestamp()) - 99,
            "notAfter": int(NOW.timestamp()) + 86400 * 300,
            "isActive": True,
        }
        for made in certificates
    ]
    authentication = {"@odata.type": "#microsoft.graph.clientCertificateAuthentication", "certificateList": entries}
    return {
        "id": "c-1",
        "displayName": "Orders",
        "targetUrl": "https://api.example",
        "authenticationConfiguration": authentication,
    }


def work(clock, check_mode=False, **arguments):
    """What the module does on a host with what it received."""
    parameters = APICONNECTOR_CLIENT_CERTIFICATE.validate({"connector_id": "c-1", **arguments})
    source = Source.received(MODULE.file_options(parameters))
    return MODULE.work(make_graph(clock), parameters, source, check_mode, NOW)


def test_certificate_alone_is_enough_to_look(wire, clock):
    wire.expect("GET", PATH, as_json())
    outcome = work(clock, content=MADE.pem.decode())
    assert isinstance(outcome, Outcome)
    assert (outcome.changed, outcome.facts["uploaded"], outcome.upload_due) == (True, False, True)


def test_certificate_alone_in_check_mode_is_enough_to_look(wire, clock):
    wire.expect("GET", PATH, as_json())
    outcome = work(clock, True, content=MADE.pem.decode())
    assert (outcome.changed, outcome.facts["uploaded"], outcome.upload_due) == (True, False, True)


@pytest.mark.parametrize("password", ["", "one-time"])
def test_file_is_uploaded_as_it_came(wire, clock, password):
    content = base64.b64encode(MADE.pfx(password)).decode()
    wire.expect("GET", PATH, as_json())
    wire.expect(
        "POST", f"{PATH}/uploadClientCertificate", as_json(MADE), json={"pkcs12Value": content, "password": password}
    )
    outcome = work(clock, content=content, certificate_password=password)
    assert (outcome.changed, outcome.facts["uploaded"], outcome.upload_due) == (True, True, False)
