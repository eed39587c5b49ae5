# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An API connector itself: decide what to do, then do it and see that it is done."""

from __future__ import annotations

import enum
import itertools
import typing as t
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from ansible_collections.msgraph.identity.plugins.module_utils import _client_certificate
from ansible_collections.msgraph.identity.plugins.module_utils._api_connectors import (
    BASIC,
    NIL_ID,
    NONE,
    ApiConnector,
    ApiConnectors,
    BasicAuthentication,
    Changes,
    Target,
)
from ansible_collections.msgraph.identity.plugins.module_utils._errors import (
    FateUnknown,
    IdentityError,
    NotFound,
    ServiceError,
)
from ansible_collections.msgraph.identity.plugins.module_utils._graph import GraphClient
from ansible_collections.msgraph.identity.plugins.module_utils._http import backoff
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import Upload, WantedCertificate, received
from ansible_collections.msgraph.identity.plugins.module_utils._outcome import Outcome
from ansible_collections.msgraph.identity.plugins.module_utils._times import iso8601
from ansible_collections.msgraph.identity.plugins.module_utils._urls import require_target_url, same_url
from ansible_collections.msgraph.identity.plugins.module_utils._writes import Write

CertificatePlan = _client_certificate.Plan
CertificateStep = _client_certificate.Step


class Step(enum.Enum):
    """What one run does."""

    NONE = "none"
    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True)
class Wanted:
    """The connector as the task wants it; what is None is left as it is.

    :ivar always: whether the password of basic authentication is sent each time
    """

    target: Target
    present: bool = True
    display_name: str | None = None
    target_url: str | None = None
    authentication: BasicAuthentication | WantedCertificate | None = None
    always: bool = False

    @classmethod
    def from_parameters(cls, parameters: t.Mapping[str, t.Any], certificate: WantedCertificate | None) -> Wanted:
        """From the validated parameters of the module.

        :param certificate: the one in `authentication.client_certificate`, opened
        :raises IdentityError: when they contradict each other
        """
        target = Target(parameters["connector_id"], parameters["connector_name"])
        if parameters["state"] == "absent":
            if target.connector_id and target.connector_name:
                raise IdentityError(
                    "With state: absent, give either connector_id or connector_name, so that it is certain which connector is to go."
                )
            return cls(target, present=False)
        basic: t.Mapping[str, t.Any] | None = (parameters["authentication"] or {}).get("basic")
        return cls(
            target,
            display_name=parameters["connector_name"],
            target_url=require_target_url(parameters["target_url"]),
            authentication=BasicAuthentication(basic["username"], basic["password"]) if basic else certificate,
            always=basic is not None and basic["update_password"] == "always",
        )


@dataclass(frozen=True)
class Plan:
    """The decision, with the connector as it is and as it will be (None where there is none).

    :ivar sent: what is sent in the POST that creates or the PATCH that changes: names of fields of `ApiConnector`
    :ivar authentication: what happens to the authentication; its upload is a request of its own
    """

    step: Step
    reason: str
    before: ApiConnector | None
    after: ApiConnector | None
    sent: tuple[str, ...] = ()
    authentication: CertificatePlan | None = None
    warnings: tuple[str, ...] = ()

    @property
    def idle(self) -> bool:
        """Whether nothing is to be done."""
        return self.step is Step.NONE

    @property
    def authentication_step(self) -> CertificateStep:
        """What happens to the authentication."""
        return self.authentication.step if self.authentication else CertificateStep.NONE


