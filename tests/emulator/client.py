# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator as tests use it: started as a process of its own, steered through the control API."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, final

import requests

from . import defaults

DIRECTORY = Path(__file__).resolve().parent


class EmulatorFailed(Exception):
    """The emulator did not start, did not stop cleanly, or refused a control call."""


@final
class Emulator:
    """A running emulator."""

    client_secret: str | None

    def __init__(
        self,
        ready: Mapping[str, Any],
        client_secret: str | None = defaults.CLIENT_SECRET,
        process: subprocess.Popen[str] | None = None,
    ) -> None:
        self.authority_host: str = ready["authority_host"]
        self.graph_url: str = ready["graph_url"]
        self.metadata_url: str = ready["metadata_url"]
        self.identity_header: str = ready["identity_header"]
        self.control_url: str = ready["control_url"]
        self.ca_path: str = ready["ca_path"]
        self.tenant: str = ready["tenant"]
        self.client_id: str = ready["client_id"]
        self.client_secret = client_secret
        self.process = process
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._session = requests.Session()
        # Neither proxies nor REQUESTS_CA_BUNDLE may come between a test and its emulator.
        self._session.trust_env = False
        self._session.verify = self.ca_path

    @classmethod
    def start(
        cls, config: Mapping[str, Any] | None = None, python: str = sys.executable, timeout: float = 20
    ) -> Emulator:
        """Start an emulator and wait until it answers."""
        directory = tempfile.TemporaryDirectory()
        command = [python, str(DIRECTORY), "--exit-with-parent"]
        if config is not None:
            path = Path(directory.name, "config.json")
            path.write_text(json.dumps(config), encoding="utf-8")
            command += ["--config", str(path)]
        # A file and not a pipe: nobody reads it before the end, and a full pipe would block.
        with open(_errors_path(directory), "w", encoding="utf-8") as errors:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        line = _first_line(process, timeout)
        if not line:
            process.kill()
            process.communicate()
            reason = _errors_path(directory).read_text(encoding="utf-8").strip()
            directory.cleanup()
            raise EmulatorFailed(
                f"the emulator did not get ready within {timeout} s (exit code {process.returncode}): {reason}"
            )
        emulator = cls(json.loads(line), _client_secret(config), process)
        emulator._directory = directory
        return emulator

    @classmethod
    def attach(cls, control_url: str, ca_path: str, client_secret: str | None = defaults.CLIENT_SECRET) -> Emulator:
        """Use an emulator that somebody else has started and will stop."""
        health = requests.Session()
        health.trust_env = False
        ready = health.get(f"{control_url}/health", verify=ca_path, timeout=10).json()
        return cls({**ready, "control_url": control_url, "ca_path": ca_path}, client_secret)

    def stop(self, timeout: float = 10) -> None:
        """Stop the process this object started; raises when it did not end cleanly."""
        self._session.close()
        process, directory = self.process, self._directory
        if process is None or directory is None:
            return
        self.process = self._directory = None
        process.terminate()
        try:
            process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        errors = _errors_path(directory).read_text(encoding="utf-8").strip()
        directory.cleanup()
        if process.returncode != 0:
            raise EmulatorFailed(f"the emulator ended with exit code {process.returncode}: {errors}")

    def __enter__(self) -> Emulator:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    @property
    def arc_directory(self) -> Path:
        """Where the keys are that prove to Azure Arc who is at home on the machine."""
        return Path(self.ca_path).parent / "arc"

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """One call of the control API."""
        answer = self._session.request(method, self.control_url + path, json=body, timeout=30)
        if answer.status_code != 200:
            raise EmulatorFailed(f"{method} {path}: {answer.text}")
        return answer.json()

    def requests(self, service: str | None = None) -> list[dict[str, Any]]:
        """The requests seen so far, by one service ("graph", "entra" or "metadata") or by all."""
        return [entry for entry in self.control("GET", "/requests") if service in (None, entry["service"])]

    def clear_requests(self) -> None:
        """Empty the log."""
        self.control("DELETE", "/requests")

    def settings(self, **changes: Any) -> dict[str, Any]:
        """Change settings; returns all of them as they are then."""
        return self.control("PATCH", "/settings", changes)

    def fault(self, **rule: Any) -> None:
        """Add a fault rule; its service is Graph unless said otherwise."""
        self.control("POST", "/faults", {"service": "graph", **rule})

    def faults(self) -> list[dict[str, Any]]:
        """The rules that are left."""
        return self.control("GET", "/faults")

    def clear_faults(self) -> None:
        """Remove all rules."""
        self.control("DELETE", "/faults")

    def now(self) -> float:
        """The emulator's time, in seconds since the epoch."""
        return self.control("GET", "/clock")["now"]

    def advance_clock(self, seconds: float) -> float:
        """Move the clock; returns the time then."""
        return self.control("PATCH", "/clock", {"advance": seconds})["now"]

    def set_clock_offset(self, seconds: float) -> float:
        """Set the distance of the clock from real time; returns the time then."""
        return self.control("PATCH", "/clock", {"offset": seconds})["now"]

    def add_connector(
        self,
        display_name: str,
        target_url: str | None = None,
        basic: tuple[str, str] | None = None,
        certificates: Iterable[Mapping[str, Any]] | None = None,
        connector_id: str | None = None,
        tenant: str | None = None,
    ) -> str:
        """Seed a connector and return its id.

        `basic` is (username, password). A certificate is {"pfx": bytes or base64, "password": ""} or {"thumbprint",
        "notBefore", "notAfter"}.
        """
        document: dict[str, Any] = {
            "displayName": display_name,
            "targetUrl": target_url,
            "id": connector_id,
            "tenant": tenant,
        }
        if basic is not None:
            document["authentication"] = {"basic": {"username": basic[0], "password": basic[1]}}
        if certificates is not None:
            document["authentication"] = {"certificates": [_sendable(certificate) for certificate in certificates]}
        return self.control(
            "POST", "/connectors", {name: value for name, value in document.items() if value is not None}
        )["id"]

    def add_connectors(self, documents: Iterable[Mapping[str, Any]]) -> list[str]:
        """Seed many connectors in one call, in the words of the control API; returns their ids."""
        return self.control("POST", "/connectors", list(documents))["ids"]

    def connectors(self) -> list[dict[str, Any]]:
        """All connectors as they are, whatever readers see."""
        return self.control("GET", "/connectors")

    def clear_connectors(self) -> None:
        """Remove all connectors."""
        self.control("DELETE", "/connectors")

    def add_user_flow(
        self,
        name: str,
        kind: str = "b2x",
        connectors: Mapping[str, str] | None = None,
        tenant: str | None = None,
    ) -> str:
        """Seed a user flow and return its id; `connectors` are ids by step (`postFederationSignup`)."""
        document = {"id": name, "kind": kind, "connectors": dict(connectors or {})}
        return self.add_user_flows([{**document, "tenant": tenant} if tenant else document])[0]

    def add_user_flows(self, documents: Iterable[Mapping[str, Any]]) -> list[str]:
        """Seed many user flows in one call, in the words of the control API; returns their ids."""
        return self.control("POST", "/user_flows", list(documents))["ids"]

    def user_flows(self) -> list[dict[str, Any]]:
        """All user flows as they are, whatever readers see."""
        return self.control("GET", "/user_flows")

    def clear_user_flows(self) -> None:
        """Remove all user flows."""
        self.control("DELETE", "/user_flows")

    def grant(self, *roles: str) -> None:
        """Give the application that is meant when none is named these Graph permissions, and no others."""
        tenants = self.tenants()
        tenants[0]["apps"][0]["roles"] = list(roles)
        self.set_tenants(tenants)

    def mint_token(self, **wanted: Any) -> str:
        """An access token: tenant, client_id, audience, lifetime, roles for an application, scp and wids for a user."""
        return self.control("POST", "/tokens", wanted)["access_token"]

    def revoke_tokens(self) -> None:
        """Make every token issued so far invalid."""
        self.control("DELETE", "/tokens")

    def tenants(self) -> list[dict[str, Any]]:
        """The registry of tenants and applications."""
        return self.control("GET", "/tenants")

    def set_tenants(self, tenants: Iterable[Mapping[str, Any]]) -> None:
        """Replace the registry."""
        self.control("PUT", "/tenants", list(tenants))

    def reset(self) -> None:
        """Put everything back to how it started."""
        self.control("POST", "/reset")


def _first_line(process: subprocess.Popen[str], timeout: float) -> str:
    limit = threading.Timer(timeout, process.kill)
    limit.start()
    try:
        return process.stdout.readline() if process.stdout else ""
    finally:
        limit.cancel()


def _errors_path(directory: tempfile.TemporaryDirectory[str]) -> Path:
    return Path(directory.name, "errors.txt")


def _client_secret(config: Mapping[str, Any] | None) -> str | None:
    tenants = (config or {}).get("tenants", defaults.TENANTS)
    apps = tenants[0].get("apps", []) if tenants else []
    secrets = apps[0].get("secrets", []) if apps else []
    return secrets[0]["value"] if secrets else None


def _sendable(certificate: Mapping[str, Any]) -> dict[str, Any]:
    pfx = certificate.get("pfx")
    return {**certificate, "pfx": base64.b64encode(pfx).decode()} if isinstance(pfx, bytes) else dict(certificate)
