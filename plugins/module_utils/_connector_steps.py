# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The writes that change an API connector: how each is sent, and what shows it."""

from __future__ import annotations

import itertools
import typing as t
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.msgraph.identity.plugins.module_utils._api_connectors import ApiConnectors
from ansible_collections.msgraph.identity.plugins.module_utils._budget import backoff
from ansible_collections.msgraph.identity.plugins.module_utils._connector_model import (
    ApiConnector,
    BasicAuthentication,
    Changes,
)
from ansible_collections.msgraph.identity.plugins.module_utils._ensure import Execution, Step
from ansible_collections.msgraph.identity.plugins.module_utils._errors import FateUnknown, IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import WantedCertificate
from ansible_collections.msgraph.identity.plugins.module_utils._names import spelled_out
from ansible_collections.msgraph.identity.plugins.module_utils._text import listed
from ansible_collections.msgraph.identity.plugins.module_utils._times import iso8601
from ansible_collections.msgraph.identity.plugins.module_utils._urls import same_url
from ansible_collections.msgraph.identity.plugins.module_utils._writes import Write

# With these Graph may refuse what is there already. What it says in that case is not documented.
EXISTS_ALREADY = (400, 409)
LOOKS = 3  # for a connector that a lost request may have created
NOT_ACTIVE = "does not show the certificate as the active one"

ConnectorStep = Step[ApiConnectors, ApiConnector]
ConnectorExecution = Execution[ApiConnectors, ApiConnector]


@dataclass(frozen=True)
class UploadCertificate(ConnectorStep):
    """POST: adds the certificate to the list.

    :ivar must_be_active: whether the certificate has to be the active one afterwards
    """

    certificate: WantedCertificate
    must_be_active: bool = False

    sends_key = True
    done = "The certificate had already been uploaded."

    def carry_out(self, execution: ConnectorExecution) -> ApiConnector | None:
        """Upload it; the connector in which it was seen."""
        connectors, upload, connector = execution.resource, execution.upload, execution.before
        if connector is None or upload is None:
            raise ValueError("an upload needs a connector and a key")
        return Write(
            connectors.budget,
            connector.full_label,
            lambda: connectors.upload_client_certificate(connector, upload),
            lambda: connectors.get(connector.id, connector.full_label),
            self.shortcoming,
            echoes=EXISTS_ALREADY,
        ).carry_out(f"Certificate {self.certificate.thumbprint} was sent at {iso8601(execution.now)} and accepted")

    def shortcoming(self, connector: ApiConnector | None) -> str:
        """What a connector lacks after the upload."""
        lack = lack_of_certificate(connector, self.certificate, self.must_be_active)
        return f"{lack}; with exclusive: true it would be the only one" if lack == NOT_ACTIVE else lack


