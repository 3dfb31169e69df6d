"""The books: every joule that enters the site, kept or leaving, per part and for the whole.

Accounts are sums of what parts hand on over each step, compensated so that a day of seconds rounds like one.
What a part keeps is read from its state at the start and at the end. A part's residual is (in - out - kept)
over in; the site's compares the feed meter with what reached the open air.
"""

from typing import NamedTuple

import numpy as np

from twin.components import gpu, pipe
from twin.core.jit import kernel
from twin.core.layout import Vec
from twin.core.numerics import add_compensated
from twin.plant import storage
from twin.plant.order import AIR_W, AUXILIARY_W, LIQUID_W, NODE_W, STORAGE_LOSS_W, Plant, State, gpu_rows

ACCOUNTS = 29
(FEED, NODES, AIR_RACKS, CDU_PUMPS, FANS, HALL_PUMPS, PLANT, LINES, NETWORK, LIQUID, NODE_AIR, CDU_SHAFTS, HALL_SHAFTS,
 CDU_HEAT, PLANT_HEAT, FREE_HEAT, TOWERS, MAKE_UP, WATER_LOST, LEAKS,
 PIPES, COILS, WALLS, DRY_HEAT, DRY_COOLERS, CONDENSERS, HOUSE, AUXILIARIES, STORAGE) = range(ACCOUNTS)  # fmt: skip


def open_books() -> Vec:
    """Empty accounts [account, 2]: sum and its lost low part, in joules; of water in kilograms."""
    return np.zeros((ACCOUNTS, 2))


@kernel(bare=True)
def book_second(step, network, base_mva, site, at, lines_w, books):
    """Book the electrical energy of the second in row ``at`` of the site record."""
    total = step.total
    add_compensated(books[FEED], site.feed_w[at])
    add_compensated(books[NODES], total[NODE_W])
    add_compensated(books[AIR_RACKS], site.air_rack_w[at])
    add_compensated(books[CDU_PUMPS], site.cdu_pump_w[at])
    add_compensated(books[FANS], site.door_fan_w[at] + site.room_fan_w[at])
    add_compensated(books[HALL_PUMPS], site.hall_pump_w[at])
    add_compensated(books[PLANT], site.plant_w[at])
    add_compensated(books[HOUSE], site.house_w[at])
    add_compensated(books[LINES], lines_w)
    add_compensated(books[AUXILIARIES], step.storage[AUXILIARY_W])
    add_compensated(books[STORAGE], step.storage[STORAGE_LOSS_W])
    # The root is the point of interconnection: what the grid loses before it is not the site's.
    add_compensated(books[NETWORK], (network.loss_pu.sum() - network.loss_pu[0]) * base_mva * 1e6)
    add_compensated(books[LIQUID], total[LIQUID_W])
    add_compensated(books[NODE_AIR], total[AIR_W])


@kernel(bare=True)
def book_step(flows, step, ticks, books):
    """Book the heat that CDUs, the halls' air and water, and the plant handed on over a macro-step."""
    add_compensated(books[CDU_SHAFTS], flows.cdu_shaft_w.sum() * ticks)
    add_compensated(books[HALL_SHAFTS], flows.hall_shaft_w.sum() * ticks)
    add_compensated(books[CDU_HEAT], step.cdu_given_w.sum() * ticks)
    add_compensated(books[COILS], step.hall_coil_w.sum() * ticks)
    add_compensated(books[WALLS], step.hall_envelope_w.sum() * ticks)
    add_compensated(books[PLANT_HEAT], step.plant_heat_w.sum() * ticks)
    add_compensated(books[DRY_HEAT], step.dry_heat_w.sum() * ticks)
    add_compensated(books[FREE_HEAT], (step.free_w.sum() - step.dry_heat_w.sum()) * ticks)
    add_compensated(books[LEAKS], step.cdu_leak_w.sum() * ticks)
    add_compensated(books[PIPES], step.pipe_loss_w.sum() * ticks)
    add_compensated(books[TOWERS], step.tower_w.sum() * ticks)
    add_compensated(books[DRY_COOLERS], step.dry_cooler_w.sum() * ticks)
    add_compensated(books[CONDENSERS], step.condenser_w.sum() * ticks)
    add_compensated(books[MAKE_UP], step.make_up_kg_s.sum() * ticks)
    lost = step.evaporation_kg_s.sum() + step.drift_kg_s.sum() + step.blowdown_kg_s.sum()
    add_compensated(books[WATER_LOST], lost * ticks)


