"""A checked site into arrays: the read-only plant, a state with room for a run, and the names of everything."""

from dataclasses import dataclass
from hashlib import blake2b
from math import acos, tan

import numpy as np

from twin.components import aisle, cable, cdu, gpu, hall, rack, server
from twin.core import cap_dynamics
from twin.core.layout import IVec, Vec, frozen, zeros
from twin.network import radial, topology
from twin.network.meshed import Meshed
from twin.plant import grid, order
from twin.plant.electrics import put_banks
from twin.site import cooling, electrics, network, piping, protection, storage, supplies
from twin.site.air import Air
from twin.site.network import expanded
from twin.site.spec import Site
from twin.site.spec_parts import CduPart, Parts

FLOOR_WIDTH = 32  # racks in a row of the floor map


@dataclass(frozen=True)
class Names:
    """What the entries of every axis are called."""

    halls: list[str]
    cdus: list[str]
    racks: list[str]
    electrical: list[str]
    gpus: list[str]
    nodes: list[str]
    rack_types: list[str]
    ups: list[str]
    batteries: list[str]


@dataclass(frozen=True)
class Compiled:
    """A site ready to run."""

    site: Site
    plant: order.Plant
    names: Names
    node_rack: IVec
    node_gpus: IVec
    node_substation: IVec
    """Which metered substation feeds each server, -1 for none."""
    substations: list[str]
    substation_limit_w: Vec
    node_max_w: Vec
    """Power at the inlet of a server at full activity on mean silicon."""
    silicon: Vec
    """Dynamic power of each GPU over its type's, [block, lane]."""
    cdu_types: list[str]
    electrical_kind: list[str]
    electrical_limit_w: Vec
    electrical_rating_va: Vec
    electrical_closed: IVec
    """1 where an element is in service as the site stands, 0 for normally open ties."""
    meshed: Meshed | None
    """What solves the network where the site file asks for ``solver: meshed``."""
    relays: list[str]
    """Overcurrent relays, thermal relays and rack breakers, in this order."""
    plant_types: list[str]
    plant_capacity_w: Vec
    """Reference capacity of each hall's plant."""
    reference_air_c: float
    """Hottest outdoor air a machine of the plant is made for."""

    @property
    def library(self) -> Parts:
        """The part types of the site."""
        return _library(self.site)

    @property
    def gpus(self) -> int:
        """GPUs in the site."""
        return int(self.node_gpus.sum())


@dataclass
class _Layout:
    """What grows while halls are laid out."""

    racks: list[str]
    rack_type: list[str]
    rack_hall: list[int]
    rack_cdu: list[int]
    rack_board: list[str]
    cdus: list[str]
    cdu_type: list[CduPart]
    cdu_name: list[str]
    cdu_hall: list[int]
    cdu_board: list[str]
    air: list[tuple[str, int, str, int]]  # board, hall, type, racks


