# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The six operations on API connectors."""

from __future__ import annotations

import base64

import pytest
from emulator_caller import LIST, error_code
from support.certificates import triple_des

BASIC = {"@odata.type": "#microsoft.graph.basicAuthentication", "username": "user", "password": "hidden"}


def new_connector(**changes):
    """The body of a create."""
    return {
        "displayName": "Check",
        "targetUrl": "https://api.contoso.com/endpoint",
        "authenticationConfiguration": BASIC,
        **changes,
    }


def pkcs12(identity, password="pw"):
    """A pkcs12Certificate as it is written."""
    value = base64.b64encode(identity.pfx(password, triple_des(password) if password else None)).decode()
    return {"@odata.type": "microsoft.graph.pkcs12Certificate", "pkcs12Value": value, "password": password}


def test_create_and_get_basic(caller):
    answer = caller.graph("POST", json=new_connector())
    assert answer.status_code == 201
    created = answer.json()
    assert created.pop("@odata.context") == f"{caller.emulator.graph_url}/v1.0/$metadata#identity/apiConnectors/$entity"
    read = caller.get(created["id"])
    read.pop("@odata.context")
    assert read == created
    assert created["displayName"] == "Check"
    assert created["authenticationConfiguration"] == {
        "@odata.type": "#microsoft.graph.basicAuthentication",
        "username": "user",
        "password": "******",
    }


def test_create_with_pkcs12(caller, identity):
    answer = caller.graph("POST", json=new_connector(authenticationConfiguration=pkcs12(identity)))
    assert answer.status_code == 201
    (certificate,) = answer.json()["authenticationConfiguration"]["certificateList"]
    assert certificate == {
        "thumbprint": identity.thumbprint,
        "notAfter": int(identity.certificate.not_valid_after_utc.timestamp()),
        "notBefore": int(identity.certificate.not_valid_before_utc.timestamp()),
        "isActive": True,
    }


def test_list(caller):
    ids = [caller.emulator.add_connector(name) for name in ("a", "b")]
    answer = caller.graph("GET", "/beta/identity/apiConnectors?$expand=x")
    assert answer.status_code == 200
    content = answer.json()
    assert content["@odata.context"] == f"{caller.emulator.graph_url}/beta/$metadata#identity/apiConnectors"
    assert [item["id"] for item in content["value"]] == ids
    assert content["value"][0]["authenticationConfiguration"] is None
    assert "@odata.nextLink" not in content


