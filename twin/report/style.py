"""How figures look: type, colours, clock axes, and the step from a matplotlib figure to SVG inside a page.

Colours are drawn as fixed stand-ins and exchanged for CSS variables in the SVG, so that one figure reads on light
and on dark paper. Series are thinned to the pixels they can fill before they are drawn.
"""

import functools
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from twin.core.layout import Vec
from twin.judge.result import ClockTime

P = ParamSpec("P")
R = TypeVar("R")

WIDTH_IN = 9.6
_DPI = 170
INK, SOFT, PAPER = "#15202b", "#8a949e", "#fdfdfc"
LIMIT, POWER, BAND = "#c0282d", "#1f5fa8", "#8fb3dc"
SUPPLY, RETURN, COOLANT, AIR = "#2474b5", "#c75b2a", "#3a9a8f", "#8a7430"
GOOD, WARN = "#2d7d46", "#b7791f"
USES = ("#27507f", "#4f86bd", "#9dbfe0", "#3a8f85", "#8fc9bd", "#8a7430", "#c98a3d", "#9c4f78", "#6a7f3f", "#b4a7c9")
COMPARED = (
    "#1f6fbf", "#e07b1a", "#2e9b4f", "#8656b5", "#8a5a44", "#e06bb4", "#7a828a", "#b0a51a", "#22b3c4",
)  # fmt: skip
COLORS, _DASHES = len(COMPARED), ("solid", (0, (5, 2)), (0, (1, 1.5)))
RUNS = ("#1f5fa8", "#c75b2a", "#2d7d46", "#7d4fa0", "#b7791f", "#3a8f8f", "#a03050", "#606870")

_CSS = {
    INK: "--ink", SOFT: "--soft", PAPER: "--paper", LIMIT: "--limit", POWER: "--power", BAND: "--band",
    SUPPLY: "--supply", RETURN: "--return",
}  # fmt: skip

_RC: Any = {
    "font.family": "DejaVu Sans", "font.size": 7.5, "axes.titlesize": 8.0, "axes.titleweight": "bold",
    "axes.titlelocation": "left", "axes.labelsize": 7.5, "xtick.labelsize": 7.0, "ytick.labelsize": 7.0,
    "legend.fontsize": 7.0, "legend.frameon": False, "axes.spines.top": False, "axes.spines.right": False,
    "axes.edgecolor": SOFT, "axes.labelcolor": INK, "text.color": INK, "xtick.color": SOFT, "ytick.color": SOFT,
    "xtick.labelcolor": INK, "ytick.labelcolor": INK, "axes.grid": True, "grid.color": SOFT, "grid.alpha": 0.28,
    "grid.linewidth": 0.5, "axes.linewidth": 0.6, "xtick.major.width": 0.6, "ytick.major.width": 0.6,
    "lines.linewidth": 1.0, "figure.facecolor": "none", "axes.facecolor": "none", "savefig.facecolor": "none",
    "svg.fonttype": "none", "svg.hashsalt": "twin", "axes.axisbelow": True, "legend.handlelength": 1.6,
    "legend.labelcolor": INK, "axes.formatter.useoffset": False,
}  # fmt: skip

_TICKS_S = (10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)


def drawn(function: Callable[P, R]) -> Callable[P, R]:
    """Lets a figure function draw in the report's type and colours, whatever the user's matplotlib is set to."""

    @functools.wraps(function)
    def styled(*args: P.args, **kwargs: P.kwargs) -> R:
        with mpl.rc_context(_RC):
            return function(*args, **kwargs)

    return styled


def sheet(rows: int = 1, columns: int = 1, height_in: float = 2.6, **grid: Any) -> tuple[Figure, list[Axes]]:
    """A figure of the report's width and its axes, row by row; ``grid`` goes to ``Figure.subplots``."""
    figure = Figure(figsize=(WIDTH_IN, height_in), layout=ConstrainedLayoutEngine(h_pad=0.05, w_pad=0.05))
    axes = figure.subplots(rows, columns, squeeze=False, **grid)
    return figure, [axis for row in axes for axis in row]


def clock_axis(
    axes: Axes, clock: ClockTime, begin_s: float, end_s: float, ticks: int = 12, *, label: bool = True
) -> None:
    """Clock time along x: ticks on whole minutes or hours, the zone and the date in the label."""
    step = next((tick for tick in _TICKS_S if (end_s - begin_s) / tick <= ticks), _TICKS_S[-1])
    first = np.ceil((begin_s + clock.midnight_s) / step) * step - clock.midnight_s
    at = np.arange(first, end_s + 0.5, step)
    days = clock.at(end_s).date() != clock.at(begin_s).date() and end_s - begin_s > 90000.0
    axes.set_xlim(begin_s, end_s)
    axes.set_xticks(at, [_tick(clock, float(time), step, days) for time in at])
    if label:
        axes.set_xlabel(clock_label(clock, begin_s, end_s))


def clock_label(clock: ClockTime, begin_s: float, end_s: float) -> str:
    """What a clock axis says: the date and the zone."""
    return f"clock time, {_dates(clock, begin_s, end_s)} ({clock.zone})"


