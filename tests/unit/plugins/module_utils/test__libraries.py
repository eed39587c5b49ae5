# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

import pytest

from ansible_collections.msgraph.identity.plugins.module_utils import _libraries
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._libraries import (
    REQUIRED,
    missing_libraries,
    require_libraries,
)

COLLECTION = Path(_libraries.__file__).parents[2]


@pytest.fixture
def without(monkeypatch):
    """Libraries that this Python cannot import."""
    missing = set()
    monkeypatch.setattr(_libraries, "find_spec", lambda name: None if name in missing else object())
    return missing


def least_versions():
    """Name → least version in requirements.txt."""
    lines = (COLLECTION / "requirements.txt").read_text("utf-8").splitlines()
    return dict(re.match(r"([\w-]+)>=([\d.]+)", line).groups() for line in lines if line and not line.startswith("#"))


def test_requirements_txt_agrees():
    assert {name: f"{name} >= {version}" for name, version in least_versions().items()} == REQUIRED


def test_installed_libraries_are_new_enough():
    def numbers(version):
        return [int(number) for number in re.findall(r"\d+", version)]

    for name, version in least_versions().items():
        assert numbers(metadata.version(name)) >= numbers(version)


def test_nothing_is_missing():
    assert missing_libraries() == []
    assert require_libraries() is None


@pytest.mark.parametrize("name", REQUIRED)
def test_missing_library_is_named_with_version_and_python(without, name):
    without.add(name)
    assert missing_libraries() == [name]
    with pytest.raises(IdentityError) as caught:
        require_libraries()
    assert REQUIRED[name] in caught.value.message
    assert sys.executable in caught.value.message


def test_only_the_libraries_asked_for_count(without):
    without.update({"msal", "requests"})
    assert missing_libraries("cryptography") == []
    assert require_libraries("cryptography") is None
    assert missing_libraries() == ["msal", "requests"]


def test_missing_libraries_are_named_together_with_the_command_that_helps(without):
    without.update({"msal", "requests"})
    with pytest.raises(IdentityError) as caught:
        require_libraries()
    assert "lacks msal >= 1.35.0, requests >= 2.31.0. Install with: " in caught.value.message
    assert caught.value.message.endswith(f"{sys.executable} -m pip install -r {COLLECTION / 'requirements.txt'}")


def test_command_on_a_host_where_the_collection_is_not(without, monkeypatch):
    without.add("msal")
    monkeypatch.setattr(_libraries, "_REQUIREMENTS", Path("/nowhere/requirements.txt"))
    with pytest.raises(IdentityError, match=re.escape(f"{sys.executable} -m pip install 'msal>=1.35.0'") + "$"):
        require_libraries()


@pytest.mark.parametrize(
    "version, old",
    [
        ("42.0.8", True),
        ("3.4.8", True),
        ("9", True),
        ("43", False),
        ("43.0.0", False),
        ("43.0.0.post1", False),
        ("42.10.0.dev1", True),
        ("43.0.0rc1", False),
        ("43.0.1", False),
        ("43.1", False),
        ("100.0", False),
        (None, False),
        ("unknown", False),
    ],
)
def test_version_of_a_library_counts(monkeypatch, version, old):
    monkeypatch.setattr(_libraries, "_version", {"cryptography": version, "msal": "2.0", "requests": "3.0"}.get)
    assert missing_libraries() == (["cryptography"] if old else [])
    if old:
        with pytest.raises(IdentityError) as caught:
            require_libraries("cryptography")
        message = caught.value.message
        assert f"{sys.executable} on " in message
        assert f"lacks cryptography >= 43.0.0 (it has {version}). Install with: " in message


def test_library_that_says_no_version(monkeypatch):
    def no_metadata(name):
        raise metadata.PackageNotFoundError(name)

    _libraries._version.cache_clear()
    monkeypatch.setattr(_libraries.metadata, "version", no_metadata)
    try:
        assert missing_libraries() == []
    finally:
        _libraries._version.cache_clear()
