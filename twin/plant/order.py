"""The plant on one page: what it is made of, and the order in which its parts are advanced.

A macro-step is at most five seconds. Within it

1. pumps ramp or coast, and flows are solved anew where one moved;
2. the plant decides, from the facility water that comes back, how much heat towers, dry coolers and chillers take;
3. every rack runs through all its seconds, on coolant extrapolated linearly, and hands on joules;
4. each second UPS and battery plants take and give, and the electrical network carries it all to the feed, watched by
   protection;
5. transformers and cables warm, tap changers and capacitors step;
6. each CDU takes its racks' heat and gives heat to its hall;
7. the air of each hall takes what servers and fans give off, and gives heat to coils, building and outdoors;
8. each hall's water takes the heat of CDUs and coils, and carries it through its pipes to the plant;
9. the ledger books every joule.

Every few seconds (the period of the programmable controllers) valves and pump speeds are set before all this.

`step.advance` is this list in code; a new part is a field here, a line there and a test.
"""

from typing import Annotated, NamedTuple

import numpy as np

from twin.components import (
    aisle,
    approach,
    battery,
    cable_thermal,
    cdu,
    chiller,
    coil,
    controller,
    dropout,
    drycooler,
    economizer,
    gpu,
    hall,
    overcurrent,
    pipe,
    plate,
    psu,
    pump,
    rack,
    regulator,
    ride_through,
    server,
    shelf,
    staging,
    thermal_relay,
    tower,
    transfer,
    transformer_thermal,
    undervoltage,
    ups,
    valve,
)
from twin.core import cap_dynamics
from twin.core.layout import IVec, Var, Vec
from twin.network import hydraulic, radial

LONGEST_STEP = 5
"""Ticks of the longest macro-step: racks run on extrapolated coolant no longer than this."""
RACK_OUTPUTS = 9
(NODE_W, GPU_W, LIQUID_W, AIR_W, HOTTEST_C, LOST, DEMAND, THROTTLED, BURNT_W) = range(RACK_OUTPUTS)
STORAGE_OUTPUTS = 7
(BATTERY_W, AUXILIARY_W, UPS_W, STORAGE_LOSS_W, ON_BATTERY, LOCKED, CHARGE) = range(STORAGE_OUTPUTS)


class Wiring(NamedTuple):
    """Which part hangs on which, and what halls draw beside racks."""

    cdu_hall: Annotated[IVec, Var("1", "hall of each CDU")]
    cdu_board: Annotated[IVec, Var("1", "electrical node of each CDU's pumps")]
    cdu_reactive_share: Annotated[Vec, Var("1", "reactive over active power of CDU pumps")]
    mechanical_board: Annotated[IVec, Var("1", "electrical nodes of plant and pumps, all halls in a row")]
    mechanical_hall: Annotated[IVec, Var("1", "hall of each of those")]
    mechanical_share: Annotated[Vec, Var("1", "share of its hall's plant and pump power")]
    plant_reactive_share: Annotated[Vec, Var("1", "reactive over active power of plant and pumps of each hall")]
    air_board: Annotated[IVec, Var("1", "electrical nodes of network and storage racks")]
    air_hall: Annotated[IVec, Var("1", "hall of each of those")]
    air_rack_w: Annotated[Vec, Var("W", "power of network and storage racks on each")]
    air_loss_w: Annotated[Vec, Var("W", "loss of their supply lines")]
    air_door: Annotated[IVec, Var("1", "group of coils their rear doors belong to, -1 for none")]
    air_racks: Annotated[Vec, Var("1", "racks on each")]
    air_w_k: Annotated[Vec, Var("W K-1", "heat capacity rate of the air they draw")]
    air_reactive_share: Annotated[Vec, Var("1", "reactive over active power")]
    substation: Annotated[IVec, Var("1", "electrical nodes metered as substations")]
    machine_board: Annotated[IVec, Var("1", "entry of `mechanical_board` that feeds each chiller")]
    loop_hall: Annotated[IVec, Var("1", "hall of each condenser water loop")]
    loop_cells: Annotated[Vec, Var("1", "tower cells installed on each")]
    loop_kg_s: Annotated[Vec, Var("kg s-1", "condenser water of each at design")]
    condenser_of: Annotated[IVec, Var("1", "loop whose water cools each group of chillers, -1 for outdoor air")]
    machines_of: Annotated[IVec, Var("1", "group of chillers that each loop's water cools, -1 for none")]
    hall_machines: Annotated[IVec, Var("1", "group of chillers of each hall, -1 for none")]
    house_bus: Annotated[IVec, Var("1", "electrical nodes of house loads")]
    house_w: Annotated[Vec, Var("W", "power of each at rated voltage")]
    house_reactive_share: Annotated[Vec, Var("1", "reactive over active power")]
    house_current: Annotated[Vec, Var("1", "share of it that goes with voltage")]
    house_impedance: Annotated[Vec, Var("1", "share of it that goes with the square of voltage")]
    bank_bus: Annotated[IVec, Var("1", "electrical nodes of capacitor banks")]
    bank_pu: Annotated[Vec, Var("1", "susceptance of one step of each")]
    bank_steps: Annotated[Vec, Var("1", "steps installed")]
    ups_bus: Annotated[IVec, Var("1", "electrical node that each UPS stands on")]
    battery_bus: Annotated[IVec, Var("1", "electrical node of each battery plant")]


