# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest

from ansible_collections.msgraph.identity.plugins.module_utils._errors import NotFound, ServiceError, first_sentence


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("One. Two.", "One"),
        ("One", "One"),
        ("One\r\n two.\nThree", "One two"),
        ("The version v1.0 is old. Go.", "The version v1.0 is old"),
        ("x" * 400, "x" * 300),
        ("", ""),
    ],
)
def test_first_sentence(text, sentence):
    assert first_sentence(text) == sentence


def test_service_error_has_the_keys_of_the_documented_failure():
    error = NotFound(
        "Could not read.",
        status=404,
        code="Missing",
        service_message="Said so.",
        request_id="r",
        client_request_id="c",
        hint="Look elsewhere.",
    )
    assert error.message == str(error) == "Could not read. Look elsewhere."
    assert error.failure == {
        "status": 404,
        "code": "Missing",
        "message": "Said so.",
        "request_id": "r",
        "client_request_id": "c",
        "hint": "Look elsewhere.",
    }


def test_service_error_without_a_hint():
    assert ServiceError("No.").message == "No."
