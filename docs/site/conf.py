# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sphinx's settings for the documentation site, see `make docs`."""

from __future__ import annotations

import zlib
from pathlib import Path

import yaml
from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]
INVENTORY = ROOT / ".cache" / "docs" / "ansible.inv"

# The pages of Ansible's documentation that ours refers to, by label. Sphinx would download a list of all of them; with
# this one the site is
# built without a network, and a reference that is neither here nor in our pages is an error.
ANSIBLE = {
    "action_plugins": "plugins/action.html",
    "ansible_collections.ansible.builtin.copy_module": "collections/ansible/builtin/copy_module.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}


def write_inventory() -> None:
    """Write `ANSIBLE` as an inventory: https://www.sphinx-doc.org/en/master/usage/extensions/intersphinx.html."""
    entries = "".join(
        f"{label} std:label -1 {page}#{label.translate(str.maketrans('._', '--'))} -\n"
        for label, page in ANSIBLE.items()
    )
    head = "# Sphinx inventory version 2\n# Project: Ansible\n# Version: latest\n# The remainder of this file is compressed using zlib.\n"
    INVENTORY.parent.mkdir(parents=True, exist_ok=True)
    INVENTORY.write_bytes(head.encode() + zlib.compress(entries.encode()))


write_inventory()

project = "msgraph.identity"
release = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"]
html_title = html_short_title = f"{project} {release}"
extensions = ["myst_parser", "sphinx.ext.intersphinx", "sphinx_antsibull_ext"]
intersphinx_mapping = {"ansible": ("https://docs.ansible.com/ansible/latest/", str(INVENTORY))}
# The figures are part of a guide. And no index of environment variables: it knows those of plugins only, and says there
# are none.
exclude_patterns = ["docsite/performance*", "environment_variables.rst"]
default_role = "any"
nitpicky = True
highlight_language = "YAML+Jinja"
pygments_style = "ansible"

html_theme = "sphinx_ansible_theme"
html_theme_options = {"topbar_links": {}}
templates_path = ["templates"]
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_use_index = False


def add_figures(app: Sphinx, name: str, source: list[str]) -> None:
    """Put `docs/performance.md` at the end of its guide; the guide cannot do it, as antsibull-docs checks guides
    without what is beside them.
    """
    if name == "docsite/guide_performance":
        source[0] += "\n.. include:: performance.md\n   :parser: myst_parser.sphinx_\n"


def setup(app: Sphinx) -> None:
    """Sphinx calls this."""
    app.connect("source-read", add_figures)
