# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""User flows, and the API connectors that they call."""

from __future__ import annotations

import pytest
import requests
from emulator.client import EmulatorFailed
from emulator.defaults import FLOW_READ_ROLE, FLOW_WRITE_ROLE, USER_FLOW_ADMINISTRATOR, WRITE_ROLE
from emulator_caller import LIST, error_code
from support.certificates import triple_des

B2X = "/v1.0/identity/b2xUserFlows"
B2C = "/beta/identity/b2cUserFlows"
NEW = {"id": "Partner", "userFlowType": "signUpOrSignIn", "userFlowTypeVersion": 1}
BOTH = "$expand=postFederationSignup,postAttributeCollection"


@pytest.fixture
def flows(caller):
    """A caller whose token may do everything with connectors and user flows."""
    caller.token = caller.emulator.mint_token(roles=[WRITE_ROLE, FLOW_WRITE_ROLE])
    return caller


@pytest.fixture
def connector(emulator):
    """A connector with basic authentication."""
    return emulator.add_connector("a", basic=("user", "hidden"))


def reference(caller, connector_id, version="v1.0"):
    """The body that links a connector."""
    return {"@odata.id": f"{caller.emulator.graph_url}/{version}/identity/apiConnectors/{connector_id}"}


def link(caller, flow, step, body, collection=B2X):
    """Put a reference in place, or with an empty body none."""
    return caller.graph("PUT", f"{collection}/{flow}/apiConnectorConfiguration/{step}/$ref", json=body)


def configuration(caller, flow, query=BOTH, collection=B2X):
    """Which connectors a flow calls, as Graph shows it."""
    answer = caller.graph("GET", f"{collection}/{flow}/apiConnectorConfiguration?{query}")
    answer.raise_for_status()
    return answer.json()


@pytest.mark.parametrize(
    "collection, prefix, more",
    [
        (B2X, "B2X_1_", {}),
        (B2X.replace("v1.0", "beta"), "B2X_1_", {}),
        (B2C, "B2C_1_", {"isLanguageCustomizationEnabled": False, "defaultLanguageTag": None}),
    ],
)
def test_create_get_list_delete(flows, connector, collection, prefix, more):
    body = {**NEW, "apiConnectorConfiguration": {"postFederationSignup": reference(flows, connector)}}
    answer = flows.graph("POST", collection, json=body)
    shown = {**NEW, "id": f"{prefix}Partner", **more, "apiConnectorConfiguration": {}}
    context = f"{flows.emulator.graph_url}{collection}".replace("/identity/", "/$metadata#identity/")
    assert answer.status_code == 201
    assert answer.json() == {"@odata.context": f"{context}/$entity", **shown}
    assert answer.headers["Location"] == f"{flows.emulator.graph_url}{collection}/{prefix}Partner"
    assert flows.graph("GET", f"{collection}/{prefix}Partner").json() == answer.json()
    assert flows.graph("GET", collection).json() == {"@odata.context": context, "value": [shown]}
    # The answer was a success, and nothing is linked.
    assert configuration(flows, f"{prefix}Partner", collection=collection)["postFederationSignup"] is None
    assert flows.emulator.user_flows()[0]["connectors"] == {}
    assert flows.graph("POST", collection, json=NEW).status_code == 400
    assert flows.graph("DELETE", f"{collection}/{prefix}Partner").status_code == 204
    assert flows.graph("GET", f"{collection}/{prefix}Partner").status_code == 404
    assert flows.graph("DELETE", f"{collection}/{prefix}Partner").status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"id": ""},
        {"id": None},
        {"userFlowType": "signIn"},
        {"userFlowType": None},
        {"userFlowTypeVersion": "1"},
        {"userFlowTypeVersion": True},
        {"apiConnectorConfiguration": []},
        {"isLanguageCustomizationEnabled": True},
        {"surprise": 1},
    ],
)
def test_wrong_flows(flows, changes):
    assert flows.graph("POST", B2X, json={**NEW, **changes}).status_code == 400
    assert flows.emulator.user_flows() == []


