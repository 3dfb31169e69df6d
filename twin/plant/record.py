"""What a run keeps of the plant, declared once: kernels fill these rows, results and reports read names and units here.

Every value is a mean over its interval unless its name ends in ``_min`` or ``_max``. Power is positive
when drawn, heat when carried away from the chips.
"""

from typing import Annotated, NamedTuple

import numpy as np

from twin.components import aisle
from twin.core.jit import kernel
from twin.core.layout import Var, Vec
from twin.plant.order import (
    AUXILIARY_W,
    BATTERY_W,
    BURNT_W,
    CHARGE,
    DEMAND,
    GPU_W,
    HOTTEST_C,
    LIQUID_W,
    LOCKED,
    LOST,
    NODE_W,
    ON_BATTERY,
    THROTTLED,
    UPS_W,
)


class SiteRecord(NamedTuple):
    """One row a second for the whole site; the first axis is time."""

    feed_w: Annotated[Vec, Var("W", "active power at the point of interconnection")]
    feed_var: Annotated[Vec, Var("var", "reactive power at the point of interconnection")]
    feed_voltage_pu: Annotated[Vec, Var("1", "voltage at the point of interconnection, per unit")]
    loss_w: Annotated[Vec, Var("W", "losses from the point of interconnection to the rack inlet")]
    gpu_w: Annotated[Vec, Var("W", "power of all GPU boards")]
    node_w: Annotated[Vec, Var("W", "power at the inlet of all GPU servers")]
    air_rack_w: Annotated[Vec, Var("W", "power of network and storage racks")]
    cdu_pump_w: Annotated[Vec, Var("W", "power of coolant distribution unit pumps")]
    door_fan_w: Annotated[Vec, Var("W", "power of rear-door fans")]
    room_fan_w: Annotated[Vec, Var("W", "power of the fans of room units")]
    hall_pump_w: Annotated[Vec, Var("W", "power of facility water pumps")]
    plant_w: Annotated[Vec, Var("W", "power of the heat rejection plant")]
    house_w: Annotated[Vec, Var("W", "power of house loads")]
    source_pu: Annotated[Vec, Var("1", "voltage of the grid behind its impedance, per unit")]
    battery_w: Annotated[Vec, Var("W", "power that battery plants give, negative when they charge")]
    battery_charge: Annotated[Vec, Var("1", "energy in battery plants over what they hold")]
    auxiliary_w: Annotated[Vec, Var("W", "power of battery plants' cooling and controls")]
    ups_w: Annotated[Vec, Var("W", "power into UPS less power out of them: loss and charging, negative on battery")]
    ups_on_battery: Annotated[Vec, Var("1", "UPS that carry their load from the battery")]
    ups_locked: Annotated[Vec, Var("1", "UPS locked on battery by their event counter")]
    tower_w: Annotated[Vec, Var("W", "power of cooling tower fans and condenser water pumps, part of the plant's")]
    dry_cooler_w: Annotated[Vec, Var("W", "power of dry coolers, part of the plant's")]
    make_up_kg_s: Annotated[Vec, Var("kg s-1", "water bought for cooling towers and pads")]
    evaporation_kg_s: Annotated[Vec, Var("kg s-1", "water evaporated by cooling towers and pads")]
    drift_kg_s: Annotated[Vec, Var("kg s-1", "droplets carried away from cooling towers")]
    liquid_heat_w: Annotated[Vec, Var("W", "heat taken from the chips by the technology cooling system")]
    hottest_c: Annotated[Vec, Var("degC", "hottest GPU die")]
    throttled: Annotated[Vec, Var("1", "GPUs held below their cap by temperature")]
    work: Annotated[Vec, Var("1", "work done, in GPUs at full speed")]
    demand: Annotated[Vec, Var("1", "work asked for, in GPUs at full speed")]
    burnt_w: Annotated[Vec, Var("W", "power of dummy work of GPU boards under a power floor, part of theirs")]
    locked: Annotated[Vec, Var("1", "GPUs whose clock is locked below its most")]
    capped: Annotated[Vec, Var("1", "GPUs in nodes whose cap is below the board rating")]
    cap_w: Annotated[Vec, Var("W", "mean power cap of a GPU")]