class Electrics(NamedTuple):
    """Electrical elements that warm, and those that regulate: tap changers first, then capacitor banks."""

    transformer: Annotated[IVec, Var("1", "element of each transformer with temperatures")]
    cable: Annotated[IVec, Var("1", "element of each cable with temperatures")]
    tap: Annotated[IVec, Var("1", "element of each transformer with a tap changer")]
    tap_step: Annotated[Vec, Var("1", "ratio of one step of each")]
    bank: Annotated[IVec, Var("1", "each capacitor bank that switches by itself")]
    bank_reactive: Annotated[IVec, Var("1", "1 where it holds reactive power, 0 where it holds its voltage")]


class Manifolds(NamedTuple):
    """Coolant from each CDU to its racks: a ladder of racks, nearest first."""

    first: Annotated[IVec, Var("1", "first branch of each CDU, and the number of branches")]
    rack: Annotated[IVec, Var("1", "rack of each branch")]
    square_pa_s2_kg2: Annotated[Vec, Var("Pa s2 kg-2", "resistance of each branch that grows with the square of flow")]
    linear_pa_s_kg: Annotated[Vec, Var("Pa s kg-1", "and with flow, in the channels of cold plates")]
    rack_kg_s: Annotated[Vec, Var("kg s-1", "flow of each branch at design")]
    difference_pa: Annotated[Vec, Var("Pa", "set point of the pressure difference over each CDU's racks")]


class Piping(NamedTuple):
    """Facility water in halls: main headers with rows, rows with CDUs and one branch for all their coils."""

    hall_first_row: Annotated[IVec, Var("1", "first row of each hall, and the number of rows")]
    branch_hall: Annotated[IVec, Var("1", "hall of each branch")]
    branch_cdu: Annotated[IVec, Var("1", "CDU of each branch, -1 for coils")]
    branch_pa_s2_kg2: Annotated[Vec, Var("Pa s2 kg-2", "resistance of each branch without its control valve")]
    linear_pa_s_kg: Annotated[Vec, Var("Pa s kg-1", "0: facility water is turbulent everywhere")]
    plant_pa_s2_kg2: Annotated[Vec, Var("Pa s2 kg-2", "resistance of plant and pipes of each hall")]
    difference_pa: Annotated[Vec, Var("Pa", "set point of the pressure difference at the far end of each hall")]
    least_difference_pa: Annotated[Vec, Var("Pa", "lowest set point the reset may choose")]
    reset_open: Annotated[Vec, Var("1", "position of the most open valve that the reset aims at")]