class Stores(NamedTuple):
    """Energy kept [J] above 0 degC, and water in basins [kg] below full."""

    racks: float
    cdus: float
    halls: float
    basins_kg: float
    air: float
    batteries: float


def stores(plant: Plant, state: State) -> Stores:
    """What chips, plates, power supplies, coolant, facility water, the halls with their air, and batteries hold."""
    rows = gpu_rows(state)
    kind = np.repeat(plant.rack.gpu, plant.rack.blocks)
    node_kind = np.repeat(plant.rack.node, plant.rack.nodes)
    racks = 0.0
    for row, capacity in ((gpu.DIE, plant.gpu.die_j_k), (gpu.HBM, plant.gpu.hbm_j_k), (gpu.PLATE, plant.gpu.plate_j_k)):
        racks += float((capacity[kind] * rows[:, row].sum(axis=1)).sum())
    racks += float((plant.node.plate_j_k[node_kind] * state.node.plate_c).sum())
    racks += float(state.psu.stored_j.sum() + state.shelf.stored_j.sum())
    cdus = float((plant.cdu.half_j_k * (state.cdu.supply_c + state.cdu.return_c)).sum())
    hall = plant.hall
    halls = float((hall.vessel_j_k * state.hall.supply_c + hall.tank_j_k * state.hall.return_c).sum())
    halls += sum(pipe.stored_j(plant.pipe, state.pipe, i) for i in range(plant.pipe.parcels.size))
    air = float((plant.aisle.air_j_k * (state.aisle.cold_c + state.aisle.hot_c)).sum())
    air += float((plant.aisle.mass_j_k * state.aisle.mass_c).sum())
    return Stores(racks, cdus, halls, -float(state.tower.missing_kg.sum()), air, storage.stored_j(state))


class Part(NamedTuple):
    """The books of one part [J] and their residual, relative to what came in."""

    name: str
    in_: float
    out: float
    stored: float
    residual: float


def close(books: Vec, before: Stores, after: Stores) -> list[Part]:
    """The books of each part and of the site."""
    a = books.sum(axis=1)
    drives = a[CDU_PUMPS] - a[CDU_SHAFTS] + a[HALL_PUMPS] - a[HALL_SHAFTS]
    warmth = a[NODE_AIR] + a[AIR_RACKS] + a[FANS] + a[LINES] + drives
    used = a[NODES] + a[AIR_RACKS] + a[CDU_PUMPS] + a[FANS] + a[HALL_PUMPS] + a[PLANT] + a[HOUSE] + a[LINES]
    kept = Stores(*(late - early for late, early in zip(after, before, strict=True)))
    stored = kept.racks + kept.cdus + kept.air + kept.halls + kept.batteries
    storing = a[AUXILIARIES] + a[STORAGE]
    lost = a[PLANT_HEAT] + a[PLANT] + a[HOUSE] + a[NETWORK] + a[PIPES] + a[LEAKS] + a[WALLS] + storing
    return [
        _part("racks", a[NODES], a[LIQUID] + a[NODE_AIR], kept.racks),
        _part("cdus", a[LIQUID] + a[CDU_SHAFTS], a[CDU_HEAT] + a[LEAKS], kept.cdus),
        _part("air", warmth, a[COILS] + a[WALLS], kept.air),
        _part("halls", a[CDU_HEAT] + a[COILS] + a[HALL_SHAFTS], a[PLANT_HEAT] + a[PIPES], kept.halls),
        _part("plant", a[PLANT_HEAT] + a[PLANT], a[PLANT_HEAT] + a[PLANT], 0.0),
        _part("electrical", a[FEED], used + a[NETWORK] + storing, kept.batteries),
        _part("site", a[FEED], lost, stored),
        # In kilograms; without towers it is empty.
        _part("water", a[MAKE_UP], a[WATER_LOST], kept.basins_kg),
    ]


