# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files on the controller: found as copy finds them, decrypted in memory."""

from __future__ import annotations

import os
import typing as t

from ansible.errors import AnsibleError, AnsibleFileNotFound
from ansible.parsing.vault import is_encrypted

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._paths import require_path

if t.TYPE_CHECKING:
    from ansible.plugins.action import ActionBase


def read_controller_file(
    action: ActionBase, option: str, value: str, decrypt: bool, largest: int, content_option: str
) -> bytes:
    """The content of a file, searched beside the role and the playbook, in `files/` first.

    :param option: which names the file
    :param value: that of the option
    :param decrypt: whether a file that Ansible Vault encrypted is decrypted; that happens in memory
    :param largest: bytes; a larger file is refused, and no more of it read, as it may be a pipe that never ends
    :param content_option: which takes the content of such a file
    :raises IdentityError: when it cannot be read
    """
    require_path(option, value, f"Give it as {content_option}.")
    name = f"{option} '{value}'"
    try:
        path = action._find_needle("files", value)
    except AnsibleFileNotFound as exc:
        places = dict.fromkeys(os.path.dirname(candidate) for candidate in exc.paths or ())
        looked = f"Looked in: {', '.join(places)}." if places else "Check the path; it is one on the controller."
        raise IdentityError(f"Could not find {name}. {looked}") from None
    if os.path.isdir(path):
        raise IdentityError(f"{name} is a directory. Name the key file in it.")
    try:
        with open(path, "rb") as file:
            data = file.read(largest + 1)
        if len(data) > largest:
            raise IdentityError(
                f"{name} is larger than {largest // 1024} KiB and cannot be the key file of one certificate."
            )
        # get_real_file() would leave the decrypted file on the disk for a while.
        return bytes(action._loader._vault.decrypt(data)) if decrypt and is_encrypted(data) else data
    except OSError as exc:
        raise IdentityError(f"{name} cannot be read: {exc.strerror}.") from exc
    except AnsibleError as exc:
        raise IdentityError(f"{name} cannot be decrypted: {exc.message}") from exc
