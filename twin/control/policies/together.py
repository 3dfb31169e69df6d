"""Several policies at once: the least of their caps and clocks holds, and the greatest of their floors.

Who brakes brakes, who pauses a job pauses it. The queue starts jobs where all who say something about it let it.
"""

from math import gcd

import numpy as np

from twin.control.policy import Commands, Policy, Seen


class Together:
    """Policies joined by "+": each acts at its own period and keeps its last word until it speaks again."""

    def __init__(self, members: list[Policy]) -> None:
        self.members = members
        periods = [max(1, round(member.every_s)) for member in members]
        self.every_s = float(gcd(*periods))
        self._periods = periods
        self._last: list[Commands | None] = [None] * len(members)

    def act(self, seen: Seen) -> Commands | None:
        """The least cap and clock and the greatest floor of what the members last said."""
        spoke = False
        for k, (member, period) in enumerate(zip(self.members, self._periods, strict=True)):
            if round(seen.time_s) % period == 0:
                said = member.act(seen)
                if said is not None:
                    self._last[k], spoke = said, True
        words = [said for said in self._last if said is not None]
        if not spoke:
            return None
        brakes, clocks, floors, pauses, admits = (
            [value for said in words if (value := getattr(said, name)) is not None]
            for name in ("brake", "clock_mhz", "floor_w", "pause", "admit")
        )
        return Commands(
            np.min([said.gpu_cap_w for said in words], axis=0),
            brake=np.any(brakes, axis=0) if brakes else None,
            clock_mhz=np.min(clocks, axis=0) if clocks else None,
            floor_w=np.max(floors, axis=0) if floors else None,
            pause=np.any(pauses, axis=0) if pauses else None,
            admit=all(admits) if admits else None,
        )
