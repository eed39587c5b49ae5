# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import codecs

import pytest

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._settings import ENVIRONMENT
from ansible_collections.msgraph.identity.plugins.module_utils._text import (
    PASSWORDS,
    PATHS,
    TOKENS,
    clean,
    clean_token,
    decode_text,
    is_quoted,
    listed,
)

TEXT = "[default]\r\ntenant = contoso\r\nsecret = p\u00e4\u00df\u20ac\r\n"
# As tools write it: notepad, PowerShell's > and Set-Content with each of its encodings, Export-Csv, editors.
ENCODED = {
    "UTF-8": TEXT.encode(),
    "UTF-8 with a mark": codecs.BOM_UTF8 + TEXT.encode(),
    "UTF-16 LE with a mark": codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
    "UTF-16 BE with a mark": codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    "UTF-16 LE": TEXT.encode("utf-16-le"),
    "UTF-16 BE": TEXT.encode("utf-16-be"),
    "UTF-32 LE with a mark": codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"),
    "UTF-32 BE with a mark": codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"),
}


@pytest.mark.parametrize("data", ENCODED.values(), ids=ENCODED)
def test_encodings(data):
    assert decode_text(data) == TEXT


@pytest.mark.parametrize("data", [b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE], ids=str)
def test_nothing(data):
    assert decode_text(data) == ""


@pytest.mark.parametrize(
    "data",
    [b"secret=\xff\xfe", "p\u00e4ss".encode("latin-1"), TEXT.encode("utf-16-le")[:-1]],
    ids=["no text", "Latin-1", "cut"],
)
def test_what_is_no_text(data):
    with pytest.raises(ValueError):
        decode_text(data)


AROUND = {
    "line end": ("", "\n"),
    "CRLF": ("", "\r\n"),
    "CR": ("", "\r"),
    "line ends": ("\n", "\n\n"),
    "blanks": ("  ", " \t"),
    "no-break space": ("\u00a0", "\u00a0"),
    "zero width space": ("\u200b", "\u200b"),
    "byte order mark": ("\ufeff", ""),
    "form feed": ("", "\f"),
}
TRIMMED = sorted(set(ENVIRONMENT) - set(PATHS) - set(PASSWORDS))


@pytest.mark.parametrize("around", AROUND.values(), ids=AROUND)
@pytest.mark.parametrize("option", TRIMMED)
def test_white_space_around_is_not_part_of_it(option, around):
    before, after = around
    assert clean(option, f"{before}a~value.of-1{after}", "the task") == "a~value.of-1"
    assert clean(option, before + after, "the task") == ""


QUOTED = ['"{}"', "'{}'", "\u201c{}\u201d", "\u2018{}\u2019", ' "{}"\n', '" {} "']


@pytest.mark.parametrize("quoted", QUOTED)
@pytest.mark.parametrize("option", [name for name in TRIMMED if name != "secret"])
def test_quotes_are_not_part_of_it(option, quoted):
    assert clean(option, quoted.format("value"), "the task") == "value"


@pytest.mark.parametrize("value", ['"value"', "'value'", "\u201cvalue\u201d"])
def test_quotes_may_be_part_of_a_secret(value):
    assert clean("secret", value, "the task") == value and is_quoted(value)


@pytest.mark.parametrize("value", ["", '"', "'", "\"value'", 'value"', "value"])
def test_what_is_not_in_quotes(value):
    assert clean("tenant", value, "the task") == value and not is_quoted(value)


BEARER = [
    "Bearer {}",
    "bearer  {}",
    "BEARER\t{}\n",
    '"Bearer {}"',
    "Bearer '{}'",
    "Authorization: Bearer {}",
    "authorization:bearer {}",
    "\ufeffBearer {}\r\n",
]


