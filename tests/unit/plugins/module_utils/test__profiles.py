# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._profiles import read_profile

SECRET = "s3cr3t-value"


@pytest.fixture
def file(tmp_path, monkeypatch):
    """The path of ~/.azure/credentials, which does not exist yet."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".azure").mkdir()
    return tmp_path / ".azure/credentials"


# content, name → values
READ = {
    "default": ("[default]\ntenant=contoso\nclient_id = app\n", None, {"tenant": "contoso", "client_id": "app"}),
    "default by name": ("[default]\ntenant=contoso\n", "default", {"tenant": "contoso"}),
    "named": ("[default]\ntenant=contoso\n[test]\ntenant=fabrikam\n", "test", {"tenant": "fabrikam"}),
    "named has nothing of the default": (
        "[default]\ntenant=contoso\nsecret=s\n[test]\ntenant=fabrikam\n",
        "test",
        {"tenant": "fabrikam"},
    ),
    "named has nothing of DEFAULT": ("[DEFAULT]\nsecret=s\n[test]\ntenant=fabrikam\n", "test", {"tenant": "fabrikam"}),
    "DEFAULT is not the default": ("[DEFAULT]\ntenant=contoso\n", None, {}),
    "DEFAULT by name": ("[DEFAULT]\ntenant=contoso\n", "DEFAULT", {"tenant": "contoso"}),
    "no default": ("[test]\ntenant=fabrikam\n", None, {}),
    "empty file": ("", None, {}),
    "empty section": ("[default]\n", None, {}),
    "empty values": ("[default]\ntenant=\nclient_id = \nsecret=s\n", None, {"secret": "s"}),
    "percent signs": ("[default]\nsecret = %(tenant)s%%5$%\n", None, {"secret": "%(tenant)s%%5$%"}),
    "dollar signs": (
        "[default]\ntenant=contoso\nsecret = ${tenant}$\n",
        None,
        {"tenant": "contoso", "secret": "${tenant}$"},
    ),
    "delimiters in a value": ("[default]\nsecret = a=b:c;d#e\n", None, {"secret": "a=b:c;d#e"}),
    "colon": ("[default]\ntenant: contoso\n", None, {"tenant": "contoso"}),
    "comments": ("# one\n; two\n[default]\n# three\ntenant=contoso\n", None, {"tenant": "contoso"}),
    "keys in capitals": ("[default]\nTENANT=Contoso\n", None, {"tenant": "Contoso"}),
    "CRLF": ("[default]\r\ntenant=contoso\r\n", None, {"tenant": "contoso"}),
    "keys of others": ("[default]\nsubscription_id=s\nad_user=u\n", None, {"subscription_id": "s", "ad_user": "u"}),
    "name with blanks": ("[my test]\ntenant=contoso\n", "my test", {"tenant": "contoso"}),
    "quotes": (
        "[default]\ntenant=\"contoso\"\nclient_id = 'app'\nsecret = \"s'\n",
        None,
        {"tenant": "contoso", "client_id": "app", "secret": "\"s'"},
    ),
    "quotes twice": ("[default]\nsecret='\"s\"'\n", None, {"secret": '"s"'}),
    "quotes around nothing": ("[default]\nsecret=''\n", None, {}),
    "CR": ("[default]\rtenant=contoso\r", None, {"tenant": "contoso"}),
    "not ASCII": ("[größe]\nsecret=päßwörd\n", "größe", {"secret": "päßwörd"}),
}


@pytest.mark.parametrize("case", READ.values(), ids=READ)
def test_section(file, case):
    content, name, values = case
    file.write_bytes(content.encode())
    assert read_profile(name) == values


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_file_of_windows(file, encoding):
    file.write_bytes("[default]\r\ntenant = contoso\r\nsecret = p\u00e4\u00df\r\n".encode(encoding))
    assert read_profile(None) == {"tenant": "contoso", "secret": "p\u00e4\u00df"}


def test_no_file_and_no_name(file):
    assert read_profile(None) == {}
    file.parent.rmdir()
    assert read_profile(None) == {}


@pytest.mark.parametrize("name", ["test", "default"])
def test_no_file_though_a_profile_is_named(file, name):
    with pytest.raises(
        IdentityError, match=f"^There is no profile '{name}': ~/.azure/credentials does not exist where the task runs.$"
    ):
        read_profile(name)


@pytest.mark.parametrize(
    "content, others",
    [("[default]\nsecret=s3cr3t-value\n[prod]\n", "default, prod"), ("[DEFAULT]\n", "DEFAULT"), ("", "none")],
    ids=["two", "capitals", "none"],
)
def test_named_profile_that_is_missing(file, content, others):
    file.write_text(content)
    with pytest.raises(IdentityError) as caught:
        read_profile("test")
    assert caught.value.message == f"There is no profile 'test' in ~/.azure/credentials; it has {others}."


@pytest.mark.parametrize("name", [None, "default"])
@pytest.mark.parametrize(
    "content, problem",
    [
        (f"secret={SECRET}\n", "it is not an ini file in line 1"),
        (f"[default]\n{SECRET}\n", "it is not an ini file"),
        (f"[default]\nsecret={SECRET}\nsecret={SECRET}\n", "it is not an ini file in line 3"),
        (f"[default]\nsecret={SECRET}\n[default]\n", "it is not an ini file in line 3"),
        (f"[default\nsecret={SECRET}\n", "it is not an ini file in line 1"),
        (f'{{"secret": "{SECRET}"}}', "it is not an ini file in line 1"),
        (f"[default]\n={SECRET}\n", "it is not an ini file"),
        (b"[default]\nsecret=\xff\xfe" + SECRET.encode(), "it is not an ini file"),
    ],
    ids=[
        "no section",
        "no delimiter",
        "option twice",
        "section twice",
        "open bracket",
        "JSON",
        "no option",
        "not UTF-8",
    ],
)
def test_malformed_file(file, content, problem, name):
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(IdentityError) as caught:
        read_profile(name)
    message = caught.value.message
    assert message.startswith("~/.azure/credentials cannot be read: ") and problem in message
    assert SECRET not in message
    # What is shown of an exception at -vvv is its causes, too.
    assert caught.value.__cause__ is None and caught.value.__suppress_context__


@pytest.mark.parametrize("name", [None, "test"])
def test_directory(file, name):
    file.mkdir()
    with pytest.raises(IdentityError, match="^~/.azure/credentials cannot be read: Is a directory.$"):
        read_profile(name)


@pytest.mark.parametrize("name", [None, "test"])
def test_file_that_may_not_be_read(file, name, monkeypatch):
    file.write_text("[default]\n")

    def refuse(*unused, **more):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(IdentityError, match="^~/.azure/credentials cannot be read: Permission denied.$"):
        read_profile(name)


def test_file_is_not_changed(file):
    file.write_text("[default]\nsecret=%\n")
    read_profile(None)
    assert (file.read_text(), [path.name for path in file.parent.iterdir()]) == (
        "[default]\nsecret=%\n",
        ["credentials"],
    )
