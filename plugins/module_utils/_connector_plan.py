# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is to be done so that an API connector is there as wanted, or is not there."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, replace
from datetime import datetime

from ansible_collections.msgraph.identity.plugins.module_utils import _certificate_plan
from ansible_collections.msgraph.identity.plugins.module_utils._api_connectors import ApiConnectors
from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import APICONNECTOR
from ansible_collections.msgraph.identity.plugins.module_utils._certificate_plan import (
    certificate_facts,
    certificate_told,
    warnings_after,
)
from ansible_collections.msgraph.identity.plugins.module_utils._connector_model import (
    BASIC,
    NIL_ID,
    NONE,
    ApiConnector,
    BasicAuthentication,
    Named,
)
from ansible_collections.msgraph.identity.plugins.module_utils._connector_steps import (
    ConnectorStep,
    CreateConnector,
    DeleteConnector,
    PatchConnector,
    UploadCertificate,
)
from ansible_collections.msgraph.identity.plugins.module_utils._ensure import Plan, ensure
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError, Missing, explained
from ansible_collections.msgraph.identity.plugins.module_utils._graph import GraphClient
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import WantedCertificate
from ansible_collections.msgraph.identity.plugins.module_utils._outcome import Outcome
from ansible_collections.msgraph.identity.plugins.module_utils._run import Module
from ansible_collections.msgraph.identity.plugins.module_utils._source import Source
from ansible_collections.msgraph.identity.plugins.module_utils._urls import require_target_url, same_url, without_values

ConnectorPlan = Plan[ApiConnectors, ApiConnector]


@dataclass(frozen=True)
class Wanted:
    """The connector as the task wants it; what is None is left as it is.

    :ivar always: whether the password of basic authentication is sent each time
    """

    named: Named
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
        named = Named(parameters["connector_id"], parameters["connector_name"])
        if parameters["state"] == "absent":
            if named.connector_id and named.connector_name:
                raise IdentityError(
                    "With state: absent, give either connector_id or connector_name, so that it is certain which connector is to go."
                )
            return cls(named, present=False)
        with explained(f"{named}: "):
            target_url = require_target_url(parameters["target_url"])
        basic: t.Mapping[str, t.Any] | None = (parameters["authentication"] or {}).get("basic")
        return cls(
            named,
            display_name=parameters["connector_name"],
            target_url=target_url,
            authentication=BasicAuthentication(basic["username"], basic["password"]) if basic else certificate,
            always=basic is not None and basic["update_password"] == "always",
        )

    @property
    def basic(self) -> BasicAuthentication | None:
        """The user name and password, if that is the authentication."""
        return self.authentication if isinstance(self.authentication, BasicAuthentication) else None

    @property
    def certificate(self) -> WantedCertificate | None:
        """The certificate, if that is the authentication."""
        return self.authentication if isinstance(self.authentication, WantedCertificate) else None


def plan(connector: ApiConnector | None, wanted: Wanted, now: datetime, check_mode: bool = False) -> ConnectorPlan:
    """Decide what to do. Pure: everything that decides on the connector itself is here.

    :raises IdentityError: when the wanted state cannot be reached
    """
    if not wanted.present:
        if connector is None:
            return Plan("the connector does not exist", None, None)
        return Plan("the connector exists", connector, None, (DeleteConnector(),))
    if connector is None:
        return _plan_create(wanted, now, check_mode)
    authentication = _plan_authentication(connector, wanted, now)
    after, reasons, sent = authentication.after or connector, [], []
    if wanted.display_name is not None and wanted.display_name != connector.display_name:
        _check_name(wanted.display_name)
        after = replace(after, display_name=wanted.display_name)
        sent.append("display_name")
        reasons.append("the display name differs")
    if wanted.target_url is not None and not same_url(wanted.target_url, connector.target_url):
        after = replace(after, target_url=wanted.target_url)
        sent.append("target_url")
        hidden = without_values(wanted.target_url) == without_values(connector.target_url)
        reasons.append(f"the target URL differs{' in values that are not shown' if hidden else ''}")
    if not authentication.idle:
        reasons.append(authentication.reason)
    # An upload goes first, as it is what is refused most often: then nothing has changed.
    uploads = tuple(step for step in authentication.steps if isinstance(step, UploadCertificate))
    if authentication.steps and not uploads:
        sent.append("authentication")
    patches: tuple[ConnectorStep, ...] = ()
    if sent:
        basic = wanted.basic if "authentication" in sent else None
        certificate = wanted.certificate if authentication.steps else None
        patches = (PatchConnector(tuple(sent), after, basic, certificate),)
    reason = "; ".join(reasons) or "the connector is as wanted"
    return Plan(reason, connector, after, (*uploads, *patches), authentication.warnings)


