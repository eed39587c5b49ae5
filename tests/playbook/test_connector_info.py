# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What apiconnector_info lists: the same as a client that speaks plain HTTP sees, all of it or what was asked for, in
as few requests as it takes.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

import pytest
import requests
from emulator.client import Emulator
from support.certificates import Made, make_certificate, triple_des

from stage import WAYS, Stage, info_task

DAY = 86400
READER = {
    "client_id": "0b5d7c1e-32a4-4f6b-9c8d-5e1f2a3b4c5d",
    "secrets": [{"value": "reader~client-secret"}],
    "roles": ["APIConnectors.Read.All"],
}


class PlainHttp:
    """Microsoft Graph as its reference describes it, with nothing between it and the test but requests."""

    def __init__(self, emulator: Emulator) -> None:
        self.url = f"{emulator.graph_url}/v1.0/identity/apiConnectors"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = emulator.ca_path
        form = {
            "grant_type": "client_credentials",
            "client_id": emulator.client_id,
            "client_secret": emulator.client_secret,
            "scope": f"{emulator.graph_url}/.default",
        }
        token = self.session.post(
            f"{emulator.authority_host}/{emulator.tenant}/oauth2/v2.0/token", data=form, timeout=30
        ).json()
        self.session.headers["Authorization"] = f"Bearer {token['access_token']}"

    def send(self, method: str, path: str = "", body: Mapping[str, Any] | None = None, status: int = 200) -> Any:
        """One request, and the JSON of its answer."""
        answer = self.session.request(
            method, path if path.startswith("https:") else self.url + path, json=body, timeout=30
        )
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    def everything(self) -> list[dict[str, Any]]:
        """All pages of the list."""
        found: list[dict[str, Any]] = []
        page = self.send("GET")
        while True:
            found += page["value"]
            if "@odata.nextLink" not in page:
                return found
            page = self.send("GET", page["@odata.nextLink"])


def as_sent(made: Made, password: str) -> dict[str, str]:
    """A certificate as Graph takes it."""
    return {"pkcs12Value": base64.b64encode(made.pfx(password, triple_des(password))).decode(), "password": password}


def authentication(**configuration: str) -> dict[str, str]:
    """What a connector is created or changed with."""
    kind = "pkcs12Certificate" if "pkcs12Value" in configuration else "basicAuthentication"
    return {"@odata.type": f"#microsoft.graph.{kind}", **configuration}


def iso8601(epoch: float | str) -> str:
    """A time of Graph's, as results show it."""
    return datetime.fromtimestamp(int(float(epoch)), timezone.utc).isoformat().replace("+00:00", "Z")


def expected(connector: Mapping[str, Any], now: float) -> dict[str, Any]:
    """A connector of Graph's, as results show it."""
    configuration = connector["authenticationConfiguration"] or {"@odata.type": "none"}
    certificates = [
        {
            "thumbprint": certificate["thumbprint"].upper(),
            "not_before": iso8601(certificate["notBefore"]),
            "not_after": iso8601(certificate["notAfter"]),
            "is_active": certificate["isActive"],
            "days_remaining": math.floor((int(float(certificate["notAfter"])) - now) / DAY),
        }
        for certificate in configuration.get("certificateList", [])
    ]
    kinds = {"clientCertificateAuthentication": "client_certificate", "basicAuthentication": "basic", "none": "none"}
    return {
        "id": connector["id"],
        "display_name": connector["displayName"],
        "target_url": connector["targetUrl"],
        "authentication": {
            "type": kinds[configuration["@odata.type"].rsplit(".", 1)[-1]],
            "username": configuration.get("username"),
            "certificates": certificates,
        },
        "active_certificate": next((certificate for certificate in certificates if certificate["is_active"]), None),
    }


