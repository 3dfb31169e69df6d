"""CDUs, manifolds and facility water of a site into arrays: what `plant.coolant` and `plant.water` run on."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from twin.components import cdu, controller, hall, pipe, pump, valve
from twin.components.rack import RackSpec
from twin.core import fluids
from twin.core.layout import Vec, frozen, zeros
from twin.network import hydraulic
from twin.plant import order
from twin.site.spec import Site
from twin.site.spec_halls import HallSpec, LoopSpec
from twin.site.spec_parts import CduPart

WATER_C = 30.0
"""Temperature at which facility water's properties are taken: one specific heat for stream and store."""
COILS_LEAST = 0.05  # of a hall's design flow: what its coils get where CDUs take all the rest


def water_kg_m3() -> float:
    """Density of facility water."""
    return float(fluids.density(fluids.WATER, WATER_C))


def coil_flow_kg_s(spec: HallSpec, cdus_kg_s: float) -> float:
    """Facility water for the air coils of a hall at design: what its CDUs leave."""
    moved = spec.pumps.flow * water_kg_m3()
    return max(moved - cdus_kg_s, COILS_LEAST * moved)


def cdus(specs: list[CduPart]) -> dict[str, Any]:
    """The parts of `order.Plant` that stand for the CDUs themselves."""
    density = np.array([fluids.density(fluids.PG25, spec.coolant_at) for spec in specs])
    heat = np.array([fluids.specific_heat(fluids.PG25, spec.coolant_at) for spec in specs])
    water = float(fluids.specific_heat(fluids.WATER, WATER_C))
    flow = np.array([spec.pumps.flow for spec in specs])
    return {
        "cdu": cdu.params(list(specs), flow, (density, heat), water),
        "cdu_pump": pump.params([spec.pumps for spec in specs]),
        "cdu_valve": valve.params([spec.valve for spec in specs]),
        "cdu_temperature": controller.params([spec.temperature for spec in specs]),
        "cdu_pressure": controller.params([spec.pressure for spec in specs]),
    }


def _segments(drop: float, flows: Vec) -> Vec:
    """Resistance [Pa s2 kg-2] of equal header segments before each branch that together drop ``drop`` at ``flows``."""
    carried = np.cumsum(flows[::-1])[::-1]
    return np.full(len(flows), drop / float((carried**2).sum()))


def manifolds(cdu_specs: list[CduPart], rack_cdu: Sequence[int], racks: Sequence[RackSpec]) -> dict[str, Any]:
    """Coolant ladders: racks in the order of their CDUs."""
    branch_rack = np.argsort(np.asarray(rack_cdu), kind="stable")
    first = np.concatenate([[0], np.cumsum(np.bincount(rack_cdu, minlength=len(cdu_specs)))])
    flow, square, linear, header, difference = [], [], [], [], []
    for i, spec in enumerate(cdu_specs):
        served = [racks[r] for r in branch_rack[first[i] : first[i + 1]]]
        each = spec.pumps.flow / spec.racks * float(fluids.density(fluids.PG25, spec.coolant_at))
        full = _segments(spec.header_drop, np.full(spec.racks, each))
        own = full[: len(served)]
        carried = each * np.arange(len(served), 0, -1)
        difference.append(max(rack.coolant_drop for rack in served) + float((own * carried**2).sum()))
        flow += [each] * len(served)
        square += [rack.coolant_drop * (1 - rack.laminar) / each**2 for rack in served]
        linear += [rack.coolant_drop * rack.laminar / each for rack in served]
        header += own.tolist()
    made = frozen(
        order.Manifolds, first=first, rack=branch_rack, square_pa_s2_kg2=square, linear_pa_s_kg=linear,
        rack_kg_s=flow, difference_pa=difference,
    )  # fmt: skip
    return {"manifold": hydraulic.ladders(np.array(header), np.zeros(len(header)), np.array(flow)), "manifolds": made}


def hall_params(specs: Sequence[HallSpec]) -> hall.HallParams:
    """Parameter arrays, one entry a hall."""
    density, heat = water_kg_m3(), float(fluids.specific_heat(fluids.WATER, WATER_C))
    flow = np.array([spec.pumps.flow for spec in specs]) * density
    volumes = density * heat
    return frozen(
        hall.HallParams,
        set_point_c=[spec.supply for spec in specs],
        dew_point_c=[spec.dew_point for spec in specs],
        water_w_k=flow * heat,
        flow_kg_s=flow,
        density_kg_m3=[density] * len(specs),
        water_j_kg_k=[heat] * len(specs),
        vessel_j_k=[spec.loop.vessel * volumes for spec in specs],
        tank_j_k=[spec.loop.tank * volumes for spec in specs],
    )


