# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A short story told by real ansible-playbook runs against an emulator of Microsoft Entra ID and Microsoft Graph."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from datetime import datetime, timezone
from pathlib import Path

import requests

DEMO = Path(__file__).resolve().parent
sys.path.insert(0, str(DEMO.parent / "tests"))

from emulator.client import Emulator
from support.certificates import Made, make_certificate
from support.plays import BIN, environment

CONNECTOR = "Orders API"
PASSWORD = "correct horse battery staple"


class Story:
    """The steps, and what each has to come to."""

    def __init__(self, emulator: Emulator, directory: Path) -> None:
        self.emulator = emulator
        self.environ = environment(
            directory,
            AZURE_TENANT=emulator.tenant,
            AZURE_CLIENT_ID=emulator.client_id,
            AZURE_SECRET=emulator.client_secret or "",
            AZURE_AUTHORITY_HOST=emulator.authority_host,
            MSGRAPH_URL=emulator.graph_url,
            REQUESTS_CA_BUNDLE=emulator.ca_path,
            ORDERS_PFX_PASSWORD=PASSWORD,
        )
        if sys.stdout.isatty():
            self.environ.update(ANSIBLE_FORCE_COLOR="true", ANSIBLE_NOCOLOR="false")
        self.directory = directory

    def provide(self, name: str, made: Made) -> None:
        """Write a PFX file as today's tools do, encrypted with AES-256."""
        (self.directory / name).write_bytes(made.pfx(PASSWORD))

    def play(self, title: str, pfx: str, *options: str, changed: int, writes: int) -> None:
        """Run the playbook, show what it prints, and insist on what it did."""
        command = ["ansible-playbook", "upload.yml", "-e", f"pfx={pfx}", *options]
        say(f"\n== {title}\n\n$ {' '.join(command)}\n")
        self.emulator.clear_requests()
        done = subprocess.run(
            [str(BIN / command[0]), str(DEMO / command[1]), *command[2:3], f"pfx={self.directory / pfx}", *options],
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        say(done.stdout.strip())
        sent = sum(request["method"] != "GET" for request in self.emulator.requests("graph"))
        counted = re.search(r"changed=(\d+)", done.stdout)
        if done.returncode != 0 or counted is None or int(counted.group(1)) != changed or sent != writes:
            raise SystemExit(
                f"\nThe demo failed: this run should have said changed={changed} and sent {writes} write(s); it sent {sent}."
            )

    def insist_on(self, connector_id: str, *thumbprints: str) -> None:
        """Graph has to list just these certificates, the last one active."""
        session = requests.Session()
        session.trust_env = False
        answer = session.get(
            f"{self.emulator.graph_url}/v1.0/identity/apiConnectors/{connector_id}",
            headers={"Authorization": f"Bearer {self.emulator.mint_token()}"},
            verify=self.emulator.ca_path,
            timeout=30,
        )
        listed = answer.json()["authenticationConfiguration"]["certificateList"]
        active = [entry["thumbprint"] for entry in listed if entry["isActive"]]
        if [entry["thumbprint"] for entry in listed] != list(thumbprints) or active != [thumbprints[-1]]:
            raise SystemExit(
                f"\nThe demo failed: the connector should list {', '.join(thumbprints)}, the last one active. It lists {listed}."
            )
        say(
            f"\n== The certificates of {CONNECTOR} are now\n\n{'thumbprint':42}{'valid from':12}{'valid until':13}active"
        )
        for entry in listed:
            start, end = (
                datetime.fromtimestamp(entry[name], timezone.utc).date().isoformat()
                for name in ("notBefore", "notAfter")
            )
            say(f"{entry['thumbprint']:42}{start:12}{end:13}{'yes' if entry['isActive'] else 'no'}")


def say(text: str) -> None:
    """Print at once, so that the story and what the plays print stay in order."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """Tell the story; leaves nothing running and no file behind."""
    with tempfile.TemporaryDirectory(prefix="msgraph-identity-demo-") as directory, Emulator.start() as emulator:
        (Path(directory) / "tmp").mkdir()
        story = Story(emulator, Path(directory))
        say(f"An emulator of Microsoft Entra ID and Microsoft Graph runs at {emulator.graph_url}.")
        connector_id = emulator.add_connector(CONNECTOR, certificates=[])
        old, new = (
            make_certificate("orders.contoso.example", ends=60),
            make_certificate("orders.contoso.example", ends=425, key_number=1),
        )
        story.provide("orders-old.pfx", old)
        story.provide("orders-new.pfx", new)

        story.play(
            "What would happen? Check mode says it and writes nothing.",
            "orders-old.pfx",
            "--check",
            "--diff",
            changed=1,
            writes=0,
        )
        story.play("Do it.", "orders-old.pfx", changed=1, writes=1)
        story.play("The same again: nothing is left to do.", "orders-old.pfx", changed=0, writes=0)
        story.play("Rotation: a second certificate beside the first.", "orders-new.pfx", changed=1, writes=1)
        story.insist_on(connector_id, old.thumbprint, new.thumbprint)
    say("\nThat is all. The emulator has stopped, and the files of the demo are gone.")


if __name__ == "__main__":
    main()