@pytest.mark.parametrize(
    "way, settings",
    [
        ("localhost", {}),
        ("bastion", {"epoch_form": "string", "thumbprint_case": "lower", "id_form": "restapi", "page_size": 2}),
        ("localhost", {"epoch_form": "float", "list_order": "reverse", "page_size": 1}),
    ],
    ids=["as_documented", "other_forms", "floats"],
)
def test_public_clients_agree(stage: Stage, way: str, settings: dict[str, Any]) -> None:
    """Whatever plain HTTP wrote and reads, the module reads too, field by field."""
    emulator = stage.emulator
    emulator.settings(**settings)
    # Ends that are not near to a whole number of days from now.
    first, second, early = (
        make_certificate(f"{name}.example", starts, ends)
        for name, starts, ends in (("1", -1, 9.5), ("2", -2, 99.5), ("3", 3, 400.5))
    )
    client = PlainHttp(emulator)

    def create(name: str, configuration: Mapping[str, str]) -> str:
        body = {
            "displayName": name,
            "targetUrl": f"https://api.contoso.com/{len(name)}",
            "authenticationConfiguration": configuration,
        }
        return str(client.send("POST", "", body, 201)["id"])

    basic = create("Basic", authentication(username="entra", password="plain~basic~password"))
    certified = create("Zertifikat – größer", authentication(**as_sent(first, "one")))
    client.send("POST", f"/{certified}/uploadClientCertificate", as_sent(second, "two"))
    client.send("POST", f"/{certified}/uploadClientCertificate", as_sent(early, "three"))
    switched = create("Switched", authentication(username="entra", password="plain~basic~password"))
    client.send("PATCH", f"/{switched}", {"authenticationConfiguration": authentication(**as_sent(second, "two"))}, 204)
    renamed = create("Before", authentication(username="entra", password="plain~basic~password"))
    client.send("PATCH", f"/{renamed}", {"displayName": "After", "targetUrl": "https://after.contoso.com:8443/"}, 204)
    removed = create("Removed", authentication(username="entra", password="plain~basic~password"))
    client.send("DELETE", f"/{removed}", None, 204)
    open_to_all = emulator.add_connector("Open")
    expired = {
        "thumbprint": "0E" * 20,
        "notBefore": int(emulator.now()) - 900 * DAY,
        "notAfter": int(emulator.now()) - DAY // 2,
    }
    lapsed = emulator.add_connector("Lapsed", certificates=[expired])

    shown = client.everything()
    one_by_one = [
        {name: value for name, value in client.send("GET", f"/{connector['id']}").items() if name != "@odata.context"}
        for connector in shown
    ]
    assert one_by_one == shown
    assert [connector["id"] for connector in shown] == [basic, certified, switched, renamed, open_to_all, lapsed]

    tasks = [
        info_task("everything", **stage.sign_in),
        info_task("by_id", connector_id=certified, **stage.sign_in),
        info_task("by_name", connector_name="Zertifikat – größer", **stage.sign_in),
    ]
    played = stage.play(tasks, hosts=way)
    assert played.code == 0, played.output
    results = stage.results
    wanted = [expected(connector, emulator.now()) for connector in shown]
    assert results["everything"]["connectors"] == wanted
    assert results["by_id"]["connectors"] == results["by_name"]["connectors"] == [wanted[1]]
    certificates = {made.thumbprint: made for made in (first, second, early)}
    seen = results["by_id"]["connectors"][0]["authentication"]["certificates"]
    assert {certificate["thumbprint"] for certificate in seen} == set(certificates)
    for certificate in seen:
        made = certificates[certificate["thumbprint"]].certificate
        assert certificate["not_after"] == iso8601(made.not_valid_after_utc.timestamp())
        assert certificate["is_active"] is (certificate["thumbprint"] == second.thumbprint)


def ends_in(days: float, now: float, digit: str, begins: float = -400) -> dict[str, Any]:
    """A certificate that ends so many days from now."""
    return {"thumbprint": digit * 40, "notBefore": int(now + begins * DAY), "notAfter": int(now + days * DAY)}