class Relays(NamedTuple):
    """Protection: relays on elements, transfers between buses, and breakers of racks."""

    overcurrent: overcurrent.OvercurrentParams
    overcurrent_type: Annotated[IVec, Var("1", "type of each overcurrent relay")]
    overcurrent_at: Annotated[IVec, Var("1", "element it guards and opens")]
    thermal: thermal_relay.ThermalRelayParams
    thermal_type: Annotated[IVec, Var("1", "type of each thermal relay")]
    thermal_at: Annotated[IVec, Var("1", "element it guards and opens")]
    undervoltage: undervoltage.UndervoltageParams
    undervoltage_type: Annotated[IVec, Var("1", "type of each undervoltage relay")]
    undervoltage_at: Annotated[IVec, Var("1", "element it opens; it watches the bus that one was built to feed")]
    transfer: transfer.TransferParams
    transfer_main: Annotated[IVec, Var("1", "element each automatic transfer opens")]
    transfer_bus: Annotated[IVec, Var("1", "bus that one feeds")]
    transfer_tie: Annotated[IVec, Var("1", "tie it closes then")]
    breaker: overcurrent.OvercurrentParams
    breaker_type: Annotated[IVec, Var("1", "type of each rack breaker")]
    breaker_rack: Annotated[IVec, Var("1", "rack it supplies")]

    @property
    def opens(self) -> set[int]:
        """Elements that relays or transfers may open."""
        found = (self.overcurrent_at, self.thermal_at, self.undervoltage_at, self.transfer_main)
        return {int(e) for elements in found for e in elements}


class Motors(NamedTuple):
    """Machines that drop out of a dip: CDUs' pumps, pumps and fans by mechanical board, chillers, in this order."""

    envelope: ride_through.EnvelopeParams
    envelope_of: Annotated[IVec, Var("1", "class of each machine")]
    bus: Annotated[IVec, Var("1", "electrical node of each")]
    behind_ups: Annotated[IVec, Var("1", "1 where a UPS feeds it, so that no dip reaches it")]
    restart_s: Annotated[Vec, Var("s", "healthy time until each restarts")]
    first: Annotated[IVec, Var("1", "first of the pumps, of the fans and of the chillers, [3]")]


class RackSupply(NamedTuple):
    """Power supplies and shelves of racks, by rack type: all of a rack as one. Their energy counts in windows only."""

    psu: psu.PsuParams
    shelf: shelf.ShelfParams
    kind: Annotated[IVec, Var("1", "type of each rack")]
    shelf_of: Annotated[IVec, Var("1", "shelf type of each rack type, -1 for none")]
    restart_s: Annotated[Vec, Var("s", "healthy time until a rack of each type runs again after its supplies tripped")]


class Plant(NamedTuple):
    """Constants of a compiled site. Read-only."""

    gpu: gpu.GpuParams
    cap_dynamics: cap_dynamics.CapDynamicsParams
    node: server.NodeParams
    rack: rack.RackParams
    cdu: cdu.CduParams
    cdu_pump: pump.PumpParams
    cdu_valve: valve.ValveParams
    cdu_temperature: controller.ControllerParams
    cdu_pressure: controller.ControllerParams
    manifold: hydraulic.Ladders
    manifolds: Manifolds
    hall: hall.HallParams
    hall_pump: pump.PumpParams
    hall_pressure: controller.ControllerParams
    pipe: pipe.PipeParams
    tree: hydraulic.Tree
    piping: Piping
    aisle: aisle.AisleParams
    coil: coil.CoilParams
    chiller: chiller.ChillerParams
    staging: staging.StagingParams
    economizer: economizer.EconomizerParams
    tower: tower.TowerParams
    approach_tower: approach.ApproachTowerParams
    condenser_pump: pump.PumpParams
    plate: plate.PlateParams
    dry_cooler: drycooler.DryCoolerParams
    network: radial.Network
    ups: ups.UpsParams
    battery: battery.BatteryParams
    transformer_heat: transformer_thermal.ThermalParams
    cable_heat: cable_thermal.CableThermalParams
    regulator: regulator.RegulatorParams
    electrics: Electrics
    wiring: Wiring
    relays: Relays
    motors: Motors
    supply: RackSupply


