# Copyright (c) 2026, the msgraph.identity contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the cost grows with the number of connectors, drawn."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from . import contestants as the
from .figures import Figures
from .plays import Play
from .scenarios import GROWTH, INFO_GROWTH
from .tasks import PAGE_SIZE

STYLE = {
    "svg.hashsalt": "msgraph.identity",
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
}


@dataclass(frozen=True)
class Curve:
    """A kind of play, which grows with its argument."""

    kind: Callable[[int], Play]
    label: str
    color: str
    marker: str


@dataclass(frozen=True)
class Panel:
    """Curves with common axes."""

    title: str
    horizontal: str
    counts: tuple[int, ...]
    curves: tuple[Curve, ...]

    def points(self, curve: Curve, figures: Mapping[str, Figures]) -> dict[int, float]:
        """Seconds by number of connectors, as far as they were measured."""
        names = {count: curve.kind(count).name for count in self.counts}
        return {count: figures[name].seconds for count, name in names.items() if name in figures}


PANELS = (
    Panel(
        "One task in a loop",
        "connectors in the loop",
        GROWTH,
        (
            Curve(the.loop_of_uri, "ansible.builtin.uri", "#b3541e", "s"),
            Curve(the.loop_by_id, "this collection, by id", "#1f5fa8", "o"),
            Curve(the.loop_by_name, "this collection, by name", "#5b9bd5", "D"),
            Curve(the.loop_of_debug, "ansible.builtin.debug", "#6b6b6b", "^"),
        ),
    ),
    Panel(
        "All connectors listed",
        f"connectors, {PAGE_SIZE} on a page",
        INFO_GROWTH,
        (Curve(the.info, the.INFO, "#1f5fa8", "o"),),
    ),
)


def draw(figures: Mapping[str, Figures], path: Path) -> None:
    """Write the chart of what was measured to `path`; nothing when none of it was."""
    panels = [panel for panel in PANELS if any(panel.points(curve, figures) for curve in panel.curves)]
    if not panels:
        return
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(1 + 5.5 * len(panels), 4.8), layout="constrained", facecolor="white")
        all_axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, panel in zip(all_axes, panels):
            _draw_panel(axes, panel, figures)
        _draw_seconds(all_axes[0])
        drawn = io.StringIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    # Its lines end with blanks.
    path.write_text("".join(f"{line.rstrip()}\n" for line in drawn.getvalue().splitlines()), encoding="utf-8")


def _draw_panel(axes: Axes, panel: Panel, figures: Mapping[str, Figures]) -> None:
    for curve in panel.curves:
        points = panel.points(curve, figures)
        axes.plot(list(points), list(points.values()), color=curve.color, marker=curve.marker, label=curve.label)
    startup = figures[the.startup().name].seconds
    axes.axhline(startup, color="#6b6b6b", linestyle=":", label="ansible-playbook without a task")
    axes.set(title=panel.title, xlabel=f"{panel.horizontal} (logarithmic)", xscale="log", yscale="log")
    axes.set_xticks(panel.counts, [str(count) for count in panel.counts], minor=False)
    axes.set_xticks([], minor=True)
    axes.grid(color="#dddddd")
    axes.legend(loc="upper left", facecolor="white", edgecolor="none", framealpha=1)


def _draw_seconds(axes: Axes) -> None:
    axes.set_ylabel("seconds for the whole run (logarithmic)")
    lowest, highest = axes.get_ylim()
    # Room for the legend above the curves.
    lowest, highest = lowest * 0.8, highest * 4
    ticks = [factor * 10**power for power in range(-2, 4) for factor in (1, 2, 5)]
    shown = [tick for tick in ticks if lowest <= tick <= highest]
    axes.set_yticks(shown, [f"{tick:g}" for tick in shown])
    axes.set_yticks([], minor=True)
    axes.set_ylim(lowest, highest)