@pytest.mark.parametrize("way", WAYS)
def test_what_expires(stage: Stage, way: str) -> None:
    """Soon, ended already, or none that is active: those are kept. What uses no certificates cannot expire."""
    emulator = stage.emulator
    now = emulator.now()
    seeds: dict[str, list[dict[str, Any]]] = {
        "soon": [ends_in(9.5, now, "1")],
        "later": [ends_in(300, now, "2")],
        "ended": [ends_in(-1.5, now, "3")],
        "not_yet": [ends_in(300, now, "4", begins=2)],
        "nothing": [],
        # The last upload that is valid counts, and not the one that ends last.
        "soon_though_another_is_listed": [ends_in(300, now, "5"), ends_in(9.5, now, "6")],
        "later_though_another_is_listed": [ends_in(9.5, now, "7"), ends_in(300, now, "8"), ends_in(-1.5, now, "9")],
    }
    for name, certificates in seeds.items():
        emulator.add_connector(name, certificates=certificates, connector_id=name)
    emulator.add_connector("basic", basic=("entra", "basic-password"), connector_id="basic")
    emulator.add_connector("open", connector_id="open")

    without = {"ended", "not_yet", "nothing"}
    soon = {"soon", "soon_though_another_is_listed"}
    wanted = {
        0: without,
        9: without,
        10: without | soon,
        299: without | soon,
        300: without | soon | {"later", "later_though_another_is_listed"},
    }
    tasks = [info_task(f"within_{days}", expiring_within_days=days, **stage.sign_in) for days in wanted]
    tasks += [
        info_task("one_of_them", connector_id="soon", expiring_within_days="10", **stage.sign_in),
        info_task("not_one_of_them", connector_name="later", expiring_within_days=10, **stage.sign_in),
        info_task("all", connector_id="", connector_name="", expiring_within_days="", **stage.sign_in),
    ]
    played = stage.play(tasks, hosts=way)
    assert played.code == 0, played.output
    found = {name: [connector["id"] for connector in result["connectors"]] for name, result in stage.results.items()}
    assert {days: set(found[f"within_{days}"]) for days in wanted} == wanted
    assert found["one_of_them"] == ["soon"]
    assert found["not_one_of_them"] == []
    assert found["all"] == [*seeds, "basic", "open"]


@pytest.mark.parametrize("way", WAYS)
def test_requests(stage: Stage, way: str) -> None:
    """One request a page, however many connectors there are; one for a connector by its id. Check mode makes no
    difference, and nothing ever changes.
    """
    emulator = stage.emulator
    tenant = emulator.tenants()[0]
    emulator.set_tenants([{**tenant, "apps": [*tenant["apps"], READER]}])
    emulator.settings(page_size=20)
    emulator.add_connectors(
        {"displayName": f"API {number % 40}", "id": f"api-{number}", "authentication": {"certificates": []}}
        for number in range(55)
    )
    reader = {**stage.sign_in, "client_id": READER["client_id"], "secret": "reader~client-secret"}
    page = "GET apiConnectors"
    wanted: dict[str, tuple[dict[str, Any], int, list[str]]] = {
        "everything": ({}, 55, [page] * 3),
        "expiring": ({"expiring_within_days": 30}, 55, [page] * 3),
        "twins": ({"connector_name": "API 7"}, 2, [page] * 3),
        "nobody_by_name": ({"connector_name": "Nobody"}, 0, [page] * 3),
        "other_case": ({"connector_name": "api 7"}, 0, [page] * 3),
        "by_id": ({"connector_id": "api-7"}, 1, ["GET api-7"]),
        "nobody_by_id": ({"connector_id": "nobody"}, 0, ["GET nobody"]),
    }
    tasks = [info_task(name, **options, **reader) for name, (options, _count, _calls) in wanted.items()]
    played = stage.play([*tasks, info_task("checked", {"check_mode": True}, **reader)], "--diff", hosts=way)
    assert played.code == 0, played.output
    results = stage.results
    assert not stage.writes()
    assert stage.calls("graph") == [call for _options, _count, calls in wanted.values() for call in calls] + [page] * 3
    assert {name: len(results[name]["connectors"]) for name in wanted} == {
        name: count for name, (_options, count, _calls) in wanted.items()
    }
    assert results["checked"]["connectors"] == results["everything"]["connectors"]
    for result in results.values():
        assert result["changed"] is False
        assert "diff" not in result
    assert [connector["id"] for connector in results["twins"]["connectors"]] == ["api-7", "api-47"]
