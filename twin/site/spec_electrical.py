"""The electrical part of a site file: nodes, ties, capacitors, house loads, batteries, transfers."""

from typing import Literal

from pydantic import Field, StrictStr, model_validator

from twin.components.battery import BatteryControlSpec
from twin.components.regulator import ReactiveControlSpec, VoltageControlSpec
from twin.components.transfer import TransferSpec
from twin.core.quantity import Length, PerUnit, Power, Ratio, ReactivePower, Spec
from twin.site.spec_parts import Name


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
