"""A digital twin of an AI datacenter's power and heat: every GPU, rack, cooling loop and transformer."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twin.finishing import finish
    from twin.report.page import write_report
    from twin.results import Result
    from twin.running import run
    from twin.scenario import Scenario, load_scenario
    from twin.site.load import load_site

_HOMES = {
    "load_site": "twin.site.load", "load_scenario": "twin.scenario", "Scenario": "twin.scenario", "run": "twin.running",
    "Result": "twin.results", "finish": "twin.finishing", "write_report": "twin.report.page",
}  # fmt: skip
__all__ = ["Result", "Scenario", "finish", "load_scenario", "load_site", "run", "write_report"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'twin' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