class RackRecord(NamedTuple):
    """Per rack and minute."""

    power_w: Annotated[Vec, Var("W", "power at the rack's servers, mean")]
    power_w_min: Annotated[Vec, Var("W", "power at the rack's servers, least second")]
    power_w_max: Annotated[Vec, Var("W", "power at the rack's servers, greatest second")]
    hottest_c: Annotated[Vec, Var("degC", "hottest GPU die of the rack, mean")]
    hottest_c_min: Annotated[Vec, Var("degC", "hottest GPU die of the rack, least second")]
    hottest_c_max: Annotated[Vec, Var("degC", "hottest GPU die of the rack, greatest second")]
    liquid_heat_w: Annotated[Vec, Var("W", "heat into the technology cooling system, mean")]
    lost_work: Annotated[Vec, Var("1", "work lost to caps and throttling, mean, in GPUs at full speed")]


class CduRecord(NamedTuple):
    """Per coolant distribution unit and minute."""

    supply_c: Annotated[Vec, Var("degC", "technology cooling system supply, mean")]
    supply_c_min: Annotated[Vec, Var("degC", "technology cooling system supply, least")]
    supply_c_max: Annotated[Vec, Var("degC", "technology cooling system supply, greatest")]
    return_c: Annotated[Vec, Var("degC", "technology cooling system return, mean")]
    flow_kg_s: Annotated[Vec, Var("kg s-1", "technology cooling system flow, mean")]
    heat_w: Annotated[Vec, Var("W", "heat given to the facility water, mean")]
    pump_w: Annotated[Vec, Var("W", "electrical power of its pumps, mean")]
    pump_speed: Annotated[Vec, Var("1", "relative speed of its pumps, mean")]
    facility_kg_s: Annotated[Vec, Var("kg s-1", "facility water through it, mean")]
    valve: Annotated[Vec, Var("1", "position of its facility water valve, mean")]
    leaked_kg: Annotated[Vec, Var("kg", "coolant it has leaked since the start, mean")]


class HallRecord(NamedTuple):
    """Per hall and minute."""

    supply_c: Annotated[Vec, Var("degC", "facility water supply, mean")]
    supply_c_min: Annotated[Vec, Var("degC", "facility water supply, least")]
    supply_c_max: Annotated[Vec, Var("degC", "facility water supply, greatest")]
    inlet_c: Annotated[Vec, Var("degC", "facility water arriving at the hall through its pipe, mean")]
    return_c: Annotated[Vec, Var("degC", "facility water return, mean")]
    return_c_max: Annotated[Vec, Var("degC", "facility water return, greatest")]
    flow_kg_s: Annotated[Vec, Var("kg s-1", "facility water flow, mean")]
    liquid_heat_w: Annotated[Vec, Var("W", "heat from coolant distribution units, mean")]
    air_heat_w: Annotated[Vec, Var("W", "heat into the hall's air, mean")]
    coil_heat_w: Annotated[Vec, Var("W", "heat from rear doors and room units, mean")]
    coil_flow_kg_s: Annotated[Vec, Var("kg s-1", "facility water through them, mean")]
    envelope_heat_w: Annotated[Vec, Var("W", "heat through walls and roof to outdoor air, mean")]
    cold_aisle_c: Annotated[Vec, Var("degC", "cold aisle air, mean")]
    hot_aisle_c: Annotated[Vec, Var("degC", "hot aisle air, mean")]
    server_inlet_c: Annotated[Vec, Var("degC", "air that servers draw, mean")]
    server_inlet_c_max: Annotated[Vec, Var("degC", "air that servers draw, greatest")]
    pump_w: Annotated[Vec, Var("W", "electrical power of facility water pumps, mean")]
    pump_speed: Annotated[Vec, Var("1", "relative speed of facility water pumps, mean")]
    far_pa: Annotated[Vec, Var("Pa", "pressure difference at the far end of the headers, mean")]
    pipe_loss_w: Annotated[Vec, Var("W", "heat its pipes lose to the open air, mean")]
    plant_w: Annotated[Vec, Var("W", "electrical power of the heat rejection plant, mean")]
    plant_load: Annotated[Vec, Var("1", "load over available capacity of chillers, or of free cooling alone, mean")]
    plant_load_max: Annotated[Vec, Var("1", "the same, greatest")]
    free_heat_w: Annotated[Vec, Var("W", "heat taken from facility water by cooling towers or dry coolers, mean")]
    condenser_heat_w: Annotated[Vec, Var("W", "heat given to cooling towers by water-cooled chillers, mean")]
    chillers_running: Annotated[Vec, Var("1", "chillers that carry load, mean")]
    economizer_mode: Annotated[Vec, Var("1", "0 mechanical, 1 partial, 2 free, mean")]
    make_up_kg_s: Annotated[Vec, Var("kg s-1", "water bought, mean")]
    cop: Annotated[Vec, Var("1", "heat removed over electrical power of the plant")]