def compile_site(site: Site, seed: int = 0) -> Compiled:
    """Arrays of ``site``; ``seed`` draws each GPU's silicon, by the name of its rack."""
    library = _library(site)
    built = network.build(site, library)
    names = built.names
    boards = {node.name: expanded(node) for node in site.electrical.nodes}
    layout = _lay_out(site, library, boards)
    gpu_types, node_types = list(library.gpus), list(library.nodes)
    rack_specs = [library.racks[name] for name in layout.rack_type]
    node_of = [library.nodes[spec.node] for spec in rack_specs]
    nodes_per = np.array([spec.nodes for spec in rack_specs])
    gpus_per = np.array([node.gpus for node in node_of])
    blocks_per = nodes_per * gpus_per // gpu.LANES
    index = {name: i for i, name in enumerate(names)}
    air = Air(site, library)
    racks = frozen(
        rack.RackParams,
        gpu=[gpu_types.index(node.gpu) for node in node_of],
        node=[node_types.index(spec.node) for spec in rack_specs],
        first_block=np.cumsum(blocks_per) - blocks_per,
        blocks=blocks_per,
        first_node=np.cumsum(nodes_per) - nodes_per,
        nodes=nodes_per,
        cdu=layout.rack_cdu,
        hall=layout.rack_hall,
        board=[index[name] for name in layout.rack_board],
        plate_flow_m3_s=[library.gpus[node.gpu].flow for node in node_of],
        rating_w=[spec.rating for spec in rack_specs],
        supply_loss=[spec.supply_loss for spec in rack_specs],
        door=[air.door(h, spec.door) for h, spec in zip(layout.rack_hall, rack_specs, strict=True)],
        air_w_k=[
            spec.nodes * air.volume_j_k * node.fans.flow if node.fans else 0.0
            for spec, node in zip(rack_specs, node_of, strict=True)
        ],
        air_rise_k=[node.fans.rise if node.fans else np.inf for node in node_of],
        least_air=[node.fans.least_speed if node.fans else 0.0 for node in node_of],
        reactive_share=[_reactive(spec.power_factor) for spec in rack_specs],
    )
    metered = [i for i, name in enumerate(names) if i and np.isfinite(built.limit_w[i]) and built.kinds[i] != "tie"]
    wiring = _wiring(site, library, layout, boards, index, metered, air)
    feeding = topology.new_tree(len(names) - len(site.electrical.ties))
    topology.switch(built.network, built.closed, feeding)
    plant = order.Plant(
        gpu=gpu.params(list(library.gpus.values())),
        cap_dynamics=cap_dynamics.params([spec.cap_dynamics for spec in library.gpus.values()]),
        node=server.params(list(library.nodes.values())),
        rack=racks,
        **piping.cdus(layout.cdu_type),
        **piping.manifolds(layout.cdu_type, layout.rack_cdu, rack_specs),
        hall=piping.hall_params(site.halls),
        **piping.halls(site, layout.cdu_type, layout.cdu_hall),
        aisle=air.aisles(racks, wiring),
        coil=air.coils(),
        **cooling.parts(site, library),
        network=built.network,
        **storage.parts(site, library),
        **electrics.parts(site, library, names),
        wiring=wiring,
        relays=protection.relays(site, library, index, rack_specs),
        motors=protection.motors(site, layout.cdu_type, wiring),
        supply=supplies.params(library, layout.rack_type),
    )
    node_rack = np.repeat(np.arange(len(rack_specs)), nodes_per)
    return Compiled(
        site=site,
        plant=plant,
        names=_names(site, layout, names, nodes_per, gpus_per),
        node_rack=node_rack,
        node_gpus=np.repeat(gpus_per, nodes_per),
        node_substation=grid.metered_by(feeding, wiring.substation)[racks.board][node_rack],
        substations=[names[i] for i in metered],
        substation_limit_w=built.limit_w[metered],
        node_max_w=_node_max(plant, racks)[node_rack],
        silicon=_silicon(library, layout, blocks_per, [node.gpu for node in node_of], seed),
        cdu_types=layout.cdu_name,
        electrical_kind=built.kinds,
        electrical_limit_w=built.limit_w,
        electrical_rating_va=built.rating_va,
        electrical_closed=built.closed,
        meshed=Meshed(built.network) if site.electrical.solver == "meshed" else None,
        relays=protection.names(plant.relays, names, layout.racks),
        plant_types=cooling.names(site),
        plant_capacity_w=cooling.capacity_w(site, library),
        reference_air_c=cooling.hottest_air_c(site, library),
    )


def _library(site: Site) -> Parts:
    if site.library is None:
        message = "compile a site that load_site has completed with its part types"
        raise ValueError(message)
    return site.library


def _reactive(power_factor: float) -> float:
    return tan(acos(power_factor))


def _share_out(count: int, over: int) -> IVec:
    """Which of ``over`` groups each of ``count`` things in a row belongs to, evenly."""
    return np.arange(count) * over // count


