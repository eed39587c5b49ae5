# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64

import pytest
from support.certificates import make_certificate

from ansible_collections.msgraph.identity.plugins.module_utils._credentials import FederatedToken
from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError
from ansible_collections.msgraph.identity.plugins.module_utils._key_file import load_client_key
from ansible_collections.msgraph.identity.plugins.module_utils._paths import require_path

MADE = make_certificate()
CONTENTS = {
    "PFX in base64": base64.b64encode(MADE.pfx()).decode(),
    "PFX in lines of base64": base64.encodebytes(MADE.pfx("pw")).decode(),
    "PEM": (MADE.key_pem + MADE.pem).decode(),
    "token": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzM2NyM3QifQ.c2lnbmF0dXJl",
    "PEM in base64": base64.b64encode(MADE.key_pem).decode()[:200],
    "PEM after a blank": " " + MADE.pem.decode().replace("\n", "")[:200],
    "other long text": "x" * 300,
}
NAMES = [
    "orders.pfx",
    "files/orders.pfx",
    "/etc/ansible/keys/graph.pem",
    "~/keys/MIIkey.pem",
    "/srv/" + "a" * 250 + "/" + "b" * 250,
    "größe.p12",
]


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_content_is_refused_and_not_quoted(content):
    with pytest.raises(IdentityError) as caught:
        require_path("src", content, "Give it as content.")
    assert caught.value.message == "src looks like the content of a file and not like its name. Give it as content."


@pytest.mark.parametrize("name", NAMES)
def test_names_are_names(name):
    require_path("src", name, "unused")


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_files_to_sign_in_with_are_not_quoted_either(content):
    with pytest.raises(IdentityError) as caught:
        load_client_key(content, "")
    assert (
        "x509_certificate_path looks like the content" in caught.value.message
        and content[:20] not in caught.value.message
    )
    with pytest.raises(IdentityError) as caught:
        FederatedToken("t", "c", None, content)._assertion()
    assert "Give it as oidc_token." in caught.value.message and content[:20] not in caught.value.message
