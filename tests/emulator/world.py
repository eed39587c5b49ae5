# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything the emulator remembers, in one place that can be put back to its beginning."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import defaults, seeds
from .arc import KeyFiles
from .clock import Clock
from .connectors import Store
from .errors import ControlError
from .faults import Faults
from .log import Log
from .registry import Registry
from .settings import Settings
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
        unknown = set(self.config) - {"settings", "tenants", "connectors"}
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
        self.stores: dict[str, Store] = {}
        for document in self.config.get("connectors", []):
            self.seed(document)

    def store(self, tenant_id: str) -> Store:
        """The connectors of a tenant."""
        return self.stores.setdefault(tenant_id.lower(), Store())

    def seed(self, document: Any) -> str:
        """Put a connector in place without asking Graph; returns its id."""
        tenant = self.registry.first()
        if isinstance(document, Mapping) and "tenant" in document:
            named = self.registry.find(str(document["tenant"]))
            if named is None:
                raise ControlError(f"there is no tenant '{document['tenant']}'")
            tenant = named
        store = self.store(tenant.id)
        connector = seeds.parse(document, store, self.settings, self.clock.now())
        store.add(connector)
        return connector.id

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
