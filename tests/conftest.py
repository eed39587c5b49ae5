# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How examples are drawn: the same ones in every run, so that a failure is always news about the code."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("steady", derandomize=True, deadline=None, database=None, max_examples=150)
# pytest --hypothesis-profile=wide: other examples each time, and many of them.
settings.register_profile("wide", derandomize=False, deadline=None, database=None, max_examples=5000, print_blob=True)
settings.load_profile("steady")