def test_update(caller):
    connector = caller.emulator.add_connector("old", basic=("user", "hidden"))
    answer = caller.graph("PATCH", f"{LIST}/{connector}", json={"displayName": "new"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert "Content-Type" not in answer.headers
    read = caller.get(connector)
    assert (read["displayName"], read["authenticationConfiguration"]["username"]) == ("new", "user")


def test_update_replaces_the_authentication(caller, identity, other):
    connector = caller.emulator.add_connector("a", certificates=[{"pfx": identity.pfx()}])
    assert (
        caller.graph("PATCH", f"{LIST}/{connector}", json={"authenticationConfiguration": pkcs12(other)}).status_code
        == 204
    )
    assert [item["thumbprint"] for item in caller.certificates(connector)] == [other.thumbprint]
    assert caller.graph("PATCH", f"{LIST}/{connector}", json={"authenticationConfiguration": BASIC}).status_code == 204
    assert caller.get(connector)["authenticationConfiguration"]["username"] == "user"
    assert (
        caller.graph("PATCH", f"{LIST}/{connector}", json={"authenticationConfiguration": pkcs12(identity)}).status_code
        == 204
    )
    assert [item["thumbprint"] for item in caller.certificates(connector)] == [identity.thumbprint]


def test_delete(caller):
    connector = caller.emulator.add_connector("a")
    answer = caller.graph("DELETE", f"{LIST}/{connector}")
    assert (answer.status_code, answer.content) == (204, b"")
    answer = caller.graph("GET", f"{LIST}/{connector}")
    assert (answer.status_code, error_code(answer)) == (404, "AADB2C")
    assert caller.graph("DELETE", f"{LIST}/{connector}").status_code == 404


def test_upload_adds(caller, identity, other):
    connector = caller.emulator.add_connector("a", certificates=[{"pfx": identity.pfx()}])
    answer = caller.upload(connector, other.pfx("pw", triple_des("pw")), "pw")
    assert answer.status_code == 200
    content = answer.json()
    assert content["@odata.context"].endswith("/v1.0/$metadata#identity/apiConnectors/$entity")
    assert [
        (item["thumbprint"], item["isActive"]) for item in content["authenticationConfiguration"]["certificateList"]
    ] == [
        (identity.thumbprint, False),
        (other.thumbprint, True),
    ]


def test_paths_ignore_case_and_ids_are_decoded(caller, identity):
    connector = caller.emulator.add_connector("a", connector_id="RestApi_a/b c", certificates=[])
    body = {"pkcs12Value": base64.b64encode(identity.pfx()).decode(), "password": ""}
    answer = caller.graph("POST", "/V1.0/identity/apiconnectors/RestApi_a%2Fb%20c/uploadclientcertificate", json=body)
    assert (answer.status_code, answer.json()["id"]) == (200, connector)


def test_headers(caller):
    answer = caller.graph("GET", headers={"client-request-id": "11111111-2222-3333-4444-555555555555"})
    assert answer.headers["client-request-id"] == "11111111-2222-3333-4444-555555555555"
    assert (
        answer.headers["Content-Type"]
        == "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
    )
    assert answer.headers["Date"].endswith("GMT")
    again = caller.graph("GET")
    assert "client-request-id" not in again.headers
    assert again.headers["request-id"] != answer.headers["request-id"]


def test_error_shape(caller):
    answer = caller.graph("GET", f"{LIST}/missing", headers={"client-request-id": "mine"})
    inner = answer.json()["error"]["innerError"]
    assert inner["request-id"] == answer.headers["request-id"]
    assert inner["client-request-id"] == "mine"
    assert len(inner["date"]) == len("2026-01-01T00:00:00")


@pytest.mark.parametrize(
    "method, path, status",
    [
        ("GET", "/v1.0/identity/nothing", 404),
        ("GET", "/v1.0/identity", 404),
        ("GET", "/v1.0/identity/apiConnectors/", 404),
        ("GET", "/v1.0/identity/apiConnectors/x/y", 404),
        ("GET", "/v1.0/identity/apiConnectors/x/uploadClientCertificate/z", 404),
        ("GET", "/v2.0/identity/apiConnectors", 400),
        ("GET", "/", 400),
        ("PUT", "/v1.0/identity/apiConnectors", 405),
        ("PATCH", "/v1.0/identity/apiConnectors", 405),
        ("POST", "/v1.0/identity/apiConnectors/x", 405),
        ("GET", "/v1.0/identity/apiConnectors/x/uploadClientCertificate", 405),
        ("GET", "/v1.0/identity/apiConnectors?$filter=displayName eq 'a'", 400),
        ("GET", "/v1.0/identity/apiConnectors?$top=5", 400),
        ("GET", "/v1.0/identity/apiConnectors?$skiptoken=nonsense", 400),
        ("DELETE", "/v1.0/identity/apiConnectors/x?$expand=y", 400),
    ],
)
def test_wrong_addresses(caller, method, path, status):
    answer = caller.graph(method, path)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"code", "message", "innerError"}


@pytest.mark.parametrize(
    "changes",
    [
        {"displayName": 1},
        {"displayName": ""},
        {"displayName": None},
        {"targetUrl": "http://a.example"},
        {"targetUrl": "/path"},
        {"targetUrl": "https://"},
        {"targetUrl": "https://a b"},
        {"authenticationConfiguration": None},
        {"authenticationConfiguration": {}},
        {"id": "mine"},
        {"surprise": 1},
        {"@odata.type": "#microsoft.graph.user"},
        {"authenticationConfiguration": {**BASIC, "username": None}},
        {"authenticationConfiguration": {**BASIC, "surprise": 1}},
        {"authenticationConfiguration": {**BASIC, "@odata.type": "#microsoft.graph.nothing"}},
        {
            "authenticationConfiguration": {
                "@odata.type": "#microsoft.graph.clientCertificateAuthentication",
                "certificateList": [],
            }
        },
        {"authenticationConfiguration": {"@odata.type": "#microsoft.graph.pkcs12Certificate", "pkcs12Value": "x"}},
    ],
)
def test_wrong_bodies(caller, changes):
    connector = caller.emulator.add_connector("a")
    assert caller.graph("POST", json=new_connector(**changes)).status_code == 400
    assert caller.graph("PATCH", f"{LIST}/{connector}", json=changes).status_code == 400
    assert len(caller.emulator.connectors()) == 1


@pytest.mark.parametrize("missing", ["displayName", "targetUrl", "authenticationConfiguration"])
def test_create_needs_everything(caller, missing):
    body = new_connector()
    del body[missing]
    assert caller.graph("POST", json=body).status_code == 400


@pytest.mark.parametrize(
    "content_type, content, status",
    [
        ("application/json", b"{", 400),
        ("application/json", b"[]", 400),
        ("application/json", b"", 400),
        ("application/json", b"\xff", 400),
        ("application/json", b"{}", 400),
        ("text/plain", b"{}", 415),
    ],
)
def test_what_is_no_json_object(caller, content_type, content, status):
    connector = caller.emulator.add_connector("a")
    for method, path in (
        ("POST", LIST),
        ("PATCH", f"{LIST}/{connector}"),
        ("POST", f"{LIST}/{connector}/uploadClientCertificate"),
    ):
        assert caller.graph(method, path, data=content, headers={"Content-Type": content_type}).status_code == status


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"pkcs12Value": "eA=="},
        {"password": ""},
        {"pkcs12Value": "eA==", "password": None},
        {"pkcs12Value": 1, "password": ""},
        {"pkcs12Value": "eA==", "password": "", "surprise": 1},
    ],
)
def test_upload_needs_both_fields(caller, body):
    connector = caller.emulator.add_connector("a", certificates=[])
    assert caller.graph("POST", f"{LIST}/{connector}/uploadClientCertificate", json=body).status_code == 400


