"""What is asked to run (pumps, chillers, set points, closed elements), kept apart from what can.

A pump on a dead board stands still until its board is alive again.
"""

from collections import Counter

import numpy as np

from twin.components.cdu import CduState
from twin.core.errors import RunError
from twin.core.layout import IVec, Vec
from twin.plant import electrics, grid, outages, step, storage
from twin.plant.order import Plant, Service, State, WaterState
from twin.site.compile import Compiled


class Wanted:
    """What operators and protection want to run; `enforce` makes the plant follow as far as it has supply."""

    def __init__(self, compiled: Compiled, state: State) -> None:
        self._plant, self._down, self._closed = compiled.plant, Counter[str](), Counter[str]()
        self._solver, self._names = compiled.site.electrical.solver, compiled.names.electrical
        self.by_hand: list[int] = []
        """Elements that operators close again after protection opened them; `Protecting.put_back` does it."""
        self.service = Service(**{name: values.copy() for name, values in state.service._asdict().items()})

    def lose(self, name: str, field: str, index: int) -> None:
        """A part trips: one less of ``field``, unless it is down already."""
        self._down[name] += 1
        if self._down[name] == 1:
            getattr(self.service, field)[index] -= 1

    def regain(self, name: str, field: str, index: int) -> None:
        """A trip of a part is over: it runs again when no other holds it down."""
        self._down[name] -= 1
        if self._down[name] == 0:
            getattr(self.service, field)[index] += 1

    def join(self, name: str, index: int) -> None:
        """An open element closes, unless it is closed already."""
        self._closed[name] += 1
        if self._closed[name] == 1:
            self.service.in_service[index] += 1

    def part(self, name: str, index: int) -> None:
        """A closing is over: the element opens when no other holds it closed."""
        self._closed[name] -= 1
        if self._closed[name] == 0:
            self.service.in_service[index] -= 1

    def switch(self, state: State) -> None:
        """Put into the network what is wanted of it: its breakers, capacitors and source.

        Raises RunError where closed elements form a loop, which the radial solver cannot solve.
        """
        wanted, service = self.service, state.service
        loops = grid.energise(self._plant, state, wanted.in_service)
        if loops and self._solver == "radial":
            raise RunError(_loop([self._names[e] for e in loops[0]]))
        # Below 0 is an open tie that trips: it stays open when it is told to close.
        service.in_service[:] = np.minimum(np.maximum(wanted.in_service, 0), 1)
        service.bank_steps[:], service.source_pu[:] = wanted.bank_steps, wanted.source_pu
        electrics.put_banks(self._plant, state)

    def enforce(self, state: State) -> None:
        """Put into the plant what is wanted and has supply, and recompute flows.

        Raises RunError where closed elements form a loop, which the radial solver cannot solve.
        """
        wanted, service, wiring = self.service, state.service, self._plant.wiring
        before = service.cdu_pumps.copy(), service.hall_pumps.copy()
        # Who mends a leak fills the reservoir; without coolant no pump runs.
        state.cdu.leaked_kg[(service.cdu_leak_kg_s > 0) & (wanted.cdu_leak_kg_s == 0)] = 0.0
        filled = state.cdu.leaked_kg <= self._plant.cdu.reservoir_kg
        self.switch(state)
        storage.command(self._plant, state, wanted.battery_mode, wanted.ups_release)
        cdus_in, pumps_in, fans_in = _boards_in(self._plant, state, service.supplied)
        alive, at_pumps, at_fans = (
            np.array([step.living_share(wiring, boards, h) for h in range(wanted.hall_pumps.size)])
            for boards in (service.supplied, pumps_in, fans_in)
        )
        at_towers = alive[wiring.loop_hall]
        at_coils = np.where(self._plant.coil.in_room == 1, at_fans[self._plant.coil.hall], 1.0)
        supplied = {
            "racks": wanted.racks * service.supplied[self._plant.rack.board] * outages.running(state),
            "cdu_pumps": wanted.cdu_pumps * cdus_in * filled,
            "hall_pumps": np.floor(wanted.hall_pumps * at_pumps + 1e-9),
            "coils": np.floor(wanted.coils * at_coils + 1e-9),
            "chillers": wanted.chillers * service.supplied[wiring.mechanical_board[wiring.machine_board]],
            "tower_cells": np.floor(wanted.tower_cells * at_towers + 1e-9),
            "condenser_pumps": np.floor(wanted.condenser_pumps * at_towers + 1e-9),
            "dry_coolers": np.floor(wanted.dry_coolers * alive[self._plant.dry_cooler.hall] + 1e-9),
            "energised": service.energised,
            "supplied": service.supplied,
            "in_service": service.in_service,
        }
        for name in Service._fields:
            getattr(service, name)[:] = supplied.get(name, getattr(wanted, name))
        _hand_over(before[0], service.cdu_pumps, state.cdu)
        _hand_over(before[1], service.hall_pumps, state.water)
        step.update_flows(self._plant, state)
        # What protection sees in the next second decides whether seconds go on one by one.
        state.protection.alert[0] = 1


def _boards_in(plant: Plant, state: State, supplied: IVec) -> tuple[IVec, IVec, IVec]:
    """Whether each CDU's pumps have supply and are in, and by electrical node the pumps and fans of halls."""
    out, (pumps, fans, chillers) = state.protection.motors.out > 0, plant.motors.first.tolist()
    with_pumps, with_fans = supplied.copy(), supplied.copy()
    with_pumps[plant.motors.bus[pumps:fans][out[pumps:fans]]] = 0
    with_fans[plant.motors.bus[fans:chillers][out[fans:chillers]]] = 0
    return supplied[plant.wiring.cdu_board] * ~out[:pumps], with_pumps, with_fans


def _loop(names: list[str]) -> str:
    return (
        f"closed breakers make a loop of {', '.join(names)}, and solver: radial has none; "
        "trip one of these at the same time, or let the site use solver: meshed"
    )


def _hand_over(before: Vec, now: Vec, turning: CduState | WaterState) -> None:
    """Pumps that lost their drive coast from the speed they had; drives that start find rotors as they turn.

    A pump that comes back beside running ones has their speed at once.
    """
    lost, gained = np.maximum(before - now, 0.0), np.maximum(now - before, 0.0)
    coasting = turning.coasting + lost
    both = turning.coasting * turning.coast_speed + lost * turning.speed
    np.divide(both, coasting, out=turning.coast_speed, where=lost > 0)
    caught = (before <= 0) & (gained > 0) & (coasting > 0)
    turning.speed[caught] = turning.coast_speed[caught]
    turning.coasting[:] = np.maximum(coasting - gained, 0.0)
