"""The limit in force over time: the contract's, lower while the utility calls, or as an event sets it."""

from typing import NamedTuple

import numpy as np

from twin.core.layout import Vec


class Piece(NamedTuple):
    """A limit that holds from one tick to another and is known from a third on."""

    first: int
    last: int
    limit_w: float
    known: int


class Limit:
    """The contract's limit, and the pieces laid over it; where several hold, the least."""

    def __init__(self, contract_w: float, pieces: list[Piece]) -> None:
        self.contract_w = contract_w
        self.pieces = sorted(pieces)

    def at(self, first: int, last: int) -> Vec:
        """The limit [W] in each tick from ``first`` up to ``last``."""
        limit = np.full(last - first, self.contract_w)
        for piece in self.pieces:
            window = slice(max(piece.first - first, 0), max(piece.last - first, 0))
            limit[window] = np.minimum(limit[window], piece.limit_w)
        return limit

    def announced(self, tick: int) -> list[tuple[int, int, float]]:
        """From when, until when and how low [W]: the pieces that are known at ``tick`` and not over."""
        return [(p.first, p.last, p.limit_w) for p in self.pieces if p.known <= tick < p.last]

    def ticks(self) -> list[int]:
        """Ticks at which the limit changes."""
        return sorted({tick for piece in self.pieces for tick in (piece.first, piece.last)})
