# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The errors of the services: raised where a rule is broken, rendered where the answer is written."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from .clock import Clock


class GraphError(Exception):
    """An error answer of Graph."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, dict(headers or {})


class EntraError(Exception):
    """An error answer of Entra; `number` is the one after AADSTS."""

    def __init__(self, status: int, error: str, number: int, message: str) -> None:
        super().__init__(message)
        self.status, self.error, self.number, self.message = status, error, number, message


class MetadataError(Exception):
    """An error answer of a managed identity endpoint; `error` is the OAuth error, where the endpoint has one."""

    def __init__(
        self, status: int, message: str, error: str = "invalid_request", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.error, self.headers = status, error, dict(headers or {})


class ControlError(Exception):
    """A call of the control API that cannot be carried out as asked."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def bad_request(message: str, code: str = "BadRequest") -> GraphError:
    """Graph's answer to a request it does not understand."""
    return GraphError(400, code, message)


def graph_document(error: GraphError, clock: Clock, request_id: str, client_request_id: str) -> dict[str, Any]:
    """The JSON of a Graph error."""
    inner = {"date": clock.graph_date(), "request-id": request_id, "client-request-id": client_request_id}
    return {"error": {"code": error.code, "message": error.message, "innerError": inner}}


def entra_document(error: EntraError, clock: Clock, authority_host: str, correlation_id: str) -> dict[str, Any]:
    """The JSON of an Entra error."""
    trace_id, timestamp = str(uuid.uuid4()), clock.entra_date()
    return {
        "error": error.error,
        "error_description": f"AADSTS{error.number}: {error.message} Trace ID: {trace_id} Correlation ID: {correlation_id} Timestamp: {timestamp}",
        "error_codes": [error.number],
        "timestamp": timestamp,
        "trace_id": trace_id,
        "correlation_id": correlation_id,
        "error_uri": f"{authority_host}/error?code={error.number}",
    }
