# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options in the guides exist."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
import yaml

from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import GRAPH

GUIDES = Path(__file__).resolve().parents[3] / "docs" / "docsite" / "rst"


def examples():
    """The YAML in the guides, as (guide, document)."""
    for guide in sorted(GUIDES.glob("*.rst")):
        for block in guide.read_text(encoding="utf-8").split(".. code-block:: yaml\n")[1:]:
            lines = block.lstrip("\n").split("\n")
            end = next((number for number, line in enumerate(lines) if line and not line.startswith("    ")), len(lines))
            yield pytest.param(yaml.safe_load(textwrap.dedent("\n".join(lines[:end]))), id=f"{guide.stem}-{lines[0].strip()}")


@pytest.mark.parametrize("example", list(examples()))
def test_defaults_are_options(example):
    if isinstance(example, dict):
        assert GRAPH.validate(example["module_defaults"]["group/msgraph.identity.graph"])


def test_guides_have_examples():
    assert len(list(examples())) >= 6
