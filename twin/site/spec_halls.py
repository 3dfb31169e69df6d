"""Halls in a site file: racks, CDUs, air, water and the plant that rejects their heat."""

from pydantic import Field, StrictStr, model_validator

from twin.components.aisle import AisleSpec
from twin.components.controller import PressureControllerSpec
from twin.components.economizer import EconomizerSpec
from twin.components.pipe import PipeSpec
from twin.components.plate import PlateSpec
from twin.components.pump import PumpSpec
from twin.components.staging import StagingSpec
from twin.components.tower import CondenserWaterSpec
from twin.core.quantity import Pressure, Ratio, Spec, Temperature, Volume
from twin.site.spec_parts import MotorSpec, Name


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
