# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Microsoft Entra ID: discovery and the token endpoint for the client credentials grant."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from .challenge import asked
from .credentials import check_credentials
from .errors import EntraError, entra_document
from .exchange import Answer, Call, html_answer, json_answer
from .faults import Rule
from .registry import App, Tenant
from .tokens import app_claims
from .world import World

NAME = "entra"
DEFAULT_ERRORS = {400: "invalid_request", 401: "invalid_client"}


def answer(world: World, call: Call) -> Answer:
    """What Entra answers to a call."""
    try:
        return _finished(world, call, _serve(world, call))
    except EntraError as error:
        return _failure(world, call, error)


def scripted(world: World, call: Call, rule: Rule) -> Answer:
    """The error answer a fault rule asks for; `code` is the OAuth error, numbers are those of AADSTS."""
    status = rule.status or 500
    error = rule.code or DEFAULT_ERRORS.get(status, "temporarily_unavailable")
    return _failure(
        world,
        call,
        EntraError(status, error, 90033, rule.message or "A transient error has occurred. Please try again."),
    )


def _failure(world: World, call: Call, error: EntraError) -> Answer:
    document = entra_document(
        error, world.clock, world.authority_host, call.headers.get("client-request-id") or str(uuid.uuid4())
    )
    return _finished(world, call, json_answer(error.status, document))


def _finished(world: World, call: Call, given: Answer) -> Answer:
    headers = {
        **given.headers,
        "Date": world.clock.http_date(),
        "Cache-Control": "no-store, no-cache",
        "x-ms-request-id": str(uuid.uuid4()),
    }
    if "client-request-id" in call.headers:
        headers["client-request-id"] = call.headers["client-request-id"]
    return Answer(given.status, headers, given.body)


def _serve(world: World, call: Call) -> Answer:
    segments = tuple(part.lower() for part in call.segments)
    tenant_name, rest = call.segments[0], segments[1:]
    if segments == ("common", "discovery", "instance"):
        allowed, serve = "GET", partial(_instances, world)
    elif rest == ("v2.0", ".well-known", "openid-configuration"):
        allowed, serve = "GET", partial(_openid_configuration, world, tenant_name)
    elif rest == ("discovery", "v2.0", "keys"):
        allowed, serve = "GET", partial(json_answer, 200, world.issuer.keys())
    elif rest == ("oauth2", "v2.0", "token"):
        allowed, serve = "POST", partial(_token, world, tenant_name, call)
    else:
        return html_answer(404, "404 - File or directory not found.")
    if call.method != allowed:
        return html_answer(405, "405 - HTTP verb used to access this page is not allowed.", {"Allow": allowed})
    return serve()


def _tenant(world: World, name: str, error: str) -> Tenant:
    tenant = world.registry.find(name)
    if tenant is None:
        raise EntraError(
            400,
            error,
            90002,
            f"Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud. "
            "Check with your subscription administrator, this may happen if there are no active subscriptions for the tenant.",
        )
    return tenant


def _instances(world: World) -> Answer:
    host = urlsplit(world.authority_host).netloc
    return json_answer(
        200,
        {
            "tenant_discovery_endpoint": f"{world.authority_host}/common/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [{"preferred_network": host, "preferred_cache": host, "aliases": [host]}],
        },
    )


def _openid_configuration(world: World, tenant_name: str) -> Answer:
    base = f"{world.authority_host}/{_tenant(world, tenant_name, 'invalid_tenant').id}"
    return json_answer(
        200,
        {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": f"{base}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": f"{base}/v2.0",
            "request_uri_parameter_supported": False,
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "end_session_endpoint": f"{base}/oauth2/v2.0/logout",
            "tenant_region_scope": "EU",
            "msgraph_host": urlsplit(world.graph_url).netloc,
        },
    )


def _token(world: World, tenant_name: str, call: Call) -> Answer:
    tenant, form = _tenant(world, tenant_name, "invalid_request"), call.form()
    for name in ("grant_type", "client_id", "scope"):
        if not form.get(name):
            raise EntraError(
                400, "invalid_request", 900144, f"The request body must contain the following parameter: '{name}'."
            )
    if form["grant_type"] != "client_credentials":
        raise EntraError(
            400, "unsupported_grant_type", 70003, f"The app requested an unsupported grant type '{form['grant_type']}'."
        )
    app = _app(tenant, form["client_id"])
    check_credentials(app, form, _assertion_audiences(world, tenant), world.clock.now())
    audience = _audience(world, form["scope"])
    lifetime = world.settings.token_lifetime
    claims = {**app_claims(tenant.id, app.client_id, audience, app.roles), **asked(form)}
    token = world.issuer.issue(claims, world.clock.now(), lifetime)
    content: dict[str, Any] = {
        "token_type": "Bearer",
        "expires_in": lifetime,
        "ext_expires_in": lifetime,
        "access_token": token,
    }
    return json_answer(200, content)


def _app(tenant: Tenant, client_id: str) -> App:
    app = tenant.app(client_id)
    if app is None:
        raise EntraError(
            400,
            "unauthorized_client",
            700016,
            f"Application with identifier '{client_id}' was not found in the directory '{tenant.id}'. This can happen if the application has not been "
            "installed by the administrator of the tenant or consented to by any user in the tenant. You may have sent your authentication request to "
            "the wrong tenant.",
        )
    return app


def _assertion_audiences(world: World, tenant: Tenant) -> set[str]:
    names = (tenant.id, *tenant.domains)
    return {f"{world.authority_host}/{name}/{end}" for name in names for end in ("oauth2/v2.0/token", "v2.0")}


def _audience(world: World, scope: str) -> str:
    resource, suffix = scope[: -len("/.default")], scope[-len("/.default") :]
    if suffix != "/.default" or resource not in world.audiences():
        raise EntraError(
            400,
            "invalid_scope",
            70011,
            "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. "
            f"The scope {scope} is not valid.",
        )
    return resource
