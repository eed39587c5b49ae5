# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sessions of nox: those of antsibull-nox.toml, and what only this collection needs. See `make help`."""

import os
import re
from pathlib import Path

import antsibull_nox
import nox

# Each supported ansible-core with a Python that can run it.
MATRIX = {"2.16": "3.10", "2.17": "3.11", "2.18": "3.12", "2.19": "3.11", "2.20": "3.12", "2.21": "3.13"}

CHANGELOG = "antsibull-changelog>=0.36,<0.37"

# pyenv puts a command for each Python on the path, which fails when that Python is not active. The real ones take their
# place.
PYENV = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
SHIMS = str(PYENV / "shims")
others = [directory for directory in os.environ["PATH"].split(os.pathsep) if directory != SHIMS]
os.environ["PATH"] = os.pathsep.join([*others, *map(str, PYENV.glob("versions/3.*/bin"))])

nox.options.envdir = ".cache/nox"
nox.options.reuse_venv = "yes"
# A Python that is not on this machine is skipped, and said to be.
nox.options.error_on_missing_interpreters = False
nox.options.download_python = "never"

antsibull_nox.load_antsibull_nox_toml()


@nox.session(name="ansible-lint")
def ansible_lint(session: nox.Session) -> None:
    """Run ansible-lint over playbooks and examples."""
    session.install("ansible-lint>=26.4,<27", "-r", "requirements.txt")
    session.run("python", "tests/tools/ansible_lint.py", *session.posargs)


@nox.session
def changelog(session: nox.Session) -> None:
    """Check the changelog and its fragments."""
    session.install(CHANGELOG)
    session.run("antsibull-changelog", "lint")


@nox.session(default=False)
def release(session: nox.Session) -> None:
    """Make the version that is named behind -- ready to be committed."""
    session.install(CHANGELOG, "ansible-core>=2.16,<2.22", "galaxy-importer>=0.4.44,<0.5")
    session.run("python", "tests/tools/release.py", *session.posargs)


def run_tests(session: nox.Session, core: str, *constraints: str) -> None:
    """Unit, integration and sanity tests with one ansible-core; behind -- those that are wanted."""
    session.install(
        "--upgrade",
        "--upgrade-strategy",
        "eager",
        f"ansible-core~={core}.0",
        "-r",
        "tests/requirements.txt",
        *constraints,
    )
    session.run("python", "-m", "pip", "list")
    for part in session.posargs or ("unit", "integration", "sanity"):
        if part == "unit":
            session.run("python", "-m", "pytest", "tests/unit")
        else:
            session.run("python", "tests/tools/ansible_test.py", part)


@nox.session(python="3.10", tags=["matrix"], default=False)
def lowest(session: nox.Session) -> None:
    """Test with the lowest versions of ansible-core and of our libraries."""
    constraints = Path(session.create_tmp()) / "constraints.txt"
    constraints.write_text(
        re.sub(r">=([^,\n]+).*", r"==\1", Path("requirements.txt").read_text(encoding="utf-8")), encoding="utf-8"
    )
    run_tests(session, "2.16", "--constraint", str(constraints))


def add_core(core: str, python: str) -> None:
    """Add the session for an ansible-core; the last one is that with the newest versions of everything."""

    @nox.session(name=f"core-{core}", python=python, tags=["matrix"], default=False)
    def test_core(session: nox.Session) -> None:
        run_tests(session, core)

    test_core.__doc__ = f"Test with ansible-core {core} and the newest libraries."


for core, python in MATRIX.items():
    add_core(core, python)
