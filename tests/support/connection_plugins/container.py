# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A connection as to a container: it can pipeline modules, but has no option for it."""

from __future__ import annotations

DOCUMENTATION = r"""
name: container
short_description: Stands in for a container in tests
description:
  - Runs commands on this machine, under another name than the local connection.
  - As those of C(chroot), C(lxc) or C(docker), it has no option C(pipelining).
author: The msgraph.identity contributors (@msgraph-identity)
options:
  remote_addr:
    description: The container.
    default: inventory_hostname
    vars:
      - name: inventory_hostname
      - name: ansible_host
"""

from ansible.plugins.connection.local import Connection as LocalConnection


class Connection(LocalConnection):
    transport = "container"
    has_pipelining = True
