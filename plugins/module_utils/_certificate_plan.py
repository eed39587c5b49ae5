# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be done so that an API connector has a client certificate."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace
from datetime import datetime

from ansible_collections.msgraph.identity.plugins.module_utils._api_connectors import ApiConnectors
from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import APICONNECTOR_CLIENT_CERTIFICATE
from ansible_collections.msgraph.identity.plugins.module_utils._connector_model import (
    BASIC,
    CLIENT_CERTIFICATE,
    NIL_ID,
    ApiConnector,
    ListedCertificate,
    Named,
)
from ansible_collections.msgraph.identity.plugins.module_utils._connector_steps import (
    ConnectorStep,
    PatchConnector,
    UploadCertificate,
)
from ansible_collections.msgraph.identity.plugins.module_utils._ensure import Plan, ensure
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError, Missing, OutOfTime
from ansible_collections.msgraph.identity.plugins.module_utils._graph import GraphClient
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import WantedCertificate
from ansible_collections.msgraph.identity.plugins.module_utils._outcome import Outcome
from ansible_collections.msgraph.identity.plugins.module_utils._run import Module
from ansible_collections.msgraph.identity.plugins.module_utils._source import Source
from ansible_collections.msgraph.identity.plugins.module_utils._times import days_remaining, iso8601

CertificatePlan = Plan[ApiConnectors, ApiConnector]


@dataclass(frozen=True)
class Options:
    """The options that decide, as documented for the module."""

    named: Named
    ensure_active: bool = False
    exclusive: bool = False
    replace_basic_authentication: bool = False
    expiry_warning_days: int = 30
    check_mode: bool = False
    # What a user can do about a certificate that is listed but not active.
    remedy: str = "Set ensure_active: true to have it uploaded again."

    @classmethod
    def from_parameters(cls, parameters: t.Mapping[str, t.Any], check_mode: bool) -> Options:
        """From the validated parameters of the module.

        :raises IdentityError: when `expiry_warning_days` is negative
        """
        if parameters["expiry_warning_days"] < 0:
            raise IdentityError("expiry_warning_days is negative. Give the days, or 0 for no warning.")
        return cls(
            named=Named(parameters["connector_id"], parameters["connector_name"]),
            ensure_active=parameters["ensure_active"],
            exclusive=parameters["exclusive"],
            replace_basic_authentication=parameters["replace_basic_authentication"],
            expiry_warning_days=parameters["expiry_warning_days"],
            check_mode=check_mode,
        )


def plan(connector: ApiConnector | None, wanted: WantedCertificate, options: Options, now: datetime) -> CertificatePlan:
    """Decide what to do. Pure: everything that decides is here.

    :raises IdentityError: when the wanted state cannot be reached, or only by an option that was not given
    """
    named = options.named
    listed = connector.listed(wanted.thumbprint) if connector else None

    if wanted.not_after <= now and not listed:
        raise OutOfTime(
            f"The certificate {wanted.thumbprint} for {named} expired at {iso8601(wanted.not_after)}. "
            "Nothing was sent; give a certificate that is valid."
        )
    if connector is None:
        if not options.check_mode:
            what = "the ID" if named.connector_id else "the name"
            raise Missing(f"{named.missing}.", f"Create it first, or check {what}, the tenant and the cloud.")
        warning = f"{named.missing}. Unless an earlier task of this play creates it, the real run will fail here."
        blank = ApiConnector(named.connector_id or NIL_ID, named.connector_name, None, CLIENT_CERTIFICATE)
        after = _uploaded(blank, wanted, now)
        warnings = (warning, *warnings_after(wanted, None, after, options, now))
        steps: tuple[ConnectorStep, ...] = (UploadCertificate(wanted, _must_be_active(wanted, options, now)),)
        return Plan("the connector does not exist yet", None, after, steps, warnings, assumed=True)
    if connector.authentication == BASIC and not options.replace_basic_authentication:
        raise IdentityError(
            f"{named} uses basic authentication, which the certificate would replace. "
            "Set replace_basic_authentication to true if that is what you want."
        )
    reason, after, steps = _decide(connector, listed, wanted, options, now)
    return Plan(reason, connector, after, steps, warnings_after(wanted, connector, after, options, now))