def test_upload_to_a_missing_connector(caller, identity):
    assert caller.upload("missing", identity.pfx()).status_code == 404


def test_tenants_do_not_see_each_other(caller):
    tenants = caller.emulator.tenants()
    second = {"id": "22222222-0000-0000-0000-000000000000", "domains": ["fabrikam.example"], "apps": []}
    caller.emulator.set_tenants([*tenants, second])
    caller.emulator.add_connector("mine")
    theirs = caller.emulator.add_connector("theirs", tenant="fabrikam.example")
    caller.token = caller.emulator.mint_token(tenant=second["id"])
    assert [item["id"] for item in caller.graph("GET").json()["value"]] == [theirs]


def test_paging(caller):
    ids = caller.emulator.add_connectors({"displayName": f"c{number}"} for number in range(7))
    caller.emulator.settings(page_size=3)
    pages, link = [], caller.emulator.graph_url + LIST + "?$expand=x"
    while link:
        assert link.startswith(caller.emulator.graph_url + LIST)
        content = caller.graph("GET", link[len(caller.emulator.graph_url) :]).json()
        pages.append([item["id"] for item in content["value"]])
        link = content.get("@odata.nextLink")
    assert pages == [ids[:3], ids[3:6], ids[6:]]


def test_paging_goes_on_behind_a_deleted_connector(caller):
    ids = caller.emulator.add_connectors({"displayName": f"c{number}"} for number in range(4))
    caller.emulator.settings(page_size=2)
    link = caller.graph("GET").json()["@odata.nextLink"]
    caller.graph("DELETE", f"{LIST}/{ids[1]}")
    content = caller.graph("GET", link[len(caller.emulator.graph_url) :]).json()
    assert [item["id"] for item in content["value"]] == ids[2:]
    assert "@odata.nextLink" not in content