@dataclass(frozen=True)
class PatchConnector(ConnectorStep):
    """PATCH: what is sent replaces what was there; a certificate is the only one afterwards.

    :ivar sent: names of fields of `ApiConnector`
    :ivar after: the connector as it will be
    :ivar basic: the user name and password that are sent with the authentication
    :ivar certificate: the one that has to be listed afterwards, which is sent when `basic` is not
    :ivar must_be_active: whether that certificate has to be the active one
    """

    sent: tuple[str, ...]
    after: ApiConnector
    basic: BasicAuthentication | None = None
    certificate: WantedCertificate | None = None
    must_be_active: bool = False

    done = "The connector had already been changed."

    @property
    def sends_key(self) -> bool:
        """Whether the key of a certificate is sent."""
        return "authentication" in self.sent and self.basic is None

    def check(self, resource: ApiConnectors, before: ApiConnector | None) -> None:
        """A new display name must not be that of another connector: tasks could not tell them apart."""
        if before is None or "display_name" not in self.sent:
            return
        others = [
            namesake for namesake in resource.named(self.after.display_name or "") if not namesake.has_id(before.id)
        ]
        if others:
            raise IdentityError(
                f"{before.full_label} cannot get the name '{self.after.display_name}': API connector {others[0].id} has it, "
                "and tasks could not tell them apart by name."
            )
        _require_no_look_alike(resource, self.after.display_name or "", before.id)

    def carry_out(self, execution: ConnectorExecution) -> ApiConnector | None:
        """Change it; the connector in which that was seen."""
        connectors, connector = execution.resource, execution.before
        if connector is None:
            raise ValueError("a change needs a connector")
        changes = Changes(
            display_name=self.after.display_name if "display_name" in self.sent else None,
            target_url=self.after.target_url if "target_url" in self.sent else None,
            authentication=(self.basic or execution.upload) if "authentication" in self.sent else None,
        )
        what = f"Certificate {self.certificate.thumbprint}" if self.certificate and self.sends_key else "The change"
        return Write(
            connectors.budget,
            connector.full_label,
            lambda: connectors.update(connector, changes),
            lambda: connectors.get(connector.id, connector.full_label),
            self.shortcoming,
            # Setting it twice does no harm.
            unseen="" if self.shortcoming(connector) else "The password may or may not be set.",
            echoes=EXISTS_ALREADY if self.sends_key else (),
        ).carry_out(f"{what} was sent at {iso8601(execution.now)} and accepted")

    def shortcoming(self, connector: ApiConnector | None) -> str:
        """What a connector lacks after the change; only what was sent counts."""
        if connector is None:
            return "is not there"
        if "display_name" in self.sent and connector.display_name != self.after.display_name:
            return "does not show the new display name"
        if "target_url" in self.sent and not same_url(connector.target_url, self.after.target_url):
            return "does not show the new target URL"
        if self.basic and connector.authentication_summary != self.after.authentication_summary:
            return "does not show the new authentication"
        if self.certificate:
            lack = lack_of_certificate(connector, self.certificate, self.must_be_active)
            if lack:
                return lack
            if self.sends_key and any(
                listed.thumbprint != self.certificate.thumbprint for listed in connector.certificates
            ):
                return "does not show the certificate as the only one"
        return ""


@dataclass(frozen=True)
class DeleteConnector(ConnectorStep):
    """DELETE."""

    done = "The connector had already been deleted."

    def carry_out(self, execution: ConnectorExecution) -> ApiConnector | None:
        """Delete it; there is none any more."""
        if execution.before is None:
            raise ValueError("a deletion needs a connector")
        delete(execution.resource, execution.before, execution.now)
        return None


@dataclass(frozen=True)
class CreateConnector(ConnectorStep):
    """POST: makes a connector.

    :ivar after: the connector as it will be
    :ivar basic: the user name and password that are sent, if it is not a certificate
    :ivar certificate: the certificate that is sent
    """

    after: ApiConnector
    basic: BasicAuthentication | None = None
    certificate: WantedCertificate | None = None

    done = "The connector had already been created."

    @property
    def sends_key(self) -> bool:
        """Whether the key of a certificate is sent."""
        return self.certificate is not None

    def check(self, resource: ApiConnectors, before: ApiConnector | None) -> None:
        """A new connector must not be the twin of one that only looks as if it had another name."""
        if self.after.display_name:
            _require_no_look_alike(resource, self.after.display_name)

    def carry_out(self, execution: ConnectorExecution) -> ApiConnector | None:
        """Create it; the connector in which that was seen."""
        creation = _Creation(self, execution)
        try:
            return creation.carry_out()
        except IdentityError as exc:
            if creation.write.lost and not creation.made:
                exc.message += " A request whose answer was lost may still make it appear: look before you try again."
            raise

    def shortcoming(self, connector: ApiConnector | None) -> str:
        """What a connector of the name lacks to be the one that was sent. A password cannot be seen."""
        if connector is None:
            return "is not listed"
        if not same_url(connector.target_url, self.after.target_url):
            return "has another target URL"
        if connector.authentication_summary != self.after.authentication_summary:
            return "has another authentication"
        return lack_of_certificate(connector, self.certificate, False) if self.certificate else ""


