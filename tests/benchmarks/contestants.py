# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plays that are measured, one function for each kind."""

from __future__ import annotations

from emulator.client import Emulator
from playbook.stage import BASTION, LOCAL, Stage

from . import tenants
from .plays import Play
from .tasks import PAGE_SIZE, Task, accepted_pfx, by_hand, debug, loop, names, ours, seed, uri, uri_upload

INFO = "apiconnector_info"


def startup() -> Play:
    """A play without tasks."""

    def prepare(dummy: Stage) -> list[Task]:
        return []

    return Play("startup", prepare)


def tasks_of_ours(count: int) -> Play:
    """`count` converged tasks of ours, one after the other."""

    def prepare(stage: Stage) -> list[Task]:
        return [ours(stage, connector_id=seed(stage, 1)[0])] * count

    return Play(f"{count} tasks, ours", prepare)


def tasks_of_uri(count: int) -> Play:
    """As many reads of the connector."""

    def prepare(stage: Stage) -> list[Task]:
        return [_read(stage, f"/{seed(stage, 1)[0]}")] * count

    return Play(f"{count} tasks, uri", prepare)


def tasks_of_debug(count: int) -> Play:
    """As many tasks that do nothing."""

    def prepare(dummy: Stage) -> list[Task]:
        return [debug()] * count

    return Play(f"{count} tasks, debug", prepare)


def loop_by_id(count: int, due: int = 0) -> Play:
    """One task of ours that loops over `count` connectors, of which `due` need an upload."""

    def prepare(stage: Stage) -> list[Task]:
        return [loop(ours(stage, connector_id="{{ item }}"), seed(stage, count, due))]

    return Play(f"loop of {count}, ours by id{_with(due)}", prepare, changed=min(due, 1))


def loop_by_name(count: int, due: int = 0) -> Play:
    """The same with the names of the connectors."""

    def prepare(stage: Stage) -> list[Task]:
        seed(stage, count, due)
        return [loop(ours(stage, connector_name="{{ item }}"), names(count))]

    return Play(f"loop of {count}, ours by name{_with(due)}", prepare, changed=min(due, 1))


def loop_of_uri(count: int) -> Play:
    """One task that reads each connector."""

    def prepare(stage: Stage) -> list[Task]:
        return [loop(_read(stage, "/{{ item }}"), seed(stage, count))]

    return Play(f"loop of {count}, uri", prepare)


def loop_of_debug(count: int) -> Play:
    """One task that does nothing for each."""

    def prepare(dummy: Stage) -> list[Task]:
        return [loop(debug("{{ item }}"), names(count))]

    return Play(f"loop of {count}, debug", prepare)


def one_of_ours(due: int = 0, hosts: str = LOCAL) -> Play:
    """One task of ours."""

    def prepare(stage: Stage) -> list[Task]:
        return [ours(stage, connector_id=seed(stage, 1, due)[0])]

    return Play(f"{_on(hosts)}, ours{_with(due)}", prepare, hosts=hosts, changed=due)


def one_by_hand(due: int = 0) -> Play:
    """What a user writes without the collection."""

    def prepare(stage: Stage) -> list[Task]:
        return by_hand(stage, seed(stage, 1, due)[0])

    return Play(f"by hand{_with(due)}", prepare, changed=due)


def one_uri(hosts: str) -> Play:
    """One read."""

    def prepare(stage: Stage) -> list[Task]:
        return [_read(stage, f"/{seed(stage, 1)[0]}")]

    return Play(f"{_on(hosts)}, uri", prepare, hosts=hosts)


def one_uri_upload(hosts: str) -> Play:
    """One upload, without a look at what is there."""

    def prepare(stage: Stage) -> list[Task]:
        return [uri_upload(stage.emulator, seed(stage, 1, due=1)[0], stage.emulator.mint_token(), accepted_pfx())]

    return Play(f"{_on(hosts)}, uri, an upload", prepare, hosts=hosts, changed=1)


def tenants_with_ours(forks: int) -> Play:
    """A task of ours on each of many hosts, each a tenant of its own."""
    return Play(f"{tenants.COUNT} tenants, {forks} forks, ours", tenants.with_ours, tenants.HOSTS, forks)


def tenants_with_uri(forks: int) -> Play:
    """A read on each of them."""
    return Play(f"{tenants.COUNT} tenants, {forks} forks, uri", tenants.with_uri, tenants.HOSTS, forks)


def info(count: int) -> Play:
    """All of `count` connectors listed."""

    def prepare(stage: Stage) -> list[Task]:
        stage.emulator.settings(page_size=PAGE_SIZE)
        seed(stage, count)
        return [{"name": "Info", f"msgraph.identity.{INFO}": stage.sign_in}]

    return Play(f"info, {count} connectors", prepare)


def pages(count: int) -> int:
    """Pages that `count` connectors fill."""
    return -(-count // PAGE_SIZE)


def _read(stage: Stage, path: str) -> Task:
    emulator: Emulator = stage.emulator
    return uri(emulator, path, emulator.mint_token())


def _with(due: int) -> str:
    return f", {due} upload{'s' if due > 1 else ''}" if due else ""


def _on(hosts: str) -> str:
    return "bastion" if hosts == BASTION else "one task"
