"""The machines of the rows that EnergyPlus gave, as its objects: towers, a dry cooler and a chiller."""

from typing import Any

from tests.oracles.loop import Loop, Model, ports

WATER = ("water_inlet_node_name", "water_outlet_node_name")
CHILLED = ("chilled_water_inlet_node_name", "chilled_water_outlet_node_name")
YORK = "CoolingTower:VariableSpeed"
MERKEL = "CoolingTower:VariableSpeed:Merkel"
DRY = "FluidCooler:SingleSpeed"
CHILLER = "Chiller:Electric:EIR"
SOURCE = "PlantComponent:TemperatureSource"
TOWER_FLOW_M3_S, DRY_FLOW_M3_S, CHILLED_FLOW_M3_S, CONDENSER_FLOW_M3_S = 0.15, 0.1, 0.18296, 0.27444
_TOWER = {"design_water_flow_rate": TOWER_FLOW_M3_S, "design_air_flow_rate": 90.0, "design_fan_power": 45e3}
_WATER_USE = {"drift_loss_percent": 0.008, "blowdown_concentration_ratio": 4.0}


def curve(*coefficients: float, least: float, most: float) -> dict[str, float]:
    """A polynomial of one variable."""
    names = ("coefficient1_constant", "coefficient2_x", "coefficient3_x_2", "coefficient4_x_3")
    return {"minimum_value_of_x": least, "maximum_value_of_x": most} | dict(zip(names, coefficients, strict=False))


def biquadratic(coefficients: list[float], x: tuple[float, float], y: tuple[float, float]) -> dict[str, float]:
    """A polynomial of two variables within its box."""
    names = ("coefficient1_constant", "coefficient2_x", "coefficient3_x_2", "coefficient4_y", "coefficient5_y_2",
             "coefficient6_x_y")  # fmt: skip
    box = {
        "minimum_value_of_x": x[0],
        "maximum_value_of_x": x[1],
        "minimum_value_of_y": y[0],
        "maximum_value_of_y": y[1],
    }
    return dict(zip(names, coefficients, strict=True)) | box


def tower(kind: str, heat_w: float, set_c: float) -> tuple[Loop, Model]:
    """The 3.5 MW cell, by York's polynomial or by Merkel with 350 kW/K and Scheier's factors."""
    loop = Loop("tower", kind, WATER, TOWER_FLOW_M3_S, heat_w, set_c)
    if kind == YORK:
        design = {"model_type": "YorkCalc", "design_inlet_air_wet_bulb_temperature": 25.6,
                  "design_approach_temperature": 3.9, "design_range_temperature": 5.6}  # fmt: skip
        return loop, {kind: {"tower machine": ports(loop) | _TOWER | _WATER_USE | design}}
    factor = "u_factor_times_area_modifier_function_of_{}_curve_name"
    merkel: dict[str, Any] = {
        "performance_input_method": "UFactorTimesAreaAndDesignWaterFlowRate",
        "design_air_flow_rate_u_factor_times_area_value": 350e3,
        "free_convection_regime_u_factor_times_area_value": 35e3,
        "free_convection_regime_air_flow_rate": 9.0,
        "fan_power_modifier_function_of_air_flow_rate_ratio_curve_name": "Cube",
        factor.format("air_flow_ratio"): "Air",
        factor.format("wetbulb_temperature_difference"): "Wet bulb",
        factor.format("water_flow_ratio"): "Water",
    }
    curves: Model = {
        "Curve:Cubic": {"Cube": curve(0.0, 0.0, 0.0, 1.0, least=0.0, most=1.0)},
        "Curve:Quadratic": {"Air": curve(0.0, 1.3, -0.3, least=0.2, most=1.0),
                            "Water": curve(0.1082, 1.667, -0.7713, least=0.3, most=1.0)},
        "Curve:Linear": {"Wet bulb": curve(1.0, 0.0081, least=-10.0, most=25.0)},
    }  # fmt: skip
    return loop, {kind: {"tower machine": ports(loop) | _TOWER | _WATER_USE | merkel}} | curves


def dry_cooler(heat_w: float, set_c: float) -> tuple[Loop, Model]:
    """A dry cooler of 150 kW/K with 250 m3/s of air."""
    loop = Loop("dry", DRY, WATER, DRY_FLOW_M3_S, heat_w, set_c)
    machine = {
        "performance_input_method": "UFactorTimesAreaAndDesignWaterFlowRate",
        "design_air_flow_rate_u_factor_times_area_value": 150e3, "design_water_flow_rate": DRY_FLOW_M3_S,
        "design_air_flow_rate": 250.0, "design_air_flow_rate_fan_power": 60e3,
        "design_entering_water_temperature": 50.0, "design_entering_air_temperature": 35.0,
        "design_entering_air_wetbulb_temperature": 25.6,
    }  # fmt: skip
    return loop, {DRY: {"dry machine": ports(loop) | machine}}


def chiller(spec: dict[str, Any], heat_w: float, set_c: float, source_c: float) -> tuple[list[Loop], Model]:
    """The chiller of ``spec`` (as in its row), whose condenser is fed with water of ``source_c``."""
    loop = Loop("chilled", CHILLER, CHILLED, CHILLED_FLOW_M3_S, heat_w, set_c)
    box = spec["leaving_c"], spec["entering_c"]
    machine = {
        "reference_capacity": spec["capacity_w"], "reference_cop": spec["cop"],
        "reference_leaving_chilled_water_temperature": 6.67, "reference_entering_condenser_fluid_temperature": 26.11,
        "reference_chilled_water_flow_rate": CHILLED_FLOW_M3_S,
        "reference_condenser_fluid_flow_rate": CONDENSER_FLOW_M3_S,
        "cooling_capacity_function_of_temperature_curve_name": "Capacity",
        "electric_input_to_cooling_output_ratio_function_of_temperature_curve_name": "Input",
        "electric_input_to_cooling_output_ratio_function_of_part_load_ratio_curve_name": "Load",
        "minimum_part_load_ratio": spec["least_load"], "maximum_part_load_ratio": spec["most_load"],
        "minimum_unloading_ratio": spec["least_load"], "chiller_flow_mode": "ConstantFlow",
        "condenser_type": "WaterCooled", "condenser_inlet_node_name": "condenser load in",
        "condenser_outlet_node_name": "condenser load out",
    }  # fmt: skip
    condenser = Loop("condenser", SOURCE, ("inlet_node", "outlet_node"), CONDENSER_FLOW_M3_S, 0.0, source_c,
                     (CHILLER, "chilled machine"))  # fmt: skip
    source = {"design_volume_flow_rate": CONDENSER_FLOW_M3_S, "temperature_specification_type": "Constant",
              "source_temperature": source_c}  # fmt: skip
    return [loop, condenser], {
        CHILLER: {"chilled machine": ports(loop) | machine},
        SOURCE: {"condenser machine": ports(condenser) | source},
        "Curve:Biquadratic": {"Capacity": biquadratic(spec["capacity_curve"], *box),
                              "Input": biquadratic(spec["input_curve"], *box)},
        "Curve:Quadratic": {"Load": curve(*spec["load_curve"], least=spec["least_load"], most=spec["most_load"])},
    }  # fmt: skip
