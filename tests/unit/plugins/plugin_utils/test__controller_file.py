# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible.plugins.action import ActionBase

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.plugin_utils._controller_file import read_controller_file

from ..fakes import make_action

CONTENT = b"\x30\x82\x00\xff not text"
SECRETS = [("default", VaultSecret(b"vault-password"))]


class Action(ActionBase):
    """Only there to find files."""

    def run(self, tmp=None, task_vars=None):
        raise NotImplementedError


@pytest.fixture
def action(tmp_path):
    (tmp_path / "files").mkdir()
    return make_action(Action, tmp_path, {})


@pytest.fixture
def vaulted(tmp_path, action):
    """A vaulted file in files/, and its bytes."""
    encrypted = VaultLib(SECRETS).encrypt(CONTENT)
    (tmp_path / "files" / "x.pfx").write_bytes(encrypted)
    return encrypted


def read(action, src="x.pfx", decrypt=True, largest=2048):
    return read_controller_file(action, "src", src, decrypt, largest, "content")


@pytest.mark.parametrize("decrypt", [True, False])
@pytest.mark.parametrize("place", ["x.pfx", "files/x.pfx"])
def test_relative_file(tmp_path, action, place, decrypt):
    (tmp_path / place).write_bytes(CONTENT)
    assert read(action, decrypt=decrypt) == CONTENT


def test_files_directory_comes_first(tmp_path, action):
    (tmp_path / "x.pfx").write_bytes(b"beside")
    (tmp_path / "files" / "x.pfx").write_bytes(CONTENT)
    assert read(action) == CONTENT


@pytest.mark.parametrize("decrypt", [True, False])
def test_absolute_file(tmp_path, action, decrypt):
    path = tmp_path / "elsewhere" / "grün.pfx"
    path.parent.mkdir()
    path.write_bytes(CONTENT)
    assert read(action, str(path), decrypt) == CONTENT


def test_vaulted_file(action, vaulted):
    action._loader.set_vault_secrets(SECRETS)
    assert read(action) == CONTENT


def test_decrypted_file_is_not_written_to_disk(tmp_path, action, vaulted, monkeypatch):
    action._loader.set_vault_secrets(SECRETS)
    monkeypatch.setattr(action._loader, "get_real_file", None)
    monkeypatch.setattr("tempfile.mkstemp", None)
    assert read(action) == CONTENT
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["files", "x.pfx"]


def test_vaulted_file_that_is_to_stay_so(action, vaulted):
    action._loader.set_vault_secrets(SECRETS)
    assert read(action, decrypt=False) == vaulted


@pytest.mark.parametrize(
    "secrets", [None, [], [("default", VaultSecret(b"another-password"))]], ids=["unset", "none", "wrong"]
)
def test_vaulted_file_without_its_password(action, vaulted, secrets):
    if secrets is not None:
        action._loader.set_vault_secrets(secrets)
    with pytest.raises(IdentityError, match="^src 'x.pfx' cannot be decrypted: .*[Vv]ault") as caught:
        read(action)
    assert "another-password" not in caught.value.message


@pytest.mark.parametrize(
    "src, places",
    [
        ("none.pfx", "Looked in: {here}/files, {here}."),
        ("sub/none.pfx", "Looked in: {here}/files/sub, {here}/sub."),
        ("/none/none.pfx", "Check the path; it is one on the controller."),
    ],
)
@pytest.mark.parametrize("decrypt", [True, False])
def test_missing_file(action, tmp_path, src, places, decrypt):
    with pytest.raises(IdentityError) as caught:
        read(action, src, decrypt)
    assert caught.value.message == f"Could not find src '{src}'. {places.format(here=tmp_path)}"


def test_other_option_is_called_by_its_name(action):
    for value, message in (
        ("none.key", "Could not find private_key_src 'none.key'. Looked in: "),
        ("-----BEGIN", "private_key_src looks like the content of a file .* Give it as private_key_content."),
    ):
        with pytest.raises(IdentityError, match=f"^{message}"):
            read_controller_file(action, "private_key_src", value, True, 2048, "private_key_content")


@pytest.fixture
def pipe():
    """What a shell puts in place of <(command): both ends of a pipe."""
    reading, writing = os.pipe()
    yield f"/dev/fd/{reading}", writing
    os.close(reading)


@pytest.mark.parametrize("content", [CONTENT, VaultLib(SECRETS).encrypt(CONTENT)], ids=["plain", "vaulted"])
def test_pipe(action, pipe, content):
    path, writing = pipe
    os.write(writing, content)
    os.close(writing)
    action._loader.set_vault_secrets(SECRETS)
    assert read(action, path) == CONTENT


@pytest.mark.parametrize("decrypt", [True, False])
def test_endless_file_is_not_read_to_its_end(action, decrypt):
    with pytest.raises(IdentityError, match="src '/dev/zero' is larger than 2 KiB"):
        read(action, "/dev/zero", decrypt)


@pytest.mark.parametrize("decrypt", [True, False])
def test_directory(tmp_path, action, decrypt):
    (tmp_path / "files" / "x.pfx").mkdir()
    with pytest.raises(IdentityError, match="src 'x.pfx' is a directory. Name the key file in it"):
        read(action, decrypt=decrypt)


@pytest.mark.parametrize("decrypt", [True, False])
@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_file_without_permission(tmp_path, action, decrypt):
    (tmp_path / "x.pfx").touch(mode=0)
    with pytest.raises(IdentityError, match="src 'x.pfx' cannot be read.*Permission denied"):
        read(action, decrypt=decrypt)


@pytest.mark.parametrize("decrypt", [True, False])
def test_file_that_cannot_be_read(tmp_path, action, decrypt, monkeypatch):
    # As for a file without permission, also for root.
    (tmp_path / "x.pfx").write_bytes(CONTENT)

    def refuse(path, *unused, **more):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("builtins.open", refuse)
    monkeypatch.setattr("io.open", refuse)
    with pytest.raises(IdentityError, match="src 'x.pfx' cannot be read.*Permission denied"):
        read(action, decrypt=decrypt)


@pytest.mark.parametrize("decrypt", [True, False])
def test_large_file_is_refused(tmp_path, action, decrypt):
    (tmp_path / "x.pfx").write_bytes(b"x" * 2048)
    assert len(read(action, decrypt=decrypt)) == 2048
    (tmp_path / "x.pfx").write_bytes(b"x" * 2049)
    with pytest.raises(IdentityError, match="src 'x.pfx' is larger than 2 KiB"):
        read(action, decrypt=decrypt)