class ElectricalRecord(NamedTuple):
    """Per electrical element and minute: each bus with the element of its name, then ties with their from bus."""

    power_w: Annotated[Vec, Var("W", "active power into the element, negative against the way it is built, mean")]
    loading: Annotated[Vec, Var("1", "apparent power or current over the rating, mean")]
    loading_max: Annotated[Vec, Var("1", "apparent power or current over the rating, greatest second")]
    voltage_pu_min: Annotated[Vec, Var("1", "voltage, least second, per unit")]
    voltage_pu_max: Annotated[Vec, Var("1", "voltage, greatest second, per unit")]
    loss_w: Annotated[Vec, Var("W", "loss of the element, mean")]
    top_oil_c: Annotated[Vec, Var("degC", "top oil of a transformer, mean")]
    hot_spot_c: Annotated[Vec, Var("degC", "hot spot of its windings, mean")]
    hot_spot_c_max: Annotated[Vec, Var("degC", "hot spot of its windings, greatest")]
    ageing: Annotated[Vec, Var("1", "speed at which its insulation ages over that at 110 degC, mean")]
    conductor_c: Annotated[Vec, Var("degC", "conductor of a cable, mean")]
    tap: Annotated[Vec, Var("1", "position of its tap changer, positive raises the low side, mean")]
    capacitor_var: Annotated[Vec, Var("var", "reactive power of the capacitors at the bus, mean")]
    load_w: Annotated[Vec, Var("W", "active power drawn at the bus itself, mean")]
    load_var: Annotated[Vec, Var("var", "reactive power drawn at the bus itself, mean")]
    closed: Annotated[Vec, Var("1", "share of the time in which the element was closed")]
    ratio: Annotated[Vec, Var("1", "off-nominal ratio of its taps, mean")]
    r_now_pu: Annotated[Vec, Var("1", "series resistance at the temperature it has, per unit, mean")]
    shunt_pu: Annotated[Vec, Var("1", "susceptance of capacitors in service at the bus, per unit, mean")]


class BatteryRecord(NamedTuple):
    """Per battery plant and minute."""

    power_w: Annotated[Vec, Var("W", "power it gives, negative when it charges, mean")]
    power_w_min: Annotated[Vec, Var("W", "power it gives, least second")]
    power_w_max: Annotated[Vec, Var("W", "power it gives, greatest second")]
    charge: Annotated[Vec, Var("1", "energy it holds over what it can hold, mean")]


class RelayRecord(NamedTuple):
    """Per overcurrent relay, thermal relay and rack breaker, and minute."""

    damage: Annotated[Vec, Var("1", "way to its trip, of a thermal relay heat over what it carries, at the end")]
    damage_max: Annotated[Vec, Var("1", "the same, greatest")]


