"""A water loop with one machine, as objects of EnergyPlus.

A pump drives water through the machine and a prescribed load. It draws next to nothing, so the load's heat is the
machine's. Heat into the loop is a negative load of `LoadProfile:Plant`, whose flow is by volume at its own temperature.
"""

from typing import Any, NamedTuple

Model = dict[str, dict[str, dict[str, Any]]]
"""Objects by class and name."""


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


def ports(loop: Loop) -> dict[str, str]:
    """The machine's own fields for its two nodes."""
    return {loop.ports[0]: f"{loop.name} middle", loop.ports[1]: f"{loop.name} out"}


def objects(loop: Loop) -> Model:
    """All objects of a loop but its machine."""
    model: Model = {}
    for part in (_sides(loop), _pump(loop), _control(loop), {} if loop.consumer else _load(loop)):
        merge(model, part)
    return model


def merge(into: Model, more: Model) -> Model:
    """``into`` with the objects of ``more`` added."""
    for kind, each in more.items():
        into.setdefault(kind, {}).update(each)
    return into


def _branch(*parts: tuple[str, str, str, str]) -> dict[str, Any]:
    names = ("component_object_type", "component_name", "component_inlet_node_name", "component_outlet_node_name")
    return {"components": [dict(zip(names, part, strict=True)) for part in parts]}


def _sides(loop: Loop) -> Model:
    """Pump, then machine; what draws on the loop across from them."""
    n = loop.name
    drawing = loop.consumer or ("LoadProfile:Plant", f"{n} load")
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
            f"{n} {side}": {"branches": [{"branch_name": f"{n} {side} branch"}]} for side in ("supply", "demand")
        },
        "Branch": {
            f"{n} supply branch": _branch(
                ("Pump:VariableSpeed", f"{n} pump", f"{n} in", f"{n} middle"),
                (loop.kind, f"{n} machine", f"{n} middle", f"{n} out"),
            ),
            f"{n} demand branch": _branch((*drawing, f"{n} load in", f"{n} load out")),
        },
    }  # fmt: skip


def _pump(loop: Loop) -> Model:
    n = loop.name
    return {
        "Pump:VariableSpeed": {
            f"{n} pump": {
                "inlet_node_name": f"{n} in", "outlet_node_name": f"{n} middle",
                "design_maximum_flow_rate": loop.flow_m3_s, "design_minimum_flow_rate": 0.0,
                "design_pump_head": 1.0, "design_power_consumption": 1.0, "pump_control_type": "Continuous",
            }
        },
    }  # fmt: skip


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


def _control(loop: Loop) -> Model:
    """The machine takes all there is to take, down to the set point."""
    n, scheme = loop.name, "PlantEquipmentOperation:CoolingLoad"
    return {
        "Schedule:Constant": {f"{n} set": {"hourly_value": loop.set_c}},
        "SetpointManager:Scheduled": {
            f"{n} set": {
                "control_variable": "Temperature", "schedule_name": f"{n} set",
                "setpoint_node_or_nodelist_name": f"{n} out",
            }
        },
        "PlantEquipmentOperationSchemes": {
            f"{n} schemes": {
                "control_scheme_1_object_type": scheme, "control_scheme_1_name": f"{n} scheme",
                "control_scheme_1_schedule_name": "One",
            }
        },
        scheme: {
            f"{n} scheme": {
                "load_range_1_lower_limit": 0.0, "load_range_1_upper_limit": 1e9,
                "range_1_equipment_list_name": f"{n} machines",
            }
        },
        "PlantEquipmentList": {
            f"{n} machines": {"equipment": [{"equipment_object_type": loop.kind, "equipment_name": f"{n} machine"}]}
        },
    }  # fmt: skip