class NodeState(NamedTuple):
    """What each server holds and last drew."""

    plate_c: Annotated[Vec, Var("degC", "its liquid-cooled parts beside the GPUs")]
    job: Annotated[IVec, Var("1", "job it works on, 0 when idle")]
    cap_w: Annotated[Vec, Var("W", "power cap of each of its GPUs")]
    next_cap_w: Annotated[Vec, Var("W", "the cap that takes its place")]
    dynamic_share: Annotated[Vec, Var("1", "dynamic power its clock leaves its GPUs, now and next, [2, server]")]
    floor_w: Annotated[Vec, Var("W", "what each of its GPUs draws at least, now and next, [2, server]")]
    rack_throttled_s: Annotated[Vec, Var("s", "throttled time of all GPUs of each rack in the whole run")]
    cap_change_w: Annotated[Vec, Var("W", "what the old cap let its boards draw more than one that came just now")]
    next_cap_in: Annotated[IVec, Var("s", "ticks into the macro-step after which what is next holds, for all, [1]")]
    power_w: Annotated[Vec, Var("W", "power at its inlet in the last second")]
    gpu_w: Annotated[Vec, Var("W", "power of its GPU boards in the last second")]
    want_w: Annotated[Vec, Var("W", "power its GPU boards would draw uncapped at their clock in the last second")]
    burnt_w: Annotated[Vec, Var("W", "power of dummy work of its GPU boards in the last second")]
    energy_j: Annotated[Vec, Var("J", "energy at its inlet since the last record")]
    asked: Annotated[Vec, Var("s", "work asked for since the last record, in GPU seconds at full speed")]
    lost: Annotated[Vec, Var("s", "work lost since the last record, in GPU seconds at full speed")]
    lost_total_s: Annotated[Vec, Var("s", "work lost by one of its GPUs in the whole run")]


class Service(NamedTuple):
    """What runs: changed by events and commands between macro-steps."""

    cdu_pumps: Annotated[Vec, Var("1", "TCS pumps running in each CDU")]
    cdu_speed: Annotated[Vec, Var("1", "speed its pumps are held at by hand, NaN when controlled")]
    cdu_valve: Annotated[Vec, Var("1", "position its valve sticks at, NaN when it moves")]
    cdu_bias_k: Annotated[Vec, Var("K", "what its supply temperature sensor shows too much")]
    cdu_clean: Annotated[Vec, Var("1", "share of its exchanger's conductance that fouling leaves")]
    cdu_filter: Annotated[Vec, Var("1", "resistance of its filter over that of a clean one")]
    cdu_leak_kg_s: Annotated[Vec, Var("kg s-1", "coolant it leaks")]
    hall_pumps: Annotated[Vec, Var("1", "facility water pumps running in each hall")]
    hall_speed: Annotated[Vec, Var("1", "speed its pumps are held at by hand, NaN when controlled")]
    dew_point_c: Annotated[Vec, Var("degC", "dew point of each hall's air")]
    chillers: Annotated[Vec, Var("1", "chillers running in each hall")]
    coils: Annotated[Vec, Var("1", "coils in service in each group")]
    tower_cells: Annotated[Vec, Var("1", "cells in service of each tower")]
    tower_fans: Annotated[Vec, Var("1", "whether the fans of each tower are in service")]
    condenser_pumps: Annotated[Vec, Var("1", "condenser water pumps running at each tower")]
    fouling: Annotated[Vec, Var("1", "share of its conductance each tower's plate exchanger has lost")]
    dry_coolers: Annotated[Vec, Var("1", "dry coolers in service")]
    set_point_c: Annotated[Vec, Var("degC", "facility water supply set point of each hall")]
    bank_steps: Annotated[Vec, Var("1", "steps in service of each capacitor bank")]
    racks: Annotated[IVec, Var("1", "whether each rack has supply: its board alive, its breaker closed")]
    in_service: Annotated[IVec, Var("1", "whether each electrical element is closed")]
    energised: Annotated[IVec, Var("1", "whether each electrical node is alive")]
    supplied: Annotated[IVec, Var("1", "whether what hangs on it is fed: it is alive, or a UPS holds")]
    battery_mode: Annotated[IVec, Var("1", "what each battery plant does: 0 off, 1 smooth, 2 ramp")]
    ups_release: Annotated[Vec, Var("1", "UPS that are to be unlocked by hand")]
    source_pu: Annotated[Vec, Var("1", "voltage behind the grid's impedance, [1]")]


