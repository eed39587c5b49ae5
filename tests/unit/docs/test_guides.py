# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The guides are all on the site, and the options in them exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from support.examples import of_guides

from ansible_collections.msgraph.identity.plugins.module_utils import _argument_specs
from ansible_collections.msgraph.identity.plugins.module_utils._argument_specs import GRAPH

ROOT = Path(__file__).resolve().parents[3]
DOCSITE = ROOT / "docs" / "docsite"
GUIDES = sorted((DOCSITE / "rst").glob("*.rst"))
EXAMPLES = list(of_guides())
OURS = "msgraph.identity."


def tasks(document):
    """The modules of ours that a document uses, each with its options."""
    if isinstance(document, dict):
        for name, value in document.items():
            if name.startswith(OURS):
                yield name.removeprefix(OURS), value
            yield from tasks(value)
    elif isinstance(document, list):
        for entry in document:
            yield from tasks(entry)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.origin)
def test_options_exist(example):
    document = example.document
    if example.kind == "fragment":
        defaults = document.get("module_defaults", {}).get("group/msgraph.identity.graph")
        assert (
            GRAPH.validate(defaults)
            if defaults
            else set(document) == {"version", "images", "dependencies", "additional_build_files"}
        )
    for module, options in tasks(document):
        assert getattr(_argument_specs, module.upper()).validate(options)


def test_guides_have_examples():
    assert len(EXAMPLES) >= 12
    assert sum(len(list(tasks(example.document))) for example in EXAMPLES) >= 6


def test_all_guides_are_on_the_site():
    sections = yaml.safe_load((DOCSITE / "extra-docs.yml").read_text(encoding="utf-8"))["sections"]
    listed = [guide for section in sections for guide in section["toctree"]]
    assert sorted(listed) == [guide.stem for guide in GUIDES]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.stem)
def test_guide_has_a_label_and_says_first_what_it_is_about(guide):
    text = guide.read_text(encoding="utf-8")
    assert re.search(
        rf"^\.\. _ansible_collections\.msgraph\.identity\.docsite\.{guide.stem}:\n\n(.+)\n=+\n\n[A-Z]",
        text,
        re.MULTILINE,
    )


def test_files_that_developers_are_sent_to_exist():
    text = (DOCSITE / "rst" / "guide_development.rst").read_text(encoding="utf-8")
    found = {name for name in re.findall(r"\b(?:meta|plugins|tests)/[\w./]*\w", text) if "thing" not in name}
    assert len(found) >= 12
    assert not {name for name in found if not (ROOT / name).exists()}
    files = {path.name for kind in ("module_utils", "plugin_utils") for path in (ROOT / "plugins" / kind).glob("*.py")}
    assert not set(re.findall(r"(?<![\w/])_(?!thing)\w+\.py", text)) - files
