"""The picture of how an export's cost grows."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, FormatStrFormatter

Curves = dict[str, dict[str, list[tuple[int, float, float]]]]
"""Database -> kind -> (posts, seconds, peak memory in bytes)."""

NAMES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
COLOURS = {"posts": "#1864ab", "archive": "#d9480f"}
STYLES = {"postgresql": "-", "sqlite": "--"}
GREY = "#868e96"


def draw(curves: Curves, path: Path) -> None:
    """Write an SVG with the seconds and the memory of each kind on each database, both over the posts."""
    mpl.rcParams.update({"svg.hashsalt": "microblog", "svg.fonttype": "none", "font.size": 10})
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    seconds, memory = figure.subplots(1, 2)
    for axes, column, factor in ((seconds, 1, 1.0), (memory, 2, 1e-6)):
        for database, kinds in curves.items():
            for kind, points in kinds.items():
                axes.plot(
                    [point[0] for point in points],
                    [point[column] * factor for point in points],
                    label=f"{kind}, {NAMES[database]}",
                    color=COLOURS.get(kind, GREY),
                    linestyle=STYLES[database],
                    marker="o",
                    markersize=4,
                )
    _dress(seconds, "Seconds, from claim to storage")
    _dress(memory, "Peak memory of the work-horse, MB")
    seconds.set_yscale("log")
    seconds.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    memory.set_ylim(bottom=0)
    seconds.legend(frameon=False)
    figure.savefig(path, format="svg", metadata={"Date": None})


def _dress(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_xscale("log")
    axes.set_xlabel("posts")
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.grid(visible=True, which="major", color="#dee2e6", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