class Flows(NamedTuple):
    """What follows from `Service` at once: flows, pump powers and the propagators of a step."""

    gpu: Annotated[Vec, Var("1", "coefficients of `gpu.advance_block`, [rack, 35]")]
    node: Annotated[Vec, Var("1", "coefficients of `server.draw` and its plates, [rack, 17]")]
    rack_share: Annotated[Vec, Var("1", "coolant flow of each rack over design")]
    cdu_k_w_k: Annotated[Vec, Var("W K-1", "heat per kelvin of TCS return over facility supply")]
    cdu_flow_kg_s: Annotated[Vec, Var("kg s-1", "coolant flow")]
    cdu_pump_w: Annotated[Vec, Var("W", "electrical power of its pumps")]
    cdu_shaft_w: Annotated[Vec, Var("W", "shaft power of its pumps, heat into the coolant")]
    cdu_facility_kg_s: Annotated[Vec, Var("kg s-1", "facility water through each CDU")]
    cdu_head_pa: Annotated[Vec, Var("Pa", "pressure difference over the header of its racks")]
    hall_w_k: Annotated[Vec, Var("W K-1", "heat capacity rate of the facility water")]
    hall_flow_kg_s: Annotated[Vec, Var("kg s-1", "facility water flow")]
    hall_pump_w: Annotated[Vec, Var("W", "electrical power of its pumps")]
    hall_shaft_w: Annotated[Vec, Var("W", "shaft power of its pumps, heat into the water")]
    coil_kg_s: Annotated[Vec, Var("kg s-1", "facility water through the air coils of each hall")]


class Fans(NamedTuple):
    """Fans of coils, as the racks' air of the last macro-step asks: what they draw in the next one."""

    coil_w: Annotated[Vec, Var("W", "power of the fans of one coil of each group")]
    room_w: Annotated[Vec, Var("W", "power of the fans of each hall's room units")]


class WaterState(NamedTuple):
    """Facility water pumps and headers of halls."""

    speed: Annotated[Vec, Var("1", "relative speed of the pumps of each hall")]
    coasting: Annotated[Vec, Var("1", "pumps that lost their drive and still turn")]
    coast_speed: Annotated[Vec, Var("1", "relative speed of those")]
    difference_pa: Annotated[Vec, Var("Pa", "set point in force of the pressure difference at the far end")]
    far_pa: Annotated[Vec, Var("Pa", "pressure difference at the far end of the main headers")]
    loop_pa_s2_kg2: Annotated[Vec, Var("Pa s2 kg-2", "resistance of the headers of each hall, as last solved")]
    widest: Annotated[Vec, Var("1", "position of the most open valve at the last sample")]


class Room(NamedTuple):
    """Work space of the hydraulic solvers."""

    cdus_anew: Annotated[IVec, Var("1", "whether the coolant flow of each CDU is to be solved again")]
    manifold_kg_s: Annotated[Vec, Var("kg s-1", "coolant flow of each rack, by branch")]
    manifold_pa_s2_kg2: Annotated[Vec, Var("Pa s2 kg-2", "resistance of the racks of each CDU, as last solved")]
    branch_pa_s2_kg2: Annotated[Vec, Var("Pa s2 kg-2", "resistance of each facility water branch with its valve")]


class Supply(NamedTuple):
    """What the plant's boards went through, and the plant's own clock."""

    fed: Annotated[Vec, Var("1", "whether each chiller has supply")]
    up: Annotated[Vec, Var("1", "share of each hall's living mechanical boards whose fans are in")]
    due_s: Annotated[Vec, Var("s", "time since staging and economizers were decided, [1]")]


class ProtectionState(NamedTuple):
    """What relays, transfers, breakers and machines went through, and what they want."""

    overcurrent: overcurrent.OvercurrentState
    thermal: thermal_relay.ThermalRelayState
    undervoltage: undervoltage.UndervoltageState
    transfer: transfer.TransferState
    breaker: overcurrent.OvercurrentState
    envelope: ride_through.EnvelopeState
    motors: dropout.DropoutState
    opened: Annotated[IVec, Var("1", "1 for elements that protection opened, until closed by hand")]
    closed: Annotated[IVec, Var("1", "1 for ties that a transfer closed, until opened by hand")]
    racks_opened: Annotated[IVec, Var("1", "1 for racks whose breaker opened")]
    moved: Annotated[IVec, Var("1", "1 where one of these changed since it was acted upon, [1]")]
    alert: Annotated[IVec, Var("1", "1 while something has picked up, is out, or moved, [1]")]


