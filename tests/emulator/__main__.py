# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start the emulator: python tests/emulator [options]."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

# A directory that is run is not a package: make it one, and keep its own modules from being found as top-level ones.
PACKAGE = Path(__file__).resolve().parent
sys.path[:] = [str(PACKAGE.parent)] + [entry for entry in sys.path if Path(entry or ".").resolve() != PACKAGE]

from emulator.errors import ControlError
from emulator.server import Options, serve


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tests/emulator",
        description="An emulator of Microsoft Entra ID, managed identities and API connectors on loopback.",
    )
    parser.add_argument("--config", type=Path, help="JSON file with settings, tenants and connectors to begin with")
    parser.add_argument(
        "--directory", type=Path, help="where ca.pem is written (default: a temporary directory, removed at the end)"
    )
    parser.add_argument(
        "--port-base",
        type=int,
        help="the port of Entra, the next three are for Graph, control and managed identities (default: free ones)",
    )
    parser.add_argument(
        "--exit-with-parent", action="store_true", help="stop when the process that started this one has gone"
    )
    return parser.parse_args()


def _announce(ready: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Run until told to stop."""
    arguments = _arguments()
    parent = os.getppid() if arguments.exit_with_parent else None
    try:
        config = json.loads(arguments.config.read_text(encoding="utf-8")) if arguments.config else {}
        with (
            nullcontext(arguments.directory)
            if arguments.directory
            else tempfile.TemporaryDirectory(prefix="msgraph-emulator-") as directory
        ):
            options = Options(Path(directory), config, arguments.port_base, parent)
            asyncio.run(serve(options, _announce))
    except (ControlError, OSError, ValueError) as exc:
        sys.stderr.write(f"emulator: {exc}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