def _part(name: str, into: float, out: float, kept: float) -> Part:
    return Part(name, into, out, kept, (into - out - kept) / into if into else 0.0)


def flows(books: Vec) -> list[tuple[str, str, float]]:
    """Energy [J] from one place to the next, from the feed to the open air."""
    a = books.sum(axis=1)
    drives = a[CDU_PUMPS] - a[CDU_SHAFTS] + a[HALL_PUMPS] - a[HALL_SHAFTS]
    chilled, chillers = a[PLANT_HEAT] - a[FREE_HEAT] - a[DRY_HEAT], a[PLANT] - a[TOWERS] - a[DRY_COOLERS]
    return [
        ("feed", "transformers and cables", float(a[NETWORK])),
        ("feed", "GPU servers", float(a[NODES])),
        ("feed", "network and storage", float(a[AIR_RACKS])),
        ("feed", "pumps and fans", float(a[CDU_PUMPS] + a[HALL_PUMPS] + a[FANS])),
        ("feed", "busways", float(a[LINES])),
        ("feed", "chillers", float(chillers)),
        ("feed", "cooling towers", float(a[TOWERS])),
        ("feed", "dry coolers", float(a[DRY_COOLERS])),
        ("feed", "house loads", float(a[HOUSE])),
        ("feed", "batteries and UPS", float(a[AUXILIARIES] + a[STORAGE])),
        ("GPU servers", "cold plates", float(a[LIQUID])),
        ("GPU servers", "air of the halls", float(a[NODE_AIR])),
        ("network and storage", "air of the halls", float(a[AIR_RACKS])),
        ("pumps and fans", "air of the halls", float(a[FANS] + drives)),
        ("pumps and fans", "cold plates", float(a[CDU_SHAFTS])),
        ("pumps and fans", "facility water", float(a[HALL_SHAFTS])),
        ("busways", "air of the halls", float(a[LINES])),
        ("cold plates", "facility water", float(a[CDU_HEAT])),
        ("air of the halls", "facility water", float(a[COILS])),
        ("facility water", "chillers", float(chilled)),
        ("facility water", "cooling towers", float(a[FREE_HEAT])),
        # Pipes and halls that are colder than the air, and make-up that is warmer than what leaks, bring heat in.
        ("facility water", "ambient", float(max(0.0, a[PIPES]))),
        ("cold plates", "ambient", float(max(0.0, a[LEAKS]))),
        ("air of the halls", "ambient", float(max(0.0, a[WALLS]))),
        ("warm air", "air of the halls", float(max(0.0, -a[WALLS]))),
        ("warm air", "facility water", float(max(0.0, -a[PIPES]))),
        ("warm air", "cold plates", float(max(0.0, -a[LEAKS]))),
        ("facility water", "dry coolers", float(a[DRY_HEAT])),
        ("chillers", "cooling towers", float(a[CONDENSERS])),
        ("chillers", "ambient", float(chilled + chillers - a[CONDENSERS])),
        ("cooling towers", "ambient", float(a[FREE_HEAT] + a[CONDENSERS] + a[TOWERS])),
        ("dry coolers", "ambient", float(a[DRY_HEAT] + a[DRY_COOLERS])),
        ("house loads", "ambient", float(a[HOUSE])),
        ("batteries and UPS", "ambient", float(a[AUXILIARIES] + a[STORAGE])),
        ("transformers and cables", "ambient", float(a[NETWORK])),
    ]