class Condensers(NamedTuple):
    """Condenser water of each hall with towers: its flow follows from `Service`, the rest is decided step by step."""

    flow_kg_s: Annotated[Vec, Var("kg s-1", "condenser water while its pumps run")]
    rate_w_k: Annotated[Vec, Var("W K-1", "heat capacity rate of that")]
    pump_w: Annotated[Vec, Var("W", "electrical power of its pumps")]
    shaft_w: Annotated[Vec, Var("W", "shaft power of its pumps, heat into the water")]
    plate_w_k: Annotated[Vec, Var("W K-1", "heat per kelvin of facility return over condenser supply")]
    cells: Annotated[Vec, Var("1", "cells running")]
    coldest_c: Annotated[Vec, Var("degC", "coldest water the towers can send")]
    most_w: Annotated[Vec, Var("W", "heat they take with water as warm as condensers stand")]
    supply_c: Annotated[Vec, Var("degC", "water they send")]
    fan: Annotated[Vec, Var("1", "their fan speed")]


class Coolers(NamedTuple):
    """Dry coolers of each hall that has them."""

    entering_c: Annotated[Vec, Var("degC", "air entering the coils, after pads")]
    humidity: Annotated[Vec, Var("1", "humidity ratio of that")]
    taken_up: Annotated[Vec, Var("1", "what pads added to it")]
    fan: Annotated[Vec, Var("1", "fan speed")]


class Slopes(NamedTuple):
    """How fast supply temperatures moved over the last macro-step: what the next one extrapolates."""

    cdu_k_s: Annotated[Vec, Var("K s-1", "TCS supply")]


class Warmth(NamedTuple):
    """What each electrical element shows of its temperatures; NaN where it has none."""

    square: Annotated[Vec, Var("1", "sum of the squared current of each second since temperatures moved")]
    top_oil_c: Annotated[Vec, Var("degC", "top oil of a transformer")]
    hot_spot_c: Annotated[Vec, Var("degC", "hot spot of its windings")]
    ageing: Annotated[Vec, Var("1", "speed at which its insulation ages over that at 110 degC")]
    conductor_c: Annotated[Vec, Var("degC", "conductor of a cable")]
    tap: Annotated[Vec, Var("1", "position of a tap changer")]


