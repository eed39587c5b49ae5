# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tables of faults and bad input name tests that exist, quote words that those tests ask for, and leave out none
that was tried.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.msgraph.identity.plugins.module_utils._graph_codes import HINTS

ROOT = Path(__file__).resolve().parents[3]
TESTS = ROOT / "tests"
GUIDE = ROOT / "docs" / "docsite" / "rst" / "guide_faults.rst"
# Each of their cases is a fault or a bad input.
COMPLETE = (
    "playbook/test_bad_day.py::test_fault",
    "playbook/test_bad_input.py::test_message",
    "playbook/test_bad_day_input.py::test_odd_file",
    "playbook/test_connector_lost.py::test_create",
    "playbook/test_connector_lost.py::test_fault",
    "playbook/test_connector_input.py::test_message",
    "playbook/test_strange_answers.py::test_strange_answer",
)
# The same on a host, or nothing wrong at all.
LEFT_OUT = re.compile(r"_on_a_bastion\]$|\[no_fault\]$")


def rows():
    """The rows of the tables, as (what is wrong, what the user sees, tests)."""
    text = GUIDE.read_text(encoding="utf-8")
    for table in text[text.index("Every fault and every bad input") :].split(".. list-table::\n")[1:]:
        for row in table.split("\n   * - ")[2:]:
            # What follows the table has no indentation.
            row = re.split(r"\n(?=\S)", row)[0]
            what, dummy, sees, tests = row.split("\n     - ")
            yield what, sees, re.findall(r"``(.+?)``", tests)


ROWS = list(rows())


@pytest.fixture(name="collected", scope="module")
def fixture_collected():
    """The tests that pytest finds in the files that the tables name, below tests/."""
    files = sorted({test.split("::")[0] for dummy, unused, tests in ROWS for test in tests})
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--override-ini",
        "addopts=",
        "-p",
        "no:cacheprovider",
        "--collect-only",
        "--quiet",
    ]
    done = subprocess.run(
        [*command, *(f"tests/{file}" for file in files)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return [line.removeprefix("tests/") for line in done.stdout.splitlines() if "::" in line]


def test_tables_are_read():
    assert len(ROWS) >= 120
    assert all(tests for dummy, unused, tests in ROWS)
    assert len({what for what, dummy, unused in ROWS}) >= 110


def test_every_test_exists(collected):
    functions = {test.split("[")[0] for test in collected}
    named = {test for dummy, unused, tests in ROWS for test in tests}
    assert not named - functions - set(collected)


@pytest.mark.parametrize("what, sees, tests", ROWS, ids=lambda value: value if isinstance(value, str) else "")
def test_words_are_those_of_the_test(what, sees, tests):
    texts = [(TESTS / test.split("::")[0]).read_text(encoding="utf-8") for test in tests]
    for words in re.findall(r"``(.+?)``", sees):
        for part in words.split(" ... "):
            assert any(part in text for text in texts), part


@pytest.mark.parametrize("function", COMPLETE)
def test_nothing_that_was_tried_is_left_out(collected, function):
    tried = {test for test in collected if test.startswith(f"{function}[") and not LEFT_OUT.search(test)}
    assert tried
    assert not tried - {test for dummy, unused, tests in ROWS for test in tests}


def test_codes_are_those_of_the_collection():
    text = GUIDE.read_text(encoding="utf-8")
    table = text[text.index("Codes of Microsoft Graph") : text.index("Every fault and every bad input")]
    assert dict(re.findall(r"   \* - ``(\w+)``\n     - (.+)\n", table)) == HINTS
