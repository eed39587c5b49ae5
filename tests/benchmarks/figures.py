# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many rounds of a play, put into a few numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

from .plays import Sample


@dataclass(frozen=True)
class Figures:
    """Medians over all rounds; `net_seconds` are without the startup, `least` and `most` the fastest and the slowest
    round.
    """

    seconds: float
    least: float
    most: float
    net_seconds: float
    cpu_seconds: float
    memory_mib: float
    worker_mib: float
    requests: dict[str, int]

    @classmethod
    def of(cls, samples: Sequence[Sample], startup: Sequence[Sample]) -> Figures:
        """The figures of `samples`, with those of the play without tasks in the same rounds."""
        seconds = [sample.usage.seconds for sample in samples]
        services = {service for sample in samples for service in sample.requests}
        return cls(
            seconds=median(seconds),
            least=min(seconds),
            most=max(seconds),
            net_seconds=median(seconds) - median(sample.usage.seconds for sample in startup),
            cpu_seconds=median(sample.usage.cpu_seconds for sample in samples),
            memory_mib=median(sample.usage.memory_mib for sample in samples),
            worker_mib=median(sample.usage.worker_mib for sample in samples),
            # They should not differ between rounds. Where they do, the worst counts.
            requests={
                service: max(sample.requests.get(service, 0) for sample in samples) for service in sorted(services)
            },
        )

    @property
    def all_requests(self) -> int:
        """The requests to all services."""
        return sum(self.requests.values())

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {name: round(value, 3) if isinstance(value, float) else value for name, value in asdict(self).items()}