@pytest.mark.parametrize("given", BEARER)
@pytest.mark.parametrize("option", TOKENS)
def test_bearer_is_not_part_of_a_token(option, given):
    assert clean(option, given.format("eyJh.bc-d._~+/="), "the task") == "eyJh.bc-d._~+/="


@pytest.mark.parametrize("value", ["Bearer", "bearertoken", "Bearer-token"])
def test_tokens_that_begin_alike(value):
    assert clean_token("access_token", value) == value


@pytest.mark.parametrize("option", [name for name in TRIMMED if name not in TOKENS])
def test_bearer_is_just_a_word_elsewhere(option):
    assert clean(option, "Bearer x", "the task") == "Bearer x"


@pytest.mark.parametrize("option", TOKENS)
def test_answer_with_a_token_is_none(option):
    with pytest.raises(IdentityError) as caught:
        clean(option, ' {"accessToken": "s3cr3t"}\n', "the task")
    assert caught.value.message == f"{option} is given JSON instead of a token. Give the token in it alone."


@pytest.mark.parametrize("option", ENVIRONMENT)
def test_nul(option):
    for value in ("s3cr3t".encode("utf-16-le").decode(), "s3cr3t\0", "\0"):
        with pytest.raises(IdentityError) as caught:
            clean(option, value, "profile default")
        assert (
            caught.value.message
            == f"{option} (profile default) holds a NUL character; it was probably decoded from UTF-16."
        )


@pytest.mark.parametrize("option", sorted(set(ENVIRONMENT) - set(PATHS)))
def test_bytes_that_are_no_text(option):
    value = "s3cr3t-\u00e4".encode("latin-1").decode("utf-8", "surrogateescape")
    with pytest.raises(IdentityError) as caught:
        clean(option, value, "environment variable X")
    assert caught.value.message == f"{option} (environment variable X) is not UTF-8 text. Save it in UTF-8."


INSIDE = {
    "\n": "a line end",
    "\r": "a line end",
    "\t": "the character U+0009",
    "\u200b": "the character U+200B",
    "\x1b": "the character U+001B",
}


@pytest.mark.parametrize("odd", INSIDE, ids=INSIDE.values())
@pytest.mark.parametrize("option", TRIMMED)
def test_what_cannot_be_in_it(option, odd):
    with pytest.raises(IdentityError) as caught:
        clean(option, f"s3cr3t{odd}s3cr3t\n", "the task")
    assert caught.value.message == f"No request can be made with this {option} (the task): it holds {INSIDE[odd]}."


@pytest.mark.parametrize("option", TRIMMED)
def test_only_tokens_are_plain_letters(option):
    if option in TOKENS:
        with pytest.raises(IdentityError, match="it holds the character U\\+00E4.$"):
            clean(option, "s\u00e4", "the task")
    else:
        assert clean(option, "s\u00e4 s", "the task") == "s\u00e4 s"


@pytest.mark.parametrize("value", [" pass word ", "\n", '"quoted"', "line\nend\n", "p\u00e4ss\u00a0", "Bearer x"])
def test_anything_may_be_part_of_a_password(value):
    assert clean("x509_certificate_password", value, "the task") == value


@pytest.mark.parametrize(
    "given, path",
    [
        ("/a/b.pem\n", "/a/b.pem"),
        ("/a/b.pem\r\n", "/a/b.pem"),
        ("/a b/ c ", "/a b/ c "),
        ("/\udce4.pem", "/\udce4.pem"),
        ("a\nb", "a\nb"),
    ],
    ids=ascii,
)
@pytest.mark.parametrize("option", PATHS)
def test_paths_lose_line_ends_alone(option, given, path):
    assert clean(option, given, "the task") == path


@pytest.mark.parametrize(
    "words, sentence", [(["a"], "a"), (["a", "b"], "a and b"), (("a", "b", "c"), "a, b and c")], ids=str
)
def test_listed(words, sentence):
    assert listed(words) == sentence
    assert listed(words, "or") == sentence.replace("and", "or")
