"""What a model of a case hands back: pairs of measured and simulated values, and what was fitted on the way."""

from dataclasses import dataclass, field

from twin.calibrate import Estimate
from twin.core.layout import Vec


@dataclass(frozen=True)
class Pair:
    """A quantity as it was measured and as the model has it, value by value."""

    words: str
    unit: str
    at: Vec
    """Where each value stands along the axis."""
    axis: str
    measured: Vec
    simulated: Vec
    course: tuple[Vec, Vec] | None = None
    """The simulated quantity between the values, where there is more of it."""
    shown: tuple[float, float] | None = None
    """The piece of the axis to draw, where all of it would hide the shape."""
    known: str = "measured"
    """What the values that the model is held against are."""
    labels: tuple[str, ...] = ()
    """Names of the values, where they are not a course."""


@dataclass(frozen=True)
class Outcome:
    """All of a case."""

    pairs: dict[str, Pair]
    fitted: dict[str, Estimate] = field(default_factory=dict)
