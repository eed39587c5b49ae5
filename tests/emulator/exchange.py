# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP exchange as plain values, so that the services are functions from a call to an answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

HTML_PAGE = "<!DOCTYPE html>\r\n<html><head><title>{title}</title></head>\r\n<body><h2>{title}</h2></body></html>\r\n"
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Call:
    """A request as it came in; header names are in lower case, the path is still percent-encoded."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def segments(self) -> tuple[str, ...]:
        """The decoded parts of the path. Split first, decode then: an id may hold an encoded slash."""
        return tuple(unquote(part) for part in self.path.split("/")[1:])

    @property
    def parameters(self) -> dict[str, str]:
        """The query parameters, decoded."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def content_type(self) -> str:
        """The media type of the body without its parameters."""
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    @property
    def bearer(self) -> str:
        """The bearer token; empty when there is none."""
        scheme, _blank, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def form(self) -> dict[str, str]:
        """The fields of a urlencoded body; any other body has none."""
        if self.content_type != FORM:
            return {}
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def json(self) -> Any:
        """The body as JSON; ValueError when it is not."""
        return json.loads(self.body.decode("utf-8"))


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def json_answer(
    status: int,
    content: Any,
    headers: Mapping[str, str] | None = None,
    content_type: str = "application/json; charset=utf-8",
) -> Answer:
    """An answer with a JSON body."""
    return Answer(
        status, {"Content-Type": content_type, **(headers or {})}, json.dumps(content, separators=(",", ":")).encode()
    )


def html_answer(status: int, title: str, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer with a page for people, as gateways and wrong addresses give it."""
    return Answer(status, {"Content-Type": "text/html", **(headers or {})}, HTML_PAGE.format(title=title).encode())