def plan(
    connector: ApiConnector | None,
    wanted: Wanted,
    now: datetime,
    check_mode: bool = False,
    namesakes: t.Sequence[ApiConnector] = (),
) -> Plan:
    """Decide what to do. Pure: everything that decides is here.

    :param namesakes: connectors that have the wanted name already
    :raises IdentityError: when the wanted state cannot be reached
    """
    if not wanted.present:
        if connector is None:
            return Plan(Step.NONE, "the connector does not exist", None, None)
        return Plan(Step.DELETE, "the connector exists", connector, None)
    if connector is None:
        return _plan_create(wanted, now, check_mode)
    others = [namesake.id for namesake in namesakes if namesake.id != connector.id]
    if others:
        raise IdentityError(
            f"{wanted.target} cannot get the name '{wanted.display_name}': API connector {others[0]} has it, and tasks could not tell them apart by name."
        )
    authentication = _plan_authentication(connector, wanted, now)
    after, sent, reasons = authentication.after, [], []
    if wanted.display_name is not None and wanted.display_name != connector.display_name:
        _check_name(wanted.display_name)
        after = replace(after, display_name=wanted.display_name)
        sent.append("display_name")
        reasons.append("the display name differs")
    if wanted.target_url is not None and not same_url(wanted.target_url, connector.target_url):
        after = replace(after, target_url=wanted.target_url)
        sent.append("target_url")
        reasons.append("the target URL differs")
    if authentication.step is not CertificateStep.NONE:
        reasons.append(authentication.reason)
    if authentication.step is CertificateStep.REPLACE:
        sent.append("authentication")
    step = Step.UPDATE if reasons else Step.NONE
    return Plan(
        step,
        "; ".join(reasons) or "the connector is as wanted",
        connector,
        after,
        tuple(sent),
        authentication,
        authentication.warnings,
    )


def _plan_create(wanted: Wanted, now: datetime, check_mode: bool) -> Plan:
    missing = f"There is no API connector with {wanted.target.described}"
    lacking = " and ".join(name for name in ("target_url", "authentication") if getattr(wanted, name) is None)
    warnings: tuple[str, ...] = ()
    if check_mode and (wanted.target.connector_id or lacking):
        warnings = (f"{missing} now. The change is predicted as if the play had created it before.",)
    elif wanted.target.connector_id:
        remedy = "leave connector_id out to create the connector, or check the tenant and the cloud"
        raise IdentityError(f"{missing}. Microsoft Graph chooses the IDs: {remedy}.")
    elif lacking:
        raise IdentityError(f"{missing}. To create it, give {lacking} too.")
    if wanted.display_name:
        _check_name(wanted.display_name)
    blank = ApiConnector(wanted.target.connector_id or NIL_ID, wanted.display_name, wanted.target_url, NONE)
    authentication = _plan_authentication(blank, wanted, now)
    sent = ("display_name", "target_url", "authentication")
    return Plan(
        Step.CREATE,
        "the connector does not exist",
        None,
        authentication.after,
        sent,
        authentication,
        (*warnings, *authentication.warnings),
    )


def _plan_authentication(connector: ApiConnector, wanted: Wanted, now: datetime) -> CertificatePlan:
    """What happens to the authentication; a user name and password go the way of a certificate that replaces
    everything.
    """
    authentication = wanted.authentication
    if isinstance(authentication, WantedCertificate):
        return _client_certificate.plan(connector, authentication, _plan_options(wanted), now)
    unchanged = CertificatePlan(CertificateStep.NONE, "", connector, connector)
    if authentication is None:
        return unchanged
    if connector.authentication != BASIC:
        reason = f"the connector's authentication is {connector.authentication}"
    elif connector.username != authentication.username:
        reason = "the user name differs"
    elif wanted.always:
        reason = "the password is sent each time (update_password: always), as it cannot be read back to compare it"
    else:
        return unchanged
    after = replace(connector, authentication=BASIC, username=authentication.username, certificates=())
    return CertificatePlan(CertificateStep.REPLACE, reason, connector, after)


def _plan_options(wanted: Wanted) -> _client_certificate.Options:
    # Who names the authentication here wants it to be that one.
    return _client_certificate.Options(wanted.target, replace_basic_authentication=True)


