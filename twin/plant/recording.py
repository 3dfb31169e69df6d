"""Kernels that fill the rows of `record` from the state of the plant."""

import numpy as np

from twin.components import aisle
from twin.core.jit import kernel
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