def _lay_out(site: Site, library: Parts, boards: dict[str, list[str]]) -> _Layout:
    layout = _Layout([], [], [], [], [], [], [], [], [], [], [])
    for h, spec in enumerate(site.halls):
        kinds = [group.type for group in spec.racks for _ in range(group.count)]
        supply = [name for group in spec.boards for name in boards[group]]
        ratings = np.array([library.racks[kind].rating for kind in kinds])
        own_boards = [supply[i] for i in ((np.cumsum(ratings) - ratings / 2) / ratings.sum() * len(supply)).astype(int)]
        given = {group.type: group.count for group in spec.cdus}
        own_cdus = np.zeros(len(kinds), int)
        for kind in dict.fromkeys(library.racks[name].cdu for name in kinds):
            served = [i for i, name in enumerate(kinds) if library.racks[name].cdu == kind]
            count = given.get(kind, -(-len(served) // library.cdus[kind].racks))
            own_cdus[served] = len(layout.cdus) + _share_out(len(served), count)
            first = [served[int(np.searchsorted(_share_out(len(served), count), n))] for n in range(count)]
            start = sum(name.startswith(f"{spec.name}/") for name in layout.cdus)
            layout.cdus += [f"{spec.name}/cdu-{start + n + 1:03d}" for n in range(count)]
            layout.cdu_type += [library.cdus[kind]] * count
            layout.cdu_name += [kind] * count
            layout.cdu_hall += [h] * count
            layout.cdu_board += [own_boards[i] for i in first]
        layout.racks += [f"{spec.name}/rack-{i + 1:03d}" for i in range(len(kinds))]
        layout.rack_type += kinds
        layout.rack_hall += [h] * len(kinds)
        layout.rack_cdu += own_cdus.tolist()
        layout.rack_board += own_boards
        for group in spec.air_racks:
            for b, count in zip(
                supply, np.bincount(_share_out(group.count, len(supply)), minlength=len(supply)), strict=True
            ):
                layout.air.append((b, h, group.type, int(count)))
    return layout


def _wiring(
    site: Site, library: Parts, layout: _Layout, boards: dict[str, list[str]], index: dict[str, int],
    metered: list[int], air: Air,
) -> order.Wiring:  # fmt: skip
    groups = [(b, h, library.air_racks[kind], count) for b, h, kind, count in layout.air]
    mechanical = [
        (name, h) for h, spec in enumerate(site.halls) for group in spec.mechanical_boards for name in boards[group]
    ]
    counts = np.bincount([h for _, h in mechanical])
    return frozen(
        order.Wiring,
        cdu_hall=layout.cdu_hall,
        cdu_board=[index[name] for name in layout.cdu_board],
        cdu_reactive_share=[_reactive(spec.power_factor) for spec in layout.cdu_type],
        mechanical_board=[index[name] for name, _ in mechanical],
        mechanical_hall=[h for _, h in mechanical],
        mechanical_share=[1 / counts[h] for _, h in mechanical],
        plant_reactive_share=[_reactive(spec.plant.power_factor) for spec in site.halls],
        air_board=np.array([index[b] for b, *_ in groups], int),
        air_hall=np.array([h for _, h, *_ in groups], int),
        air_rack_w=np.array([spec.power * n for *_, spec, n in groups], float),
        air_loss_w=np.array(
            [
                n * cable.supply_loss_w(spec.power + air.door_w(spec.door), spec.rating, spec.supply_loss)
                for *_, spec, n in groups
            ],
            float,
        ),
        air_door=np.array([air.door(h, spec.door) for _, h, spec, _ in groups], int),
        air_racks=np.array([n for *_, n in groups], float),
        air_w_k=np.array([n * spec.power / spec.air_rise for *_, spec, n in groups], float),
        air_reactive_share=np.array([_reactive(spec.power_factor) for *_, spec, _ in groups], float),
        substation=metered,
        **cooling.wiring(site, library, [h for _, h in mechanical]),
        **network.wiring(site, list(index)),
        **storage.wiring(site, index),
    )


def _node_max(plant: order.Plant, racks: rack.RackParams) -> Vec:
    """Power at the inlet of a server of each rack with every board at its rating."""
    boards_w = plant.gpu.max_w[racks.gpu] * plant.node.gpus[racks.node]
    air_w = plant.gpu.air_share[racks.gpu] * boards_w
    return np.array(
        [server.inlet_w(plant.node, t, b, a, 1.0) for t, b, a in zip(racks.node, boards_w, air_w, strict=True)]
    )


def _silicon(library: Parts, layout: _Layout, blocks: IVec, kinds: list[str], seed: int) -> Vec:
    drawn = []
    for name, count, kind in zip(layout.racks, blocks, kinds, strict=True):
        key = int.from_bytes(blake2b(f"{seed}/{name}".encode(), digest_size=16).digest(), "little")
        rng = np.random.Generator(np.random.Philox(key=key))
        drawn.append(1 + library.gpus[kind].spread * rng.standard_normal((count, gpu.LANES)).clip(-3, 3))
    return np.concatenate(drawn)


def _names(site: Site, layout: _Layout, electrical: list[str], nodes_per: IVec, gpus_per: IVec) -> Names:
    nodes = [f"{name}/node-{n + 1}" for name, count in zip(layout.racks, nodes_per, strict=True) for n in range(count)]
    per_node = np.repeat(gpus_per, nodes_per)
    gpus = [f"{name}/gpu-{k + 1}" for name, count in zip(nodes, per_node, strict=True) for k in range(count)]
    return Names(
        [spec.name for spec in site.halls], layout.cdus, layout.racks, electrical, gpus, nodes, layout.rack_type,
        storage.ups_names(site), [plant.name for plant in site.electrical.batteries],
    )  # fmt: skip


def new_state(compiled: Compiled) -> order.State:
    """A state with everything in service, at set points, boards uncapped; `steady.settle` finds its temperatures."""
    plant = compiled.plant
    racks, cdus, halls, nodes = (
        a.size for a in (plant.rack.gpu, plant.cdu.ua_w_k, plant.hall.water_w_k, compiled.node_rack)
    )
    elements, n = plant.network.from_bus.size, order.LONGEST_STEP
    buses = elements - len(compiled.site.electrical.ties)
    step = order.Step(
        rack=np.zeros((n, racks, order.RACK_OUTPUTS)), total=np.zeros(order.RACK_OUTPUTS), rack_w=np.zeros(racks),
        capped=np.zeros((n, 3)),
        held_w=np.zeros(buses), held_var=np.zeros(buses), load_w=np.zeros(buses), load_var=np.zeros(buses),
        house_w=np.zeros(1), storage=np.zeros(order.STORAGE_OUTPUTS),
        cdu_heat_w=np.zeros(cdus), cdu_given_w=np.zeros(cdus), cdu_leak_w=np.zeros(cdus),
        pipe_loss_w=np.zeros(halls), hall_liquid_w=np.zeros(halls),
        hall_air_w=np.zeros(halls), hall_hot_w=np.zeros(halls), hall_moved_w_k=np.zeros(halls),
        hall_coil_w=np.zeros(halls), hall_envelope_w=np.zeros(halls),
        plant_heat_w=np.zeros(halls), plant_w=np.zeros(halls),
        plant_load=np.zeros(halls), want_w=np.zeros(halls), reach_c=np.zeros(halls), free_w=np.zeros(halls),
        chilled_w=np.zeros(halls), chiller_w=np.zeros(halls), chillers_running=np.zeros(halls),
        condenser_w=np.zeros(halls), dry_heat_w=np.zeros(halls),
        tower_w=np.zeros(halls), dry_cooler_w=np.zeros(halls), evaporation_kg_s=np.zeros(halls),
        drift_kg_s=np.zeros(halls), blowdown_kg_s=np.zeros(halls), make_up_kg_s=np.zeros(halls),
    )  # fmt: skip
    flows = order.Flows(
        gpu=np.zeros((racks, gpu.COEFFICIENTS)), node=np.zeros((racks, server.COEFFICIENTS)),
        rack_share=np.zeros(racks), cdu_facility_kg_s=np.zeros(cdus), cdu_head_pa=np.zeros(cdus),
        coil_kg_s=np.zeros(halls), cdu_k_w_k=np.zeros(cdus),
        cdu_flow_kg_s=np.zeros(cdus), cdu_pump_w=np.zeros(cdus), cdu_shaft_w=np.zeros(cdus),
        hall_w_k=np.zeros(halls), hall_flow_kg_s=np.zeros(halls),
        hall_pump_w=np.zeros(halls), hall_shaft_w=np.zeros(halls),
    )  # fmt: skip
    stored = storage.in_service(compiled.site)
    service = order.Service(
        cdu_pumps=plant.cdu_pump.count.copy(), cdu_speed=np.full(cdus, np.nan), cdu_valve=np.full(cdus, np.nan),
        cdu_bias_k=np.zeros(cdus), cdu_clean=np.ones(cdus), cdu_filter=np.ones(cdus), cdu_leak_kg_s=np.zeros(cdus),
        hall_pumps=plant.hall_pump.count.copy(), hall_speed=np.full(halls, np.nan),
        dew_point_c=plant.hall.dew_point_c.copy(), coils=plant.coil.count.copy(), **cooling.in_service(plant),
        set_point_c=plant.hall.set_point_c.copy(),
        in_service=compiled.electrical_closed.copy(), energised=np.ones(buses, np.int64),
        supplied=np.ones(buses, np.int64), battery_mode=stored.battery_mode, ups_release=stored.ups_release,
        bank_steps=plant.wiring.bank_steps.copy(), racks=np.ones(racks, np.int64),
        source_pu=np.array([compiled.site.feed.source]),
    )  # fmt: skip
    state = order.State(
        blocks=np.zeros((int(plant.rack.blocks.sum()), gpu.ROWS * gpu.LANES)),
        node=zeros(order.NodeState, nodes)._replace(
            rack_throttled_s=np.zeros(racks), cap_w=np.full(nodes, np.inf),
            dynamic_share=np.ones((2, nodes)), floor_w=np.zeros((2, nodes)), next_cap_in=np.array([n])
        ),
        cdu=zeros(cdu.CduState, cdus)._replace(valve=np.ones(cdus), speed=np.ones(cdus)),
        hall=zeros(hall.HallState, halls), aisle=zeros(aisle.AisleState, halls),
        **cooling.at_first(plant), protection=protection.at_first(plant, elements, racks),
        **piping.at_first(plant),
        **supplies.at_first(plant),
        outdoors=np.array([25.0, 20.0, 1e5]),
        network=radial.new_state(plant.network, buses), feeding=topology.new_tree(buses),
        **storage.at_first(compiled.site, plant),
        loads=zeros(radial.Loads, buses), **electrics.at_first(plant), service=service, flows=flows,
        fans=order.Fans(np.zeros(plant.coil.hall.size), np.zeros(halls)),
        slopes=order.Slopes(np.zeros(cdus)), step=step,
    )  # fmt: skip
    rows = order.gpu_rows(state)
    start_c = float(np.mean(plant.hall.set_point_c)) + 10
    rows[:, [gpu.DIE, gpu.HBM, gpu.PLATE, gpu.HOTTEST]] = start_c
    rows[:, gpu.SILICON] = compiled.silicon
    state.node.plate_c[:] = state.cdu.supply_c[:] = state.cdu.return_c[:] = start_c
    state.hall.supply_c[:] = state.hall.inlet_c[:] = state.hall.return_c[:] = plant.hall.set_point_c
    radial.flat_start(state.network, compiled.site.feed.source)
    grid.hang_house_loads(plant.wiring, state.loads)
    put_banks(plant, state)
    grid.energise(plant, state, service.in_service)
    return state
