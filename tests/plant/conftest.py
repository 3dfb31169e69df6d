"""A compiled site, its state at rest, and seconds of it."""

from pathlib import Path

import numpy as np
import pytest

from twin.core.layout import zeros
from twin.events import actions
from twin.inputs import change_site
from twin.plant import ledger, record, rejection, steady, step, storage
from twin.plant.order import LONGEST_STEP
from twin.protecting import Protecting
from twin.scenario import Scenario
from twin.site.compile import compile_site, new_state
from twin.site.load import load_site
from twin.wanted import Wanted

SITES = Path(__file__).parents[2] / "site_configs"
# Two racks, one of a kind: short enough for interpreted kernels.
TWO_RACKS = {
    "halls.0.racks": [{"type": "h100-hgx-rack", "count": 1}, {"type": "nvl72-rack", "count": 1}],
    "halls.0.pumps.flow": "0.035 m3/s",
}


class Running:
    """A site that runs, with what a run keeps of it."""

    def __init__(
        self,
        name: str = "pod",
        changes: dict | None = None,
        activity: float = 0.8,
        air_c: float = 30.0,
        most_s: int = 3600,
    ):
        # Types of the shared library are there only once the site is loaded; relays that trip at once are not checked.
        late = {
            path: value
            for path, value in (changes or {}).items()
            if "protection" in path or "racks." in path or "cdus." in path
        }
        site = load_site(SITES / f"{name}.yaml", {p: v for p, v in (changes or {}).items() if p not in late})
        self.compiled = compile_site(change_site(site, late) if late else site)
        self.plant, self.state, names = self.compiled.plant, new_state(self.compiled), self.compiled.names
        self.state.node.job[:] = 1
        self.rounds = steady.settle(
            self.plant, self.state, np.array([0.0, activity]), (air_c, min(air_c, 25.0), 1e5), names.halls
        )
        self.books, self.site = ledger.open_books(), zeros(record.SiteRecord, most_s)
        self.substation_w = np.zeros((most_s, len(self.compiled.substations)))
        self.records = record.Records(
            zeros(record.RackRecord, len(names.racks)), zeros(record.CduRecord, len(names.cdus)),
            zeros(record.HallRecord, len(names.halls)), zeros(record.ElectricalRecord, len(names.electrical)),
            zeros(record.BatteryRecord, len(names.batteries)),
        )  # fmt: skip
        self.at = 0
        self.before = ledger.stores(self.plant, self.state)
        self.wanted = Wanted(self.compiled, self.state)
        self.protecting, self.said = Protecting(self.compiled, self.state), []

    def advance(self, activity, ticks: int = 5) -> int:
        """One macro-step at ``activity``, a number or one a second."""
        rows = np.column_stack([np.zeros(ticks), np.broadcast_to(activity, ticks)])
        failed = step.advance(
            self.plant,
            self.state,
            rows,
            ticks,
            self.books,
            self.site,
            self.substation_w,
            self.at,
            self.records,
            self.at,
        )
        self.at += ticks
        return failed

    def follow(self, seconds: int, events=(), watch=lambda state: (), activity: float = 0.8) -> np.ndarray:
        """So many seconds as a run takes them, with controllers; what ``watch`` returns after each step, time first.

        ``events`` are as in a scenario, their times from the start on.
        """
        scenario = Scenario.model_validate({"duration": f"{self.at + seconds} s", "events": list(events)})
        pending, end, rows = actions(scenario, self.compiled), self.at + seconds, []
        periods = step.periods(self.plant)
        while self.at < end:
            due = [action for action in pending if action.tick == self.at]
            for action in due:
                action.apply(self.wanted)
            if due or storage.stale(self.plant, self.state):
                self.protecting.put_back(self.state, self.wanted)
                self.wanted.enforce(self.state)
                rejection.rate(self.plant, self.state, tuple(self.state.outdoors))
            sampled = any(self.at % period == 0 for period in periods)
            if sampled:
                step.sample(self.plant, self.state, self.at)
            later = [action.tick for action in pending if action.tick > self.at]
            most = 1 if step.turning(self.state) else LONGEST_STEP - self.at % LONGEST_STEP
            ticks = min([self.at + most, end, *later]) - self.at
            step.move(self.plant, self.state, float(ticks), sampled=sampled)
            assert self.advance(activity, ticks) == 0
            self.said += [(self.at, *said) for said in self.protecting.act(self.state, self.wanted)]
            rows.append((self.at, *watch(self.state)))
        return np.array(rows)

    def parts(self) -> dict[str, ledger.Part]:
        """The books since the start."""
        return {
            part.name: part for part in ledger.close(self.books, self.before, ledger.stores(self.plant, self.state))
        }


@pytest.fixture
def start() -> type[Running]:
    """Puts a site at rest, ready to advance."""
    return Running


@pytest.fixture
def two_racks() -> Running:
    """A pod of two racks at rest."""
    return Running(changes=TWO_RACKS)
