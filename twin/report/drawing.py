"""SVG written directly, for drawings of many boxes whose values are read by pointing at them."""

from html import escape

import matplotlib as mpl
import numpy as np
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_hex

from twin.core.layout import Vec

# Width of a drawing that fills the page at its own size.
PAGE = 1072.0


def box(x: float, y: float, width: float, height: float, fill: str, tip: str = "") -> str:
    """A rectangle; ``tip`` shows when it is pointed at."""
    shape = f'<rect x="{x:.5g}" y="{y:.5g}" width="{width:.5g}" height="{height:.5g}" fill="{fill}"'
    return f"{shape}><title>{escape(tip)}</title></rect>" if tip else f"{shape}/>"


def words(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    """A line of text; ``kind`` is a CSS class."""
    named = f' class="{kind}"' if kind else ""
    turned = f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{x:.5g}" y="{y:.5g}"{named}{turned}>{escape(text)}</text>'


def ring(x: float, y: float, radius: float) -> str:
    """A circle in outline; two that overlap are the windings of a transformer."""
    return f'<circle cx="{x:.5g}" cy="{y:.5g}" r="{radius:.5g}" class="ring"/>'


def line(*points: tuple[float, float], kind: str = "wire") -> str:
    """A conductor through ``points``; ``kind`` is a CSS class."""
    path = "L".join(f"{x:.5g} {y:.5g}" for x, y in points)
    return f'<path d="M{path}" class="{kind}"/>'


def picture(width: float, height: float, parts: list[str], label: str) -> str:
    """The whole drawing; ``label`` says what it is to those who do not see it. One wider than the page can be moved."""
    size = f' style="min-width: {width:.0f}px"' if width > PAGE else ""
    head = f'<svg viewBox="0 0 {width:.5g} {height:.5g}" class="drawing" role="img" aria-label="{escape(label)}"{size}>'
    return "\n".join([head, *parts, "</svg>"])


# Calm up to about 80 % of a rating, amber near it; what is above it is marked by who draws it. Dark words read on all.
LOADING = LinearSegmentedColormap.from_list(
    "loading",
    [(0.0, "#eef2f5"), (0.6, "#b9d0e6"), (0.8, "#8fb3d9"), (0.83, "#ece5c8"), (0.9, "#f0d58c"), (1.0, "#e9a54f")],
)


class Scale:
    """Numbers to colours between ``low`` and ``high``; what is not known is left pale."""

    def __init__(self, low: float, high: float, colors: str | Colormap, unit: str) -> None:
        self.low, self.high, self.unit = low, high if high > low else low + 1.0, unit
        self._colors = mpl.colormaps[colors] if isinstance(colors, str) else colors

    def color(self, value: float) -> str:
        """The fill of a value."""
        if not np.isfinite(value):
            return "var(--faint)"
        return to_hex(self._colors(np.clip((value - self.low) / (self.high - self.low), 0.0, 1.0)))

    def key(self, x: float, y: float, width: float = 160.0) -> list[str]:
        """A bar of the colours with its ends and its unit written under it."""
        steps = np.linspace(self.low, self.high, 33)
        cell = width / len(steps)
        bar = [box(x + i * cell, y, cell + 0.3, 8.0, self.color(step)) for i, step in enumerate(steps)]
        marks = [(0.0, self.low, "start"), (0.5, 0.5 * (self.low + self.high), "middle"), (1.0, self.high, "end")]
        return bar + [words(x + at * width, y + 18.0, f"{v:.4g} {self.unit}", "small", how) for at, v, how in marks]


def scale_of(values: Vec, colors: str, unit: str) -> Scale:
    """A scale over all of ``values``."""
    known = values[np.isfinite(values)]
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    return Scale(low, high, colors, unit)
