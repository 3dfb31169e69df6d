"""Either solver behind one call: the radial sweep, or power-grid-model for networks with loops."""

from typing import Protocol

from twin.core.errors import RunError
from twin.core.layout import IVec
from twin.network import radial, topology
from twin.network.meshed import Meshed
from twin.network.radial import Loads, Network, NetworkState


class Solver(Protocol):
    """Power flows of one network."""

    def solve(self, loads: Loads, closed: IVec, source_pu: float, state: NetworkState) -> int:
        """Fill ``state`` under ``loads`` [n] with the ``closed`` elements [m]; above 0, or -1 at voltage collapse."""
        ...


class Swept:
    """The sweep, with its tree made anew whenever a breaker moved."""

    def __init__(self, network: Network, buses: int) -> None:
        self._network = network
        self._tree = topology.new_tree(buses)
        self._closed = b""

    def solve(self, loads: Loads, closed: IVec, source_pu: float, state: NetworkState) -> int:
        """As `Solver`; RunError where closed elements form a loop."""
        if closed.tobytes() != self._closed:
            if topology.switch(self._network, closed, self._tree):
                raise RunError("closed elements form a loop, which the radial sweep cannot solve")
            self._closed = closed.tobytes()
        return int(radial.sweep(self._network, self._tree, loads, source_pu, state))


def solver(kind: str, network: Network, buses: int) -> Solver:
    """The solver that a site file names: radial or meshed."""
    return Meshed(network) if kind == "meshed" else Swept(network, buses)
