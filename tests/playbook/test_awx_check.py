# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nightly check as a job of AWX: quiet while certificates last, and red with a plain list when one has to be
renewed.
"""

from __future__ import annotations

import sys

import pytest
from emulator.defaults import CLIENT_ID, CLIENT_SECRET, TENANT
from support.certificates import Made, make_certificate

from awx_jobs import Credential, answers, run_job
from signing_in_tasks import change_app
from stage import Stage

pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="awx-plugins-core needs Python 3.11")

CHECK = "check_client_certificates"
CREDENTIAL = Credential(
    "microsoft_graph_application", {"tenant": TENANT, "client_id": CLIENT_ID, "secret": CLIENT_SECRET}
)


def ends(made: Made) -> str:
    """The end of validity as results show it."""
    return made.certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")


def starts(made: Made) -> str:
    """The start likewise."""
    return made.certificate.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_all_is_well(stage: Stage, orders: Made) -> None:
    """It says how many it looked at and which will be the first to end; reading is all that it needs permission for."""
    change_app(stage.emulator, roles=["APIConnectors.Read.All"])
    later = make_certificate("later.example", ends=700)
    stage.emulator.add_connector("Later API", certificates=[{"pfx": later.pfx()}])
    stage.emulator.add_connector("Orders API", certificates=[{"pfx": orders.pfx()}])
    stage.emulator.add_connector("Basic API", basic=("user", "basic~password~Ct3zN4"))
    job = run_job(stage, CHECK, CREDENTIAL, variables=answers(CHECK))
    assert job.code == 0, job.stdout
    sentence = f"The certificates of all API connectors (2) last longer than 30 days. The first to end is that of Orders API, on {ends(orders)}."
    assert sentence in [result.get("msg") for _action, result in job.results("runner_on_ok")]
    assert job.artifact_data == {"apiconnectors_to_renew": []}
    assert len(stage.emulator.requests("graph")) == 2


def test_nothing_to_check(stage: Stage) -> None:
    """A tenant without certificates is said to be one."""
    job = run_job(stage, CHECK, CREDENTIAL, variables=answers(CHECK))
    assert job.code == 0, job.stdout
    assert "No API connector uses a client certificate." in job.stdout


@pytest.mark.parametrize("check", [True, False], ids=["check", "run"])
def test_one_ends_soon(stage: Stage, orders: Made, check: bool) -> None:
    """The job fails with a sentence that names the connector, the certificate and its end."""
    soon = make_certificate("soon.example", ends=9.5)
    stage.emulator.add_connector("Orders API", certificates=[{"pfx": orders.pfx()}])
    stage.emulator.add_connector("Soon API", certificates=[{"pfx": soon.pfx()}])
    job = run_job(stage, CHECK, CREDENTIAL, variables=answers(CHECK), check=check)
    assert job.code == 2
    assert (
        job.failure
        == f"1 API connector needs a new client certificate. Soon API: certificate {soon.thumbprint} ends on {ends(soon)}, in 9 days."
    )
    assert job.failure in job.stdout
    assert job.artifact_data == {"apiconnectors_to_renew": ["Soon API"]}


def test_every_reason(stage: Stage, orders: Made) -> None:
    """Each connector gets its own reason."""
    today, tomorrow = make_certificate("today.example", ends=0.5), make_certificate("tomorrow.example", ends=1.5)
    ended = make_certificate("ended.example", starts=-30, ends=-2)
    future = make_certificate("future.example", starts=3, ends=300)
    seeds: dict[str, list[Made]] = {
        "Today {{ api }}": [today],
        "Rotating API": [orders, tomorrow],
        "Ended API": [ended],
        "Future API": [ended, future],
        "New API": [],
    }
    for name, certificates in seeds.items():
        stage.emulator.add_connector(name, certificates=[{"pfx": made.pfx()} for made in certificates])
    job = run_job(stage, CHECK, CREDENTIAL, variables=answers(CHECK, expiring_within_days=""))
    assert job.failure == " ".join(
        [
            "5 API connectors need a new client certificate.",
            f"Today {{{{ api }}}}: certificate {today.thumbprint} ends on {ends(today)}, in 0 days.",
            f"Rotating API: certificate {tomorrow.thumbprint} ends on {ends(tomorrow)}, in 1 day.",
            f"{orders.thumbprint} is listed too, until {ends(orders)}.",
            f"Ended API: certificate {ended.thumbprint} ended on {ends(ended)}.",
            f"Future API: no certificate is active; {future.thumbprint} is valid from {starts(future)}.",
            "New API: there is no certificate.",
        ]
    )
    ignored = "Ended API\n New API \nFuture API\n"
    job = run_job(
        stage, CHECK, CREDENTIAL, variables=answers(CHECK, expiring_within_days=0, ignored_connectors=ignored)
    )
    assert job.code == 0, job.stdout
    assert "The certificates of all API connectors (2) last longer than 0 days." in job.stdout
    assert "Left out: Ended API, New API, Future API." in job.stdout