def test_paging(flows):
    flows.emulator.settings(page_size=80)
    ids = flows.emulator.add_user_flows({"id": f"f{number}"} for number in range(200))
    seen, link = [], flows.emulator.graph_url + B2X
    while link:
        content = flows.graph("GET", link[len(flows.emulator.graph_url) :]).json()
        seen.append([item["id"] for item in content["value"]])
        link = content.get("@odata.nextLink")
    assert seen == [ids[:80], ids[80:160], ids[160:]]


def test_link_again_other_unlink(flows, connector, identity):
    flow = flows.emulator.add_user_flow("Partner")
    other = flows.emulator.add_connector("b", connector_id="RestApi_a/b", certificates=[{"pfx": identity.pfx()}])
    for _attempt in range(2):
        answer = link(flows, flow, "postAttributeCollection", reference(flows, connector))
        assert (answer.status_code, answer.content) == (204, b"")
    content = configuration(flows, flow)
    start = (
        f"{flows.emulator.graph_url}/v1.0/$metadata#identity/b2xUserFlows('B2X_1_Partner')/apiConnectorConfiguration"
    )
    assert content == {
        "@odata.context": f"{start}(postFederationSignup(),postAttributeCollection())",
        "postFederationSignup": None,
        "postAttributeCollection@odata.context": f"{start}/microsoft.graph.userFlowApiConnectorConfiguration/postAttributeCollection/$entity",
        "postAttributeCollection": {
            "id": connector,
            "displayName": "a",
            "targetUrl": "https://api.contoso.com/endpoint",
            "authenticationConfiguration": {
                "@odata.type": "#microsoft.graph.basicAuthentication",
                "username": "user",
                "password": "******",
            },
        },
    }
    assert configuration(flows, flow, "") == {"@odata.context": start}
    assert list(configuration(flows, flow, "$expand=postFederationSignup")) == [
        "@odata.context",
        "postFederationSignup",
    ]
    assert link(flows, flow, "POSTattributecollection", reference(flows, "RestApi_a%2Fb", "beta")).status_code == 204
    shown = configuration(flows, flow)["postAttributeCollection"]
    assert shown["id"] == other
    assert shown["authenticationConfiguration"]["certificateList"][0]["isActive"] is True
    for _attempt in range(2):
        assert link(flows, flow, "postAttributeCollection", {}).status_code == 204
    assert flows.emulator.user_flows() == [
        {
            "tenant": flows.emulator.tenant,
            "id": flow,
            "kind": "b2x",
            "userFlowType": "signUpOrSignIn",
            "connectors": {},
        }
    ]
    flows.emulator.settings(unlinked_step="left_out")
    assert list(configuration(flows, flow)) == ["@odata.context"]


@pytest.mark.parametrize("collection, kind", [(B2X.replace("v1.0", "beta"), "b2x"), (B2C, "b2c")])
def test_a_third_step_in_beta(flows, connector, collection, kind):
    flow = flows.emulator.add_user_flow("x", kind=kind)
    assert link(flows, flow, "preTokenIssuance", reference(flows, connector, "beta"), collection).status_code == 204
    shown = configuration(flows, flow, "$expand=preTokenIssuance", collection)
    assert shown["preTokenIssuance"]["id"] == connector
    assert flows.emulator.user_flows()[0]["connectors"] == {"preTokenIssuance": connector}