class WindowRecord(NamedTuple):
    """One row a step of a window."""

    feed_w: Annotated[Vec, Var("W", "active power at the point of interconnection")]
    feed_var: Annotated[Vec, Var("var", "reactive power at the point of interconnection")]
    feed_voltage_pu: Annotated[Vec, Var("1", "voltage at the point of interconnection, per unit")]
    source_pu: Annotated[Vec, Var("1", "voltage behind the grid's impedance, per unit")]
    demand_w: Annotated[Vec, Var("W", "direct current that all GPU servers ask for")]
    rack_w: Annotated[Vec, Var("W", "power into the supplies of all GPU servers")]
    battery_w: Annotated[Vec, Var("W", "power of battery plants, positive when they discharge")]
    racks_out: Annotated[Vec, Var("1", "GPU racks without supply")]
    motors_out: Annotated[Vec, Var("1", "pumps, fans and chillers that dropped out")]
    ups_out: Annotated[Vec, Var("1", "UPS on their batteries")]
    lowest_pu: Annotated[Vec, Var("1", "lowest voltage of a living board, per unit")]
    lowest_at: Annotated[Vec, Var("1", "that board, as its place among the electrical nodes, -1 for none")]


class JobRecord(NamedTuple):
    """Per job and minute."""

    nodes: Annotated[Vec, Var("1", "nodes held, mean")]
    power_w: Annotated[Vec, Var("W", "power at the inlet of its servers, mean")]
    work: Annotated[Vec, Var("1", "work done, mean, in GPUs at full speed")]
    demand: Annotated[Vec, Var("1", "work asked for, mean, in GPUs at full speed")]
    progress: Annotated[Vec, Var("1", "seconds at full speed it came on in a second, negative when work is lost")]
    paused: Annotated[Vec, Var("1", "share of the time it was paused, its checkpoint and restore included")]
    capped: Annotated[Vec, Var("1", "nodes of its whose cap is below the board rating, mean")]
    braked: Annotated[Vec, Var("1", "nodes of its held by the power brake, mean")]


class PoolRecord(NamedTuple):
    """Per inference pool and minute."""

    requests: Annotated[Vec, Var("s-1", "requests that arrived")]
    prompt_tokens: Annotated[Vec, Var("s-1", "prompt tokens prefilled")]
    generated_tokens: Annotated[Vec, Var("s-1", "tokens generated")]
    busy: Annotated[Vec, Var("1", "share of its servers at work, mean")]
    wait_s: Annotated[Vec, Var("s", "time it takes to do what waits, mean")]
    ttft_p50_s: Annotated[Vec, Var("s", "time to first token that half of the requests stay below")]
    ttft_p99_s: Annotated[Vec, Var("s", "time to first token that 99 % of the requests stay below")]
    tbt_p50_s: Annotated[Vec, Var("s", "time between tokens that half of them stay below")]
    tbt_p99_s: Annotated[Vec, Var("s", "time between tokens that 99 % of them stay below")]


class PoolLatencyRecord(NamedTuple):
    """Per inference pool, latency bin and minute."""

    ttft_count: Annotated[Vec, Var("1", "requests by time to first token, lower edge of the bin")]
    tbt_count: Annotated[Vec, Var("1", "tokens by time since the one before, lower edge of the bin")]


class GpuTotals(NamedTuple):
    """Per GPU over the whole run."""

    energy_j: Annotated[Vec, Var("J", "energy of the board")]
    hottest_c: Annotated[Vec, Var("degC", "hottest die temperature")]
    throttled_s: Annotated[Vec, Var("s", "time held below its cap by temperature")]
    lost_work_s: Annotated[
        Vec, Var("s", "work lost to caps, throttling and slower servers of the job, in seconds at full speed")
    ]


class Records(NamedTuple):
    """Sums and extremes since the last record, one entry a thing."""

    rack: RackRecord
    cdu: CduRecord
    hall: HallRecord
    electrical: ElectricalRecord
    battery: BatteryRecord


