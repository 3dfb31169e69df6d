"""One share of the rating for every board, set once: the static cap of practice."""

from dataclasses import dataclass

from twin.control.policy import Commands, Seen


@dataclass
class UniformCap:
    """Cap every board at the same share of its rating."""

    share: float = 0.8
    every_s: float = 3600.0

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise ValueError(f"share must be above 0 and at most 1, found {self.share:g}")

    def act(self, seen: Seen) -> Commands | None:
        """The same caps every time."""
        return Commands(self.share * seen.fleet.gpu_max_w)
