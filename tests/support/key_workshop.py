# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys and certificates of all kinds, and the files that openssl and keytool make of them; each is made once."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from support.certificates import Made, make_certificate


@dataclass
class Workshop:
    """A directory, and what was made in it.

    `orders` is the certificate that files are about; `renewed` and `expired` have the same key, `other` another one;
    `issuing` and `root` are its chain.
    """

    path: Path
    made: dict[str, Made] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.made = {
            "orders": make_certificate("orders.example"),
            "renewed": make_certificate("orders.example", starts=-0.5, ends=700),
            "expired": make_certificate("orders.example", starts=-400, ends=-2),
            "other": make_certificate("other.example", key_number=2),
            "issuing": make_certificate("Issuing CA", key_number=1),
            "root": make_certificate("Root CA", key_number=1),
        }
        for name, made in self.made.items():
            self.write(f"{name}.crt", made.pem)
            self.write(f"{name}.key", made.key_pem)
        self.write("chain.crt", self.made["issuing"].pem + self.made["root"].pem)

    def write(self, name: str, data: bytes) -> str:
        """The path of a file with this content."""
        (self.path / name).write_bytes(data)
        return str(self.path / name)

    def read(self, name: str) -> bytes:
        """The content of a file."""
        return (self.path / name).read_bytes()

    def run(self, *command: str, stdin: bytes = b"") -> bytes:
        """What a command prints; it runs in the directory."""
        done = subprocess.run(command, input=stdin, capture_output=True, cwd=self.path, check=False)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr.decode(errors='replace')}"
        return done.stdout

    def openssl(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """What openssl prints."""
        return self.run("openssl", *arguments, stdin=stdin)

    def p12(self, *arguments: str, name: str = "orders", password: str = "foo") -> bytes:
        """A PKCS#12 file of a certificate and its key."""
        files = ("-in", f"{name}.crt", "-inkey", f"{name}.key")
        return self.openssl("pkcs12", "-export", *files, "-passout", f"pass:{password}", *arguments)

    def plain(self) -> bytes:
        """A PKCS#12 file of `orders`, as openssl makes it; the same one each time."""
        if not (self.path / "plain.p12").exists():
            self.write("plain.p12", self.p12("-name", "orders"))
        return self.read("plain.p12")

    def signed(self, name: str, *arguments: str) -> None:
        """Make a self-signed certificate with a key of its own, in files of this name; `arguments` of openssl req."""
        if (self.path / f"{name}.crt").exists():
            return
        self.openssl(
            *("req", "-x509", "-nodes", "-days", "300", "-subj", f"/CN={name}"),
            *("-keyout", f"{name}.key", "-out", f"{name}.crt", *arguments),
        )

    def key(self, *arguments: str, name: str = "orders") -> bytes:
        """The key in another form; `arguments` of openssl pkcs8, or of another command."""
        command = ("pkcs8",) if arguments[0].startswith("-") else ()
        return self.openssl(*command, *arguments, "-in", f"{name}.key")

    def der_key(self, name: str = "orders") -> bytes:
        """PrivateKeyInfo."""
        return self.key("-topk8", "-nocrypt", "-outform", "DER", name=name)

    def keytool(self, store: str, *arguments: str, kind: str = "PKCS12", password: str = "changeit") -> bytes:
        """A key store after this command."""
        self.run("keytool", *arguments, "-keystore", store, "-storetype", kind, "-storepass", password)
        return self.read(store)
