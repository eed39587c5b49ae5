# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""User flows that tests put in place: what the documents of the control API say, and how the state is shown there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import ControlError
from .flows import B2X, KINDS, STEPS, Kind, UserFlow, full_id

NAMES = {"id", "tenant", "kind", "userFlowType", "connectors"}


def parse(document: Any) -> tuple[Kind, UserFlow]:
    """A user flow from its document; whether its connectors exist is not asked."""
    if not isinstance(document, Mapping) or not isinstance(document.get("id"), str) or set(document) - NAMES:
        raise ControlError(f"user flow: an object with id is needed, and perhaps {', '.join(sorted(NAMES - {'id'}))}")
    kind = KINDS.get(document.get("kind", B2X.name))
    if kind is None:
        raise ControlError(f"user flow: kind must be {' or '.join(KINDS)}")
    links = document.get("connectors", {})
    if not isinstance(links, Mapping) or not all(
        step in STEPS["beta"] and isinstance(connector, str) for step, connector in links.items()
    ):
        raise ControlError(f"user flow: connectors must be ids by {', '.join(STEPS['beta'])}")
    flow_type = document.get("userFlowType", "signUpOrSignIn")
    return kind, UserFlow(full_id(kind, document["id"]), flow_type, 1, kind.more, dict(links))


def document(kind: str, flow: UserFlow) -> dict[str, Any]:
    """A user flow with everything the emulator knows of it."""
    return {"id": flow.id, "kind": kind, "userFlowType": flow.flow_type, "connectors": dict(flow.links)}
