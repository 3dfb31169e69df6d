"""One share of the rating for every board, or one for each GPU type, set once: the static cap of practice."""

from dataclasses import dataclass, field

import numpy as np

from twin.control.policy import Commands, Seen
from twin.core.errors import did_you_mean


@dataclass
class UniformCap:
    """Cap every board at the same share of its rating, or of its type's by ``by_type``."""

    share: float = 0.8
    by_type: dict[str, float] = field(default_factory=dict)
    every_s: float = 3600.0

    def __post_init__(self) -> None:
        for share in (self.share, *self.by_type.values()):
            if not 0 < share <= 1:
                raise ValueError(f"share must be above 0 and at most 1, found {share:g}")

    def act(self, seen: Seen) -> Commands | None:
        """The same caps every time. ValueError for a type that the fleet does not have."""
        kinds = seen.fleet.kinds
        for name in self.by_type:
            if name not in kinds:
                raise ValueError(f'by_type: there is no GPU type "{name}"; {did_you_mean(name, kinds)}')
        share = np.array([self.by_type.get(name, self.share) for name in kinds])
        return Commands(share[seen.fleet.kind] * seen.fleet.gpu_max_w)
