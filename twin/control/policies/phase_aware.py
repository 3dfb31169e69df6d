"""Cap servers that decode at half their rating, and leave those that prefill alone.

Prefill computes and draws the rating; decoding waits for memory and draws about half of it, whatever the batch, so a
cap of half costs it almost no latency: on H100 from 700 to 350 W [1]. The cap frees the headroom that a decode pool
holds but seldom uses, and cuts its peaks. It needs pools whose servers do one of the two, since a server that does
both needs its power for prompts: those are left alone. The scheduler says which pool is which.

Join it with a policy that holds a limit or steers watts within synchronous jobs: ``steering+phase-aware``.

[1] P. Patel et al., Splitwise: efficient generative LLM inference using phase splitting, ISCA 2024 (as quoted by
    others).
"""

from dataclasses import dataclass

import numpy as np

from twin.control.policy import Commands, Seen


@dataclass
class PhaseAware:
    """Cap pools that decode at half their rating, leave those that prefill alone."""

    every_s: float = 10.0
    decode_share: float = 0.5
    """Cap of servers that decode over their rating."""

    def __post_init__(self) -> None:
        if not 0.0 < self.decode_share <= 1.0:
            raise ValueError(f"decode_share is a share of the rating above 0 and up to 1, found {self.decode_share:g}")

    def act(self, seen: Seen) -> Commands:
        """Caps of servers that decode; all others free."""
        decodes = np.array([job.phase == "decode" for job in seen.jobs])[seen.job]
        return Commands(np.where(decodes, self.decode_share * seen.fleet.gpu_max_w, seen.fleet.gpu_max_w))