@pytest.mark.parametrize(
    "method, path, status",
    [
        ("GET", "/v1.0/identity/b2cUserFlows", 404),
        ("GET", f"{B2X}/B2X_1_x/nothing", 404),
        ("GET", f"{B2X}/x", 404),
        ("GET", f"{B2X}/b2x_1_X", 404),
        ("GET", f"{B2X}?$expand=identityProviders", 400),
        ("GET", f"{B2X}?$filter=id eq 'x'", 400),
        ("PATCH", f"{B2X}/B2X_1_x", 405),
        ("PATCH", f"{B2X}/B2X_1_x/apiConnectorConfiguration", 405),
        ("GET", f"{B2X}/B2X_1_x/apiConnectorConfiguration?$expand=preTokenIssuance", 400),
        ("GET", f"{B2X}/B2X_1_x/apiConnectorConfiguration?$expand=", 400),
        ("GET", f"{B2X}/B2X_1_x/apiConnectorConfiguration?$select=x", 400),
        ("GET", f"{B2X}/B2X_1_y/apiConnectorConfiguration", 404),
        ("PUT", f"{B2X}/B2X_1_y/apiConnectorConfiguration/postFederationSignup/$ref", 404),
        ("PUT", f"{B2X}/B2X_1_x/apiConnectorConfiguration/preTokenIssuance/$ref", 404),
        ("PUT", f"{B2X}/B2X_1_x/apiConnectorConfiguration/postFederationSignup", 404),
        ("POST", f"{B2X}/B2X_1_x/apiConnectorConfiguration/postFederationSignup/$ref", 405),
        ("DELETE", f"{B2X}/B2X_1_x/apiConnectorConfiguration/postFederationSignup/$ref", 405),
    ],
)
def test_wrong_addresses(flows, method, path, status):
    flows.emulator.add_user_flow("x")
    answer = flows.graph(method, path, json={} if method == "PUT" else None)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"code", "message", "innerError"}


def test_wrong_references(flows, connector):
    flow, root = flows.emulator.add_user_flow("x"), flows.emulator.graph_url
    for body in (
        {"@odata.id": connector},
        {"@odata.id": 5},
        {"@odata.id": None},
        {"@odata.id": f"https://graph.microsoft.com/v1.0/identity/apiConnectors/{connector}"},
        {"@odata.id": f"{root}/v2.0/identity/apiConnectors/{connector}"},
        {"@odata.id": f"{root}/v1.0/identity/b2xUserFlows/{flow}"},
        {"@odata.id": f"{root}/v1.0/identity/apiConnectors/"},
        {"id": connector},
        {**reference(flows, connector), "surprise": 1},
    ):
        assert link(flows, flow, "postFederationSignup", body).status_code == 400
    path = f"{B2X}/{flow}/apiConnectorConfiguration/postFederationSignup/$ref"
    assert flows.graph("PUT", path, data=b"", headers={"Content-Type": "application/json"}).status_code == 400
    assert flows.graph("PUT", path, data=b"{}", headers={"Content-Type": "text/plain"}).status_code == 415
    assert flows.emulator.user_flows()[0]["connectors"] == {}
    flows.emulator.settings(audiences=["https://graph.microsoft.com"])
    body = {"@odata.id": f"https://graph.microsoft.com/v1.0/identity/apiConnectors/{connector}"}
    assert link(flows, flow, "postFederationSignup", body).status_code == 204


def test_a_link_to_a_missing_connector(flows):
    flow = flows.emulator.add_user_flow("x")
    answer = link(flows, flow, "postFederationSignup", reference(flows, "missing"))
    assert (answer.status_code, error_code(answer)) == (400, "AADB2C")
    flows.emulator.settings(link_to_missing="not_found")
    assert link(flows, flow, "postFederationSignup", reference(flows, "missing")).status_code == 404


def test_a_link_that_does_not_show(flows, connector):
    flow = flows.emulator.add_user_flow("x")
    flows.emulator.settings(link_effect="none")
    assert link(flows, flow, "postFederationSignup", reference(flows, connector)).status_code == 204
    assert configuration(flows, flow)["postFederationSignup"] is None
    flows.emulator.settings(link_effect="applied")
    flows.emulator.fault(action="pass", method="PUT", path=r"\$ref$", late={"reads": 2})
    link(flows, flow, "postFederationSignup", reference(flows, connector))
    shown = [configuration(flows, flow)["postFederationSignup"] for _look in range(3)]
    assert [item and item["id"] for item in shown] == [None, None, connector]


