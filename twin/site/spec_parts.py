"""Types of equipment that a site is built of, with what components do not know of each other: the library."""

from typing import Annotated, Literal

from pydantic import Field, StrictStr, model_validator

from twin.components.approach import ApproachTowerSpec
from twin.components.battery import BatterySpec
from twin.components.cable import CableSpec
from twin.components.cable_thermal import CableThermalSpec
from twin.components.cdu import CduSpec
from twin.components.chiller import ChillerSpec
from twin.components.coil import CoilSpec
from twin.components.controller import PressureControllerSpec, TemperatureControllerSpec
from twin.components.drycooler import DryCoolerSpec
from twin.components.gpu import GpuSpec
from twin.components.overcurrent import OvercurrentSpec
from twin.components.psu import RideThroughSpec as SupplyRideThroughSpec
from twin.components.pump import PumpSpec
from twin.components.rack import AirRackSpec, RackSpec
from twin.components.regulator import TapSpec
from twin.components.ride_through import BandSpec, EnvelopeSpec
from twin.components.server import NodeSpec
from twin.components.shelf import ShelfSpec
from twin.components.staging import TimingSpec
from twin.components.thermal_relay import ThermalRelaySpec
from twin.components.tower import TowerSpec
from twin.components.transformer import TransformerSpec
from twin.components.transformer_thermal import TransformerThermalSpec
from twin.components.undervoltage import UndervoltageSpec
from twin.components.ups import UpsSpec
from twin.components.valve import ValveSpec
from twin.core.quantity import Duration, Ratio, Spec
from twin.site.spec_control import ActuatorSpec, MeterSpec

Name = Annotated[StrictStr, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$")]


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
    meters: dict[Name, MeterSpec] = {}
    paths: dict[Name, ActuatorSpec] = {}
    """Of caps, clocks and brakes."""