class _Creation:
    """A creation on its way. Its effect has no identifier before an answer tells it: it is known by what it shows.

    :ivar found: all connectors of the name, as they were listed last
    :ivar made: the connector of the answer, once there was one
    """

    def __init__(self, step: CreateConnector, execution: ConnectorExecution) -> None:
        self._step = step
        self._connectors = execution.resource
        self._subject = execution.subject
        self._sent_at = iso8601(execution.now)
        self._now = execution.now
        after = step.after
        self._changes = Changes(after.display_name, after.target_url, step.basic or execution.upload)
        self._effects = 0  # how many connectors there may be of ours
        self.found: list[ApiConnector] = []
        self.made: ApiConnector | None = None
        self.write: Write[ApiConnector] = Write(
            self._connectors.budget,
            self._subject,
            self._send,
            self._read,
            step.shortcoming,
            may_be_absent=True,
            advice="",
        )

    def carry_out(self) -> ApiConnector | None:
        """Send it, and see that there is one connector of the name."""
        self.write.send()
        own = self.write.see(f"{self._subject} was sent at {self._sent_at} and accepted")
        if own is None:
            return None
        others = self._others(own)
        if others and self.made and self.write.lost and all(not self._step.shortcoming(other) for other in others):
            # Ours for certain is the one whose identifier an answer told. Nothing can refer to it yet.
            delete(self._connectors, own, self._now)
            self._connectors.budget.note(
                f"{self._subject} had been created by a request whose answer was lost. "
                f"Connector {own.id}, the second of that name, was deleted."
            )
            return others[0]
        if others:
            raise IdentityError(
                f"{self._subject} was created as {own.id} while somebody else created {_ids(others)} with the same "
                "name. Delete all but one, and let only one host run the task (run_once: true)."
            )
        if self.write.lost and self._effects > 1:
            self._connectors.budget.note(
                f"The answer to an earlier request to create {self._subject} was lost. "
                "Should a second connector of that name appear, delete it."
            )
        return own

    def _send(self) -> ApiConnector | None:
        if self.write.lost and self.found:
            # None of them shows what was sent, or it would not be sent again.
            raise IdentityError(
                f"{self._subject} was not created again: somebody else created {_ids(self.found)} with the same name, "
                "which is not as wanted. Rename or delete one of the two."
            )
        try:
            self.made = self._connectors.create(self._changes)
        except FateUnknown:
            self._effects += 1
            raise
        self._effects += 1
        return self.made

    def _read(self) -> ApiConnector | None:
        self.found = self._connectors.named(self._changes.display_name or "")
        if self.made:
            return next((connector for connector in self.found if connector.has_id(self.made.id)), None)
        return next((connector for connector in self.found if not self._step.shortcoming(connector)), None)

    def _others(self, own: ApiConnector) -> list[ApiConnector]:
        """Other connectors of the name. After a lost answer an earlier request may be listed later than the last one."""
        for attempt in itertools.count(1):
            others = [connector for connector in self.found if not connector.has_id(own.id)]
            wait = backoff(attempt)
            if others or self._effects == 1 or attempt == LOOKS or not self.write.budget.has_time_for(wait):
                break
            self.write.budget.clock.sleep(wait)
            self.write.look()
        return others


def _ids(connectors: t.Iterable[ApiConnector]) -> str:
    return ", ".join(connector.id for connector in connectors)


def _require_no_look_alike(connectors: ApiConnectors, display_name: str, own_id: str = "") -> None:
    """:raises IdentityError: when there is a connector whose name only looks like this one"""
    alike = {
        other: name
        for other, name in connectors.look_alikes(display_name).items()
        if other.casefold() != own_id.casefold()
    }
    if alike:
        named = listed([spelled_out(name, other) for other, name in alike.items()])
        raise IdentityError(
            f"There is no API connector named {spelled_out(display_name)}, but {named} looks alike. "
            "Nothing was sent; use the exact name or the ID, or choose a name that people can tell apart."
        )


def delete(connectors: ApiConnectors, connector: ApiConnector, now: datetime) -> None:
    """Delete a connector, and see that it is gone. Somebody else may have been faster."""
    Write(
        connectors.budget,
        connector.full_label,
        lambda: connectors.delete(connector),
        lambda: connectors.get(connector.id, connector.full_label),
        lambda seen: "is still there" if seen else "",
        may_be_absent=True,
        echoes=(404,),
    ).carry_out(f"The deletion was sent at {iso8601(now)} and accepted")


def lack_of_certificate(connector: ApiConnector | None, certificate: WantedCertificate, must_be_active: bool) -> str:
    """What a connector lacks that is to list `certificate`; empty when it does."""
    listed = connector.listed(certificate.thumbprint) if connector else None
    if listed is None:
        return "does not list the certificate"
    if must_be_active and not listed.is_active:
        return NOT_ACTIVE
    return ""
