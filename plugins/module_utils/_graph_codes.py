# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The codes of Microsoft Graph that have a known cause: what to do about each.

https://learn.microsoft.com/azure/active-directory-b2c/error-codes, and answers of the service that were seen in public.
The guide to faults lists them; a test compares the two.
"""

from __future__ import annotations

SIGN_UP_IS_OFF = "AADB2C99039"
EXISTS_ALREADY = "AADB2C90180"

# Each is one or two sentences that follow what the service said.
HINTS = {
    SIGN_UP_IS_OFF: (
        "Self-service sign-up for guests is off in this tenant, and without it there are no API connectors. "
        "An administrator turns it on under External collaboration settings, or in authenticationFlowsPolicy."
    ),
    "AADB2C90178": "The file holds no private key that the service can read. Export the certificate with its key.",
    EXISTS_ALREADY: "The service has this certificate already. Read the connector to see whether it is the active one.",
    "AADB2C90213": (
        "The file was opened with this password before it was sent, so it is the encryption that the service does not "
        "read, such as AES-256. Set pkcs12_encryption to compatible, or export the file with TripleDES-SHA1."
    ),
    "AADB2C95025": (
        "The file was opened with this password before it was sent, so it is the encryption that the service does not "
        "read, such as AES-256. Set pkcs12_encryption to compatible, or export the file with TripleDES-SHA1."
    ),
    "AADB2C90214": "By the clock of the service the certificate has expired. Renew it.",
    "AADB2C90215": (
        "The service cannot use this kind of certificate or key. Microsoft documents RSA keys; "
        "RSA with 2048 bits and the key usage digitalSignature is what its own recipes make."
    ),
    "AADB2C90229": "The service is throttling: run fewer requests at a time, or raise retry_timeout.",
    "AADB2C90244": "The service is throttling: run fewer requests at a time, or raise retry_timeout.",
    "AADB2C95043": "The service is throttling: run fewer requests at a time, or raise retry_timeout.",
    "AADB2C95053": "Somebody else writes to the same connector. Let one task at a time do so, or raise retry_timeout.",
    "Directory_ConcurrencyViolation": (
        "Somebody else writes to the same connector. Let one task at a time do so, or raise retry_timeout."
    ),
}
