"""The steady state in words: power, PUE and hottest GPU when nothing changes."""

from typing import NamedTuple

import numpy as np

from twin.components import aisle
from twin.core import fluids
from twin.core.errors import RunError, ScenarioError
from twin.core.quantity import parse
from twin.network import radial
from twin.plant import aisles, grid, steady
from twin.plant.order import AUXILIARY_W, HOTTEST_C, NODE_W, UPS_W, State
from twin.site.compile import Compiled, compile_site, new_state
from twin.site.spec import Site


class AtRest(NamedTuple):
    """A site at rest."""

    feed_w: float
    feed_var: float
    servers_w: float
    equipment_w: float
    plant_w: float
    pumps_w: float
    storage_w: float
    losses_w: float
    pue: float
    hottest_c: float
    hottest_rack: str
    inlet_c: float
    inlet_limit_c: float
    inlet_hall: str
    lowest_pu: float
    lowest_node: str
    highest_load: float
    highest_node: str


def at_rest(site: Site, air_c: float, wet_bulb_c: float, activity: float) -> AtRest:
    """The steady state with every server at ``activity`` and ``air_c`` [degC] outdoors; RunError where none is."""
    return _read(*settled(site, air_c, wet_bulb_c, activity))


def settled(site: Site, air_c: float, wet_bulb_c: float, activity: float) -> tuple[Compiled, State]:
    """The site compiled, and its state at rest with its power flow; RunError where there is none."""
    compiled = compile_site(site)
    state = new_state(compiled)
    state.node.job[:] = 1
    air = (air_c, wet_bulb_c, float(fluids.pressure_at(site.altitude)))
    steady.settle(compiled.plant, state, np.array([0.0, activity]), air, compiled.names.halls)
    if steady.solve_network(compiled.plant, state, compiled.meshed) < 0:
        words = grid.why_none(compiled.plant, state, compiled.meshed, compiled.names.electrical)
        raise RunError(f"voltage collapse: {words}")
    return compiled, state


def _read(compiled: Compiled, state: State) -> AtRest:
    network, step, flows = state.network, state.step, state.flows
    base_w, names = radial.BASE_MVA * 1e6, compiled.names
    racks = step.rack[0]
    feed_w = float(network.power_pu[0]) * base_w
    servers_w = float(racks[:, NODE_W].sum())
    equipment_w = servers_w + float(compiled.plant.wiring.air_rack_w.sum())
    pumps_w = float(flows.cdu_pump_w.sum() + flows.hall_pump_w.sum())
    doors_w = aisles.fans_w(compiled.plant, state)
    plant_w = float(step.plant_w.sum())
    storage_w = float(step.storage[AUXILIARY_W] + step.storage[UPS_W])
    low, high = int(np.argmin(network.voltage_pu)), int(np.argmax(network.loading))
    hot = int(np.argmax(racks[:, HOTTEST_C]))
    rooms, air = compiled.plant.aisle, state.aisle
    inlet_c = [aisle.inlet_c(rooms, h, air.cold_c[h], air.hot_c[h]) for h in range(air.cold_c.size)]
    warm = int(np.argmax(inlet_c - rooms.limit_c))
    return AtRest(
        feed_w=feed_w,
        feed_var=float(network.reactive_pu[0]) * base_w,
        servers_w=servers_w,
        equipment_w=equipment_w,
        plant_w=plant_w,
        pumps_w=pumps_w + doors_w,
        storage_w=storage_w,
        losses_w=feed_w - equipment_w - plant_w - pumps_w - doors_w - storage_w - float(step.house_w[0]),
        pue=feed_w / equipment_w,
        hottest_c=float(racks[hot, HOTTEST_C]),
        hottest_rack=names.racks[hot],
        inlet_c=float(inlet_c[warm]),
        inlet_limit_c=float(rooms.limit_c[warm]),
        inlet_hall=names.halls[warm],
        lowest_pu=float(network.voltage_pu[low]),
        lowest_node=names.electrical[low],
        highest_load=float(network.loading[high]),
        highest_node=names.electrical[high],
    )


def describe(site: Site, weather: str, wet_bulb: str | None, activity: float) -> list[str]:
    """`at_rest` in sentences; ``weather`` and ``wet_bulb`` are temperatures with their unit.

    Without a wet bulb it is 25 degC, or the dry bulb where that is lower.
    """
    air_c = _temperature("--at", weather)
    wet_c = min(air_c, 25.0) if wet_bulb is None else _temperature("--wet-bulb", wet_bulb)
    if wet_c > air_c:
        raise ScenarioError(f"--wet-bulb: {wet_c:g} degC is above the dry bulb of {air_c:g} degC (--at)")
    rest = at_rest(site, air_c, wet_c, activity)
    limit_w = site.feed.limit
    held = "within" if rest.feed_w <= limit_w else "above"
    factor = rest.feed_w / float(np.hypot(rest.feed_w, rest.feed_var))
    return [
        f"{site.title or site.name}, {air_c:g} degC outdoors (wet bulb {wet_c:g} degC), "
        f"every server at activity {activity:g}",
        f"feed {_power(rest.feed_w)}, {held} the limit of {_power(limit_w)}; power factor {factor:.3f}",
        f"IT {_power(rest.equipment_w)} (servers {_power(rest.servers_w)}); heat rejection {_power(rest.plant_w)}; "
        f"pumps and fans {_power(rest.pumps_w)}; electrical losses {_power(rest.losses_w)}"
        + (f"; batteries and UPS {_power(rest.storage_w)}" if rest.storage_w else ""),
        f"PUE {rest.pue:.3f} at the inlet of the IT equipment",
        f"hottest GPU {rest.hottest_c:.1f} degC, in {rest.hottest_rack}",
        f"servers draw air of {rest.inlet_c:.1f} degC in {rest.inlet_hall}, their limit is {rest.inlet_limit_c:g} degC",
        f"lowest voltage {rest.lowest_pu:.3f} pu at {rest.lowest_node}; "
        f"highest loading {rest.highest_load:.0%} at {rest.highest_node}",
    ]


def _temperature(option: str, text: str) -> float:
    try:
        return parse(text, "temperature")
    except ValueError as wrong:
        raise ScenarioError(f"{option}: {wrong}") from None


def _power(watts: float) -> str:
    return f"{watts / 1e6:.1f} MW" if abs(watts) >= 1e6 else f"{watts / 1e3:.1f} kW"