@kernel(bare=True)
def count_temperatures(blocks, rows, first_c, width_k, counts):
    """Count GPUs by the temperatures in ``rows`` of their block, [row, lane, bin]; the outer bins hold what is beyond.

    A counter for each lane keeps neighbours in one bin from waiting for each other's sum.
    """
    counts[:] = 0.0
    lanes, last = counts.shape[1], counts.shape[2] - 1
    for b in range(blocks.shape[0]):
        for i in range(rows.size):
            for lane in range(lanes):
                k = int((blocks[b, rows[i] * lanes + lane] - first_c) / width_k)
                counts[i, lane, min(max(k, 0), last)] += 1.0


@kernel(bare=True)
def site_row(step, flows, network, source_pu, s, base_mva, air_racks_w, fans_w, site, at):
    """Write row ``at`` of the site record for second ``s`` of the macro-step; ``fans_w`` are doors' and room units'."""
    total = step.total
    total[:] = 0.0
    hottest = -np.inf
    for r in range(step.rack.shape[1]):
        row = step.rack[s, r]
        for m in range(row.size):
            total[m] += row[m]
        hottest = max(hottest, row[HOTTEST_C])
    base_w = base_mva * 1e6
    site.feed_w[at] = network.power_pu[0] * base_w
    site.feed_var[at] = network.reactive_pu[0] * base_w
    site.feed_voltage_pu[at] = network.voltage_pu[0]
    site.gpu_w[at] = total[GPU_W]
    site.node_w[at] = total[NODE_W]
    site.air_rack_w[at] = air_racks_w
    site.cdu_pump_w[at] = flows.cdu_pump_w.sum()
    site.door_fan_w[at], site.room_fan_w[at] = fans_w
    site.hall_pump_w[at] = flows.hall_pump_w.sum()
    site.plant_w[at] = step.plant_w.sum()
    site.house_w[at] = step.house_w[0]
    site.source_pu[at] = source_pu
    site.battery_w[at], site.battery_charge[at] = step.storage[BATTERY_W], step.storage[CHARGE]
    site.auxiliary_w[at], site.ups_w[at] = step.storage[AUXILIARY_W], step.storage[UPS_W]
    site.ups_on_battery[at], site.ups_locked[at] = step.storage[ON_BATTERY], step.storage[LOCKED]
    site.loss_w[at] = (site.feed_w[at] + site.battery_w[at]) - (
        total[NODE_W]
        + air_racks_w
        + fans_w[0]
        + fans_w[1]
        + site.cdu_pump_w[at]
        + site.hall_pump_w[at]
        + site.plant_w[at]
        + site.house_w[at]
        + site.auxiliary_w[at]
        + site.ups_w[at]
    )
    site.tower_w[at] = step.tower_w.sum()
    site.dry_cooler_w[at] = step.dry_cooler_w.sum()
    site.make_up_kg_s[at] = step.make_up_kg_s.sum()
    site.evaporation_kg_s[at] = step.evaporation_kg_s.sum()
    site.drift_kg_s[at] = step.drift_kg_s.sum()
    site.liquid_heat_w[at] = total[LIQUID_W]
    site.hottest_c[at] = hottest
    site.throttled[at] = total[THROTTLED]
    site.work[at] = total[DEMAND] - total[LOST]
    site.demand[at] = total[DEMAND]
    site.burnt_w[at] = total[BURNT_W]
    site.locked[at] = step.capped[s, 2]
    site.capped[at] = step.capped[s, 0]
    site.cap_w[at] = step.capped[s, 1]


@kernel(bare=True)
def add_electrical(network, solution, base_mva, seconds, electrical):
    """Add one second of every electrical element; extremes start where no second was added yet."""
    buses = solution.voltage_pu.size
    for i in range(solution.power_pu.size):
        voltage = solution.voltage_pu[i if i < buses else network.from_bus[i]]
        electrical.power_w[i] += solution.power_pu[i] * base_mva * 1e6
        electrical.loading[i] += solution.loading[i]
        electrical.loss_w[i] += solution.loss_pu[i] * base_mva * 1e6
        if seconds == 0:
            electrical.loading_max[i] = solution.loading[i]
            electrical.voltage_pu_min[i] = electrical.voltage_pu_max[i] = voltage
        electrical.loading_max[i] = max(electrical.loading_max[i], solution.loading[i])
        electrical.voltage_pu_min[i] = min(electrical.voltage_pu_min[i], voltage)
        electrical.voltage_pu_max[i] = max(electrical.voltage_pu_max[i], voltage)
    for b in range(buses):
        electrical.capacitor_var[b] += solution.shunt_pu[b] * solution.voltage_pu[b] ** 2 * base_mva * 1e6


