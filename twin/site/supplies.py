"""Power supplies and shelves of racks, from a site file into arrays."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from twin.components import psu, shelf
from twin.core.layout import zeros
from twin.plant import order
from twin.site.spec_parts import Parts


def params(library: Parts, rack_types: Sequence[str]) -> order.RackSupply:
    """Supplies of racks whose types are ``rack_types``, in site order."""
    names = list(library.racks)
    specs = [library.racks[name] for name in names]
    rated_w = [spec.nodes * library.nodes[spec.node].supply.rating for spec in specs]
    shelved = [spec for spec in specs if spec.shelf is not None]
    return order.RackSupply(
        psu=psu.params([spec.ride_through for spec in specs], rated_w),
        shelf=shelf.params(
            [spec.shelf for spec in shelved if spec.shelf is not None],
            [spec.nodes * library.nodes[spec.node].gpus for spec in shelved],
        ),
        **_frozen(
            kind=[names.index(name) for name in rack_types],
            shelf_of=[-1 if spec.shelf is None else shelved.index(spec) for spec in specs],
            restart_s=[spec.restart for spec in specs],
        ),
    )


def at_first(plant: order.Plant) -> dict[str, Any]:
    """Charged supplies, shelves at their target, no rack out."""
    supply, racks = plant.supply, plant.supply.kind.size
    shelves = zeros(shelf.ShelfState, racks)
    of = supply.shelf_of[supply.kind]
    shelves.stored_j[of >= 0] = supply.shelf.target_j[of[of >= 0]]
    charged_j = supply.psu.charged_j[supply.kind].copy()
    return {
        "psu": zeros(psu.PsuState, racks)._replace(stored_j=charged_j),
        "shelf": shelves,
        "outage": zeros(order.Outage, racks),
    }


def _frozen(**fields: Sequence[float]) -> dict[str, Any]:
    made = {}
    for name, values in fields.items():
        made[name] = np.array(values, np.float64 if name.endswith("_s") else np.int64)
        made[name].flags.writeable = False
    return made
