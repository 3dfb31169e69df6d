"""The site file as frozen models: joins the components' Specs into parts, halls and the electrical tree.

Every model forbids unknown keys; every quantity carries its unit. What one field cannot know (names that
must exist, nodes without a parent, a CDU without a rack) is checked on the whole site in `check`.
"""

from typing import Annotated, Any, Literal

from pydantic import Field, StrictStr, model_validator

from twin.components.aisle import AisleSpec
from twin.components.approach import ApproachTowerSpec
from twin.components.battery import BatteryControlSpec, BatterySpec
from twin.components.cable import CableSpec
from twin.components.cable_thermal import CableThermalSpec
from twin.components.cdu import CduSpec
from twin.components.chiller import ChillerSpec
from twin.components.coil import CoilSpec
from twin.components.controller import PressureControllerSpec, TemperatureControllerSpec
from twin.components.drycooler import DryCoolerSpec
from twin.components.economizer import EconomizerSpec
from twin.components.feed import FeedSpec
from twin.components.gpu import GpuSpec
from twin.components.overcurrent import OvercurrentSpec
from twin.components.pipe import PipeSpec
from twin.components.plate import PlateSpec
from twin.components.psu import RideThroughSpec as SupplyRideThroughSpec
from twin.components.pump import PumpSpec
from twin.components.rack import AirRackSpec, RackSpec
from twin.components.regulator import ReactiveControlSpec, TapSpec, VoltageControlSpec
from twin.components.ride_through import BandSpec, EnvelopeSpec
from twin.components.server import NodeSpec
from twin.components.shelf import ShelfSpec
from twin.components.staging import StagingSpec, TimingSpec
from twin.components.thermal_relay import ThermalRelaySpec
from twin.components.tower import CondenserWaterSpec, TowerSpec
from twin.components.transfer import TransferSpec
from twin.components.transformer import TransformerSpec
from twin.components.transformer_thermal import TransformerThermalSpec
from twin.components.undervoltage import UndervoltageSpec
from twin.components.ups import UpsSpec
from twin.components.valve import ValveSpec
from twin.core.quantity import (
    Duration,
    Frequency,
    Length,
    PerUnit,
    Power,
    Pressure,
    Ratio,
    ReactivePower,
    Spec,
    Temperature,
    Volume,
)

