# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import html
import json
import re
import unicodedata
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.msgraph.identity.plugins.module_utils._foreign_text import (
    LONGEST,
    LONGEST_QUOTE,
    STARS,
    Secrets,
    one_line,
)

TOKEN = "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.eyJhdWQiOiJodHRwczovL2dyYXBoLmV4YW1wbGUifQ.c2lnbmF0dXJl"
PASSWORD = "s3cr3t/Value+x==&\"ü'<"


def knowing(*chosen, made=(), open_values=()):
    secrets = Secrets(open_values)
    secrets.add(*chosen)
    secrets.add_made(*made)
    return secrets


@pytest.mark.parametrize(
    "text, line",
    [
        ("plain", "plain"),
        ("  a \t b\r\n c ", "a b c"),
        ("\x1b[2J\x1b]0;title\x07red", "[2J ]0;title red"),
        ("a\x00b\x7fc\x9bd", "a b c d"),
        ("a\u2028b\u2029c\u00a0d\u3000e", "a b c d e"),
        ("a\nb: ends on 2099-01-01", "a b: ends on 2099-01-01"),
        ("evil\u202egpj.exe", "evilgpj.exe"),
        ("a\ufeff\u200b\u00adb", "ab"),
        ("\ud800x", "\ufffdx"),
        ("größe 名前 👩", "größe 名前 👩"),
        ("", ""),
        ("\r\n", ""),
        ("x" * LONGEST, "x" * LONGEST),
        ("x" * (LONGEST + 1), "x" * (LONGEST - 1) + "…"),
        ("x" * 3_000_000, "x" * (LONGEST - 1) + "…"),
    ],
    ids=lambda text: ascii(text)[:20],
)
def test_one_line(text, line):
    assert one_line(text) == line


@given(st.text(st.characters()), st.integers(1, 50))
def test_a_line_is_always_one(text, longest):
    line = one_line(text, longest)
    assert len(line) <= longest
    assert not {unicodedata.category(char) for char in line} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert line == line.strip() and line.splitlines() in ([], [line])
    assert one_line(line, longest) == line
    line.encode()


