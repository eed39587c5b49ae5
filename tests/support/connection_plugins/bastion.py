# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A connection that is not local as far as Ansible can tell, to this very machine."""

from __future__ import annotations

DOCUMENTATION = r"""
name: bastion
short_description: Stands in for a remote host in tests
description:
  - Runs commands on this machine, under another name than the local connection.
  - As on a remote host, they see nothing of the environment of the controller.
author: The msgraph.identity contributors (@msgraph-identity)
extends_documentation_fragment:
  - connection_pipelining
options: {}
"""

import os
import shlex

from ansible.plugins.connection.local import Connection as LocalConnection

OF_EVERY_LOGIN = ("HOME", "LC_ALL", "PATH", "TMPDIR")


class Connection(LocalConnection):
    transport = "bastion"

    def exec_command(self, cmd, in_data=None, sudoable=True):
        kept = " ".join(f"{name}={shlex.quote(os.environ[name])}" for name in OF_EVERY_LOGIN if name in os.environ)
        return super().exec_command(f"env -i {kept} {cmd}", in_data=in_data, sudoable=sudoable)
