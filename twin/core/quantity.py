"""Quantities as people write them, "1.2 MW" or "25 degC": closed unit tables as pydantic types.

A quantity in a file always carries its unit and is stored in its base unit (SI; temperatures in degC). A
bare number is an error that shows the fix. The tables are closed on purpose: general unit parsers read
"45 C" as coulomb and "500 RT" as ronnatesla. Conversions are exact fractions, rounded once: "7 %" is 0.07,
and what a model dumps to JSON (base unit, all digits) is read again equal to the bit.

Bounds go beside the type: ``heat: Power = Field(gt=0)`` or ``Annotated[Power, Field(gt=0)]``, in base units.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?"
_QUANTITY = re.compile(rf"\s*({_NUMBER})\s*((?:[a-zA-Z°%].*?)?)\s*")


class Spec(BaseModel):
    """Base of everything a file may say: frozen, and nothing unknown is let through."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


@dataclass(frozen=True, eq=False)
class Kind:
    """A physical quantity, and what makes ``Annotated[float, kind]`` a type pydantic reads and writes.

    ``scales`` maps each spelling of a unit to its size in the base unit, which is the first; ``zeros`` holds
    the zero of the units that have another one: base value = (number - zero) * scale.
    """

    name: str
    example: str
    scales: Mapping[str, Fraction]
    zeros: Mapping[str, Fraction]

    @property
    def base(self) -> str:
        """The unit values are stored in; "" for a plain number."""
        return next(iter(self.scales))

    @property
    def described(self) -> str:
        """Its name with the article before it."""
        return f"{'an' if self.name[0] in 'aeiou' else 'a'} {self.name}"

    def read(self, text: object) -> float:
        """The number in base units behind ``text``; ValueError is a sentence that says what was expected."""
        said = f"{text:.0f}" if isinstance(text, float) and text.is_integer() else str(text)
        match = None if isinstance(text, bool) else _QUANTITY.fullmatch(said)
        if match is None:
            expected = "a number" if "" in self.scales else "a number and a unit"
            raise ValueError(f"'{said}' is not {self.described}; write {expected}, e.g. \"{self.example}\"")
        number, unit = match[1], match[2]
        if unit not in self.scales:
            if not unit:
                raise ValueError(f"'{said}' needs a unit, e.g. \"{number} {self.base}\" ({self.name})")
            known = ", ".join(spelling or "a plain number" for spelling in self.scales)
            wrong = f"does not fit {self.described}" if self.name.endswith("value") else f"is not {self.described} unit"
            raise ValueError(f"unit '{unit}' {wrong}; use one of {known}")
        scale, zero = self.scales[unit], self.zeros.get(unit, Fraction(0))
        try:
            return float((Fraction(number) - zero) * scale)
        except OverflowError as error:
            raise ValueError(f"'{said}' is too large for {self.described}") from error

    def write(self, value: float) -> str | float:
        """``value`` in base units as text that `read` turns into the identical number."""
        return f"{value!r} {self.base}" if self.base else value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """A float behind `read`; JSON output through `write`."""
        return core_schema.no_info_before_validator_function(
            self.read,
            handler(source),
            serialization=core_schema.plain_serializer_function_ser_schema(self.write, when_used="json"),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """For editors: text of a number and one of the units; a plain number too where that is allowed."""
        units = "|".join(re.escape(unit) for unit in self.scales)
        kind: str | list[str] = ["number", "string"] if "" in self.scales else "string"
        pattern = rf"^\s*{_NUMBER}\s*({units})\s*$"
        return {"type": kind, "title": self.name, "pattern": pattern, "examples": [self.example]}


_MILLI, _PER_MINUTE, _PER_HOUR = Fraction(1, 1000), Fraction(1, 60), Fraction(1, 3600)
_INCH_M, _GALLON_M3, _POUND_KG = Fraction("0.0254"), Fraction("3.785411784e-3"), Fraction("0.45359237")
_GRAVITY_M_S2 = Fraction("9.80665")
_PSI_PA = _POUND_KG * _GRAVITY_M_S2 / _INCH_M**2
_INCH_WATER_PA = 1000 * _GRAVITY_M_S2 * _INCH_M

KINDS: dict[str, Kind] = {}


def _kind(
    name: str, example: str, scales: Mapping[str, int | Fraction], zeros: Mapping[str, Fraction] | None = None
) -> Kind:
    kind = Kind(name, example, {unit: Fraction(scale) for unit, scale in scales.items()}, zeros or {})
    KINDS[name] = kind
    return kind


Power = Annotated[float, _kind("power", "300 MW", {"W": 1, "kW": 10**3, "MW": 10**6, "GW": 10**9})]
ApparentPower = Annotated[
    float, _kind("apparent power", "100 MVA", {"VA": 1, "kVA": 10**3, "MVA": 10**6, "GVA": 10**9})
]
ReactivePower = Annotated[float, _kind("reactive power", "30 Mvar", {"var": 1, "kvar": 10**3, "Mvar": 10**6})]
Temperature = Annotated[
    float,
    _kind(
        "temperature",
        "25 degC",
        {"degC": 1, "°C": 1, "degF": Fraction(5, 9), "K": 1},
        zeros={"degF": Fraction(32), "K": Fraction("273.15")},
    ),
]
TemperatureDifference = Annotated[float, _kind("temperature difference", "5 K", {"K": 1})]
MassFlow = Annotated[
    float,
    _kind("mass flow", "1.25 kg/s", {"kg/s": 1, "kg/min": _PER_MINUTE, "kg/h": _PER_HOUR, "t/h": 1000 * _PER_HOUR}),
]
VolumeFlow = Annotated[
    float,
    _kind(
        "volume flow",
        "71.5 L/min",
        {"m3/s": 1, "m3/h": _PER_HOUR, "L/s": _MILLI, "L/min": _MILLI * _PER_MINUTE, "gpm": _GALLON_M3 * _PER_MINUTE},
    ),
]
Pressure = Annotated[
    float,
    _kind(
        "pressure",
        "250 kPa",
        {"Pa": 1, "kPa": 10**3, "MPa": 10**6, "mbar": 100, "bar": 10**5, "psi": _PSI_PA, "inH2O": _INCH_WATER_PA},
    ),
]
Voltage = Annotated[float, _kind("voltage", "161 kV", {"V": 1, "kV": 10**3})]
PerUnit = Annotated[float, _kind("per unit value", "1.02 pu", {"pu": 1})]
Current = Annotated[float, _kind("current", "600 A", {"A": 1, "kA": 10**3})]
_JOULES = {"J": 1, "kJ": 10**3, "MJ": 10**6, "GJ": 10**9}
_WATT_HOURS = {"Wh": 3600, "kWh": 3600 * 10**3, "MWh": 3600 * 10**6, "GWh": 3600 * 10**9}
Energy = Annotated[float, _kind("energy", "3.9 MWh", _JOULES | _WATT_HOURS)]
Duration = Annotated[float, _kind("duration", "24 h", {"s": 1, "ms": _MILLI, "min": 60, "h": 3600, "d": 86400})]
Length = Annotated[
    float, _kind("length", "1.5 km", {"m": 1, "mm": _MILLI, "cm": 10 * _MILLI, "km": 1000, "ft": 12 * _INCH_M})
]
Area = Annotated[float, _kind("area", "10 m2", {"m2": 1})]
Volume = Annotated[float, _kind("volume", "68 m3", {"m3": 1, "L": _MILLI, "gal": _GALLON_M3})]
Mass = Annotated[float, _kind("mass", "1200 kg", {"kg": 1, "g": _MILLI, "t": 1000})]
Frequency = Annotated[float, _kind("frequency", "60 Hz", {"Hz": 1, "MHz": 10**6, "GHz": 10**9})]
ThermalResistance = Annotated[float, _kind("thermal resistance", "0.012 K/W", {"K/W": 1, "K/kW": _MILLI})]
Conductance = Annotated[float, _kind("conductance", "12.3 kW/K", {"W/K": 1, "kW/K": 10**3, "MW/K": 10**6})]
PowerSlope = Annotated[float, _kind("power slope", "20 W/K", {"W/K": 1, "kW/K": 10**3})]
HeatCapacity = Annotated[float, _kind("heat capacity", "345 J/K", {"J/K": 1, "kJ/K": 10**3, "MJ/K": 10**6})]
ResistancePerLength = Annotated[float, _kind("resistance per length", "0.0712 ohm/km", {"ohm/m": 1, "ohm/km": _MILLI})]
CapacitancePerLength = Annotated[
    float, _kind("capacitance per length", "300 nF/km", {"F/m": 1, "uF/km": _MILLI**3, "nF/km": _MILLI**4})
]
_SHARES = {"pu": Fraction(1), "%": 10 * _MILLI}
Rate = Annotated[
    float,
    _kind("rate", "10 %/s", {f"{share}/s": size for share, size in _SHARES.items()}),
]
GainPerKelvin = Annotated[
    float, _kind("gain per kelvin", "2 %/K", {f"{share}/K": size for share, size in _SHARES.items()})
]
GainPerPressure = Annotated[
    float,
    _kind(
        "gain per pressure",
        "1 %/kPa",
        {
            f"{share}/{unit}": size / pascals
            for unit, pascals in {"Pa": 1, "kPa": 10**3, "bar": 10**5}.items()
            for share, size in _SHARES.items()
        },
    ),
]
_RATIO = _kind("ratio", "96 %", {"": 1, "%": 10 * _MILLI})
Ratio = Annotated[float, _RATIO, Field(ge=0)]
RelativeHumidity = Annotated[float, _RATIO, Field(ge=0, le=1)]


def parse(text: object, kind: str) -> float:
    """``text`` in base units of the kind of that name ("duration", "power", ...); ValueError is a sentence."""
    return KINDS[kind].read(text)


def written(value: float, kind: str) -> str | float:
    """``value`` in base units of the kind of that name, as `parse` reads it back to the identical number."""
    return KINDS[kind].write(value)