class Step(NamedTuple):
    """Room for one macro-step; kernels fill it, the ledger and the records read it."""

    rack: Annotated[Vec, Var("1", "rack outputs, [tick, rack, 9]")]
    total: Annotated[Vec, Var("1", "sums of rack outputs in one second, [8]")]
    rack_w: Annotated[Vec, Var("W", "what each rack drew in the last second, with door fans and supply loss")]
    capped: Annotated[Vec, Var("1", "GPUs under a cap below their rating, the mean cap [W], GPUs locked, [tick, 3]")]
    held_w: Annotated[Vec, Var("W", "active power at each electrical node that holds still over the step")]
    held_var: Annotated[Vec, Var("var", "reactive power at each electrical node that holds still over the step")]
    load_w: Annotated[Vec, Var("W", "active power at each electrical node, what depends on its voltage apart")]
    load_var: Annotated[Vec, Var("var", "reactive power at each electrical node, the same apart")]
    house_w: Annotated[Vec, Var("W", "power of all house loads in the last second, [1]")]
    storage: Annotated[Vec, Var("1", "batteries and UPS in the last second, [7]")]
    cdu_heat_w: Annotated[Vec, Var("W", "mean heat of each CDU's racks")]
    cdu_given_w: Annotated[Vec, Var("W", "mean heat each CDU gives to facility water")]
    cdu_leak_w: Annotated[Vec, Var("W", "mean heat that leaks carry away, less what makes up for them brings")]
    pipe_loss_w: Annotated[Vec, Var("W", "mean heat that the pipes of each hall lose to the open air")]
    hall_liquid_w: Annotated[Vec, Var("W", "mean heat from CDUs into each hall")]
    hall_air_w: Annotated[Vec, Var("W", "mean heat into the air of each hall")]
    hall_hot_w: Annotated[Vec, Var("W", "the part of it that servers and other racks give to the hot aisle")]
    hall_moved_w_k: Annotated[Vec, Var("W K-1", "heat capacity rate of the air racks move in each hall")]
    hall_coil_w: Annotated[Vec, Var("W", "mean heat from coils into each hall's water")]
    hall_envelope_w: Annotated[Vec, Var("W", "mean heat from each hall to outdoor air")]
    plant_heat_w: Annotated[Vec, Var("W", "heat the plant takes from each hall")]
    plant_w: Annotated[Vec, Var("W", "electrical power of each hall's plant")]
    plant_load: Annotated[
        Vec, Var("1", "load of each hall's chillers, or of free cooling where it has none, over capacity")
    ]
    want_w: Annotated[Vec, Var("W", "heat each hall's plant is to take")]
    reach_c: Annotated[Vec, Var("degC", "facility water that free cooling alone could send")]
    free_w: Annotated[Vec, Var("W", "heat each hall's towers take from facility water, or its dry coolers")]
    chilled_w: Annotated[Vec, Var("W", "heat each hall's chillers take after that")]
    chiller_w: Annotated[Vec, Var("W", "electrical power of its chillers")]
    chillers_running: Annotated[Vec, Var("1", "chillers that carry load")]
    condenser_w: Annotated[Vec, Var("W", "heat water-cooled chillers give to each hall's towers")]
    tower_w: Annotated[Vec, Var("W", "electrical power of tower fans and condenser water pumps")]
    dry_heat_w: Annotated[Vec, Var("W", "heat dry coolers take, part of what is free")]
    dry_cooler_w: Annotated[Vec, Var("W", "electrical power of dry coolers")]
    evaporation_kg_s: Annotated[Vec, Var("kg s-1", "water each hall's towers and pads evaporate")]
    drift_kg_s: Annotated[Vec, Var("kg s-1", "droplets carried away")]
    blowdown_kg_s: Annotated[Vec, Var("kg s-1", "water let go for its salts")]
    make_up_kg_s: Annotated[Vec, Var("kg s-1", "water bought, mean of the step")]


class Outage(NamedTuple):
    """Racks whose power supplies tripped in a window."""

    wait_s: Annotated[Vec, Var("s", "healthy time until each runs again, 0 for those that run")]
    known: Annotated[IVec, Var("1", "whether each stood still in the last second already")]


class State(NamedTuple):
    """Everything a run changes."""

    blocks: Annotated[Vec, Var("1", "GPUs in blocks of eight, [block, row * 8 + lane]")]
    node: NodeState
    cdu: cdu.CduState
    hall: hall.HallState
    aisle: aisle.AisleState
    machines: staging.StagingState
    economizer: economizer.EconomizerState
    tower: tower.TowerState
    water: WaterState
    cdu_temperature: controller.ControllerState
    cdu_pressure: controller.ControllerState
    hall_pressure: controller.ControllerState
    tree: hydraulic.TreeState
    room: Room
    pipe: pipe.PipeState
    network: radial.NetworkState
    ups: ups.UpsState
    battery: battery.BatteryState
    feeding: radial.Tree
    loads: radial.Loads
    oil: transformer_thermal.ThermalState
    regulator: regulator.RegulatorState
    warmth: Warmth
    outdoors: Annotated[Vec, Var("1", "dry bulb [degC], wet bulb [degC] and pressure [Pa], [3]")]
    service: Service
    flows: Flows
    fans: Fans
    supply: Supply
    protection: ProtectionState
    psu: psu.PsuState
    shelf: shelf.ShelfState
    outage: Outage
    condensers: Condensers
    coolers: Coolers
    slopes: Slopes
    step: Step


def gpu_rows(state: State) -> np.ndarray:
    """The GPUs as [block, row, lane], a view: ``gpu_rows(state)[:, gpu.DIE]`` are the die temperatures."""
    return state.blocks.reshape(-1, gpu.ROWS, gpu.LANES)
