# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client certificate of an API connector: decide what to do, then do it and see that it is done."""

from __future__ import annotations

import enum
import typing as t
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from ansible_collections.msgraph.identity.plugins.module_utils._api_connectors import (
    BASIC,
    CLIENT_CERTIFICATE,
    NIL_ID,
    ApiConnector,
    ApiConnectors,
    Changes,
    ListedCertificate,
    Target,
)
from ansible_collections.msgraph.identity.plugins.module_utils._errors import FateUnknown, IdentityError, ServiceError
from ansible_collections.msgraph.identity.plugins.module_utils._graph import GraphClient
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import Upload, WantedCertificate
from ansible_collections.msgraph.identity.plugins.module_utils._outcome import Outcome
from ansible_collections.msgraph.identity.plugins.module_utils._times import days_remaining, iso8601
from ansible_collections.msgraph.identity.plugins.module_utils._writes import Write


class Step(enum.Enum):
    """What one run does to a connector."""

    NONE = "none"
    UPLOAD = "upload"  # POST: adds to the list, and becomes the active one when valid
    REPLACE = "replace"  # PATCH: afterwards it is the only one


@dataclass(frozen=True)
class Options:
    """The options that decide, as documented for the module."""

    target: Target
    ensure_active: bool = False
    exclusive: bool = False
    replace_basic_authentication: bool = False
    expiry_warning_days: int = 30
    check_mode: bool = False

    @classmethod
    def from_parameters(cls, parameters: t.Mapping[str, t.Any], check_mode: bool) -> Options:
        """From the validated parameters of the module.

        :raises IdentityError: when `expiry_warning_days` is negative
        """
        if parameters["expiry_warning_days"] < 0:
            raise IdentityError("expiry_warning_days is negative. Give the days, or 0 for no warning.")
        return cls(
            target=Target(parameters["connector_id"], parameters["connector_name"]),
            ensure_active=parameters["ensure_active"],
            exclusive=parameters["exclusive"],
            replace_basic_authentication=parameters["replace_basic_authentication"],
            expiry_warning_days=parameters["expiry_warning_days"],
            check_mode=check_mode,
        )


@dataclass(frozen=True)
class Plan:
    """The decision, with the connector as it is and as it will be. `before` is None when it does not exist yet."""

    step: Step
    reason: str
    before: ApiConnector | None
    after: ApiConnector
    warnings: tuple[str, ...] = ()

    @property
    def idle(self) -> bool:
        """Whether nothing is to be done."""
        return self.step is Step.NONE


def plan(connector: ApiConnector | None, wanted: WantedCertificate, options: Options, now: datetime) -> Plan:
    """Decide what to do. Pure: everything that decides is here.

    :raises IdentityError: when the wanted state cannot be reached, or only by an option that was not given
    """
    target = options.target
    listed = connector.listed(wanted.thumbprint) if connector else None
    expired = wanted.not_after <= now
    valid = wanted.not_before <= now < wanted.not_after

    if expired and not listed:
        raise IdentityError(
            f"The certificate {wanted.thumbprint} for {target} expired at {iso8601(wanted.not_after)}. Nothing was sent; give a certificate that is valid."
        )
    if connector is None:
        missing = f"There is no API connector with {target.described}"
        if not options.check_mode:
            raise IdentityError(
                f"{missing}. Create it first, or check {'the ID' if target.connector_id else 'the name'}, the tenant and the cloud."
            )
        warning = f"{missing} now. The upload is predicted as if the play had created it before."
        blank = ApiConnector(target.connector_id or NIL_ID, target.connector_name, None, CLIENT_CERTIFICATE)
        after = _predict(blank, wanted, Step.UPLOAD, valid)
        return Plan(
            Step.UPLOAD,
            "the connector does not exist yet",
            None,
            after,
            (warning, *warnings_after(wanted, after, options, now)),
        )
    if connector.authentication == BASIC and not options.replace_basic_authentication:
        raise IdentityError(
            f"{target} uses basic authentication, which the certificate would replace. Set replace_basic_authentication to true if that is what you want."
        )

    step, reason = _decide(connector, listed, wanted, options, expired, valid)
    after = _predict(connector, wanted, step, valid)
    return Plan(step, reason, connector, after, warnings_after(wanted, after, options, now))


def _decide(
    connector: ApiConnector,
    listed: ListedCertificate | None,
    wanted: WantedCertificate,
    options: Options,
    expired: bool,
    valid: bool,
) -> tuple[Step, str]:
    if connector.authentication != CLIENT_CERTIFICATE:
        return Step.REPLACE, f"the connector's authentication is {connector.authentication}"
    if expired:
        return Step.NONE, "the certificate is listed and has expired"
    if options.exclusive:
        if listed is None:
            return Step.REPLACE, "the certificate is not listed and is to be the only one"
        if any(certificate.thumbprint != wanted.thumbprint for certificate in connector.certificates):
            return Step.REPLACE, "other certificates are listed too"
    if listed is None:
        return Step.UPLOAD, "the certificate is not listed"
    if options.ensure_active and not listed.is_active and valid:
        return (Step.REPLACE if options.exclusive else Step.UPLOAD), "the certificate is listed but not active"
    return Step.NONE, "the certificate is listed"