Name = Annotated[StrictStr, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$")]
SCHEMA_VERSION = 1


class MotorSpec(EnvelopeSpec):
    """Motors on a drive or behind a contactor: when they drop out of a dip, and when they are back."""

    bands: tuple[BandSpec, ...] = Field(
        default=({"below": "0.65 pu", "lasting": "20 ms"},), min_length=1, validate_default=True
    )
    """A drive trips on its DC link below about 65 % after 10 to 50 ms [E]."""
    reset: Duration = Field(default=0.0, ge=0)
    """Timers begin anew after so long inside all bands."""
    restart: Duration = Field(default=5.0, ge=0)
    """Healthy voltage until the first of them runs again [E]."""
    stagger: Duration = Field(default=2.0, ge=0)
    """Until the next one: of a kind on one board, for pumps and fans of a hall the next board [E]."""


class ProtectionSpec(Spec):
    """A protection type for an element of the network: any of these relays, all of which open it."""

    overcurrent: OvercurrentSpec | None = None
    """Inverse time (51) and instantaneous (50)."""
    thermal: ThermalRelaySpec | None = None
    """Thermal overload (49)."""
    undervoltage: UndervoltageSpec | None = None
    """Undervoltage (27) at the bus that the element feeds."""

    @model_validator(mode="after")
    def _some(self) -> "ProtectionSpec":
        if self.overcurrent is None and self.thermal is None and self.undervoltage is None:
            raise ValueError("protects by nothing; give overcurrent, thermal or undervoltage")
        return self


class CduPart(CduSpec):
    """A CDU type with its pumps, valve and controllers; the pumps' flow is its design flow."""

    pumps: PumpSpec
    valve: ValveSpec
    """Facility water valve, which holds the supply temperature."""
    temperature: TemperatureControllerSpec = TemperatureControllerSpec(lowest="5 %")
    """From kelvin above the set point to the valve's position [E]."""
    pressure: PressureControllerSpec = PressureControllerSpec(gain="5 %/bar", integral_time="5 s", lowest="20 %")
    """From the pressure missing over the racks to pump speed [E]."""
    power_factor: Ratio = Field(gt=0, le=1)
    motors: MotorSpec = MotorSpec(stagger="0 s")
    """What voltage its pumps stay in; drives of a few kilowatts start together."""


class ChillerPart(ChillerSpec):
    """A chiller type with how fast it follows."""

    timing: TimingSpec = TimingSpec()


class RackPart(RackSpec):
    """A rack type with what its power supplies and their storage do within a second; it shows in windows only."""

    ride_through: SupplyRideThroughSpec = SupplyRideThroughSpec()
    """Of the power supplies of its servers [E]."""
    restart: Duration = Field(default=120.0, gt=0)
    """From healthy voltage after they tripped until its servers are at work again [E]."""
    shelf: ShelfSpec | None = None
    """Storage in its power shelves, where it has any."""


class TransformerPart(TransformerSpec):
    """A transformer type with its temperatures and its tap changer, where it has them."""

    thermal: TransformerThermalSpec | None = None
    """Rises at the greatest rating (``most`` where there is one); without it no temperature is known."""
    taps: TapSpec | None = None
    """On-load tap changer; without it the ratio is the rated one."""


class CablePart(CableSpec):
    """A cable type with the temperatures of its conductor, where they are known."""

    thermal: CableThermalSpec | None = None
    """Without it the resistance stands."""


class Parts(Spec):
    """A library of types by name. Several files are merged; a name may stand in one of them only."""

    schema_version: Literal[1]
    sources: dict[str, str] = {}
    """Where the numbers come from, by short name."""
    gpus: dict[Name, GpuSpec] = {}
    nodes: dict[Name, NodeSpec] = {}
    racks: dict[Name, RackPart] = {}
    air_racks: dict[Name, AirRackSpec] = {}
    cdus: dict[Name, CduPart] = {}
    coils: dict[Name, CoilSpec] = {}
    """Rear doors and room units."""
    chillers: dict[Name, ChillerPart] = {}
    towers: dict[Name, TowerSpec] = {}
    approach_towers: dict[Name, ApproachTowerSpec] = {}
    """Towers of fixed approach, for quick studies; a name stands here or under towers."""
    dry_coolers: dict[Name, DryCoolerSpec] = {}
    ups: dict[Name, UpsSpec] = {}
    batteries: dict[Name, BatterySpec] = {}
    """Units of battery plants, each with its inverter."""
    transformers: dict[Name, TransformerPart] = {}
    cables: dict[Name, CablePart] = {}
    protection: dict[Name, ProtectionSpec] = {}
    """Relays and breakers, by what they guard."""
    meters: dict[Name, "MeterSpec"] = {}
    paths: dict[Name, "ActuatorSpec"] = {}
    """Of caps, clocks and brakes."""


class RackGroup(Spec):
    """So many racks of one type in a hall."""

    type: StrictStr
    count: int = Field(gt=0)


class CduGroup(Spec):
    """So many CDUs of one type in a hall; without it there are as many as the racks need."""

    type: StrictStr
    count: int = Field(gt=0)


class RoomUnitGroup(Spec):
    """So many room units (computer room air handlers) of one coil type in a hall."""

    type: StrictStr
    count: int = Field(gt=0)


class AirSpec(AisleSpec):
    """The air of a hall; rear doors come with its racks."""

    crahs: tuple[RoomUnitGroup, ...] = ()
    """Room units, supplied from the mechanical boards."""


class ChillerGroup(Spec):
    """Chillers of one hall, after free cooling where it has any."""

    type: StrictStr
    count: int = Field(gt=0)
    staging: StagingSpec = StagingSpec()


class TowerGroup(Spec):
    """Cooling towers of one hall: behind a plate exchanger, for condensers of water-cooled chillers, or both."""

    type: StrictStr
    cells: int = Field(gt=0)
    pumps: PumpSpec
    """Condenser water pumps; at their design flow every cell gets its design water."""
    exchanger: PlateSpec | None = None
    """Between facility and condenser water, for free cooling ahead of the chillers."""
    condenser_water: CondenserWaterSpec = CondenserWaterSpec()
    """What water-cooled chillers are sent while the exchanger needs nothing."""


class DryCoolerGroup(Spec):
    """Dry coolers or free-cooling coils of one hall, in its facility water ahead of the chillers."""

    type: StrictStr
    count: int = Field(gt=0)


class RideThroughSpec(Spec):
    """What low voltage at its boards the plant of a hall stays in."""

    chillers: MotorSpec = MotorSpec(
        bands=({"below": "0.8 pu", "lasting": "1 s"}, {"below": "0.55 pu", "lasting": "50 ms"}), restart="0 s"
    )
    """Controls, and contactors of auxiliaries; after this restart comes that of the chiller's own timing [E]."""
    pumps: MotorSpec = MotorSpec()
    """Facility water pumps, by board."""
    fans: MotorSpec = MotorSpec()
    """Fans of room units, towers and dry coolers, and condenser pumps, by board."""


class PlantSpec(Spec):
    """Heat rejection of one hall: chillers, free cooling, or both."""

    power_factor: Ratio = Field(gt=0, le=1)
    chillers: ChillerGroup | None = None
    towers: TowerGroup | None = None
    dry_coolers: DryCoolerGroup | None = None
    economizer: EconomizerSpec = EconomizerSpec()
    """When free cooling takes over from chillers."""
    ride_through: RideThroughSpec = RideThroughSpec()

    @model_validator(mode="after")
    def _rejects(self) -> "PlantSpec":
        if self.chillers is None and self.towers is None and self.dry_coolers is None:
            raise ValueError("nothing takes the heat; give chillers, towers or dry_coolers")
        if self.towers is not None and self.dry_coolers is not None:
            raise ValueError("a hall has towers or dry coolers for free cooling, not both")
        if self.chillers is None and self.towers is not None and self.towers.exchanger is None:
            raise ValueError("towers without an exchanger only serve chillers, and there are none; give an exchanger")
        return self


class DifferenceResetSpec(Spec):
    """Lowering of the pressure difference as far as the most open valve allows."""

    least: Pressure = Field(gt=0)
    open: Ratio = Field(default=0.9, gt=0, le=1)
    """Position of the most open valve that is aimed at."""


class LoopSpec(Spec):
    """Facility water of one hall, between its plant and its CDUs and coils."""

    pipe: PipeSpec
    """Supply and return pipe, alike."""
    vessel: Volume = Field(gt=0)
    """Water in the plant's evaporators and exchangers, mixed."""
    tank: Volume = Field(gt=0)
    """Water in the tank before the plant, mixed."""
    plant_drop: Pressure = Field(gt=0)
    """Drop in plant and pipes at the pumps' design flow."""
    header_drop: Pressure = Field(gt=0)
    """Drop along the hall's main headers, supply and return, at design flow."""
    row_drop: Pressure = Field(gt=0)
    """Drop along the headers of a row at its design flow."""
    row: int = Field(default=32, gt=0)
    """CDUs on a row at most."""
    difference: Pressure = Field(gt=0)
    """Set point of the pressure difference at the far end of the main headers."""
    reset: DifferenceResetSpec | None = None
    """Without it the set point stands."""
    pressure: PressureControllerSpec = PressureControllerSpec(gain="8 %/bar", integral_time="10 s", lowest="20 %")
    """From the pressure missing at the far end to pump speed [E]."""


class HallSpec(Spec):
    """A data hall with its facility water loop and its heat rejection."""

    name: Name
    racks: tuple[RackGroup, ...] = Field(min_length=1)
    air_racks: tuple[RackGroup, ...] = ()
    cdus: tuple[CduGroup, ...] = ()
    supply: Temperature
    """Facility water supply set point."""
    air: AirSpec = AirSpec()
    dew_point: Temperature = 12.0
    """Dew point of the hall's air at most: CDUs keep their supply above it [E]."""
    loop: LoopSpec
    pumps: PumpSpec
    """Facility water pumps; their flow is the loop's design flow."""
    plant: PlantSpec
    boards: tuple[StrictStr, ...] = Field(min_length=1)
    """Unit substations for racks: nodes of the electrical tree, each alone or a group by its ``count``."""
    mechanical_boards: tuple[StrictStr, ...] = Field(min_length=1)
    """The same for pumps and plant."""


class UpsGroup(Spec):
    """So many UPS modules of one type in parallel, as one."""

    type: StrictStr
    count: int = Field(default=1, gt=0)


class BatteryPlantSpec(Spec):
    """A battery plant on one bus: units of one type behind a common connection."""

    name: Name
    node: StrictStr
    """The bus it hangs on."""
    type: StrictStr
    count: int = Field(gt=0)
    """Units."""
    power: Power | None = Field(default=None, gt=0)
    """What its connection lets through; without it all that its units give."""
    control: BatteryControlSpec = BatteryControlSpec()


class ElectricalNodeSpec(Spec):
    """A bus of the distribution tree together with the element that feeds it from its parent."""

    name: Name
    parent: StrictStr
    """The node it hangs on; "feed" is the point of interconnection."""
    type: StrictStr | None = None
    """A transformer or cable type; none for a busbar."""
    length: Length | None = None
    """Of a cable."""
    count: int = Field(default=1, gt=0)
    """So many alike, named name-01, name-02, ..."""
    spacing: Length | None = None
    """They hang one behind the other on the parent's cable, so far apart; without it all on the parent itself."""
    limit: Power | None = Field(default=None, gt=0)
    """Power that must not be exceeded here by contract; the node is metered as a substation."""
    ups: UpsGroup | None = None
    """What hangs on this bus stands behind an uninterruptible supply; each of a group has its own."""
    protection: StrictStr | None = None
    """A protection type that watches the element from the parent and opens it."""


class AutomaticTransferSpec(TransferSpec):
    """A bus that its neighbour takes over through a tie when it is dead."""

    name: Name
    main: StrictStr
    """The node whose own element opens."""
    tie: StrictStr
    """The tie between that node and its neighbour, which closes."""


class TieSpec(Spec):
    """An element between two buses that are fed anyway: a coupler of busbars, or a cable between ends of feeders."""

    name: Name
    start: StrictStr = Field(alias="from")
    """A bus: a node, one of a group ("hall-1-a-08"), or the tap it hangs on ("hall-1-a-08-tap")."""
    to: StrictStr
    type: StrictStr | None = None
    """A cable or transformer type; none for a busbar."""
    length: Length | None = None
    """Of a cable."""
    limit: Power | None = Field(default=None, gt=0)
    """Rating of a busbar."""
    normally: Literal["open", "closed"] = "open"
    """Open ties are closed by events and transfers; closed ones make a loop, which needs ``solver: meshed``."""
    protection: StrictStr | None = None
    """A protection type that watches the tie and opens it."""


class CapacitorSpec(Spec):
    """A capacitor bank; all its steps are in service unless it switches by itself."""

    name: Name
    node: StrictStr
    """The bus it hangs on."""
    step: ReactivePower = Field(gt=0)
    """Of one step at rated voltage."""
    steps: int = Field(default=1, gt=0)
    control: VoltageControlSpec | ReactiveControlSpec | None = None
    """By the voltage of its bus, or by the reactive power drawn at the point of interconnection."""

    @model_validator(mode="after")
    def _settles(self) -> "CapacitorSpec":
        if isinstance(self.control, ReactiveControlSpec) and self.control.deadband <= self.step:
            raise ValueError(
                f"a step moves {self.step / 1e6:g} Mvar, the deadband is {self.control.deadband / 1e6:g} Mvar: "
                "it would hunt; widen the deadband"
            )
        return self


class HouseLoadSpec(Spec):
    """Lighting, offices and what else is neither computing nor cooling; its heat stays outside the halls."""

    name: Name
    node: StrictStr
    """The bus it hangs on."""
    power: Power = Field(gt=0)
    """At rated voltage."""
    power_factor: Ratio = Field(default=0.95, gt=0, le=1)
    current: Ratio = Field(default=0.0, le=1)
    """Share of constant current: its power goes with voltage."""
    impedance: Ratio = Field(default=0.0, le=1)
    """Share of constant impedance: its power goes with the square of voltage. The rest does not depend on it."""

    @model_validator(mode="after")
    def _shares(self) -> "HouseLoadSpec":
        if self.current + self.impedance > 1:
            raise ValueError(
                f"current and impedance are shares of one power; they add up to {self.current + self.impedance:g}"
            )
        return self


class VoltageBoundsSpec(Spec):
    """Voltages that studies of the network hold to be in order."""

    low: PerUnit = Field(default=0.95, gt=0, lt=1)
    """A planning value for every bus [E]. ANSI C84.1 range A, service voltage, is the same to 600 V, 0.975 above."""
    high: PerUnit = Field(default=1.05, gt=1)
    """A planning value too [E]; range A has it at every voltage."""


class ElectricalSpec(Spec):
    """The distribution network from the point of interconnection to the low-voltage boards."""

    base: Literal["100 MVA"] = "100 MVA"
    solver: Literal["radial", "meshed"] = "radial"
    """Radial: a sweep, for networks without loops; meshed: power-grid-model, for any."""
    bounds: VoltageBoundsSpec = VoltageBoundsSpec()
    nodes: tuple[ElectricalNodeSpec, ...] = Field(min_length=1)
    ties: tuple[TieSpec, ...] = ()
    capacitors: tuple[CapacitorSpec, ...] = ()
    loads: tuple[HouseLoadSpec, ...] = ()
    batteries: tuple[BatteryPlantSpec, ...] = ()
    transfers: tuple[AutomaticTransferSpec, ...] = ()
    """Automatic transfers (main-tie-main)."""


class LimitSpec(Spec):
    """How the limits of feed and substations are judged."""

    window: Literal["1 s", "1 min", "demand interval"] = "1 min"
    """The mean that is binding by contract; the other two are reported beside it."""
    demand_interval: Duration = Field(default=900.0, gt=0)


class MeterSpec(Spec):
    """Telemetry: how often it is read, over what time, how old and how true it is when a policy sees it."""

    period: Duration = Field(gt=0)
    delay: Duration = Field(ge=0)
    window: Duration = Field(default=1.0, gt=0)
    """Readings are the mean over this time before them, in whole seconds: a shorter one reads a second's mean."""
    gain_error: Ratio = Field(default=0.0, lt=1)
    """Greatest error of power as a share of it: drawn once for each board or meter, evenly up to this."""
    dropout: Ratio = Field(default=0.0, le=1)
    """Probability that a reading of one thing is missing: its last value stands, with its age."""

    @model_validator(mode="after")
    def _windows_apart(self) -> "MeterSpec":
        if self.window > max(self.period, 1.0):
            raise ValueError(f"the window of {self.window:g} s is longer than the period of {self.period:g} s")
        for name, time_s in (("period", self.period), ("delay", self.delay)):
            if time_s % 1:
                raise ValueError(f"a meter counts whole seconds, found a {name} of {time_s:g} s")
        return self


class ActuatorSpec(Spec):
    """The path of a command from the policy to the boards."""

    latency: Duration = Field(ge=0)
    """From the policy to the server, at least; with the writes rounded up to whole seconds."""
    quantum: Power = Field(default=1.0, gt=0)
    """Caps and floors are rounded down to multiples of it."""
    clock_quantum: Frequency = Field(default=15e6, gt=0)
    """Clocks are rounded down to multiples of it: steps of 15 MHz are usual [E]."""
    write: Duration = Field(default=0.0, ge=0)
    """Time to write one board; a server's boards are written one after another."""
    jitter: Duration = Field(default=0.0, ge=0)
    """Up to so much longer than the latency, drawn evenly for each server and command."""
    failure: Ratio = Field(default=0.0, le=1)
    """Probability that a command to a server is lost."""


class SchedulerSpec(Spec):
    """The path of orders from the policy to the scheduler: pauses of jobs, and whether the queue may start any."""

    latency: Duration = Field(default=5.0, ge=0)
    """From the policy to the jobs, rounded up to whole seconds, one at least [E]."""


class ControlSpec(Spec):
    """Between a policy and the plant: meters and paths, in place or by the name of a type in a parts file."""

    site_meter: MeterSpec | StrictStr
    """Feed and substations."""
    node_meter: MeterSpec | StrictStr
    """Servers and GPU boards."""
    board_meter: MeterSpec | StrictStr | None = None
    """Every other node of the electrical tree that feeds racks; without it like the servers'."""
    rack_meter: MeterSpec | StrictStr | None = None
    """Power and hottest die of racks; without it like the servers'."""
    coolant_meter: MeterSpec | StrictStr | None = None
    """Flow and temperature of the coolant of each CDU; without it like the servers'."""
    cap: ActuatorSpec | StrictStr
    """Of power caps and power floors."""
    clock: ActuatorSpec | StrictStr | None = None
    """Of locked clocks; without it clocks cannot be locked."""
    brake: ActuatorSpec | StrictStr | None = None
    """Of the power brake, which brings boards nearly to a halt; without it there is none."""
    brake_to: Ratio = Field(default=0.2, gt=0, le=1)
    """Share of its rating that a braked board may draw: a clock of 288 MHz [E]."""
    scheduler: SchedulerSpec = SchedulerSpec()
    """Of orders to the scheduler."""


class Variant(Spec):
    """A site that differs from another in a few places."""

    schema_version: Literal[1]
    base: Annotated[StrictStr, Field(pattern=r"^[^/\\\\]+$")]
    """The other site's file, which stands beside this one."""
    name: Name
    title: StrictStr = ""
    scenario: StrictStr | None = None
    """Scenario file that runs where none is named; without it the other site's."""
    changes: dict[StrictStr, Any]
    """New values by path, e.g. ``halls.*.supply: 32 degC``; list entries by index, by name, or ``*`` for all."""


class Site(Spec):
    """A whole site."""

    schema_version: Literal[1]
    name: Name
    title: StrictStr = ""
    altitude: Length
    scenario: StrictStr | None = None
    """Scenario file that runs where none is named, relative to this file."""
    parts: tuple[StrictStr, ...] = ()
    """Files with part types, relative to this file."""
    library: Parts | None = None
    """Part types given in place; a resolved file has all of them here."""
    feed: FeedSpec
    limits: LimitSpec = LimitSpec()
    rules: StrictStr = "none"
    """Rule pack that runs are judged by: none, nerc-alert-2026, ercot-nogrr282. A scenario may name another."""
    control: ControlSpec
    electrical: ElectricalSpec
    halls: tuple[HallSpec, ...] = Field(min_length=1)
    notes: tuple[str, ...] = ()
    """What is estimated or assumed; stands in every report."""

    @model_validator(mode="after")
    def _some_parts(self) -> "Site":
        if not self.parts and self.library is None:
            raise ValueError("name part files under parts, or give types under library")
        return self