def _plan_create(wanted: Wanted, now: datetime, check_mode: bool) -> ConnectorPlan:
    missing = wanted.named.missing
    lacking = " and ".join(name for name in ("target_url", "authentication") if getattr(wanted, name) is None)
    warnings: tuple[str, ...] = ()
    assumed = check_mode and bool(wanted.named.connector_id or lacking)
    if assumed:
        warnings = (f"{missing}. Unless an earlier task of this play creates it, the real run will fail here.",)
    elif wanted.named.connector_id:
        remedy = "leave connector_id out to create the connector, or check the tenant and the cloud"
        raise Missing(f"{missing}.", f"Microsoft Graph chooses the IDs: {remedy}.")
    elif lacking:
        raise Missing(f"{missing}.", f"To create it, give {lacking} too.")
    if wanted.display_name:
        _check_name(wanted.display_name)
    blank = ApiConnector(wanted.named.connector_id or NIL_ID, wanted.display_name, wanted.target_url, NONE)
    authentication = _plan_authentication(blank, wanted, now)
    after = authentication.after or blank
    return Plan(
        "the connector does not exist",
        None,
        after,
        (CreateConnector(after, wanted.basic, wanted.certificate),),
        (*warnings, *authentication.warnings),
        # Check mode assumed this connector; the real run must find that it is missing.
        assumed=bool(wanted.named.connector_id),
    )


def _plan_authentication(connector: ApiConnector, wanted: Wanted, now: datetime) -> ConnectorPlan:
    """What happens to the authentication alone."""
    authentication = wanted.authentication
    if isinstance(authentication, WantedCertificate):
        return _certificate_plan.plan(connector, authentication, certificate_options(wanted), now)
    unchanged: ConnectorPlan = Plan("", connector, connector)
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
    return Plan(reason, connector, after, (PatchConnector(("authentication",), after, authentication),))


def certificate_options(wanted: Wanted) -> _certificate_plan.Options:
    """Naming an authentication means replacing any other."""
    return _certificate_plan.Options(
        wanted.named,
        replace_basic_authentication=True,
        remedy="With ensure_active: true, apiconnector_client_certificate uploads it again.",
    )


def _check_name(name: str) -> None:
    if name != name.strip():
        raise IdentityError(
            f"connector_name '{name}' begins or ends with a space, so nobody would find the connector by what they see. "
            "Nothing was sent."
        )


@dataclass(frozen=True)
class ConnectorIntent:
    """That a connector is as wanted."""

    wanted: Wanted
    now: datetime
    check_mode: bool

    @property
    def subject(self) -> str:
        """The connector, as the task names it."""
        return str(self.wanted.named)

    def plan(self, seen: ApiConnector | None) -> ConnectorPlan:
        """Decide what to do."""
        return plan(seen, self.wanted, self.now, self.check_mode)

    def warnings(self, before: ApiConnector | None, after: ApiConnector | None) -> tuple[str, ...]:
        """What the user should know about the certificate, if there is one."""
        certificate = self.wanted.certificate
        if certificate is None or after is None:
            return ()
        return warnings_after(certificate, before, after, certificate_options(self.wanted), self.now)

    def facts(self, after: ApiConnector | None) -> dict[str, t.Any]:
        """The certificate, if there is one."""
        certificate = self.wanted.certificate
        return certificate_facts(certificate, after, self.now) if certificate else {}

    def tell(self, after: ApiConnector | None, predicted: bool) -> str:
        """Whether the certificate is active, if there is one."""
        certificate = self.wanted.certificate
        return certificate_told(certificate, after, self.now, predicted) if certificate else ""


def work(
    graph: GraphClient, parameters: t.Mapping[str, t.Any], source: Source | None, check_mode: bool, now: datetime
) -> Outcome[ApiConnector]:
    """The work of the module `apiconnector`, wherever it runs."""
    wanted = Wanted.from_parameters(parameters, source.wanted if source else None)
    intent = ConnectorIntent(wanted, now, check_mode)
    return ensure(graph.resource(ApiConnectors), wanted.named, intent, source, check_mode, now)


MODULE = Module(
    APICONNECTOR,
    work,
    file_at=("authentication", "client_certificate"),
    # To delete a connector nobody needs to know how it is protected.
    needless=lambda parameters: ("authentication",) if parameters["state"] == "absent" else (),
    writes_without_key=True,
)
