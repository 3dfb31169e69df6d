"""The air side of a site: which coils each hall has, the air that moves in it, and the water left for it."""

from collections import Counter

import numpy as np

from twin.components import aisle, coil, pump, rack, server
from twin.core import fluids
from twin.core.layout import Vec
from twin.plant import aisles, order
from twin.site.spec import Site
from twin.site.spec_halls import HallSpec
from twin.site.spec_parts import Parts

_AIR_C, _HUMIDITY = 30.0, 0.0085  # of the air in halls; kg/kg


def racks_and_doors(hall: HallSpec, library: Parts) -> list[tuple[int, str | None]]:
    """Racks of each kind in a hall and the type of their doors."""
    own = [(group.count, library.racks[group.type].door) for group in hall.racks]
    return own + [(group.count, library.air_racks[group.type].door) for group in hall.air_racks]


class Air:
    """The coils of each hall in groups: rear doors by type, then room units."""

    def __init__(self, site: Site, library: Parts) -> None:
        # One number for the whole site, so that what stores and what flows agree.
        density = fluids.moist_density(_AIR_C, _HUMIDITY, fluids.pressure_at(site.altitude))
        self.volume_j_k = float(density * fluids.moist_specific_heat(_HUMIDITY))
        self._site, self._library = site, library
        self._groups: list[coil.CoilGroup] = []
        self._doors: dict[tuple[int, str], int] = {}
        for h, hall in enumerate(site.halls):
            doors: Counter[str] = Counter()
            for count, kind in racks_and_doors(hall, library):
                if kind is not None:
                    doors[kind] += count
            for kind, count in doors.items():
                self._doors[h, kind] = len(self._groups)
                self._groups.append(coil.CoilGroup(library.coils[kind], h, count, in_room=False))
            for units in hall.air.crahs:
                self._groups.append(coil.CoilGroup(library.coils[units.type], h, units.count, in_room=True))

    def door(self, h: int, kind: str | None) -> int:
        """The group of the doors of that type in hall ``h``, -1 for no door."""
        return -1 if kind is None else self._doors[h, kind]

    def door_w(self, kind: str | None) -> float:
        """Power [W] of the fans of a door at full speed."""
        return 0.0 if kind is None else self._library.coils[kind].fan

    def coils(self) -> coil.CoilParams:
        """Parameters of all groups."""
        return coil.params(self._groups, self.volume_j_k, float(fluids.specific_heat(fluids.WATER, 30.0)))

    def aisles(self, racks: rack.RackParams, wiring: order.Wiring) -> aisle.AisleParams:
        """Parameters of every hall's room."""
        halls = self._site.halls
        full_w_k = [
            float(racks.air_w_k[racks.hall == h].sum() + wiring.air_w_k[wiring.air_hall == h].sum())
            for h in range(len(halls))
        ]
        counts = [sum(count for count, _ in racks_and_doors(hall, self._library)) for hall in halls]
        return aisle.params([hall.air for hall in halls], counts, full_w_k, self.volume_j_k)


def full_load_inlet_c(plant: order.Plant, coil_kg_s: Vec, supply_c: Vec, outdoor_c: float) -> Vec:
    """Air [degC] that servers of each hall draw at rest, all boards at their ratings.

    The coils get ``coil_kg_s`` of water at ``supply_c``.
    The loss of supply lines, a few tenths of a kelvin, is left out.
    """
    racks, wiring, halls = plant.rack, plant.wiring, plant.aisle.air_j_k.size
    heat_w = racks.nodes * _server_air_w(plant)
    moved_w_k = np.clip(heat_w / racks.air_rise_k, racks.least_air * racks.air_w_k, racks.air_w_k)
    moved = np.bincount(racks.hall, moved_w_k, halls) + np.bincount(wiring.air_hall, wiring.air_w_k, halls)
    cold_w = _drives_w(plant)
    hot_w = np.bincount(racks.hall, heat_w, halls) + np.bincount(wiring.air_hall, wiring.air_rack_w, halls)
    state = aisle.AisleState(*np.zeros((3, halls)))
    fans = order.Fans(np.zeros(plant.coil.hall.size), np.zeros(halls))
    inlet_c = np.zeros(halls)
    for h in range(halls):
        coils = aisles.run_coils(plant.coil, plant.coil.count, h, moved[h], coil_kg_s[h], fans)
        rates = aisle.exchange_w_k(plant.aisle, h, moved[h], coils[0]), coils[1]
        here = plant.coil.hall == h
        cold_w[h] += float((fans.coil_w * plant.coil.count)[here].sum())
        aisle.rest(plant.aisle, state, h, rates, (cold_w[h], hot_w[h]), (supply_c[h], outdoor_c))
        inlet_c[h] = aisle.inlet_c(plant.aisle, h, state.cold_c[h], state.hot_c[h])
    return inlet_c


def _drives_w(plant: order.Plant) -> Vec:
    """Heat [W] of the drives of pumps into the air of each hall at design."""
    cdus, halls = plant.cdu_pump, plant.hall_pump
    lost_w: Vec = pump.rated_w(halls) * (1.0 - halls.drive_efficiency)
    return lost_w + np.bincount(
        plant.wiring.cdu_hall, pump.rated_w(cdus) * (1.0 - cdus.drive_efficiency), halls.count.size
    )


def _server_air_w(plant: order.Plant) -> Vec:
    """Heat [W] into air of a server of each rack with every board at its rating."""
    kinds, boards_w = plant.rack.node, plant.gpu.max_w[plant.rack.gpu] * plant.node.gpus[plant.rack.node]
    air_w = plant.gpu.air_share[plant.rack.gpu] * boards_w
    pairs = set(zip(kinds.tolist(), boards_w.tolist(), air_w.tolist(), strict=True))
    heat_w = {pair: server.air_heat_w(plant.node, *pair) for pair in pairs}
    return np.array([heat_w[pair] for pair in zip(kinds.tolist(), boards_w.tolist(), air_w.tolist(), strict=True)])
