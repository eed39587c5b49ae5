# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client certificate of an API connector: decide what to do, then do it and see that it is done."""

from __future__ import annotations

import enum
import itertools
import typing as t
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from ansible_collections.msgraph.identity.plugins.module_utils._api_connectors import (
    BASIC,
    CLIENT_CERTIFICATE,
    ApiConnector,
    ApiConnectors,
    ListedCertificate,
)
from ansible_collections.msgraph.identity.plugins.module_utils._errors import FateUnknown, IdentityError, ServiceError
from ansible_collections.msgraph.identity.plugins.module_utils._graph import GraphClient
from ansible_collections.msgraph.identity.plugins.module_utils._http import backoff
from ansible_collections.msgraph.identity.plugins.module_utils._pkcs12 import Upload, WantedCertificate
from ansible_collections.msgraph.identity.plugins.module_utils._times import days_remaining, iso8601

ONLY_ONE = "With exclusive: true it would be the only one."


class Step(enum.Enum):
    """What one run does to a connector."""

    NONE = "none"
    UPLOAD = "upload"  # POST: adds to the list, and becomes the active one when valid
    REPLACE = "replace"  # PATCH: afterwards it is the only one


@dataclass(frozen=True)
class Target:
    """The connector that the task names, by id or by display name."""

    connector_id: str | None
    connector_name: str | None

    def __str__(self) -> str:
        return f"API connector '{self.connector_id or self.connector_name}'"


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

        :raises IdentityError: when C{expiry_warning_days} is negative
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
    """The decision, with the connector as it is and as it will be. C{before} is None when it does not exist yet."""

    step: Step
    reason: str
    before: ApiConnector | None
    after: ApiConnector
    warnings: tuple[str, ...] = ()


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
        kind = "ID" if target.connector_id else "exact name"
        missing = f"There is no API connector with the {kind} '{target.connector_id or target.connector_name}'"
        if not options.check_mode:
            raise IdentityError(f"{missing}. Create it first, or check the {kind}, the tenant and the cloud.")
        warning = f"{missing} now. The upload is predicted as if the play had created it before."
        blank = ApiConnector(target.connector_id, target.connector_name, None, CLIENT_CERTIFICATE)
        after = _predict(blank, wanted, Step.UPLOAD, valid)
        return Plan(Step.UPLOAD, "the connector does not exist yet", None, after, (warning, *_warnings_after(wanted, after, options, now)))
    if connector.authentication == BASIC and not options.replace_basic_authentication:
        raise IdentityError(
            f"{target} uses basic authentication, which the certificate would replace. Set replace_basic_authentication to true if that is what you want."
        )

    step, reason = _decide(connector, listed, wanted, options, expired, valid)
    after = _predict(connector, wanted, step, valid)
    return Plan(step, reason, connector, after, _warnings_after(wanted, after, options, now))


