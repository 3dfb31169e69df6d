"""A hall on its facility water: set point, design flow, and the mixed volumes at the plant.

The water mixes in a tank where it comes back and in the vessels of the plant (evaporators, exchangers) where it leaves;
between plant and hall it runs through pipes (`components.pipe`). The specific heat is taken at 30 degC for every hall
and CDU, one number for stream and store.
"""

from typing import Annotated, NamedTuple

from twin.core.jit import kernel
from twin.core.layout import Var, Vec


class HallParams(NamedTuple):
    """Constants of each hall."""

    set_point_c: Annotated[Vec, Var("degC", "facility water supply set point")]
    dew_point_c: Annotated[Vec, Var("degC", "dew point of the hall's air")]
    water_w_k: Annotated[Vec, Var("W K-1", "heat capacity rate of the facility water at design flow")]
    flow_kg_s: Annotated[Vec, Var("kg s-1", "facility water flow at design")]
    density_kg_m3: Annotated[Vec, Var("kg m-3", "density of the water")]
    water_j_kg_k: Annotated[Vec, Var("J kg-1 K-1", "specific heat of the water")]
    vessel_j_k: Annotated[Vec, Var("J K-1", "heat capacity of the water in the plant's vessels")]
    tank_j_k: Annotated[Vec, Var("J K-1", "heat capacity of the water in the tank before the plant")]


class HallState(NamedTuple):
    """Facility water of each hall."""

    supply_c: Annotated[Vec, Var("degC", "water leaving the plant")]
    inlet_c: Annotated[Vec, Var("degC", "water arriving at the hall")]
    return_c: Annotated[Vec, Var("degC", "water coming to the plant, behind the tank")]


@kernel
def plant_demand_w(state, i, set_point_c, water_w_k, shaft_w):
    """Heat [W] the plant must take so that the water leaves at the set point."""
    return max(0.0, water_w_k * (state.return_c[i] - set_point_c) + shaft_w)