@pytest.mark.parametrize(
    "action, done", [("drop_before", False), ("drop_after", True), ("reset_before", False), ("reset_after", True)]
)
def test_lost_answers(flows, connector, action, done):
    flow = flows.emulator.add_user_flow("x")
    flows.emulator.fault(action=action, method="PUT")
    with pytest.raises(requests.exceptions.ConnectionError):
        link(flows, flow, "postFederationSignup", reference(flows, connector))
    assert flows.emulator.user_flows()[0]["connectors"] == ({"postFederationSignup": connector} if done else {})


def test_others_link_meanwhile(flows, connector):
    flow, other = flows.emulator.add_user_flow("x"), flows.emulator.add_connector("b")
    theirs = {"id": flow, "step": "postFederationSignup", "connector": other}
    flows.emulator.fault(action="pass", method="PUT", meanwhile=[{"link": theirs, "when": "after"}])
    link(flows, flow, "postFederationSignup", reference(flows, connector))
    assert configuration(flows, flow)["postFederationSignup"]["id"] == other


@pytest.mark.parametrize("kind, step", [("b2x", "postFederationSignup"), ("b2c", "preTokenIssuance")])
@pytest.mark.parametrize(
    "mode, status, linked", [("error", 400, "here"), ("dangle", 204, "gone"), ("unlink", 204, None)]
)
def test_deleting_a_linked_connector(flows, connector, kind, step, mode, status, linked):
    flow = flows.emulator.add_user_flow("x", kind=kind, connectors={step: connector})
    flows.emulator.settings(delete_linked=mode)
    answer = flows.graph("DELETE", f"{LIST}/{connector}")
    assert answer.status_code == status
    assert mode != "error" or flow in answer.json()["error"]["message"]
    assert len(flows.emulator.connectors()) == int(linked == "here")
    assert flows.emulator.user_flows()[0]["connectors"] == ({step: connector} if linked else {})
    collection = B2X.replace("v1.0", "beta") if kind == "b2x" else B2C
    path = f"{collection}/{flow}/apiConnectorConfiguration?$expand={step}"
    shown = flows.graph("GET", path).json()[step]
    assert (shown and shown["id"]) == (connector if linked == "here" else None)
    if linked == "gone":
        flows.emulator.settings(dangling_link="id")
        assert flows.graph("GET", path).json()[step] == {"id": connector}
        flows.emulator.settings(dangling_link="not_found")
        assert flows.graph("GET", path).status_code == 404


@pytest.mark.parametrize(
    "claims, list_connectors, list_flows, read_links, write",
    [
        ({"roles": [FLOW_WRITE_ROLE]}, 403, 200, 200, 204),
        ({"roles": [FLOW_READ_ROLE]}, 403, 200, 403, 403),
        ({"roles": [WRITE_ROLE]}, 200, 403, 403, 403),
        ({"scp": FLOW_WRITE_ROLE, "wids": [USER_FLOW_ADMINISTRATOR]}, 403, 200, 200, 204),
        ({"scp": FLOW_WRITE_ROLE, "wids": []}, 403, 403, 403, 403),
    ],
)
def test_permissions(caller, connector, claims, list_connectors, list_flows, read_links, write):
    flow = caller.emulator.add_user_flow("x")
    caller.token = caller.emulator.mint_token(**claims)
    path = f"{B2X}/{flow}/apiConnectorConfiguration"
    assert caller.graph("GET").status_code == list_connectors
    answer = caller.graph("GET", B2X)
    assert answer.status_code == list_flows
    if claims == {"roles": [WRITE_ROLE]}:
        assert error_code(answer) == "AADB2C"
        assert f"application permissions ({FLOW_READ_ROLE}, {FLOW_WRITE_ROLE})" in answer.json()["error"]["message"]
    assert caller.graph("GET", path).status_code == read_links
    assert link(caller, flow, "postFederationSignup", {}).status_code == write
    caller.emulator.settings(read_links_with="read")
    assert caller.graph("GET", path).status_code == list_flows


def test_granted_roles(caller):
    caller.emulator.grant(WRITE_ROLE, FLOW_READ_ROLE)
    caller.token = caller.token_request().json()["access_token"]
    assert [caller.graph("GET", path).status_code for path in (LIST, B2X)] == [200, 200]
    caller.emulator.grant(WRITE_ROLE)
    caller.token = caller.token_request().json()["access_token"]
    assert [caller.graph("GET", path).status_code for path in (LIST, B2X)] == [200, 403]


