# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files on the controller: found as copy finds them, decrypted in memory."""

from __future__ import annotations

import os
import typing as t

from ansible.errors import AnsibleError, AnsibleFileNotFound

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._paths import require_path

if t.TYPE_CHECKING:
    from ansible.plugins.action import ActionBase


def read_controller_file(action: ActionBase, src: str, decrypt: bool, largest: int) -> bytes:
    """The content of `src`, searched beside the role and the playbook, in `files/` first.

    :param decrypt: whether a file that Ansible Vault encrypted is decrypted; that happens in memory
    :param largest: bytes; a larger file is refused unread
    :raises IdentityError: when it cannot be read
    """
    require_path("src", src, "Give it as content.")
    try:
        path = action._find_needle("files", src)
    except AnsibleFileNotFound:
        raise IdentityError(
            f"There is no file '{src}' on the controller, neither beside the role or playbook nor in its files/. Check src."
        ) from None
    if os.path.isdir(path):
        raise IdentityError(f"src '{src}' is a directory. Name the PKCS#12 file in it.")
    try:
        if os.path.getsize(path) > largest:
            raise IdentityError(
                f"src '{src}' is larger than {largest // 1024} KiB and cannot be a PKCS#12 file for one certificate."
            )
        if not decrypt:
            with open(path, "rb") as file:
                return file.read()
        # get_real_file() would leave the decrypted file on the disk for a while.
        data, dummy = action._loader._get_file_contents(path)
        return bytes(data)
    except OSError as exc:
        raise IdentityError(f"src '{src}' cannot be read: {exc.strerror}.") from exc
    except AnsibleError as exc:
        raise IdentityError(f"src '{src}' cannot be read or decrypted: {exc.message}") from exc
