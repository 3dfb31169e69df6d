"""Random draws by name and tick, whatever was drawn before: adding a thing or an event changes no other's luck."""

from hashlib import blake2b

import numpy as np

from twin.core.layout import Vec


class Chance:
    """Draws of one name under a seed, from a counter-based generator (Philox)."""

    def __init__(self, seed: int, name: str) -> None:
        self._key = int.from_bytes(blake2b(f"{seed}/{name}".encode(), digest_size=16).digest(), "little")

    def at(self, tick: int, count: int) -> Vec:
        """``count`` numbers, even in [0, 1), of this ``tick``."""
        # The tick is the counter's highest word; draws count the lowest.
        return np.random.Generator(np.random.Philox(key=self._key, counter=[0, 0, 0, tick])).random(count)
