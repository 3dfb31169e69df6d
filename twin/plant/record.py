"""What a run keeps of the plant, declared once: results and reports read names, units and words here.

Every value is a mean over its interval unless its name ends in ``_min`` or ``_max``. Power is positive
when drawn, heat when carried away from the chips. `recording` fills them.
"""

from typing import Annotated, NamedTuple

from twin.core.layout import Var, Vec


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
