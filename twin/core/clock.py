"""Time as whole numbers of ticks: a period that is no whole multiple of the base step is an error."""

from dataclasses import dataclass

from twin.core.errors import ScenarioError, misfit


@dataclass(frozen=True)
class Clock:
    """Whole ticks of ``step_s`` seconds."""

    step_s: float = 1.0

    def ticks(self, seconds: float, *loc: str | int, where: str | None = None) -> int:
        """``seconds`` as a whole number of ticks; ``loc`` is the entry of a scenario that says so.

        Raises ScenarioError, which calls the entry ``where`` if that is given.
        """
        count = round(seconds / self.step_s)
        if abs(count * self.step_s - seconds) > 1e-9 * max(1.0, abs(seconds)):
            message = f"{seconds:g} s is not a whole number of {self.step_s:g} s steps"
            raise ScenarioError([misfit(loc, message, where)])
        return count
