# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Profiles: the sections of `~/.azure/credentials`, an ini file shared with azure.azcollection."""

from __future__ import annotations

import configparser
import io
import os

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._text import decode_text, unquoted

PATH = os.path.join("~", ".azure", "credentials")


def read_profile(name: str | None) -> dict[str, str]:
    """The non-empty values of a section. Quotes around a value do not belong to it.

    :param name: of the section; None stands for `default`, which need not exist
    :raises IdentityError: when a section that was asked for by name is not there, or the file cannot be read
    """
    # Secrets contain what configparser would take for an interpolation.
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    try:
        with open(os.path.expanduser(PATH), "rb") as file:
            parser.read_file(io.StringIO(decode_text(file.read()), newline=None))
    except FileNotFoundError:
        if name is None:
            return {}
        raise IdentityError(f"There is no profile '{name}': {PATH} does not exist where the task runs.") from None
    except (OSError, ValueError, configparser.Error) as exc:
        # An exception of configparser quotes the line, and that may be a secret.
        line = getattr(exc, "lineno", None)
        where = f" in line {line}" if line else ""
        raise IdentityError(
            f"{PATH} cannot be read: {getattr(exc, 'strerror', None) or f'it is not an ini file{where}'}."
        ) from None
    if not parser.has_section(name or "default"):
        if name is None:
            return {}
        raise IdentityError(f"There is no profile '{name}' in {PATH}; it has {', '.join(parser.sections()) or 'none'}.")
    values = {option: unquoted(value) for option, value in parser.items(name or "default")}
    return {option: value for option, value in values.items() if value}
