# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options in the guides exist."""

from __future__ import annotations

import pytest
from support.examples import of_guides

from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import GRAPH

EXAMPLES = list(of_guides())


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.origin)
def test_defaults_are_options(example):
    if example.kind == "fragment":
        assert GRAPH.validate(example.document["module_defaults"]["group/msgraph.identity.graph"])


def test_guides_have_examples():
    assert len(EXAMPLES) >= 6
