# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The process of the Azure CLI: what it gets to see, how much it may say, and that nothing of it outlives the task."""

from __future__ import annotations

import os
import secrets
import selectors
import signal
import subprocess
import time
import typing as t
from contextlib import contextmanager, suppress

from ansible_collections.msgraph.identity.plugins.module_utils._errors import IdentityError

LARGEST = 1024 * 1024  # bytes that it may print; a token has some thousands
PIECE = 64 * 1024
LOOKS = 0.05  # seconds between two looks whether it has ended while a child of its keeps the pipes open
ROUNDS = 10  # of looking for children, which may have children meanwhile
TRY = "Try: az account get-access-token"

# What az and its Python need to run, to find the login and to reach Microsoft. Whatever else is in the environment of a
# task, such as its secrets, is none of its business.
NEEDED = frozenset(
    (
        *("HOME", "USER", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TEMP", "TMP", "TZ", "LANG", "LANGUAGE"),
        *("LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYENV_ROOT", "PYENV_VERSION", "ASDF_DATA_DIR"),
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
        *("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "OPENSSL_CONF"),
        # Of https://learn.microsoft.com/cli/azure/azure-cli-configuration.
        *("AZURE_CONFIG_DIR", "AZURE_EXTENSION_DIR", "AZURE_CLOUD_NAME", "AZURE_CLI_DISABLE_CONNECTION_VERIFICATION"),
        # After az login --identity each token comes from the machine or the Cloud Shell.
        *("IDENTITY_ENDPOINT", "IDENTITY_HEADER", "IMDS_ENDPOINT", "MSI_ENDPOINT", "MSI_SECRET", "ACC_CLOUD"),
        # With core.encrypt_token_cache the login is in the keyring of the desktop.
        *("DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"),
    )
)
NEEDED_FAMILIES = ("LC_", "AZURE_CORE_")
# By it a child is recognized that has left the group.
MARK = "MSGRAPH_IDENTITY_AZ"

# Whoever started it may be killed without a chance to end it: this notices, as its standard input then ends.
WATCH = 'read -r line; kill -s KILL -- "-$1"'


def environment_for(environ: t.Mapping[str, str], mark: str) -> dict[str, str]:
    """What of `environ` az gets to see.

    :param mark: by which its children are recognized
    """
    needed = {
        name: value
        for name, value in environ.items()
        if name.upper() in NEEDED or name.upper().startswith(NEEDED_FAMILIES)
    }
    # What would send it goes on when az has ended.
    return {**needed, "AZURE_CORE_COLLECT_TELEMETRY": "no", MARK: mark}


def run_az(command: list[str], directory: str, timeout: float) -> tuple[int, bytes, bytes]:
    """Exit code, standard output and errors of az. All of it is ended, however this ends.

    :param directory: where it runs
    :param timeout: in seconds
    :raises IdentityError: when it cannot be run, says too much or takes too long
    """
    mark = secrets.token_hex(16)
    try:
        # The run_command that ansible-test asks for is AnsibleModule's, and an action plugin has none. az is a script with
        # children, so it gets a session of its own.
        process = subprocess.Popen(  # pylint: disable=ansible-bad-function,consider-using-with
            command,
            cwd=directory,
            env=environment_for(os.environ, mark),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as exc:
        raise IdentityError(f"it cannot be run: {exc.strerror}.") from exc
    try:
        with _watched(process.pid):
            output, errors = _printed(process, time.monotonic() + timeout)
    except TimeoutError:
        raise IdentityError(f"it did not answer within {timeout:.3g} s. {TRY}") from None
    finally:
        _end(process.pid, mark)
        with process:  # its pipes are closed, and it is waited for
            pass
    return process.returncode, output, errors


def _printed(process: subprocess.Popen[bytes], deadline: float) -> tuple[bytes, bytes]:
    """What it prints and complains of until it ends.

    :raises TimeoutError: when it has not ended by `deadline`
    :raises IdentityError: when it prints too much
    """
    if process.stdout is None or process.stderr is None:
        raise ValueError("what it prints has to be piped")
    printed = {process.stdout: bytearray(), process.stderr: bytearray()}
    with selectors.DefaultSelector() as selector:
        for pipe in printed:
            selector.register(pipe, selectors.EVENT_READ)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            # A child may keep the pipes open: what was printed before the end is there when the end is seen.
            ended = process.poll() is not None
            ready = selector.select(0 if ended else min(LOOKS, left)) if selector.get_map() else []
            if ended and not ready:
                return bytes(printed[process.stdout]), bytes(printed[process.stderr])
            if not ready and not selector.get_map():
                time.sleep(min(LOOKS, left))
            for key, dummy in ready:
                pipe = t.cast("t.IO[bytes]", key.fileobj)
                piece = os.read(pipe.fileno(), PIECE)
                if not piece:
                    selector.unregister(pipe)
                printed[pipe] += piece
                if len(printed[pipe]) > LARGEST:
                    raise IdentityError(f"it printed more than {LARGEST // 1024} KiB. {TRY}")


@contextmanager
def _watched(group: int) -> t.Iterator[None]:
    """End the processes of `group` when this process is killed within this."""
    try:
        watch = subprocess.Popen(  # pylint: disable=ansible-bad-function,consider-using-with
            ["/bin/sh", "-c", WATCH, "sh", str(group)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:  # nobody watches
        yield
        return
    try:
        yield
    finally:
        watch.kill()
        with watch:
            pass


def _end(group: int, mark: str) -> None:
    """End a group of processes, and on Linux whatever carries `mark`, wherever it has gone."""
    with suppress(OSError):
        os.killpg(group, signal.SIGKILL)
    for dummy in range(ROUNDS):
        found = _marked(mark)
        for process in found:
            with suppress(OSError):
                os.kill(process, signal.SIGKILL)
        if not found:
            break


def _marked(mark: str) -> list[int]:
    """The processes of this user that run with `mark` in their environment, where the system tells."""
    found, wanted = [], f"{MARK}={mark}".encode()
    with suppress(OSError):
        for name in filter(str.isdigit, os.listdir("/proc")):
            with suppress(OSError), open(f"/proc/{name}/environ", "rb") as file:
                if wanted in file.read().split(b"\0"):
                    found.append(int(name))
    return found