def ensure(
    graph: GraphClient, wanted: Wanted, upload: t.Callable[[], Upload] | None, now: datetime, check_mode: bool
) -> Outcome:
    """Read the connector, plan, and carry the plan out unless this is check mode or the key is not at hand.

    :param upload: makes what is to be sent of a certificate, called only when it is; None when this side does not have
        the key
    :raises IdentityError: with a sentence for the user
    """
    connectors = ApiConnectors(graph)
    planned = connectors.decide(wanted.target, lambda connector: plan(connector, wanted, now, check_mode))
    if planned.before and "display_name" in planned.sent:
        planned = plan(planned.before, wanted, now, check_mode, connectors.named(wanted.display_name or ""))
    certificate = wanted.authentication if isinstance(wanted.authentication, WantedCertificate) else None
    changed = not planned.idle
    sends_certificate = certificate is not None and planned.authentication_step is not CertificateStep.NONE
    # Of a connector that only check mode takes for granted, the job will have to say that it is not there.
    due = sends_certificate and upload is None and not (planned.before is None and wanted.target.connector_id)
    outcome = Outcome(
        changed, planned.reason, planned.before, planned.after, now, planned.warnings, certificate, upload_due=due
    )
    if not changed or check_mode or due:
        return outcome
    after = _Work(connectors, planned, wanted, upload() if sends_certificate and upload else None, now).carry_out()
    warnings = planned.warnings
    if certificate and after:
        warnings = _client_certificate.warnings_after(certificate, after, _plan_options(wanted), now)
    return replace(outcome, after=after, warnings=warnings, uploaded=sends_certificate)


def file_options(parameters: t.Mapping[str, t.Any]) -> t.Mapping[str, t.Any] | None:
    """The options of the PKCS#12 file, when one is needed."""
    if parameters["state"] == "absent" or not parameters["authentication"]:
        return None
    options: t.Mapping[str, t.Any] | None = parameters["authentication"].get("client_certificate")
    return options


def ensure_as_received(
    graph: GraphClient, parameters: t.Mapping[str, t.Any], check_mode: bool, now: datetime
) -> Outcome:
    """What is done on a host, with what the action plugin sent."""
    options = file_options(parameters)
    certificate, upload = (
        received(options["content"], options["certificate_password"] or "") if options else (None, None)
    )
    return ensure(
        graph, Wanted.from_parameters(parameters, certificate), (lambda: upload) if upload else None, now, check_mode
    )