def halls(site: Site, cdu_specs: list[CduPart], cdu_hall: Sequence[int]) -> dict[str, Any]:
    """Pumps, pipes and headers of the halls' facility water."""
    loops = [spec.loop for spec in site.halls]
    return {
        "hall_pump": pump.params([spec.pumps for spec in site.halls]),
        "hall_pressure": controller.params([loop.pressure for loop in loops]),
        "pipe": pipe.params([loop.pipe for loop in loops for _ in range(2)]),
        **_headers(site, cdu_specs, np.asarray(cdu_hall)),
    }


def _headers(site: Site, cdu_specs: list[CduPart], cdu_hall: Vec) -> dict[str, Any]:
    first_row, row_first, rows_kg_s, mains = [0], [0], [], []
    branch_hall, branch_cdu, branch_kg_s, branch_k, headers = [], [], [], [], []
    for h, spec in enumerate(site.halls):
        own = np.flatnonzero(cdu_hall == h)
        rows = np.array_split(own, -(-len(own) // spec.loop.row))
        coils_kg_s = coil_flow_kg_s(spec, sum(cdu_specs[i].facility_flow for i in own)) / len(rows)
        for row in rows:
            flows = np.array([*(cdu_specs[i].facility_flow for i in row), coils_kg_s])
            branch_hall += [h] * len(flows)
            branch_cdu += [*row.tolist(), -1]
            branch_kg_s += flows.tolist()
            branch_k += [cdu_specs[i].facility_drop / cdu_specs[i].facility_flow ** 2 for i in row]
            branch_k += [spec.loop.difference / coils_kg_s**2]
            headers += _segments(spec.loop.row_drop, flows).tolist()
            row_first.append(len(branch_cdu))
            rows_kg_s.append(flows.sum())
        first_row.append(len(rows_kg_s))
        mains += _segments(spec.loop.header_drop, np.array(rows_kg_s[first_row[-2] :])).tolist()
    loops: list[LoopSpec] = [spec.loop for spec in site.halls]
    none = np.zeros(len(branch_cdu))
    piping = frozen(
        order.Piping,
        hall_first_row=first_row, branch_hall=branch_hall, branch_cdu=branch_cdu, branch_pa_s2_kg2=branch_k,
        linear_pa_s_kg=none,
        plant_pa_s2_kg2=[s.loop.plant_drop / (s.pumps.flow * water_kg_m3()) ** 2 for s in site.halls],
        difference_pa=[loop.difference for loop in loops],
        least_difference_pa=[loop.reset.least if loop.reset else loop.difference for loop in loops],
        reset_open=[loop.reset.open if loop.reset else 1.0 for loop in loops],
    )  # fmt: skip
    ends = np.array(row_first)
    ends.flags.writeable = False
    tree = hydraulic.Tree(
        main=hydraulic.ladders(np.array(mains), np.zeros(len(mains)), np.zeros(len(mains))),
        rows=hydraulic.ladders(np.array(headers), none, np.array(branch_kg_s)),
        row_first=ends,
    )
    return {"piping": piping, "tree": tree}


def at_first(plant: order.Plant) -> dict[str, Any]:
    """Facility water and solvers' room of a new state: full speed, design flows, pipes at the set point."""
    halls, cdus, branches = plant.hall.flow_kg_s.size, plant.cdu.ua_w_k.size, plant.piping.branch_cdu.size
    rows, most = plant.piping.hall_first_row[-1], int(plant.pipe.parcels.max())
    start_c = np.repeat(plant.hall.set_point_c, 2)
    standing = np.repeat(start_c[:, None], most, axis=1)
    return {
        "water": zeros(order.WaterState, halls)._replace(
            speed=np.ones(halls), difference_pa=plant.piping.difference_pa.copy(),
            loop_pa_s2_kg2=plant.piping.difference_pa / plant.hall.flow_kg_s**2,
        ),
        "cdu_temperature": zeros(controller.ControllerState, cdus),
        "cdu_pressure": zeros(controller.ControllerState, cdus),
        "hall_pressure": zeros(controller.ControllerState, halls),
        "pipe": pipe.PipeState(standing.copy(), standing.copy(), np.zeros(2 * halls), start_c.copy()),
        "tree": zeros(hydraulic.TreeState, rows)._replace(flow_kg_s=np.ones(branches)),
        "room": order.Room(
            np.ones(cdus, np.int64), plant.manifolds.rack_kg_s.copy(),
            plant.manifolds.difference_pa / plant.cdu.flow_kg_s**2, np.zeros(branches),
        ),
    }  # fmt: skip
