"""What protection decided is carried out: breakers open, ties close, machines that dropped out stand; each is told."""

from collections.abc import Iterator

import numpy as np

from twin.components import overcurrent, thermal_relay, transfer, undervoltage
from twin.core.layout import IVec
from twin.plant.order import State
from twin.site.compile import Compiled
from twin.wanted import Wanted

_KINDS = (
    ("CDU's pumps", "CDUs' pumps"),
    ("board of facility pumps", "boards of facility pumps"),
    ("board of fans", "boards of fans"),
    ("chiller", "chillers"),
)
Message = tuple[str, str]


class Protecting:
    """The breakers of one run."""

    def __init__(self, compiled: Compiled, state: State) -> None:
        self._compiled = compiled
        now = state.protection
        self._opened, self._closed, self._racks = now.opened.copy(), now.closed.copy(), now.racks_opened.copy()
        self._out = now.motors.out.copy()

    def act(self, state: State, wanted: Wanted) -> list[Message]:
        """Carry out what moved since the last time; returns what it was about and what to say."""
        said = self.want(state, wanted)
        if said:
            wanted.enforce(state)
        return said

    def want(self, state: State, wanted: Wanted) -> list[Message]:
        """The same, but the plant is yet to follow."""
        now, names = state.protection, self._compiled.names
        if not now.moved[0]:
            return []
        said: list[Message] = []
        for e in _fresh(now.opened, self._opened):
            wanted.lose(names.electrical[e], "in_service", e)
            said.append((names.electrical[e], f"{names.electrical[e]} opens: {self._why(state, e)}"))
        for e in _fresh(now.closed, self._closed):
            wanted.join(names.electrical[e], e)
            said.append((names.electrical[e], f"{names.electrical[e]} closes: automatic transfer"))
        for r in _fresh(now.racks_opened, self._racks):
            wanted.lose(f"{names.racks[r]}/breaker", "racks", r)
            said.append((names.racks[r], f"the breaker of {names.racks[r]} opens: overcurrent"))
        said += self._machines(now.motors.out)
        self._opened[:], self._closed[:] = now.opened, now.closed
        self._racks[:], self._out[:] = now.racks_opened, now.motors.out
        now.moved[0] = 0
        return said

    def put_back(self, state: State, wanted: Wanted) -> None:
        """Close by hand what operators want closed: its relays begin anew, a transfer on it gives back its tie."""
        guards, now = self._compiled.plant.relays, state.protection
        for e in wanted.by_hand:
            if not now.opened[e]:
                continue
            for at, relay, put_back in (
                (guards.overcurrent_at, now.overcurrent, overcurrent.reset),
                (guards.thermal_at, now.thermal, thermal_relay.reset),
                (guards.undervoltage_at, now.undervoltage, undervoltage.reset),
                (guards.transfer_main, now.transfer, transfer.reset),
            ):
                for i in np.flatnonzero(at == e):
                    put_back(relay, i)
            for tie in guards.transfer_tie[guards.transfer_main == e].tolist():
                if now.closed[tie]:
                    wanted.part(self._compiled.names.electrical[tie], tie)
                    now.closed[tie] = self._closed[tie] = 0
            wanted.regain(self._compiled.names.electrical[e], "in_service", e)
            now.opened[e] = self._opened[e] = 0
        wanted.by_hand.clear()

    def _why(self, state: State, e: int) -> str:
        """Which relay opened element ``e``, and at what."""
        guards, now = self._compiled.plant.relays, state.protection
        for at, relay, words in (
            (guards.overcurrent_at, now.overcurrent, "overcurrent relay (50/51)"),
            (guards.thermal_at, now.thermal, "thermal relay (49)"),
            (guards.undervoltage_at, now.undervoltage, "undervoltage relay (27)"),
        ):
            if (relay.signal_s[at == e] >= 0).any():
                return f"{words} at {state.network.loading[e]:.2f} of its rating"
        return "automatic transfer, its bus is dead"

    def _machines(self, out: np.ndarray) -> Iterator[Message]:
        """Machines that dropped out or came back, by kind."""
        edges = [0, *self._compiled.plant.motors.first.tolist(), out.size]
        chillers = len(_KINDS) - 1
        for change, words in ((1, "dropped out"), (-1, "restarted")):
            moved = np.flatnonzero(np.sign(out - self._out) == change)
            counts = np.histogram(moved, edges)[0].tolist()
            back = counts.pop() if change < 0 else 0
            told = [f"{n} {kind[n > 1]}" for n, kind in zip(counts, _KINDS, strict=False) if n]
            if told:
                yield "low voltage", f"{words}: {', '.join(told)}"
            if back:
                them = "they restart after their own delay" if back > 1 else "it restarts after its own delay"
                have = "have" if back > 1 else "has"
                yield "low voltage", f"{back} {_KINDS[chillers][back > 1]} {have} supply again: {them}"


def _fresh(marks: IVec, before: IVec) -> list[int]:
    return np.flatnonzero((marks > 0) & (before == 0)).tolist()