def _decide(
    connector: ApiConnector,
    listed: ListedCertificate | None,
    wanted: WantedCertificate,
    options: Options,
    now: datetime,
) -> tuple[str, ApiConnector, tuple[ConnectorStep, ...]]:
    """The reason, the connector afterwards, and the steps."""
    must_be_active = _must_be_active(wanted, options, now)

    def nothing(reason: str) -> tuple[str, ApiConnector, tuple[ConnectorStep, ...]]:
        return reason, connector, ()

    def upload(reason: str) -> tuple[str, ApiConnector, tuple[ConnectorStep, ...]]:
        return reason, _uploaded(connector, wanted, now), (UploadCertificate(wanted, must_be_active),)

    def replace_all(reason: str) -> tuple[str, ApiConnector, tuple[ConnectorStep, ...]]:
        after = _replaced(connector, wanted, now)
        step = PatchConnector(("authentication",), after, certificate=wanted, must_be_active=must_be_active)
        return reason, after, (step,)

    if connector.authentication != CLIENT_CERTIFICATE:
        return replace_all(f"the connector's authentication is {connector.authentication}")
    if wanted.not_after <= now:
        return nothing("the certificate is listed and has expired")
    if options.exclusive:
        if listed is None:
            return replace_all("the certificate is not listed and is to be the only one")
        if any(certificate.thumbprint != wanted.thumbprint for certificate in connector.certificates):
            return replace_all("other certificates are listed too")
    if listed is None:
        return upload("the certificate is not listed")
    if must_be_active and not listed.is_active:
        reason = "the certificate is listed but not active"
        times = sum(certificate.thumbprint == wanted.thumbprint for certificate in connector.certificates)
        if options.exclusive:
            return replace_all(reason)
        if times > 1:
            raise IdentityError(
                f"{options.named} lists the certificate {wanted.thumbprint} {times} times, and none of them is active. "
                "One more upload may only lengthen the list; set exclusive: true to make it the only one."
            )
        return upload(reason)
    return nothing("the certificate is listed")


def _must_be_active(wanted: WantedCertificate, options: Options, now: datetime) -> bool:
    """Whether the certificate has to be the active one after a write; it cannot be while it is not valid."""
    return options.ensure_active and wanted.is_valid(now)


def _uploaded(connector: ApiConnector, wanted: WantedCertificate, now: datetime) -> ApiConnector:
    """The connector after an upload, as is to be expected: documented, but not certain, is that the active certificate
    is the last one uploaded that is valid.
    """
    others = [certificate for certificate in connector.certificates if certificate.thumbprint != wanted.thumbprint]
    if wanted.is_valid(now):
        others = [replace(certificate, is_active=False) for certificate in others]
    return replace(connector, certificates=(*others, _listed(wanted, now)))


def _replaced(connector: ApiConnector, wanted: WantedCertificate, now: datetime) -> ApiConnector:
    """The connector when the certificate replaces its authentication."""
    return replace(connector, authentication=CLIENT_CERTIFICATE, username=None, certificates=(_listed(wanted, now),))


def _listed(wanted: WantedCertificate, now: datetime) -> ListedCertificate:
    return ListedCertificate(wanted.thumbprint, wanted.not_before, wanted.not_after, is_active=wanted.is_valid(now))


def warnings_after(
    wanted: WantedCertificate, before: ApiConnector | None, after: ApiConnector, options: Options, now: datetime
) -> tuple[str, ...]:
    """What the user should know about the certificate once the plan is carried out."""
    which = f"The certificate {wanted.thumbprint} of {options.named}"
    listed = after.listed(wanted.thumbprint)
    is_active = bool(listed and listed.is_active)
    warnings = []
    if wanted.not_after <= now:
        end = f"{which} expired at {iso8601(wanted.not_after)}"
        if is_active:
            warnings.append(f"{end} by the clock of this machine, but it is active. Renew it, or check the clock.")
        else:
            warnings.append(f"{end}. Renew it.")
    elif wanted.not_before > now:
        begin = f"not valid before {iso8601(wanted.not_before)}"
        if is_active:
            warnings.append(f"{which} is {begin} by the clock of this machine, but it is active. Check the clock.")
        else:
            warnings.append(f"{which} is {begin} and cannot be active until then.")
            if not after.active_certificate:
                warnings.append(f"{options.named} has no active certificate until then.")
    elif listed and not is_active:
        warnings.append(f"{which} is listed but not active{_what_is(after, wanted)}. {options.remedy}")
    elif before and _supersedes(before, wanted):
        warnings.append(
            f"{which} takes the place of a newer one{_what_is(before, wanted)}. "
            "If another controller uploads that one, the two take turns: let both use the same file."
        )
    if wanted.key_type != "RSA":
        warnings.append(
            f"{which} has a key of type {wanted.key_type}. For API connectors Microsoft documents only RSA keys."
        )
    remaining = days_remaining(wanted.not_after, now)
    if 0 <= remaining < options.expiry_warning_days and wanted.not_after > now:
        left = "within a day" if remaining == 0 else "in 1 day" if remaining == 1 else f"in {remaining} days"
        warnings.append(f"{which} expires {left}, at {iso8601(wanted.not_after)}.")
    return tuple(warnings)