@kernel(bare=True)
def add_loads(solution, loads, in_service, base_mva, electrical):
    """Add one second of what each bus draws, and of what breakers, taps and capacitors stand at."""
    for b in range(solution.voltage_pu.size):
        v = solution.voltage_pu[b]
        if v > 0.0:
            p = loads.p_pu[b] + v * (loads.current_p[b] + v * loads.impedance_p[b])
            q = loads.q_pu[b] + v * (loads.current_q[b] + v * loads.impedance_q[b])
            electrical.load_w[b] += p * base_mva * 1e6
            electrical.load_var[b] += q * base_mva * 1e6
        electrical.shunt_pu[b] += solution.shunt_pu[b]
    for e in range(in_service.size):
        electrical.closed[e] += in_service[e]
        electrical.ratio[e] += solution.ratio[e]
        electrical.r_now_pu[e] += solution.r_now_pu[e]


@kernel(bare=True)
def add_batteries(params, state, seconds, plants):
    """Add one second of every battery plant; extremes start where no second was added yet."""
    for i in range(plants.power_w.size):
        power = state.power_w[i]
        plants.power_w[i] += power
        plants.power_w_min[i] = power if seconds == 0 else min(plants.power_w_min[i], power)
        plants.power_w_max[i] = power if seconds == 0 else max(plants.power_w_max[i], power)
        plants.charge[i] += state.stored_j[i] / params.energy_j[i]


@kernel(bare=True)
def add_racks(out, ticks, seconds, rack):
    """Add ``ticks`` seconds of every rack; ``seconds`` were added before."""
    for r in range(rack.power_w.size):
        if seconds == 0:
            rack.power_w_min[r] = rack.hottest_c_min[r] = np.inf
            rack.power_w_max[r] = rack.hottest_c_max[r] = -np.inf
        for s in range(ticks):
            power, hottest = out[s, r, NODE_W], out[s, r, HOTTEST_C]
            rack.power_w[r] += power
            rack.power_w_min[r] = min(rack.power_w_min[r], power)
            rack.power_w_max[r] = max(rack.power_w_max[r], power)
            rack.hottest_c[r] += hottest
            rack.hottest_c_min[r] = min(rack.hottest_c_min[r], hottest)
            rack.hottest_c_max[r] = max(rack.hottest_c_max[r], hottest)
            rack.liquid_heat_w[r] += out[s, r, LIQUID_W]
            rack.lost_work[r] += out[s, r, LOST]


@kernel(bare=True)
def add_cdus(state, flows, step, ticks, seconds, cdus):
    """Add ``ticks`` seconds of every CDU, by its state at the end of the macro-step."""
    for i in range(cdus.supply_c.size):
        supply = state.supply_c[i]
        if seconds == 0:
            cdus.supply_c_min[i] = cdus.supply_c_max[i] = supply
        cdus.supply_c[i] += ticks * supply
        cdus.supply_c_min[i] = min(cdus.supply_c_min[i], supply)
        cdus.supply_c_max[i] = max(cdus.supply_c_max[i], supply)
        cdus.return_c[i] += ticks * state.return_c[i]
        cdus.flow_kg_s[i] += ticks * flows.cdu_flow_kg_s[i]
        cdus.heat_w[i] += ticks * step.cdu_given_w[i]
        cdus.pump_w[i] += ticks * flows.cdu_pump_w[i]
        cdus.pump_speed[i] += ticks * state.speed[i]
        cdus.facility_kg_s[i] += ticks * flows.cdu_facility_kg_s[i]
        cdus.valve[i] += ticks * state.valve[i]
        cdus.leaked_kg[i] += ticks * state.leaked_kg[i]


