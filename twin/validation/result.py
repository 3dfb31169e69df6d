"""What came of a case: a status, each measure against its limit, what was fitted, and the figure."""

from dataclasses import dataclass, field
from typing import Literal

from matplotlib.figure import Figure

from twin.calibrate import Estimate
from twin.validation.case import Case


@dataclass(frozen=True)
class Judged:
    """One measure of a quantity and its limit, both in ``unit``."""

    of: str
    measure: str
    value: float
    limit: float
    unit: str

    @property
    def held(self) -> bool:
        """Whether the value lies within its limit; what is not a number does not."""
        return abs(self.value) <= self.limit

    @property
    def factor(self) -> float:
        """From value and limit to what is written before the unit."""
        return 100.0 if self.unit == "%" else 1.0


@dataclass(frozen=True)
class CaseResult:
    """A case, run or found without its measurements."""

    case: Case
    status: Literal["passed", "failed", "not available"]
    reason: str = ""
    judged: tuple[Judged, ...] = ()
    fitted: dict[str, Estimate] = field(default_factory=dict)
    figure: Figure | None = None

    @property
    def name(self) -> str:
        """Name of the case: its folder."""
        return self.case.name