@pytest.mark.parametrize("setting, collection", [("b2x_user_flows", B2X), ("b2c_user_flows", B2C)])
@pytest.mark.parametrize(
    "offer, status, code",
    [("sign_up_off", 400, "AADB2C99039"), ("unknown_error", 404, "UnknownError"), ("not_found", 404, "NotFound")],
)
def test_what_a_tenant_does_not_offer(flows, setting, collection, offer, status, code):
    flows.emulator.settings(**{setting: offer})
    answer = flows.graph("GET", collection)
    assert (answer.status_code, error_code(answer)) == (status, code)
    others = {LIST, B2X, B2C} - {collection}
    assert [flows.graph("GET", other).status_code for other in others] == [200, 200]


def test_one_bucket_for_all(flows):
    flows.emulator.settings(throttle_requests=4, throttle_seconds=30)
    statuses = [flows.graph("GET", path).status_code for path in (LIST, B2X, B2C, LIST, B2X, LIST)]
    assert statuses == [200, 200, 200, 200, 429, 429]
    answer = flows.graph("GET", B2C)
    assert (error_code(answer), 1 <= int(answer.headers["Retry-After"]) <= 30) == ("TooManyRequests", True)
    flows.emulator.advance_clock(int(answer.headers["Retry-After"]))
    assert flows.graph("GET", B2C).status_code == 200
    # Another tenant has a bucket of its own, and a start of its own.
    tenants = flows.emulator.tenants()
    second = "22222222-0000-0000-0000-000000000000"
    flows.emulator.set_tenants([*tenants, {"id": second}])
    flows.token = flows.emulator.mint_token(tenant=second, roles=[FLOW_WRITE_ROLE])
    assert [flows.graph("GET", B2X).status_code for _call in range(5)] == [200, 200, 200, 200, 429]


def test_tenants_do_not_see_each_other(flows):
    second = {"id": "22222222-0000-0000-0000-000000000000", "domains": ["fabrikam.example"]}
    flows.emulator.set_tenants([*flows.emulator.tenants(), second])
    flows.emulator.add_user_flow("mine")
    theirs = flows.emulator.add_user_flow("theirs", tenant="fabrikam.example")
    flows.token = flows.emulator.mint_token(tenant=second["id"], roles=[FLOW_WRITE_ROLE])
    assert [item["id"] for item in flows.graph("GET", B2X).json()["value"]] == [theirs]


def test_uploads_show_in_flows(flows, identity):
    connector = flows.emulator.add_connector("a", certificates=[])
    flow = flows.emulator.add_user_flow("x", connectors={"postFederationSignup": connector})
    assert flows.upload(connector, identity.pfx("pw", triple_des("pw")), "pw").status_code == 200
    shown = configuration(flows, flow)["postFederationSignup"]["authenticationConfiguration"]["certificateList"]
    assert [item["thumbprint"] for item in shown] == [identity.thumbprint]


def test_endless_flows(flows):
    flows.emulator.fault(action="endless", path="userflows")
    content = flows.graph("GET", B2X).json()
    assert "@odata.nextLink" in content
    assert content["value"][0]["id"].startswith("Endless")


def test_seeds_are_checked(emulator):
    emulator.add_user_flow("a")
    for document in (
        {},
        {"id": 5},
        {"id": "a"},
        {"id": "B2X_1_a"},
        {"id": "b", "kind": "b2b"},
        {"id": "b", "surprise": 1},
        {"id": "b", "connectors": {"nothing": "x"}},
        {"id": "b", "connectors": {"postFederationSignup": 5}},
        {"id": "b", "tenant": "x"},
    ):
        with pytest.raises(EmulatorFailed):
            emulator.control("POST", "/user_flows", document)
    assert [item["id"] for item in emulator.user_flows()] == ["B2X_1_a"]
    emulator.clear_user_flows()
    assert emulator.user_flows() == []