@kernel(bare=True)
def add_halls(state, water, economy, flows, step, ticks, seconds, halls):
    """Add ``ticks`` seconds of every hall, by its state at the end of the macro-step."""
    for h in range(halls.supply_c.size):
        supply, back = state.supply_c[h], state.return_c[h]
        load = step.plant_load[h]
        if seconds == 0:
            halls.supply_c_min[h] = halls.supply_c_max[h] = supply
            halls.return_c_max[h], halls.plant_load_max[h] = back, load
        halls.supply_c[h] += ticks * supply
        halls.supply_c_min[h] = min(halls.supply_c_min[h], supply)
        halls.supply_c_max[h] = max(halls.supply_c_max[h], supply)
        halls.return_c[h] += ticks * back
        halls.return_c_max[h] = max(halls.return_c_max[h], back)
        halls.flow_kg_s[h] += ticks * flows.hall_flow_kg_s[h]
        halls.liquid_heat_w[h] += ticks * step.hall_liquid_w[h]
        halls.air_heat_w[h] += ticks * step.hall_air_w[h]
        halls.inlet_c[h] += ticks * state.inlet_c[h]
        halls.pump_w[h] += ticks * flows.hall_pump_w[h]
        halls.pump_speed[h] += ticks * water.speed[h]
        halls.far_pa[h] += ticks * water.far_pa[h]
        halls.pipe_loss_w[h] += ticks * step.pipe_loss_w[h]
        halls.plant_w[h] += ticks * step.plant_w[h]
        halls.plant_load[h] += ticks * load
        halls.free_heat_w[h] += ticks * step.free_w[h]
        halls.condenser_heat_w[h] += ticks * step.condenser_w[h]
        halls.chillers_running[h] += ticks * step.chillers_running[h]
        halls.economizer_mode[h] += ticks * economy.mode[h]
        halls.make_up_kg_s[h] += ticks * step.make_up_kg_s[h]
        halls.plant_load_max[h] = max(halls.plant_load_max[h], load)
        halls.cop[h] += ticks * step.plant_heat_w[h]


@kernel(bare=True)
def add_air(aisles, air, flows, step, ticks, seconds, halls):
    """Add ``ticks`` seconds of every hall's air, by its state at the end of the macro-step."""
    for h in range(halls.server_inlet_c.size):
        inlet_c = aisle.inlet_c(aisles, h, air.cold_c[h], air.hot_c[h])
        if seconds == 0:
            halls.server_inlet_c_max[h] = inlet_c
        halls.coil_heat_w[h] += ticks * step.hall_coil_w[h]
        halls.coil_flow_kg_s[h] += ticks * flows.coil_kg_s[h]
        halls.envelope_heat_w[h] += ticks * step.hall_envelope_w[h]
        halls.cold_aisle_c[h] += ticks * air.cold_c[h]
        halls.hot_aisle_c[h] += ticks * air.hot_c[h]
        halls.server_inlet_c[h] += ticks * inlet_c
        halls.server_inlet_c_max[h] = max(halls.server_inlet_c_max[h], inlet_c)


@kernel(bare=True)
def add_warmth(warmth, ticks, seconds, electrical):
    """Add ``ticks`` seconds of what elements are at the end of the macro-step; NaN stays where nothing is known."""
    for e in range(warmth.tap.size):
        electrical.top_oil_c[e] += ticks * warmth.top_oil_c[e]
        electrical.hot_spot_c[e] += ticks * warmth.hot_spot_c[e]
        electrical.ageing[e] += ticks * warmth.ageing[e]
        electrical.conductor_c[e] += ticks * warmth.conductor_c[e]
        electrical.tap[e] += ticks * warmth.tap[e]
        if seconds == 0 or not electrical.hot_spot_c_max[e] >= warmth.hot_spot_c[e]:
            electrical.hot_spot_c_max[e] = warmth.hot_spot_c[e]
