"""Batteries and UPS of a site file into arrays."""

from typing import Any, NamedTuple

import numpy as np

from twin.components import battery, ups
from twin.core.layout import IVec, Vec
from twin.plant import order
from twin.site.network import expanded
from twin.site.spec import Site
from twin.site.spec_parts import Parts


class InService(NamedTuple):
    """Fields of `order.Service` at the start."""

    battery_mode: IVec
    ups_release: Vec


def _ups(site: Site) -> list[tuple[str, str, int]]:
    """The bus, the type and the modules in parallel of each UPS."""
    return [
        (name, node.ups.type, node.ups.count)
        for node in site.electrical.nodes
        if node.ups is not None
        for name in expanded(node)
    ]


def ups_names(site: Site) -> list[str]:
    """What each UPS is called: after its bus."""
    return [f"{bus}/ups" for bus, *_ in _ups(site)]


def parts(site: Site, library: Parts) -> dict[str, Any]:
    """The parts of `order.Plant` that store electricity."""
    modules = [(library.ups[kind], count) for _, kind, count in _ups(site)]
    plants = site.electrical.batteries
    return {
        "ups": ups.params([spec.model_copy(update={"rating": spec.rating * count}) for spec, count in modules]),
        "battery": battery.params(
            [library.batteries[plant.type] for plant in plants],
            [plant.count for plant in plants],
            [np.inf if plant.power is None else plant.power for plant in plants],
            [plant.control for plant in plants],
        ),
    }


def wiring(site: Site, index: dict[str, int]) -> dict[str, Any]:
    """Fields of `order.Wiring`: where they hang."""
    return {
        "ups_bus": np.array([index[bus] for bus, *_ in _ups(site)], int),
        "battery_bus": np.array([index[plant.node] for plant in site.electrical.batteries], int),
    }


def in_service(site: Site) -> InService:
    """What batteries and UPS are told as the site stands."""
    modes = [battery.MODES.index(plant.control.mode) for plant in site.electrical.batteries]
    return InService(np.array(modes, np.int64), np.zeros(len(_ups(site))))


def at_first(site: Site, plant: order.Plant) -> dict[str, Any]:
    """Parts of `order.State` at the start: UPS full, plants at their target charge."""
    modes = in_service(site).battery_mode.tolist()
    return {"ups": ups.new_state(plant.ups), "battery": battery.new_state(plant.battery, modes)}