def _dates(clock: ClockTime, begin_s: float, end_s: float) -> str:
    first, last = clock.at(begin_s), clock.at(end_s - 1.0)
    return f"{last:%d %b %Y}" if first.date() == last.date() else f"{first:%d %b} to {last:%d %b %Y}"


def _tick(clock: ClockTime, time_s: float, step_s: float, days: bool) -> str:
    moment = clock.at(time_s)
    if days and (moment.hour, moment.minute) == (0, 0):
        return f"{moment:%H:%M}\n{moment:%d %b}"
    return f"{moment:%H:%M:%S}" if step_s < 60 else f"{moment:%H:%M}"


def work_unit(greatest: float) -> tuple[float, str]:
    """Factor and axis label for work counted in GPUs at full speed."""
    return (1e-3, "work (1,000 GPUs\nat full speed)") if greatest >= 2e3 else (1.0, "work (GPUs\nat full speed)")


def compared(number: int) -> tuple[str, Any]:
    """Colour and dash of the run so numbered of those that are compared; none is the limit's red."""
    return COMPARED[number % COLORS], _DASHES[number // COLORS % len(_DASHES)]


def legend(axes: Axes, columns: int = 6) -> None:
    """The legend above the axes, on the right, out of the way of the data."""
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=columns, borderaxespad=0.1, columnspacing=1.2)


def mark(axes: list[Axes], at: float, words: str) -> None:
    """A dashed line through all ``axes`` where something happened, with words above it over the first."""
    for one in axes:
        one.axvline(at, color=SOFT, linewidth=0.8, linestyle=(0, (4, 3)))
    across = axes[0].get_xaxis_transform()
    axes[0].annotate(words, (at, 1.0), (0.0, 3.0), across, textcoords="offset points", color=INK)


def envelope(time_s: Vec, series: Vec, pixels: int = 900) -> tuple[Vec, Vec, Vec, Vec]:
    """Time, mean, least and greatest of ``series`` in ``pixels`` equal pieces; as it is where it is short enough."""
    count = len(series)
    if count <= 2 * pixels:
        return time_s, series, series, series
    edges = np.linspace(0, count, pixels + 1).astype(int)[:-1]
    size = np.diff(np.append(edges, count))
    middle = time_s[np.minimum(edges + size // 2, count - 1)]
    mean = np.add.reduceat(series, edges) / size
    return middle, mean, np.minimum.reduceat(series, edges), np.maximum.reduceat(series, edges)


def draw_series(axes: Axes, time_s: Vec, series: Vec, color: str, label: str, **line: Any) -> None:
    """A series as its mean with the band from least to greatest in each pixel behind it; label on the line."""
    time, mean, low, high = envelope(time_s, series)
    if low is not high:
        axes.fill_between(time, low, high, color=color, alpha=0.3, linewidth=0.0)
    axes.plot(time, mean, color=color, label=label, **line)


def corners(time_s: Vec, series: Vec) -> tuple[Vec, Vec]:
    """The points at which a stepwise series changes, for ``step(where="pre")``."""
    change = np.flatnonzero(np.diff(series, prepend=np.nan, append=np.nan) != 0.0)
    keep = np.unique(np.concatenate((change, change - 1)))
    keep = keep[(keep >= 0) & (keep < len(series))]
    return time_s[keep], series[keep]


def to_svg(figure: Figure, name: str) -> str:
    """The figure as an SVG element for a page; ``name`` keeps its ids apart from those of other figures."""
    with mpl.rc_context(_RC):
        canvas = FigureCanvasSVG(figure)
        buffer = io.StringIO()
        figure.set_dpi(_DPI)
        # Laid out here and drawn once: ``savefig`` would draw everything twice, for the layout and for the file.
        if (engine := figure.get_layout_engine()) is not None:
            engine.execute(figure)
            figure.set_layout_engine("none")
        canvas.print_svg(buffer, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{name}-", text)
    text = re.sub(r'<svg [^>]*?viewBox="([^"]*)"[^>]*>', r'<svg viewBox="\1" class="figure" role="img">', text, count=1)
    text = re.sub(r' d="[^"]*"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path[0]), text)
    text = text.replace("'DejaVu Sans', ", "").replace("'DejaVu Sans'", "inherit")
    return themed(text)


@drawn
def to_png(figure: Figure, path: Path) -> Path:
    """The figure as a picture on white paper, for where no page goes around it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=_DPI, facecolor="white")
    return path


def themed(svg: str) -> str:
    """Stand-in colours exchanged for the page's CSS variables."""
    for color, variable in _CSS.items():
        svg = svg.replace(color, f"var({variable})")
    return re.sub(r"[ \t]*\n[ \t]*", "\n", svg)


def spread(
    axes: Axes, time_s: Vec, series: Vec, color: str, label: str, band: str = ": median hall, band over halls"
) -> None:
    """All halls at once: the median as a line, least to greatest as a band."""
    low, high = np.fmin.reduce(series, axis=1), np.fmax.reduce(series, axis=1)
    # A plant at rest has no COP, so a minute may have no value at all.
    known = ~np.isnan(low)
    median = np.full(len(series), np.nan)
    median[known] = np.nanmedian(series[known], axis=1)
    axes.fill_between(time_s, low, high, color=color, alpha=0.3, linewidth=0)
    axes.plot(time_s, median, color=color, label=label + band)
