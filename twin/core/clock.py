"""Time as whole numbers of ticks: a period that is no whole multiple of the base step is an error."""

from dataclasses import dataclass

from twin.core.errors import ScenarioError


@dataclass(frozen=True)
class Clock:
    """Whole ticks of ``step_s`` seconds."""

    step_s: float = 1.0

    def ticks(self, seconds: float, what: str) -> int:
        """``seconds`` as a whole number of ticks; ``what`` names the period in the error."""
        count = round(seconds / self.step_s)
        if abs(count * self.step_s - seconds) > 1e-9 * max(1.0, abs(seconds)):
            message = f"{what}: {seconds:g} s is not a whole number of {self.step_s:g} s steps"
            raise ScenarioError(message)
        return count
