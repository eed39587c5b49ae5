# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers as a fault rule wants them: other headers, other JSON, more pages, and what was asked, said back."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable, Mapping
from email.utils import formatdate
from typing import Any
from urllib.parse import quote

from .exchange import Answer, Call
from .faults import Rule
from .store import END, skiptoken

SPELLINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "url": lambda text: quote(text, safe=""),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "json": lambda text: json.dumps(text)[1:-1],
}


def reshaped(answer: Answer, call: Call, rule: Rule, root: str, now: float) -> Answer:
    """An answer with what a rule says of it.

    :param root: the URL of the service, for links.
    :param now: seconds since the epoch, for the Date header.
    """
    headers = dict(answer.headers)
    if rule.date_offset:
        headers["Date"] = formatdate(now + rule.date_offset, usegmt=True)
    body = _endless(answer.body, call, rule, root) if rule.action == "endless" else answer.body
    if rule.merge and body:
        body = json.dumps(merged(_parsed(body), rule.merge), separators=(",", ":")).encode()
    return Answer(answer.status, {**headers, **rule.headers}, body)


def merged(target: Any, patch: Any) -> Any:
    """A JSON merge patch (RFC 7396): null removes, objects are merged, everything else is replaced."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def echoed(call: Call, rule: Rule) -> str:
    """What a rule says back of a request: its Authorization header, the bearer token, its body, or fields of it."""
    return " ".join(SPELLINGS[rule.echo_as](_part(call, name)) for name in rule.echo)


def _part(call: Call, name: str) -> str:
    if name == "authorization":
        return call.headers.get("authorization", "")
    if name == "token":
        return call.bearer
    text = call.body.decode("utf-8", "replace")
    if name == "body":
        return text
    return call.form().get(name) or _field(_parsed(call.body), name)


def _field(content: Any, name: str) -> str:
    """The text of that name, however deep."""
    if isinstance(content, Mapping):
        if isinstance(content.get(name), str):
            return str(content[name])
        return next((found for value in content.values() if (found := _field(value, name))), "")
    return ""


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _endless(body: bytes, call: Call, rule: Rule, root: str) -> bytes:
    """A page with entries that nobody made, and behind the last real one always another page."""
    content = _parsed(body)
    if not isinstance(content, dict) or not isinstance(content.get("value"), list):
        return body
    kept = "".join(f"{name}={quote(value)}&" for name, value in call.parameters.items() if name != "$skiptoken")
    following = f"{root}{call.path}?{kept}$skiptoken={skiptoken(END, uuid.uuid4().hex)}"
    content.setdefault("@odata.nextLink", following)
    content["value"] += [_invented(call, rule.padding) for _entry in range(rule.entries)]
    return json.dumps(content, separators=(",", ":")).encode()


def _invented(call: Call, padding: int) -> dict[str, Any]:
    name = f"Endless {uuid.uuid4()}"
    if "userflows" in call.path.lower():
        shown: dict[str, Any] = {"id": name, "userFlowType": "signUpOrSignIn", "userFlowTypeVersion": 1}
    else:
        shown = {"id": name, "displayName": name, "targetUrl": "https://endless.example/"}
        shown["authenticationConfiguration"] = None
    return {**shown, "@padding": "x" * padding} if padding else shown
