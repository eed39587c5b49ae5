# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything the emulator remembers, in one place that can be put back to its beginning."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from . import defaults, flow_seeds, seeds
from .arc import KeyFiles
from .clock import Clock
from .connectors import Connector
from .errors import ControlError
from .faults import Faults
from .flows import KINDS, UserFlow
from .log import Log
from .registry import Registry
from .settings import Settings
from .store import Store
from .throttle import Bucket
from .tokens import Issuer


@dataclass(frozen=True)
class Addresses:
    """Where the services are; `directory` is where they write files that others are to read."""

    authority_host: str
    graph_url: str
    metadata_url: str
    directory: Path


class World:
    """The state shared by the services. One thread serves them all, so nothing here needs a lock."""

    def __init__(self, config: Mapping[str, Any], addresses: Addresses) -> None:
        self.config = dict(config)
        unknown = set(self.config) - {"settings", "tenants", "connectors", "user_flows"}
        if unknown:
            raise ControlError(f"configuration: unknown {', '.join(sorted(unknown))}")
        self.authority_host, self.graph_url, self.metadata_url = (
            addresses.authority_host,
            addresses.graph_url,
            addresses.metadata_url,
        )
        self.identity_header = str(uuid.uuid4())
        self.arc_keys = KeyFiles(addresses.directory / "arc")
        self.issuer, self.clock, self.log, self.faults = Issuer(), Clock(), Log(), Faults()
        self.reset()

    def reset(self) -> None:
        """Back to how it started; tokens issued before no longer count."""
        self.settings = Settings().changed(self.config.get("settings", {}))
        self.registry = Registry(self.config.get("tenants", defaults.TENANTS))
        self.clock.offset = 0.0
        self.log, self.faults = Log(), Faults()
        self.issuer.revoke_all()
        self.connectors: dict[str, Store[Connector]] = {}
        self.flows: dict[tuple[str, str], Store[UserFlow]] = {}
        self._buckets: dict[str, Bucket] = {}
        for document in self.config.get("connectors", []):
            self.seed(document)
        for document in self.config.get("user_flows", []):
            self.seed_flow(document)

    def connectors_of(self, tenant_id: str) -> Store[Connector]:
        """The connectors of a tenant."""
        return self.connectors.setdefault(tenant_id.lower(), Store("API connector"))

    def flows_of(self, tenant_id: str, kind: str) -> Store[UserFlow]:
        """The user flows of a tenant, those called `b2x` or those called `b2c`."""
        return self.flows.setdefault((tenant_id.lower(), kind), Store("user flow"))

    def all_flows_of(self, tenant_id: str) -> list[Store[UserFlow]]:
        """The user flows of a tenant, of both kinds."""
        return [self.flows_of(tenant_id, kind) for kind in KINDS]

    def bucket(self, tenant_id: str) -> Bucket:
        """The count of a tenant's requests."""
        return self._buckets.setdefault(tenant_id.lower(), Bucket())

    def seed_flow(self, document: Any) -> str:
        """Put a user flow in place without asking Graph; returns its id."""
        tenant = self._tenant_named_in(document)
        kind, flow = flow_seeds.parse(document)
        store = self.flows_of(tenant, kind.name)
        if store.exists(flow.id):
            raise ControlError(f"user flow: the id '{flow.id}' is taken")
        store.add(flow)
        return flow.id

    def link(self, document: Mapping[str, Any]) -> None:
        """Change the connector at a step of a user flow without asking Graph."""
        for store in self.all_flows_of(self._tenant_named_in(document)):
            if store.exists(document["id"]):
                store.add(store.current(document["id"]).linked(document["step"], document["connector"]))
                return
        raise ControlError(f"there is no user flow '{document['id']}'")

    def seed(self, document: Any) -> str:
        """Put a connector in place without asking Graph; returns its id."""
        store = self.connectors_of(self._tenant_named_in(document))
        connector = seeds.parse(document, store, self.settings)
        store.add(connector)
        return connector.id

    def change(self, document: Mapping[str, Any]) -> None:
        """Change a connector, whose `id` the document names, without asking Graph."""
        store = self.connectors_of(self._tenant_named_in(document))
        if not store.exists(document["id"]):
            raise ControlError(f"there is no connector '{document['id']}'")
        store.add(seeds.changed(store.current(document["id"]), document, store))

    def remove(self, document: Mapping[str, Any]) -> None:
        """Remove a connector, whose `id` the document names, without asking Graph; it need not be there."""
        self.connectors_of(self._tenant_named_in(document)).remove(document["id"])

    @contextmanager
    def lagging(self, reads: int, seconds: float) -> Iterator[None]:
        """What is written meanwhile shows only after so many reads, and so many seconds of the emulator's clock."""
        usual = self.settings
        self.settings = replace(
            usual,
            read_lag=max(reads, usual.read_lag),
            read_lag_seconds=max(seconds, usual.read_lag_seconds),
        )
        try:
            yield
        finally:
            self.settings = usual

    def _tenant_named_in(self, document: Any) -> str:
        """The id of the tenant of a document; the first one when it names none."""
        if not isinstance(document, Mapping) or "tenant" not in document:
            return self.registry.first().id
        named = self.registry.find(str(document["tenant"]))
        if named is None:
            raise ControlError(f"there is no tenant '{document['tenant']}'")
        return named.id

    def identity(self) -> dict[str, str | None]:
        """Where the services are, and the application meant when none is named."""
        tenant = self.registry.tenants[0] if self.registry.tenants else None
        app = next(iter(tenant.apps.values()), None) if tenant else None
        return {
            "authority_host": self.authority_host,
            "graph_url": self.graph_url,
            "metadata_url": self.metadata_url,
            "identity_header": self.identity_header,
            "tenant": tenant.id if tenant else None,
            "client_id": app.client_id if app else None,
        }

    def audiences(self) -> set[str]:
        """The resources a token can be for: this Graph, and the ones the settings add."""
        return {self.graph_url, *self.settings.audiences}
