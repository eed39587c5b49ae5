# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which API connectors to show."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass
from datetime import datetime, timedelta

from ansible_collections.msgraph.identity.plugins.module_utils._api_connectors import ApiConnectors
from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import APICONNECTOR_INFO
from ansible_collections.msgraph.identity.plugins.module_utils._connector_model import (
    CLIENT_CERTIFICATE,
    ApiConnector,
    Named,
)
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._graph import GraphClient
from ansible_collections.msgraph.identity.plugins.module_utils._run import Module
from ansible_collections.msgraph.identity.plugins.module_utils._source import Source


@dataclass(frozen=True)
class Listing:
    """Connectors as the result shows them.

    :ivar which: which ones they are, to follow "1 API connector"
    """

    connectors: tuple[ApiConnector, ...]
    now: datetime
    which: str = ""
    warnings: tuple[str, ...] = ()

    def render(self, with_diff: bool) -> dict[str, t.Any]:
        """As in results; there is never a difference."""
        number = len(self.connectors)
        result: dict[str, t.Any] = {
            "changed": False,
            "msg": f"{number or 'No'} API connector{'' if number == 1 else 's'}{self.which}.",
            "connectors": [self._render(connector) for connector in self.connectors],
        }
        return {**result, "warnings": list(self.warnings)} if self.warnings else result

    def _render(self, connector: ApiConnector) -> dict[str, t.Any]:
        active = connector.active_certificate
        return {**connector.render(self.now), "active_certificate": active.render(self.now) if active else None}


def work(
    graph: GraphClient, parameters: t.Mapping[str, t.Any], source: Source | None, check_mode: bool, now: datetime
) -> Listing:
    """The connectors that the validated `parameters` ask for; none is no error.

    :raises IdentityError: when `expiring_within_days` is negative
    """
    within = parameters["expiring_within_days"]
    if within is not None and within < 0:
        raise IdentityError(
            "expiring_within_days is negative. Give the days, or 0 for connectors that have no valid certificate now."
        )
    connectors = graph.resource(ApiConnectors)
    errors: list[IdentityError] = []
    named = Named(parameters["connector_id"], parameters["connector_name"])
    warnings: tuple[str, ...] = ()
    if named.connector_id:
        connector = connectors.get(named.connector_id)
        found = [connector] if connector else []
    elif named.connector_name:
        found = connectors.named(named.connector_name)
    else:
        found, errors = connectors.all()
    if not found and (named.connector_id or named.connector_name):
        suggestion = connectors.suggestion(named)
        warnings = (f"{named.missing}. {suggestion}",) if suggestion else ()
    which = " of that ID" if named.connector_id else " of that name" if named.connector_name else " in the tenant"
    if within is not None:
        found = [connector for connector in found if is_expiring(connector, now, within)]
        which += f" without an active certificate that lasts longer than {within} days"
    return Listing(tuple(found), now, which, (*warnings, *(f"{error.message} It is left out." for error in errors)))


def is_expiring(connector: ApiConnector, now: datetime, within: int) -> bool:
    """Whether the connector uses certificates, but none that is active is valid for more than `within` days."""
    active = connector.active_certificate
    return connector.authentication == CLIENT_CERTIFICATE and (
        active is None or (active.not_after - now) / timedelta(days=1) <= within
    )


MODULE = Module(APICONNECTOR_INFO, work)
