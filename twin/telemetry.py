"""Between plant and control: what an operator knows of a site, where its meters are attached, and its control loop."""

import numpy as np

from twin.boards import MHZ, actuators
from twin.control.chance import Chance
from twin.control.loop import Charge, ControlLoop, Limits, Meters
from twin.control.policies import make_policy
from twin.control.policy import NO_JOB, Fleet, Job, Tree
from twin.control.sensing import Meter
from twin.core.layout import IVec, Vec
from twin.core.speed import LIMIT_STEPS, NATURAL_STEPS
from twin.drive.grid import Limit
from twin.drive.jobs import Placement
from twin.network import radial, topology
from twin.plant import grid
from twin.plant.order import HOTTEST_C, State
from twin.scenario import PolicySpec, Scenario
from twin.site.compile import Compiled
from twin.site.spec_control import MeterSpec

_BASE_W = radial.BASE_MVA * 1e6


def in_charge(chosen: PolicySpec) -> Charge:
    """Who is in charge of a run. Raises ScenarioError where the policy cannot be made."""
    policy = make_policy(chosen.name, chosen.fields, chosen.period)
    return Charge(policy, chosen.name, round(policy.every_s), chosen.time_limit, chosen.fallback)


def control_loop(
    charge: Charge, scenario: Scenario, compiled: Compiled, limit: Limit, placements: list[Placement]
) -> ControlLoop:
    """The control loop of a run."""
    fleet = fleet_of(compiled)
    limits = Limits(compiled.substation_limit_w, limit.contract_w, limit.announced)
    jobs = (NO_JOB, *(_job(placed) for placed in placements))
    scheduler_s = compiled.site.control.scheduler.latency
    meters = _meters(compiled, scenario.seed)
    return ControlLoop(charge, fleet, meters, actuators(compiled, fleet, scenario.seed), limits, jobs, scheduler_s)


def _job(placed: Placement) -> Job:
    job = placed.job
    phase = "" if job.inference is None else job.inference.phase
    return Job(job.name, job.kind, job.priority, job.flexibility, phase, pausable=job.inference is None)


def fleet_of(compiled: Compiled) -> Fleet:
    """What the operator of a site knows of its servers, as its breakers stand at the start."""
    feeding = topology.new_tree(compiled.plant.network.from_bus.size - len(compiled.site.electrical.ties))
    topology.switch(compiled.plant.network, compiled.electrical_closed, feeding)
    c, plant = compiled, compiled.plant
    kind, specs = plant.rack.gpu[c.node_rack], list(c.library.gpus.values())
    each = {name: np.array([getattr(spec, name) for spec in specs]) for name in ("min_cap", "idle", "greatest_floor")}
    clock = {
        name: np.array([getattr(spec.clock, name) for spec in specs]) for name in ("least", "base", "most", "exponent")
    }
    return _read_only(
        Fleet(
            gpus=c.node_gpus,
            gpu_max_w=plant.gpu.max_w[kind],
            gpu_min_cap_w=each["min_cap"][kind],
            gpu_idle_w=each["idle"][kind],
            brake_w=c.site.control.brake_to * plant.gpu.max_w[kind],
            clock_min_mhz=clock["least"][kind] / MHZ,
            clock_base_mhz=clock["base"][kind] / MHZ,
            clock_max_mhz=clock["most"][kind] / MHZ,
            clock_exponent=clock["exponent"][kind],
            floor_max_w=each["greatest_floor"][kind] * plant.gpu.max_w[kind],
            lost=_lost(compiled),
            kind=kind,
            rack=c.node_rack,
            cdu=plant.rack.cdu[c.node_rack],
            cdu_flow_kg_s=np.add.reduceat(plant.manifolds.rack_kg_s, plant.manifolds.first[:-1]),
            substations=[np.flatnonzero(c.node_substation == k) for k in range(len(c.substations))],
            tree=_tree(c, feeding),
            kinds=tuple(c.library.gpus),
            has_brake=c.site.control.brake is not None,
            has_clock=c.site.control.clock is not None,
        )
    )


def _lost(c: Compiled) -> Vec:
    """The tables that boards go by, without the edge that is doubled for the hot loop."""
    return np.ascontiguousarray(c.plant.gpu.lost.reshape(-1, NATURAL_STEPS + 2, LIMIT_STEPS + 2)[:, :-1, :-1])


def as_fed(fleet: Fleet, compiled: Compiled, feeding: radial.Tree) -> Fleet:
    """``fleet`` as breakers stand: its electrical tree, and which metered substation feeds which server."""
    parent = _parents(compiled, feeding)
    if np.array_equal(parent, fleet.tree.parent):
        return fleet
    metered = grid.metered_by(feeding, compiled.plant.wiring.substation)
    place = metered[compiled.plant.rack.board][compiled.node_rack]
    substations = [np.flatnonzero(place == k) for k in range(len(compiled.substations))]
    tree = fleet.tree._replace(parent=parent, level=_levels(parent))
    return _read_only(fleet._replace(substations=substations, tree=tree))


def _read_only(fleet: Fleet) -> Fleet:
    for array in (*fleet, *fleet.substations, *fleet.tree):
        if isinstance(array, np.ndarray):
            array.flags.writeable = False
    return fleet


