# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The six operations on API connectors."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from .connectors import Basic, Certificate, Certificates, Connector, new_id, with_upload
from .defaults import READ_ROLE, WRITE_ROLE
from .errors import bad_request
from .exchange import Answer
from .operations import NAME, Endpoint, Operation, Routes, entity, listed
from .payloads import Pfx, connector_document, read_changes, read_json, read_new_connector, read_upload
from .pkcs12 import check_not_expired, open_pfx
from .settings import Settings
from .store import Store


def _store(operation: Operation) -> Store[Connector]:
    return operation.world.connectors_of(operation.tenant)


def _list(operation: Operation) -> Answer:
    return listed(
        operation,
        _store(operation),
        lambda connector: connector_document(connector, operation.world.settings, operation.now),
    )


def _get(operation: Operation) -> Answer:
    return _shown(200, operation, _store(operation).read(operation.names[0], operation.now))


def _create(operation: Operation) -> Answer:
    changes, settings = read_new_connector(read_json(operation.call)), operation.world.settings
    authentication = _replacement(operation, changes.authentication)
    connector = Connector(
        new_id(settings.id_form), changes.display_name or "", changes.target_url or "", authentication
    )
    _store(operation).write(connector.id, connector, settings, operation.now)
    location = f"{operation.root}/{operation.path}('{quote(connector.id)}')"
    return _shown(201, operation, connector, {"Location": location})


def _update(operation: Operation) -> Answer:
    connector = _store(operation).current(operation.names[0])
    changes = read_changes(read_json(operation.call))
    changed = replace(
        connector,
        display_name=changes.display_name or connector.display_name,
        target_url=changes.target_url or connector.target_url,
    )
    if changes.authentication is not None:
        changed = replace(changed, authentication=_replacement(operation, changes.authentication))
    _store(operation).write(connector.id, changed, operation.world.settings, operation.now)
    return Answer(204)


def _delete(operation: Operation) -> Answer:
    connector, settings = _store(operation).current(operation.names[0]), operation.world.settings
    for flows in operation.world.all_flows_of(operation.tenant):
        for flow in [flow for flow in flows.everything() if connector.id in flow.links.values()]:
            if settings.delete_linked == "error":
                raise bad_request(f"The API connector is used by the user flow '{flow.id}'.", "AADB2C")
            if settings.delete_linked == "unlink":
                flows.write(flow.id, flow.without(connector.id), settings, operation.now)
    _store(operation).write(connector.id, None, settings, operation.now)
    return Answer(204)


def _upload(operation: Operation) -> Answer:
    connector, settings = _store(operation).current(operation.names[0]), operation.world.settings
    certificate = _certificate(operation, read_upload(read_json(operation.call)))
    changed = replace(connector, authentication=with_upload(connector.authentication, certificate, settings))
    _store(operation).write(connector.id, changed, settings, operation.now)
    return _shown(200, operation, changed)


def _replacement(operation: Operation, wanted: Basic | Pfx | None) -> Basic | Certificates | None:
    """The whole authentication a create or an update puts in place."""
    return Certificates((_certificate(operation, wanted),)) if isinstance(wanted, Pfx) else wanted


def _certificate(operation: Operation, pfx: Pfx) -> Certificate:
    settings = operation.world.settings
    opened = open_pfx(pfx.pkcs12_value, pfx.password, settings.pfx_policy, settings.unprotected_pfx)
    if settings.upload_on_expired == "error":
        check_not_expired(opened, operation.now)
    return Certificate(opened.thumbprint, opened.not_before, opened.not_after, _store(operation).next_upload())


def _shown(status: int, operation: Operation, connector: Connector, headers: dict[str, str] | None = None) -> Answer:
    return entity(status, operation, connector_document(connector, operation.world.settings, operation.now), headers)


def _read(settings: Settings) -> tuple[str, ...]:
    return READ_ROLE, WRITE_ROLE


def _write(settings: Settings) -> tuple[str, ...]:
    return (WRITE_ROLE,)


# $expand is documented and there is nothing to expand; everything else is not proven to work.
ROUTES: Routes = {
    (): {"GET": Endpoint(_list, _read, {"$expand", "$skiptoken"}), "POST": Endpoint(_create, _write)},
    (NAME,): {
        "GET": Endpoint(_get, _read, {"$expand"}),
        "PATCH": Endpoint(_update, _write),
        "DELETE": Endpoint(_delete, _write),
    },
    (NAME, "uploadClientCertificate"): {"POST": Endpoint(_upload, _write)},
}