# How somebody else may write a secret.
WAYS = {
    "as it is": lambda secret: secret,
    "form": lambda secret: urlencode({"client_secret": secret, "x": "y"}),
    "URL": lambda secret: f"https://h.example/{quote(secret)}",
    "all of it percent-encoded": lambda secret: quote(secret, safe=""),
    "lower-case escapes": lambda secret: re.sub("%..", lambda match: match.group().lower(), quote_plus(secret)),
    "JSON": lambda secret: json.dumps({"password": secret}),
    "JSON in UTF-8": lambda secret: json.dumps({"password": secret}, ensure_ascii=False),
    "JSON of .NET": lambda secret: (
        '{"password":"'
        + "".join(
            f"\\u{ord(char):04X}" if char in "\"&'+<>`" or ord(char) > 126 else char
            for char in secret.replace("\\", "\\\\")
        )
        + '"}'
    ),
    "HTML": html.escape,
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "base64 of a URL": lambda secret: base64.urlsafe_b64encode(secret.encode()).decode().rstrip("="),
    "Basic": lambda secret: "Basic " + base64.b64encode(f"user:{secret}".encode()).decode(),
    "Basic, moved by one": lambda secret: base64.b64encode(f"user1:{secret}!".encode()).decode(),
    "Basic, moved by two": lambda secret: base64.b64encode(f"user12:{secret}!!".encode()).decode(),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("secret", [PASSWORD, TOKEN, "0123456789ab", "pfx~password~Jq4vT8"])
def test_a_secret_is_starred_however_it_is_written(way, secret):
    written = way(secret)
    for secrets in (knowing(secret), knowing(made=[secret])):
        said = secrets.foreign(f"You sent {written}, which is wrong.")
        assert said.startswith("You sent ") and said.endswith(", which is wrong.")
        assert STARS in said
        # What is left of it is less than a guess.
        assert longest_in_common(said.replace(STARS, ""), written) <= len("https://h.example/") + 8
        assert secret not in said and secret[3:-3] not in said


def longest_in_common(text, other):
    """The length of the longest piece of `other` that is in `text`."""
    length = 0
    for at in range(len(other)):
        while at + length < len(other) and other[at : at + length + 1] in text:
            length += 1
    return length


@pytest.mark.parametrize("cut", [16, 20, 40, 60])
@pytest.mark.parametrize("around", ["{}", "token={}...", "Bearer {}", '{{"pkcs12Value":"{}'])
def test_a_piece_of_a_long_secret_is_one(cut, around):
    said = knowing(made=[TOKEN]).foreign(around.format(TOKEN[:cut]))
    assert TOKEN[:8] not in said and STARS in said


def test_nothing_but_pieces_goes():
    said = knowing(made=[TOKEN]).foreign(f"The request has a property pkcs12Value that is not known: {TOKEN[5:30]} 1.")
    assert said == f"The request has a property pkcs12Value that is not known: {STARS} 1."


@pytest.mark.parametrize(
    "secret, text, said",
    [
        ("1", "Error 1 of 12: 1.", f"Error {STARS} of 12: {STARS}."),
        ("abc", "abc abcd password=abc", f"{STARS} abcd password={STARS}"),
        ("abcd", "abcde", f"{STARS}e"),
        ("hunter2", "client_secret%3Dhunter2", f"client_secret%3D{STARS}"),
        ("hunter2", "aHVudGVyMg==", f"{STARS}=="),
        (" padded \n", "you said: padded", f"you said: {STARS}"),
        ("", "nothing", "nothing"),
        (" ", "a b", "a b"),
        ("*", "a * b", f"a {STARS} b"),
    ],
)
def test_short_secrets_count_in_what_others_say(secret, text, said):
    assert knowing(secret).foreign(text) == said


def test_secret_is_starred_before_it_is_cut():
    said = knowing("hunter22").foreign("x" * (LONGEST - 4) + "hunter22")
    assert "hun" not in said and len(said) == LONGEST


@pytest.mark.parametrize(
    "secret, code, shown",
    [
        ("AADB", "AADB2C90213", "AADB2C90213"),
        ("90213", "AADB2C90213", "AADB2C90213"),
        ("hunter2", "hunter2", STARS),
        ("hunter22", "x-hunter22-x", f"x-{STARS}-x"),
        ("s", "a\nb\x1b", "a b"),
        ("s", "x" * 5000, "x" * (LONGEST - 1) + "…"),
        ("s", "", None),
        ("s", " \n", None),
        ("s", 7, None),
        ("s", ["AADB2C90213"], None),
        ("s", None, None),
    ],
)
def test_codes(secret, code, shown):
    assert knowing(secret).code(code) == shown


@pytest.mark.parametrize(
    "value, shown",
    [("a\nb", "a b"), ("x" * 5000, "x" * (LONGEST_QUOTE - 1) + "…"), (" \x00", None), (7, None), (None, None)],
    ids=lambda value: repr(value)[:10],
)
def test_messages(value, shown):
    assert Secrets().message(value) == shown


OWN = {
    "reason": "the certificate is listed",
    "certificate": {"thumbprint": "0EB255CC895477798BA418B378255204304897AD", "not_after": "2026-01-31T12:00:00Z"},
    "connector": {"display_name": "Orders API 2", "authentication": {"type": "client_certificate"}, "days": 12345678},
    "msg": "API connector 'Orders API 2' uses basic authentication of Microsoft Graph.",
    "sign_in": {"auth_method": "client_secret", "cloud_environment": "AzureCloud"},
}


@pytest.mark.parametrize(
    "password",
    [
        *(
            "certificate",
            "client_certificate",
            "basic authentication",
            "Microsoft Graph",
            "AzureCloud",
            "client_secret",
        ),
        *("2026-01-31", "2026-01-31T12:00:00Z", "0EB255CC895477798BA418B378255204304897AD"),
        *("1", "2026", "0EB255C", "listed", "12345678", "API"),
    ],
)
def test_what_the_collection_says_itself_stays(password):
    assert knowing(password).without(OWN) == OWN


def test_what_the_task_gives_openly_stays():
    assert knowing("Orders API 2", open_values=["Orders API 2"]).without(OWN) == OWN
    assert knowing("Orders API 2").without(OWN) != OWN


@pytest.mark.parametrize(
    "answer, stays",
    [
        ({"value": [{"displayName": "Orders API 2"}]}, True),
        ("Orders API 2", True),
        ({"displayName": "The Orders API 2"}, False),
        ({"Orders API 2": 1}, False),
        ({}, False),
    ],
    ids=str,
)
def test_name_that_graph_shows_is_no_secret(answer, stays):
    secrets = knowing("Orders API 2")
    secrets.add_open(answer)
    assert (secrets.without(OWN) == OWN) == stays


def test_token_that_graph_shows_is_one_all_the_same():
    secrets = knowing(made=[TOKEN])
    secrets.add_open({"displayName": TOKEN})
    assert TOKEN not in str(secrets.without({"display_name": TOKEN}))


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_results_hold_no_secret_in_any_spelling(way):
    result = {"deep": [{"a": f"x{way(PASSWORD)}y"}, ("b", 7, None, True)], "msg": way(PASSWORD)}
    shown = knowing(PASSWORD).without(result)
    assert PASSWORD not in str(shown) and way(PASSWORD) not in str(shown)
    assert STARS in shown["deep"][0]["a"] and STARS in shown["msg"]
    assert shown["deep"][1] == ["b", 7, None, True]


def test_names_of_results_stay():
    assert knowing("deep_secret_1").without({"deep_secret_1": "deep_secret_1"}) == {"deep_secret_1": STARS}


def test_result_without_a_secret_is_the_same():
    assert knowing(PASSWORD).without(OWN) is OWN


@given(st.text(min_size=1), st.text(), st.text())
def test_no_long_secret_survives(secret, before, after):
    """Whatever it is made of, and whatever stands around it."""
    said = knowing(secret).foreign(f"{before} {secret} {after}", 10_000)
    if (
        len(secret.strip()) >= 4
        and one_line(secret) == secret
        and secret not in f"{one_line(before)} {STARS} {one_line(after)}"
    ):
        assert secret not in said
    assert said == one_line(said, 10_000)


@given(st.text(st.characters(codec="utf-8"), min_size=8), st.sampled_from(sorted(WAYS)))
def test_results_hold_no_long_secret(secret, way):
    secrets = knowing(secret)
    if secret in secrets.in_results:
        shown = secrets.without({"a": [f"{WAYS[way](secret)}"]})
        assert secret not in shown["a"][0] or set(secret) == {"*"}


def test_bytes_are_secrets_too():
    assert knowing(made=[TOKEN.encode(), b"\xff-not-UTF-8", None, ""]).without([TOKEN]) == [STARS]