@dataclass
class _Work:
    """A plan that is being carried out."""

    connectors: ApiConnectors
    planned: Plan
    wanted: Wanted
    upload: Upload | None = field(repr=False)
    now: datetime

    def carry_out(self) -> ApiConnector | None:
        """Do what is planned; the connector in which it was seen, None when it is deleted."""
        planned = self.planned
        if planned.step is Step.CREATE:
            return self._create()
        if planned.before is None:
            raise ValueError("a plan without a connector cannot be carried out")
        if planned.step is Step.DELETE:
            self._delete(planned.before.id)
            return None
        seen: ApiConnector | None = planned.before
        if planned.authentication and planned.authentication_step is CertificateStep.UPLOAD and self.upload:
            # First, as it is what is refused most often: then nothing has changed.
            certificate = t.cast(WantedCertificate, self.wanted.authentication)
            options = _plan_options(self.wanted)
            seen = _client_certificate.carry_out(
                self.connectors, planned.authentication, certificate, self.upload, options, self.now
            )
        if planned.sent:
            try:
                seen = self._update(planned.before.id)
            except IdentityError as exc:
                if seen is not planned.before:
                    exc.message += " The certificate was uploaded before."
                raise
        return seen

    def _create(self) -> ApiConnector | None:
        name = self.wanted.display_name or ""
        found: list[ApiConnector] = []
        made: ApiConnector | None = None

        def read() -> ApiConnector | None:
            found[:] = self.connectors.named(name)
            return next((connector for connector in found if made is None or connector.id == made.id), None)

        write = self._write(read, lambda connector: "" if connector else "is not listed", may_be_absent=True)
        try:
            made = self.connectors.create(self._changes(), write.carried_out)
        except FateUnknown as exc:
            raise write.unsettled(exc) from exc
        except ServiceError as exc:
            if not write.lost:
                raise
            if not write.look():
                raise IdentityError(
                    f"{exc.message} The answer to an earlier try was lost, so look whether the connector appears.",
                    exc.failure,
                ) from exc
        seen = write.see(f"{self.wanted.target} was sent at {iso8601(self.now)} and accepted")
        if made is None:
            return seen
        others = (
            self._twins(write, found, made)
            if write.lost
            else [connector for connector in found if connector.id != made.id]
        )
        if others and write.lost:
            # The first request was carried out after all, and was not listed in time. Nothing can refer to the second
            # connector yet.
            self._delete(made.id)
            self._note(
                f"{self.wanted.target} had been created by a request whose answer was lost. Connector {made.id}, the second of that name, was deleted."
            )
            return others[0]
        if others:
            ids = ", ".join(connector.id for connector in others)
            raise IdentityError(
                f"{self.wanted.target} was created as {made.id} while somebody else created {ids} with the same name. "
                "Delete all but one, and let only one host run the task (run_once: true)."
            )
        return seen

    def _twins(self, write: Write, found: list[ApiConnector], made: ApiConnector) -> list[ApiConnector]:
        """Other connectors of the name; the first request may be listed later than the second."""
        http = self.connectors.graph.http
        for attempt in itertools.count(1):
            twins = [connector for connector in found if connector.id != made.id]
            wait = backoff(attempt)
            if twins or attempt == 3 or not http.has_time_for(wait):
                break
            http.clock.sleep(wait)
            write.look()
        return twins

    def _update(self, connector_id: str) -> ApiConnector | None:
        write = self._write(lambda: self.connectors.get(connector_id), self._shortcoming)
        # When nothing but a password changes, reading does not tell whether it was set; setting it twice does no harm.
        unseen = not self._shortcoming(self.planned.before)
        try:
            self.connectors.update(connector_id, self._changes(), (lambda: False) if unseen else write.carried_out)
        except FateUnknown as exc:
            if unseen:
                raise IdentityError(
                    f"{exc.message} The password may or may not be set. Run the task again.", exc.failure
                ) from exc
            raise write.unsettled(exc) from exc
        return write.see(f"The change was sent at {iso8601(self.now)} and accepted")

    def _delete(self, connector_id: str) -> None:
        write = self._write(
            lambda: self.connectors.get(connector_id),
            lambda connector: "is still there" if connector else "",
            may_be_absent=True,
        )
        # Somebody else may have been faster.
        with suppress(NotFound):
            try:
                self.connectors.delete(connector_id, write.carried_out)
            except FateUnknown as exc:
                raise write.unsettled(exc) from exc
        write.see(f"The deletion was sent at {iso8601(self.now)} and accepted")

    def _changes(self) -> Changes:
        wanted, sent = self.wanted, self.planned.sent
        basic = wanted.authentication if isinstance(wanted.authentication, BasicAuthentication) else None
        return Changes(
            display_name=wanted.display_name if "display_name" in sent else None,
            target_url=wanted.target_url if "target_url" in sent else None,
            authentication=(self.upload or basic) if "authentication" in sent else None,
        )

    def _shortcoming(self, connector: ApiConnector | None) -> str:
        """What a connector lacks after the PATCH; only what was sent counts."""
        after, sent = t.cast(ApiConnector, self.planned.after), self.planned.sent
        if connector is None:
            return "is not there"
        if "display_name" in sent and connector.display_name != after.display_name:
            return "does not show the new display name"
        if "target_url" in sent and not same_url(connector.target_url, after.target_url):
            return "does not show the new target URL"
        if "authentication" in sent and _authentication(connector) != _authentication(after):
            return "does not show the new authentication"
        if self.upload and not connector.listed(t.cast(WantedCertificate, self.wanted.authentication).thumbprint):
            return "does not list the certificate"
        return ""

    def _write(
        self,
        read: t.Callable[[], ApiConnector | None],
        shortcoming: t.Callable[[ApiConnector | None], str],
        may_be_absent: bool = False,
    ) -> Write:
        return Write(self.connectors.graph.http, str(self.wanted.target), read, shortcoming, may_be_absent)

    def _note(self, sentence: str) -> None:
        self.connectors.graph.http.notices.append(sentence)


def _authentication(connector: ApiConnector) -> tuple[str, str | None, set[str]]:
    return (
        connector.authentication,
        connector.username,
        {certificate.thumbprint for certificate in connector.certificates},
    )


def _check_name(name: str) -> None:
    if name != name.strip():
        raise IdentityError(
            f"connector_name '{name}' begins or ends with a blank, so nobody would find the connector by what they see. Nothing was sent."
        )
