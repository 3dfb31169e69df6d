import json
import math
import re
from typing import Annotated

import pint
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from twin.core.quantity import KINDS, Duration, Power, Ratio, RelativeHumidity, Spec, Temperature, parse, written

REGISTRY = pint.UnitRegistry()
# Spellings that pint does not know.
IN_PINT = {
    **{f"{prefix}{unit}": f"{prefix}W" for prefix in ("", "k", "M", "G") for unit in ("VA", "var")},
    "gpm": "gallon/min",
    "gal": "gallon",
    "m3": "m**3",
    "m3/s": "m**3/s",
    "m3/h": "m**3/h",
    "m2": "m**2",
    "pu": "dimensionless",
    "": "dimensionless",
    "%": "percent",
    "°C": "degC",
    **{f"pu/{unit}": f"1/{unit}" for unit in ("s", "K", "Pa", "kPa", "bar")},
    **{f"%/{unit}": f"percent/{unit}" for unit in ("s", "K", "Pa", "kPa", "bar")},
}
ENTRIES = [(kind, unit) for kind in KINDS.values() for unit in kind.scales]


@pytest.mark.parametrize(("kind", "unit"), ENTRIES, ids=lambda value: getattr(value, "name", value) or "plain")
@pytest.mark.parametrize("number", [1.0, -3.25, 71.5])
def test_every_entry_of_the_tables_agrees_with_pint(kind, unit, number):
    expected = REGISTRY.Quantity(number, IN_PINT.get(unit, unit)).to(IN_PINT.get(kind.base, kind.base)).magnitude
    assert kind.read(f"{number} {unit}") == pytest.approx(expected, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("kind", "unit"), ENTRIES, ids=lambda value: getattr(value, "name", value) or "plain")
def test_every_example_and_unit_fits_its_schema(kind, unit):
    pattern = kind.__get_pydantic_json_schema__(None, None)["pattern"]
    assert re.search(pattern, kind.example)
    assert re.search(pattern, f"12.5e-1{unit}")
    assert not re.search(pattern, "12 parsec")
    assert math.isfinite(kind.read(kind.example))


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("1.2 MW", "power", 1.2e6),
        ("1e3W", "power", 1000.0),
        (" +2.5E-1 kW ", "power", 250.0),
        ("24h", "duration", 86400.0),
        ("24 h", "duration", 86400.0),
        (".5 ms", "duration", 0.0005),
        ("77 degF", "temperature", 25.0),
        ("298.15 K", "temperature", 25.0),
        ("-10 °C", "temperature", -10.0),
        ("5 K", "temperature difference", 5.0),
        ("0.7 pu", "per unit value", 0.7),
        ("7 %", "ratio", 0.07),
        ("0.96", "ratio", 0.96),
        (0.96, "ratio", 0.96),
        (3, "ratio", 3.0),
        ("300 nF/km", "capacitance per length", 3e-10),
        ("0.0712 ohm/km", "resistance per length", 7.12e-5),
    ],
)
def test_text_becomes_the_nearest_float_in_base_units(text, kind, value):
    assert parse(text, kind) == value


@pytest.mark.parametrize(
    ("text", "kind", "sentence"),
    [
        (32, "temperature", "'32' needs a unit, e.g. \"32 degC\" (temperature)"),
        (1e6, "power", "'1000000' needs a unit, e.g. \"1000000 W\" (power)"),
        ("1.5", "mass flow", "'1.5' needs a unit, e.g. \"1.5 kg/s\" (mass flow)"),
        ("3 degC", "power", "unit 'degC' is not a power unit; use one of W, kW, MW, GW"),
        ("45 C", "temperature", "unit 'C' is not a temperature unit; use one of degC, °C, degF, K"),
        ("5 degC", "temperature difference", "unit 'degC' is not a temperature difference unit; use one of K"),
        ("3 pu", "voltage", "unit 'pu' is not a voltage unit; use one of V, kV"),
        ("3 kV", "per unit value", "unit 'kV' does not fit a per unit value; use one of pu"),
        ("3 W", "ratio", "unit 'W' is not a ratio unit; use one of a plain number, %"),
        ("1_000 W", "power", "'1_000 W' is not a power; write a number and a unit, e.g. \"300 MW\""),
        ("nan W", "power", "'nan W' is not a power; write a number and a unit, e.g. \"300 MW\""),
        ("inf s", "duration", "'inf s' is not a duration; write a number and a unit, e.g. \"24 h\""),
        (math.nan, "ratio", "'nan' is not a ratio; write a number, e.g. \"96 %\""),
        ("MW", "power", "'MW' is not a power; write a number and a unit, e.g. \"300 MW\""),
        (True, "ratio", "'True' is not a ratio; write a number, e.g. \"96 %\""),
        (None, "length", "'None' is not a length; write a number and a unit, e.g. \"1.5 km\""),
        ("1e400 GW", "power", "'1e400 GW' is too large for a power"),
        ("1e4000000 W", "power", "unit 'e4000000 W' is not a power unit; use one of W, kW, MW, GW"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence(text, kind, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        parse(text, kind)


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(sorted(KINDS)))
def test_what_is_written_is_read_back_equal_to_the_bit(value, kind):
    assert parse(written(value, kind), kind) == value


class Cooler(Spec):
    """A model with every way to use a quantity."""

    heat: Power = Field(gt=0)
    """Heat it takes up."""
    rated: Annotated[Power, Field(gt=0)] | None = None
    supply: Temperature = 25.0
    share: Ratio = Field(default=0.5, lt=1)
    humidity: RelativeHumidity = 0.4
    steps: tuple[Duration, ...] = ()


@given(st.floats(1e-300, 1e300), st.floats(-1e6, 1e6), st.lists(st.floats(0, 1e9)))
@settings(max_examples=50)
def test_a_model_dumped_to_json_is_read_again_as_an_equal_model(heat, supply, steps):
    made = Cooler.model_construct(heat=heat, supply=supply, steps=tuple(steps))
    assert Cooler.model_validate(json.loads(json.dumps(made.model_dump(mode="json")))) == made


def test_a_model_dumped_to_python_holds_numbers_in_base_units():
    assert Cooler.model_validate({"heat": "2 kW"}).model_dump()["heat"] == 2000.0


@pytest.mark.parametrize(
    "data",
    [
        {"heat": "0 W"},
        {"heat": "1 W", "rated": "-1 W"},
        {"heat": "1 W", "share": 1},
        {"heat": "1 W", "share": -0.1},
        {"heat": "1 W", "humidity": "101 %"},
        {"heat": "1 W", "suply": "20 degC"},
    ],
)
def test_bounds_and_unknown_keys_are_refused(data):
    with pytest.raises(ValidationError):
        Cooler.model_validate(data)


def test_a_model_cannot_be_changed():
    cooler = Cooler.model_validate({"heat": "1 W"})
    with pytest.raises(ValidationError):
        cooler.heat = 2.0


def test_the_schema_shows_words_units_and_an_example():
    heat = Cooler.model_json_schema()["properties"]["heat"]
    assert heat["description"] == "Heat it takes up."
    assert heat["examples"] == ["300 MW"]
    assert heat["type"] == "string"
    assert Cooler.model_json_schema()["properties"]["share"]["type"] == ["number", "string"]