def _decide(
    connector: ApiConnector, listed: ListedCertificate | None, wanted: WantedCertificate, options: Options, expired: bool, valid: bool
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
    """The connector after C{step}: the active certificate is the last one uploaded that is valid."""
    if step is Step.NONE:
        return connector
    new = ListedCertificate(wanted.thumbprint, wanted.not_before, wanted.not_after, is_active=valid)
    if step is Step.REPLACE:
        return replace(connector, authentication=CLIENT_CERTIFICATE, username=None, certificates=(new,))
    others = [certificate for certificate in connector.certificates if certificate.thumbprint != wanted.thumbprint]
    if valid:
        others = [replace(certificate, is_active=False) for certificate in others]
    return replace(connector, certificates=(*others, new))


def _warnings_after(wanted: WantedCertificate, after: ApiConnector, options: Options, now: datetime) -> tuple[str, ...]:
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
        warnings.append(f"{which} is listed but not active: another one was uploaded after it. Set ensure_active to true to make it the active one.")
    if wanted.key_type != "RSA":
        warnings.append(f"{which} has a key of type {wanted.key_type}. Microsoft documents RSA keys only for API connectors.")
    remaining = days_remaining(wanted.not_after, now)
    if 0 <= remaining < options.expiry_warning_days and wanted.not_after > now:
        left = "within a day" if remaining == 0 else "in 1 day" if remaining == 1 else f"in {remaining} days"
        warnings.append(f"{which} expires {left}, at {iso8601(wanted.not_after)}.")
    return tuple(warnings)


@dataclass(frozen=True)
class Outcome:
    """What came of a task: the connector before and after it (or as it would be), and what is to be said."""

    changed: bool
    uploaded: bool
    upload_due: bool  # planned, but the key is not at hand
    reason: str
    wanted: WantedCertificate
    before: ApiConnector | None
    after: ApiConnector
    warnings: tuple[str, ...]
    now: datetime

    def render(self, with_diff: bool) -> dict[str, t.Any]:
        """As in results."""
        listed = self.after.listed(self.wanted.thumbprint)
        result: dict[str, t.Any] = {
            "changed": self.changed,
            "uploaded": self.uploaded,
            "reason": self.reason,
            "certificate": {**self.wanted.render(), "is_active": bool(listed and listed.is_active)},
            "connector": self.after.render(self.now),
        }
        if self.warnings:
            result["warnings"] = list(self.warnings)
        if self.upload_due:
            result["upload_due"] = True
        if with_diff:
            title = f"API connector '{self.after.display_name or self.after.id}'"
            result["diff"] = {
                "before": self.before.render(self.now) if self.before else {},
                "after": self.after.render(self.now),
                "before_header": title,
                "after_header": title,
            }
        return result


def ensure(graph: GraphClient, wanted: WantedCertificate, upload: t.Callable[[], Upload] | None, options: Options, now: datetime) -> Outcome:
    """Read the connector, plan, and carry the plan out unless this is check mode or the key is not at hand.

    :param upload: makes what is to be sent, called only when it is; None when this side does not have the key
    :raises IdentityError: with a sentence for the user
    """
    connectors = ApiConnectors(graph)
    target = options.target
    connector = connectors.get(target.connector_id) if target.connector_id else connectors.find(target.connector_name or "")
    planned = plan(connector, wanted, options, now)
    changed = planned.step is not Step.NONE
    if not changed or options.check_mode or upload is None:
        due = changed and not options.check_mode
        return Outcome(changed, False, due, planned.reason, wanted, planned.before, planned.after, planned.warnings, now)
    after = carry_out(connectors, planned, wanted, upload(), options, now)
    return Outcome(True, True, False, planned.reason, wanted, planned.before, after, _warnings_after(wanted, after, options, now), now)


def carry_out(connectors: ApiConnectors, planned: Plan, wanted: WantedCertificate, upload: Upload, options: Options, now: datetime) -> ApiConnector:
    """Do what is planned and return the connector in which the certificate was seen.

    A write whose answer was lost is settled by reading, and sent again only when the certificate is not there.

    :raises IdentityError: when Graph refuses, or the certificate is not seen within the budget of the task
    """
    if planned.before is None or planned.before.id is None:
        raise ValueError("a plan without a connector cannot be carried out")
    connector_id = planned.before.id
    done = _condition(planned.step, wanted, options, now)
    seen: ApiConnector | None = None

    def carried_out() -> bool:
        nonlocal seen
        try:
            seen = connectors.get(connector_id)
        except IdentityError as exc:
            raise IdentityError(f"the answer was lost, so it may have been carried out. {exc.message}", exc.failure) from exc
        if seen is None:
            raise IdentityError("the answer was lost, and the connector is not there any more.")
        return done(seen)

    try:
        if planned.step is Step.REPLACE:
            connectors.replace_authentication(connector_id, upload.pkcs12_value, upload.password, carried_out)
        else:
            seen = connectors.upload_client_certificate(connector_id, upload.pkcs12_value, upload.password, carried_out) or seen
    except FateUnknown as exc:
        raise IdentityError(f"{exc.message} Read again, {options.target} {_shortcoming(seen, wanted, options)}.", exc.failure) from exc
    except ServiceError as exc:
        # "It exists already" is no failure: another task may have been faster. What the service says in that case is not documented.
        if exc.status in (400, 409):
            with suppress(IdentityError):
                seen = connectors.get(connector_id)
        if seen is None or not done(seen):
            if seen and seen.listed(wanted.thumbprint):
                raise IdentityError(f"{exc.message} {options.target} {_shortcoming(seen, wanted, options)}. {ONLY_ONE}", exc.failure) from exc
            raise
    return seen if seen and done(seen) else _see(connectors, connector_id, done, wanted, options, now)


def _condition(step: Step, wanted: WantedCertificate, options: Options, now: datetime) -> t.Callable[[ApiConnector], bool]:
    must_be_active = options.ensure_active and wanted.not_before <= now

    def done(connector: ApiConnector) -> bool:
        listed = connector.listed(wanted.thumbprint)
        if listed is None or (must_be_active and not listed.is_active):
            return False
        return step is not Step.REPLACE or all(certificate.thumbprint == wanted.thumbprint for certificate in connector.certificates)

    return done


def _see(
    connectors: ApiConnectors, connector_id: str, done: t.Callable[[ApiConnector], bool], wanted: WantedCertificate, options: Options, now: datetime
) -> ApiConnector:
    """Read until C{done}: Graph may show the state from before a write for a while."""
    http = connectors.graph.http
    sent = f"Certificate {wanted.thumbprint} was sent at {iso8601(now)} and accepted"
    for attempt in itertools.count():
        try:
            seen = connectors.get(connector_id)
        except IdentityError as exc:
            raise IdentityError(f"{sent}, but what came of it is not known. {exc.message}", exc.failure) from exc
        if seen and done(seen):
            return seen
        wait = backoff(attempt)
        if not http.has_time_for(wait):
            break
        http.notices.append(f"{options.target} {_shortcoming(seen, wanted, options)} so far; reading again after {wait:.1f} s.")
        http.clock.sleep(wait)
    shortcoming = f"{sent}, but {options.target} {_shortcoming(seen, wanted, options)}."
    if seen and seen.listed(wanted.thumbprint) and not options.exclusive:
        raise IdentityError(f"{shortcoming} {ONLY_ONE}")
    raise IdentityError(f"{shortcoming} Look at the connector before you run the task again, or allow more retry_timeout.")


def _shortcoming(connector: ApiConnector | None, wanted: WantedCertificate, options: Options) -> str:
    """What a connector lacks after a write, to follow its name."""
    listed = connector.listed(wanted.thumbprint) if connector else None
    if listed is None:
        return "does not list the certificate"
    if options.ensure_active and not listed.is_active:
        return "does not show the certificate as the active one"
    return "does not show the certificate as the only one"
