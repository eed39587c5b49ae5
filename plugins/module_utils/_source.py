# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate that a task brings, and its key, or not here: what both ways of running hand in."""

from __future__ import annotations

import typing as t
from dataclasses import dataclass, field

from ansible_collections.msgraph.identity.plugins.module_utils._key_file import (
    KeyFile,
    Upload,
    WantedCertificate,
    received,
)


@dataclass(frozen=True)
class Source:
    """A certificate with what sends it.

    :ivar make: makes what is sent to Graph, called only when it is; None when the key is not here
    """

    wanted: WantedCertificate
    make: t.Callable[[], Upload] | None = field(default=None, repr=False)

    @classmethod
    def opened(cls, file: KeyFile, encryption: str) -> Source:
        """Of a file that was opened where the work runs."""
        return cls(file.wanted, lambda: file.upload(encryption))

    @classmethod
    def received(cls, options: t.Mapping[str, t.Any]) -> Source:
        """Of what the action plugin sent to the host of the task: the certificate alone while the key may not be needed.

        :param options: those of the file, with `content` and `certificate_password`
        """
        wanted, upload = received(options["content"], options["certificate_password"] or "")
        return cls(wanted, (lambda: upload) if upload else None)