def _predict(connector: ApiConnector, wanted: WantedCertificate, step: Step, valid: bool) -> ApiConnector:
    """The connector after `step`: the active certificate is the last one uploaded that is valid."""
    if step is Step.NONE:
        return connector
    new = ListedCertificate(wanted.thumbprint, wanted.not_before, wanted.not_after, is_active=valid)
    if step is Step.REPLACE:
        return replace(connector, authentication=CLIENT_CERTIFICATE, username=None, certificates=(new,))
    others = [certificate for certificate in connector.certificates if certificate.thumbprint != wanted.thumbprint]
    if valid:
        others = [replace(certificate, is_active=False) for certificate in others]
    return replace(connector, certificates=(*others, new))


def warnings_after(wanted: WantedCertificate, after: ApiConnector, options: Options, now: datetime) -> tuple[str, ...]:
    """What the user should know about the certificate once the plan is carried out."""
    which = f"The certificate {wanted.thumbprint} of {options.target}"
    listed = after.listed(wanted.thumbprint)
    warnings = []
    if wanted.not_after <= now:
        warnings.append(f"{which} expired at {iso8601(wanted.not_after)}. Renew it.")
    elif wanted.not_before > now:
        warnings.append(f"{which} is not valid before {iso8601(wanted.not_before)} and cannot be active until then.")
        if not any(certificate.is_active for certificate in after.certificates):
            warnings.append(f"{options.target} has no active certificate until then.")
    elif listed and not listed.is_active:
        remedy = "With ensure_active, apiconnector_client_certificate makes it the active one."
        warnings.append(f"{which} is listed but not active: another one was uploaded after it. {remedy}")
    if wanted.key_type != "RSA":
        warnings.append(
            f"{which} has a key of type {wanted.key_type}. Microsoft documents RSA keys only for API connectors."
        )
    remaining = days_remaining(wanted.not_after, now)
    if 0 <= remaining < options.expiry_warning_days and wanted.not_after > now:
        left = "within a day" if remaining == 0 else "in 1 day" if remaining == 1 else f"in {remaining} days"
        warnings.append(f"{which} expires {left}, at {iso8601(wanted.not_after)}.")
    return tuple(warnings)


def ensure(
    graph: GraphClient,
    wanted: WantedCertificate,
    upload: t.Callable[[], Upload] | None,
    options: Options,
    now: datetime,
) -> Outcome:
    """Read the connector, plan, and carry the plan out unless this is check mode or the key is not at hand.

    :param upload: makes what is to be sent, called only when it is; None when this side does not have the key
    :raises IdentityError: with a sentence for the user
    """
    connectors = ApiConnectors(graph)
    planned = connectors.decide(options.target, lambda connector: plan(connector, wanted, options, now))
    changed = not planned.idle
    due = changed and upload is None
    outcome = Outcome(
        changed,
        planned.reason,
        planned.before,
        planned.after,
        now,
        planned.warnings,
        certificate=wanted,
        upload_due=due,
    )
    if not changed or options.check_mode or upload is None:
        return outcome
    after = carry_out(connectors, planned, wanted, upload(), options, now)
    return replace(outcome, after=after, warnings=warnings_after(wanted, after, options, now), uploaded=True)


def carry_out(
    connectors: ApiConnectors, planned: Plan, wanted: WantedCertificate, upload: Upload, options: Options, now: datetime
) -> ApiConnector:
    """Do what is planned and return the connector in which the certificate was seen.

    A write whose answer was lost is settled by reading, and sent again only when the certificate is not there.

    :raises IdentityError: when Graph refuses, or the certificate is not seen within the budget of the task
    """
    if planned.before is None:
        raise ValueError("a plan without a connector cannot be carried out")
    connector_id = planned.before.id

    def shortcoming(connector: ApiConnector | None) -> str:
        return _shortcoming(connector, planned.step, wanted, options, now)

    write = Write(connectors.graph.http, str(options.target), lambda: connectors.get(connector_id), shortcoming)
    try:
        if planned.step is Step.REPLACE:
            connectors.update(connector_id, Changes(authentication=upload), write.carried_out)
        else:
            write.seen = connectors.upload_client_certificate(connector_id, upload, write.carried_out) or write.seen
    except FateUnknown as exc:
        raise write.unsettled(exc) from exc
    except ServiceError as exc:
        # "It exists already" is no failure: another task may have been faster. What the service says in that case is
        # not documented.
        if exc.status in (400, 409):
            with suppress(IdentityError):
                write.look()
        if write.seen and write.seen.listed(wanted.thumbprint) and shortcoming(write.seen):
            raise IdentityError(f"{exc.message} {options.target} {shortcoming(write.seen)}.", exc.failure) from exc
        if shortcoming(write.seen):
            raise
    if write.seen is None or shortcoming(write.seen):
        write.see(f"Certificate {wanted.thumbprint} was sent at {iso8601(now)} and accepted")
    return t.cast(ApiConnector, write.seen)


def _shortcoming(
    connector: ApiConnector | None, step: Step, wanted: WantedCertificate, options: Options, now: datetime
) -> str:
    """What a connector lacks after `step`; nothing when the certificate is there as it should be."""
    listed = connector.listed(wanted.thumbprint) if connector else None
    if connector is None or listed is None:
        return "does not list the certificate"
    if options.ensure_active and wanted.not_before <= now and not listed.is_active:
        advice = "" if options.exclusive else "; with exclusive: true it would be the only one"
        return f"does not show the certificate as the active one{advice}"
    if step is Step.REPLACE and any(
        certificate.thumbprint != wanted.thumbprint for certificate in connector.certificates
    ):
        return "does not show the certificate as the only one"
    return ""
