# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""As much of AWX's API as the modules of awx.awx need: things with names, kept in memory."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from awx_rules import credential_type_faults, survey_faults

PREFIX = "/api/v2/"
# What the modules of awx.awx use, and what AWX says of a new one.
COLLECTIONS: dict[str, dict[str, Any]] = {
    "organizations": {},
    "credential_types": {},
    "credentials": {"inputs": {}},
    "execution_environments": {},
    "projects": {"scm_revision": "1f2e3d"},
    "inventories": {"kind": "", "host_filter": None},
    "hosts": {"variables": ""},
    "notification_templates": {},
    "job_templates": {},
    "schedules": {},
}
ENCRYPTED = "$encrypted$"
Item = dict[str, Any]


class AwxServer:
    """An AWX without jobs, for the time of a `with`."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.items: dict[str, list[Item]] = {name: [] for name in COLLECTIONS}
        # The items of a list below another item, and surveys, by path.
        self.below: dict[str, Any] = {}
        self.secrets: dict[int, dict[str, str]] = {}
        self.writes: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"awx": self}))
        self.add("organizations", name="Default")

    @property
    def url(self) -> str:
        """What controller_host is to be."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> AwxServer:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add(self, collection: str, **fields: Any) -> Item:
        """Create an item as the API does."""
        number = 1 + sum(len(items) for items in self.items.values())
        url = f"{PREFIX}{collection}/{number}/"
        kind = {"inventories": "inventory"}.get(collection, collection[:-1])
        related = {"survey_spec": f"{url}survey_spec/"}
        item = {
            "id": number,
            "url": url,
            "type": kind,
            "related": related,
            "summary_fields": {},
            **COLLECTIONS[collection],
        }
        self.items[collection].append(item)
        self.update(item, fields)
        return item

    def update(self, item: Item, fields: Mapping[str, Any]) -> None:
        """Change an item; secrets are kept apart."""
        item.update(fields)
        if item["type"] == "credential":
            kind = next(kind for kind in self.items["credential_types"] if kind["id"] == item["credential_type"])
            secret = {field["id"] for field in kind["inputs"]["fields"] if field.get("secret")}
            self.secrets[item["id"]] = {name: value for name, value in item["inputs"].items() if name in secret}
            item["inputs"] = {name: ENCRYPTED if name in secret else value for name, value in item["inputs"].items()}

    def find(self, collection: str, name: str) -> Item:
        """The one item of that name."""
        (item,) = [item for item in self.items[collection] if item["name"] == name]
        return item

    def names(self, item: Item, below: str) -> list[str]:
        """The names of what is listed below an item."""
        return [other["name"] for other in self.below.get(f"{item['url']}{below}/", [])]

    def answer(self, method: str, path: str, query: Mapping[str, str], body: Any) -> tuple[int, Any]:
        """Status and document."""
        if method != "GET":
            self.writes.append(f"{method} {path}")
        collection, *rest = path.removeprefix(PREFIX).strip("/").split("/")
        if collection == "unified_job_templates":
            return self._list([*self.items["projects"], *self.items["job_templates"]], query)
        if not rest:
            if method == "GET":
                return self._list(self.items[collection], query)
            faults = self._faults(collection, body)
            return (400, {"__all__": faults}) if faults else (201, self.add(collection, **body))
        (item,) = [item for item in self.items[collection] if str(item["id"]) == rest[0]]
        if len(rest) == 1:
            if method == "PATCH":
                self.update(item, body)
            return 200, item
        return self._answer_below(method, path, rest[1], body)

    def _answer_below(self, method: str, path: str, name: str, body: Any) -> tuple[int, Any]:
        if name == "survey_spec":
            if method == "POST":
                faults = list(survey_faults(body))
                if faults:
                    return 400, {"error": faults}
                self.below[path] = body
            return 200, self.below.get(path, {})
        listed = self.below.setdefault(path, [])
        if method == "GET":
            return self._list(listed, {})
        everything = (item for items in self.items.values() for item in items)
        listed.append(next(item for item in everything if item["id"] == body["id"]))
        return 204, None

    @staticmethod
    def _list(items: list[Item], query: Mapping[str, str]) -> tuple[int, Any]:
        found = [item for item in items if all(str(item.get(name)) == value for name, value in query.items())]
        return 200, {"count": len(found), "next": None, "results": found}

    def _faults(self, collection: str, body: Mapping[str, Any]) -> list[str]:
        if collection == "credential_types":
            return list(credential_type_faults(body["inputs"], body["injectors"]))
        if collection == "credentials":
            kind = next(kind for kind in self.items["credential_types"] if kind["id"] == body["credential_type"])
            known = {field["id"] for field in kind["inputs"]["fields"]}
            return [f"there is no field {name}" for name in set(body["inputs"]) - known]
        return []


class _Handler(BaseHTTPRequestHandler):
    awx: AwxServer

    def do_GET(self) -> None:
        self._respond()

    def do_POST(self) -> None:
        self._respond()

    def do_PATCH(self) -> None:
        self._respond()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _respond(self) -> None:
        url = urlsplit(self.path)
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Authorization") != f"Bearer {self.awx.token}":
            status, document = 401, {"detail": "Authentication credentials were not provided."}
        else:
            status, document = self.awx.answer(
                self.command, url.path, dict(parse_qsl(url.query)), json.loads(content) if content else None
            )
        data = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("X-API-Product-Name", "AWX")
        self.send_header("X-API-Product-Version", "24.6.1")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
