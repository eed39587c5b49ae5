# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings: how the emulator behaves where the real service is strict, slow or undocumented."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from .errors import ControlError


def _one_of(*values: str) -> tuple[str, Callable[[Any], bool]]:
    return " or ".join(values), lambda value: value in values


def _number(least: float) -> tuple[str, Callable[[Any], bool]]:
    return (
        f"a number not below {least}",
        lambda value: isinstance(value, (int, float)) and not isinstance(value, bool) and value >= least,
    )


def _whole(least: int) -> tuple[str, Callable[[Any], bool]]:
    return (
        f"a whole number not below {least}",
        lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= least,
    )


def _texts() -> tuple[str, Callable[[Any], bool]]:
    return (
        "a list of strings",
        lambda value: isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value),
    )


@dataclass(frozen=True)
class Settings:
    """All settings with their defaults; where the real behaviour is not known, the default is the strict one."""

    api_connectors: str = "offered"
    b2x_user_flows: str = "offered"
    b2c_user_flows: str = "offered"
    active_rule: str = "newest_upload"
    duplicate_upload: str = "error"
    upload_on_basic: str = "error"
    upload_on_expired: str = "error"
    pfx_policy: str = "3des"
    unprotected_pfx: str = "accept"
    list_order: str = "upload"
    certificate_list: str = "shown"
    delete_linked: str = "error"
    dangling_link: str = "null"
    unlinked_step: str = "null"
    link_to_missing: str = "bad_request"
    link_effect: str = "applied"
    read_links_with: str = "read_write"
    id_form: str = "guid"
    thumbprint_case: str = "upper"
    epoch_form: str = "int"
    page_size: int = 100
    token_lifetime: int = 3599
    audiences: tuple[str, ...] = ()
    throttle_requests: int = 0
    throttle_seconds: float = 60
    read_lag: int = 0
    read_lag_seconds: float = 0
    latency_ms: float = 0

    def changed(self, changes: Any) -> Settings:
        """These settings with some changed; unknown names and values out of range are refused."""
        if not isinstance(changes, Mapping):
            raise ControlError("settings: a JSON object is needed")
        for name, value in changes.items():
            if name not in RULES:
                raise ControlError(f"settings: there is no setting '{name}', only {', '.join(RULES)}")
            wanted, fits = RULES[name]
            if not fits(value):
                raise ControlError(f"settings: {name} must be {wanted}, not {value!r}")
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in changes.items()
        }
        return replace(self, **values)

    def document(self) -> dict[str, Any]:
        """The settings as JSON values."""
        return asdict(self)


# What the tenant makes of a resource: serves it; refuses it, as guests cannot sign up by themselves; or does not know
# its path, in one of the two forms seen.
OFFERS = ("offered", "sign_up_off", "unknown_error", "not_found")

RULES = {
    "api_connectors": _one_of(*OFFERS),
    "b2x_user_flows": _one_of(*OFFERS),
    "b2c_user_flows": _one_of(*OFFERS),
    "active_rule": _one_of("newest_upload", "oldest_upload", "latest_not_before"),
    "duplicate_upload": _one_of("error", "append", "move", "ignore"),
    "upload_on_basic": _one_of("error", "switch"),
    "upload_on_expired": _one_of("error", "accept"),
    "pfx_policy": _one_of("3des", "any"),
    "unprotected_pfx": _one_of("accept", "error"),
    "list_order": _one_of("upload", "reverse", "thumbprint"),
    "certificate_list": _one_of("shown", "null_when_empty", "null", "left_out"),
    "delete_linked": _one_of("error", "dangle", "unlink"),
    "dangling_link": _one_of("null", "id", "not_found"),
    "unlinked_step": _one_of("null", "left_out"),
    "link_to_missing": _one_of("bad_request", "not_found"),
    "link_effect": _one_of("applied", "none"),
    "read_links_with": _one_of("read_write", "read"),
    "id_form": _one_of("guid", "restapi"),
    "thumbprint_case": _one_of("upper", "lower"),
    "epoch_form": _one_of("int", "float", "string"),
    "page_size": _whole(1),
    "token_lifetime": _whole(0),
    "audiences": _texts(),
    "throttle_requests": _whole(0),
    "throttle_seconds": _number(1),
    "read_lag": _whole(0),
    "read_lag_seconds": _number(0),
    "latency_ms": _number(0),
}

if set(RULES) != {item.name for item in fields(Settings)}:
    raise RuntimeError("every setting needs a rule")