def _parents(c: Compiled, feeding: radial.Tree) -> IVec:
    """For each element and rack the element that feeds it; those that feed nothing hang where they were built."""
    parent = c.plant.network.from_bus.copy()
    alive = np.flatnonzero(feeding.element >= 0)
    above = feeding.parent[alive]
    parent[feeding.element[alive]] = np.where(above >= 0, feeding.element[above], -1)
    board = c.plant.rack.board
    return np.concatenate([parent, np.where(feeding.element[board] >= 0, feeding.element[board], board)])


def _levels(parent: IVec) -> IVec:
    level, at = np.zeros(parent.size, np.int64), parent.copy()
    while (at >= 0).any():
        level += at >= 0
        at = np.where(at >= 0, parent[at], -1)
    return level


def _tree(c: Compiled, feeding: radial.Tree) -> Tree:
    elements, parent = c.plant.network.from_bus.size, _parents(c, feeding)
    limit_w = np.concatenate([c.electrical_limit_w, np.full(len(c.names.racks), np.nan)])
    # Where there is a limit by contract, the rating of the element stands for the same.
    rated_va = np.where(np.isfinite(c.electrical_limit_w), np.inf, c.electrical_rating_va)
    rating_va = np.concatenate([rated_va, c.plant.rack.rating_w])
    return Tree(
        names=(*c.names.electrical, *c.names.racks),
        parent=parent,
        level=_levels(parent),
        limit_w=np.where(np.isfinite(limit_w), limit_w, np.inf),
        rating_va=np.where(np.isfinite(rating_va), rating_va, np.inf),
        substations=c.plant.wiring.substation.copy(),
        leaf=elements + c.node_rack,
    )


def _meters(compiled: Compiled, seed: int) -> Meters:
    set_up, names = compiled.site.control, compiled.names
    servers = _meter_spec(compiled, set_up.node_meter)
    specs = {
        "site": _meter_spec(compiled, set_up.site_meter),
        "servers": servers,
        "boards": _meter_spec(compiled, set_up.board_meter) if set_up.board_meter else servers,
        "racks": _meter_spec(compiled, set_up.rack_meter) if set_up.rack_meter else servers,
        "coolant": _meter_spec(compiled, set_up.coolant_meter) if set_up.coolant_meter else servers,
    }
    substations = [names.electrical[i] for i in compiled.plant.wiring.substation]
    gains: dict[str, tuple[Vec | None, ...]] = {}
    for name, things in (("site", [names.electrical[0]]), ("boards", names.electrical), ("racks", names.racks)):
        gains[name] = (_gain(seed, name, things, specs[name].gain_error),)
    gains["site"] += (_gain(seed, "site", substations, specs["site"].gain_error),)
    boards = _board_gain(compiled, seed, servers.gain_error)
    gains["servers"] = (boards, boards)
    return Meters(
        **{
            name: Meter(
                round(spec.period), round(spec.delay), spec.window, gains.get(name, ()), spec.dropout,
                Chance(seed, f"dropout/{name}"),
            )
            for name, spec in specs.items()
        }
    )  # fmt: skip


def _meter_spec(compiled: Compiled, named: MeterSpec | str) -> MeterSpec:
    return compiled.library.meters[named] if isinstance(named, str) else named


def _gain(seed: int, level: str, names: list[str], most: float) -> Vec | None:
    """The gain of each meter of a level, drawn by name; None where all are true."""
    if not most:
        return None
    return np.array([1 + most * (2 * Chance(seed, f"gain/{level}/{name}").at(0, 1)[0] - 1) for name in names])


def _board_gain(compiled: Compiled, seed: int, most: float) -> Vec | None:
    """Gain of each server's reading: the mean of those of its boards, each drawn by the name of the rack."""
    if not most:
        return None
    drawn = []
    for r, name in enumerate(compiled.names.racks):
        own = compiled.node_gpus[compiled.node_rack == r]
        luck = Chance(seed, f"gain/board/{name}").at(0, int(own.sum()))
        drawn.append(np.add.reduceat(luck, np.cumsum(own) - own) / own)
    return 1 + most * (2 * np.concatenate(drawn) - 1)


class PlantGauges:
    """Meters' connections to the state of a plant: the last second's values."""

    def __init__(self, compiled: Compiled, state: State) -> None:
        self._compiled, self._state = compiled, state

    def site(self) -> tuple[Vec, Vec]:
        """Power at the feed and the substations [W], [second] and [second, substation], of the last second alone."""
        power_pu = self._state.network.power_pu
        return power_pu[:1] * _BASE_W, power_pu[self._compiled.plant.wiring.substation][None] * _BASE_W

    def servers(self) -> tuple[Vec, ...]:
        """Power at the inlet and of the GPU boards of each server [W]."""
        return self._state.node.power_w, self._state.node.gpu_w

    def boards(self) -> tuple[Vec, ...]:
        """Power [W] into each element of the electrical network."""
        feeding, power_w = self._state.feeding, self._state.network.power_pu * _BASE_W
        reverse = feeding.element[(feeding.reverse == 1) & (feeding.element >= 0)]
        power_w[reverse] *= -1.0
        return (power_w,)

    def racks(self) -> tuple[Vec, ...]:
        """Power [W] and hottest die [degC] of each rack."""
        rack = self._compiled.node_rack
        power_w = np.bincount(rack, weights=self._state.node.power_w, minlength=len(self._compiled.names.racks))
        return np.asarray(power_w, float), self._state.step.rack[0, :, HOTTEST_C]

    def coolant(self) -> tuple[Vec, ...]:
        """Coolant flow [kg/s] and supply temperature [degC] of each CDU."""
        return self._state.flows.cdu_flow_kg_s, self._state.cdu.supply_c