def _what_is(connector: ApiConnector, wanted: WantedCertificate) -> str:
    """Which certificate is active instead, to follow "not active"."""
    active = connector.active_certificate
    if active is None:
        return ", nor is any other"
    newer = f", which is newer (valid from {iso8601(active.not_before)})" if _supersedes(connector, wanted) else ""
    return f": {active.thumbprint} is{newer}"


def _supersedes(connector: ApiConnector, wanted: WantedCertificate) -> bool:
    """Whether another certificate is active that is newer than a listed one."""
    active = connector.active_certificate
    listed = connector.listed(wanted.thumbprint)
    return bool(listed and not listed.is_active and active and active.not_before > wanted.not_before)


def certificate_facts(wanted: WantedCertificate, after: ApiConnector | None, now: datetime) -> dict[str, t.Any]:
    """What results say of the certificate of a task."""
    listed = after.listed(wanted.thumbprint) if after else None
    counted = {"days_remaining": days_remaining(wanted.not_after, now), "is_active": bool(listed and listed.is_active)}
    return {"certificate": {**wanted.render(), **counted}}


@dataclass(frozen=True)
class CertificateIntent:
    """That a connector has a certificate."""

    wanted: WantedCertificate
    options: Options
    now: datetime

    @property
    def subject(self) -> str:
        """The connector, as the task names it."""
        return str(self.options.named)

    def plan(self, seen: ApiConnector | None) -> CertificatePlan:
        """Decide what to do."""
        return plan(seen, self.wanted, self.options, self.now)

    def warnings(self, before: ApiConnector | None, after: ApiConnector | None) -> tuple[str, ...]:
        """What the user should know about the certificate."""
        return warnings_after(self.wanted, before, after, self.options, self.now) if after else ()

    def facts(self, after: ApiConnector | None) -> dict[str, t.Any]:
        """The certificate."""
        return certificate_facts(self.wanted, after, self.now)

    def tell(self, after: ApiConnector | None, predicted: bool) -> str:
        """Whether the certificate is active."""
        return certificate_told(self.wanted, after, self.now, predicted)


def certificate_told(wanted: WantedCertificate, after: ApiConnector | None, now: datetime, predicted: bool) -> str:
    """A sentence that says whether a certificate is active, or what it is waiting for."""
    listed = after.listed(wanted.thumbprint) if after else None
    if listed is None:
        return ""
    if listed.is_active:
        state = "is expected to be the active one" if predicted else "is the active one"
    elif wanted.not_before > now:
        state = f"is not active before {iso8601(wanted.not_before)}"
    else:
        state = "is not expected to be active" if predicted else "is not active"
    return f"Certificate {wanted.thumbprint} {state}."


def work(
    graph: GraphClient, parameters: t.Mapping[str, t.Any], source: Source | None, check_mode: bool, now: datetime
) -> Outcome[ApiConnector]:
    """The work of the module `apiconnector_client_certificate`, wherever it runs."""
    if source is None:
        raise ValueError("the module is about a certificate")
    options = Options.from_parameters(parameters, check_mode)
    intent = CertificateIntent(source.wanted, options, now)
    return ensure(graph.resource(ApiConnectors), options.named, intent, source, check_mode, now)


MODULE = Module(APICONNECTOR_CLIENT_CERTIFICATE, work, file_at=())
