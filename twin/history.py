"""What a run keeps: rows of the site each second, of everything else each minute, in blocks to the result file."""

from collections import defaultdict
from typing import Protocol

import numpy as np

from twin.components import gpu, pump
from twin.core.layout import Vec, variables, zeros
from twin.drive.erlang import BIN_EDGES_S
from twin.drive.inference import Service
from twin.drive.jobs import JobFacts
from twin.drive.weather import WeatherRow
from twin.holding import Holding
from twin.plant import ledger, protection, record, recording
from twin.plant.order import State, gpu_rows
from twin.results import ResultFile
from twin.site.compile import FLOOR_WIDTH, Compiled
from twin.watching import Watch

MINUTE, FLUSH = 60, 3600
FIRST_C, WIDTH_K, BINS = 10.0, 1.0, 100
_EXTREME = ("_min", "_max")
_DRIVE = {
    "limit_w": ("W", "limit in force at the point of interconnection"),
    "dry_bulb_c": ("degC", "outdoor dry bulb"),
    "wet_bulb_c": ("degC", "outdoor wet bulb"),
    "braked": ("1", "GPUs in nodes held by the power brake"),
}


class Jobs(Protocol):
    """What the jobs of a run tell."""

    def facts(self) -> list[JobFacts]:
        """What is known of each job by now."""
        ...

    def progress_s(self, tick: int) -> Vec:
        """What each job has done by ``tick``, in seconds at full speed."""
        ...

    def paused_s(self, tick: int) -> Vec:
        """How long each job was paused by ``tick``."""
        ...

    def pools(self) -> list[str]:
        """The inference pools by name."""
        ...

    def services(self, first: int, last: int) -> list[Service]:
        """How each pool did in the ticks from ``first`` up to ``last``."""
        ...


class History:
    """Records of one run on their way to its file."""

    def __init__(self, compiled: Compiled, file: ResultFile, jobs: Jobs, watch: Watch, holding: Holding) -> None:
        names = compiled.names
        self.file, self._compiled, self._told, self._watch = file, compiled, jobs, watch
        self._holding = holding
        self._jobs, self._pools = jobs.facts(), jobs.pools()
        self._progress_s, self._paused_s = jobs.progress_s(0), jobs.paused_s(0)
        self.site = zeros(record.SiteRecord, FLUSH)
        self.records = record.Records(
            zeros(record.RackRecord, len(names.racks)),
            zeros(record.CduRecord, len(names.cdus)),
            zeros(record.HallRecord, len(names.halls)),
            zeros(record.ElectricalRecord, len(names.electrical)),
            zeros(record.BatteryRecord, len(names.batteries)),
        )
        self.seconds = 0
        self.substation_w = np.zeros((FLUSH, len(compiled.substations)))
        self._drive: dict[str, Vec] = {name: np.zeros(FLUSH) for name in _DRIVE}
        self._job_sums = np.zeros((3, len(self._jobs) + 1))
        self._minutes: dict[str, dict[str, list[Vec]]] = defaultdict(lambda: defaultdict(list))
        self._minute_times: list[float] = []
        self._row, self._flushed_tick = 0, 0
        self._open_groups()

    def _open_groups(self) -> None:
        compiled, file, names = self._compiled, self.file, self._compiled.names
        file.group("site", {"substation": compiled.substations or ["none"]}, timed=True)
        file.layout("site", record.SiteRecord)
        for name, (unit, words) in _DRIVE.items():
            file.series("site", name, unit, words)
        if compiled.substations:
            file.series("site", "substation_w", "W", "active power at the substation", ("substation",))
            file.fixed(
                "site",
                "substation_limit_w",
                ("substation",),
                compiled.substation_limit_w,
                "W",
                "limit of the substation",
            )
        for group, layout, labels in (
            ("rack", record.RackRecord, names.racks),
            ("cdu", record.CduRecord, names.cdus),
            ("hall", record.HallRecord, names.halls),
        ):
            file.group(group, {group: labels}, timed=True)
            file.layout(group, layout, (group,))
        file.group("electrical", {"node": names.electrical}, timed=True)
        file.layout("electrical", record.ElectricalRecord, ("node",))
        if names.batteries:
            file.group("battery", {"battery": names.batteries}, timed=True)
            file.layout("battery", record.BatteryRecord, ("battery",))
            self._static_batteries()
        if compiled.relays:
            file.group("relay", {"relay": compiled.relays}, timed=True)
            file.layout("relay", record.RelayRecord, ("relay",))
        if self._jobs:
            file.group("job", {"job": [job.name for job in self._jobs]}, timed=True)
            file.layout("job", record.JobRecord, ("job",))
        if self._pools:
            file.group("pool", {"pool": self._pools, "bin": BIN_EDGES_S}, timed=True)
            file.layout("pool", record.PoolRecord, ("pool",))
            file.layout("pool", record.PoolLatencyRecord, ("pool", "bin"))
        file.group("histogram", {"bin": FIRST_C + WIDTH_K * np.arange(BINS)}, timed=True)
        file.fixed("histogram", "width", (), WIDTH_K, "K", "width of a bin; the outer bins hold what is beyond them")
        file.series("histogram", "die_count", "1", "GPUs by die temperature, lower edge of the bin", ("bin",))
        file.series("histogram", "hbm_count", "1", "GPUs by memory temperature, lower edge of the bin", ("bin",))
        self._watch.open(file)
        self._static()

    def _static_batteries(self) -> None:
        c, file, axis = self._compiled, self.file, ("battery",)
        batteries = c.plant.battery
        file.fixed("battery", "node", axis, np.array(c.names.electrical)[c.plant.wiring.battery_bus])
        file.fixed("battery", "rating_w", axis, batteries.most_w, "W", "greatest power, either way")
        file.fixed("battery", "energy_j", axis, batteries.energy_j, "J", "energy at full charge")
        for name, words in (("dead_s", "dead time"), ("lag_s", "time constant of the power"),
                            ("band_s", "time constant of the command's low-pass, 0 for none")):  # fmt: skip
            file.fixed("battery", name, axis, getattr(batteries, name), "s", words)

    def _static(self) -> None:
        """What does not change with time, so that a file alone is enough to draw its report."""
        c, file, plant = self._compiled, self.file, self._compiled.plant
        halls = np.array(c.names.halls)
        place = np.concatenate([np.arange(n) for n in np.bincount(plant.rack.hall)])
        racks = {
            "hall": halls[plant.rack.hall], "type": np.array(c.names.rack_types),
            "cdu": np.array(c.names.cdus)[plant.rack.cdu],
            "board": np.array(c.names.electrical)[plant.rack.board], "row": place // FLOOR_WIDTH,
            "column": place % FLOOR_WIDTH,
            "gpus": plant.rack.nodes * plant.node.gpus[plant.rack.node],
        }  # fmt: skip
        for name, values in racks.items():
            file.fixed("rack", name, ("rack",), values)
        file.fixed("rack", "rating_w", ("rack",), plant.rack.rating_w, "W", "rating of the supply line")
        factors = np.array([spec.speed.interval for spec in c.library.gpus.values()])[plant.rack.gpu]
        for name, bound in zip(("lost_least", "lost_most"), factors.T, strict=True):
            file.fixed("rack", name, ("rack",), bound, "1", "factor on work lost, of nine in ten jobs")
        specs, kinds = c.library.cdus, c.cdu_types
        file.fixed("cdu", "hall", ("cdu",), halls[plant.wiring.cdu_hall])
        file.fixed("cdu", "type", ("cdu",), np.array(kinds))
        file.fixed("cdu", "rating_w", ("cdu",), [specs[kind].heat for kind in kinds], "W", "design heat")
        racks_kg_s = np.add.reduceat(plant.manifolds.rack_kg_s, plant.manifolds.first[:-1])
        file.fixed("cdu", "rated_flow_kg_s", ("cdu",), racks_kg_s, "kg s-1", "design flow of its racks")
        wants_c = plant.hall.set_point_c[plant.wiring.cdu_hall] + plant.cdu.approach_k
        file.fixed("cdu", "set_point_c", ("cdu",), wants_c, "degC", "supply set point")
        file.fixed("cdu", "reservoir_kg", ("cdu",), plant.cdu.reservoir_kg, "kg", "coolant that makes up what leaks")
        file.fixed("cdu", "pump_rating_w", ("cdu",), pump.installed_w(plant.cdu_pump), "W", "rating of its pumps")
        hall = ("hall",)
        file.fixed("hall", "set_point_c", hall, plant.hall.set_point_c, "degC", "supply set point")
        file.fixed(
            "hall",
            "plant_capacity_w",
            hall,
            c.plant_capacity_w,
            "W",
            "reference capacity of the plant",
        )
        machines = np.zeros(halls.size, int)
        machines[plant.chiller.hall] = plant.chiller.machines
        file.fixed("hall", "chillers", hall, machines)
        file.fixed("hall", "pump_rating_w", hall, pump.installed_w(plant.hall_pump), "W", "rating of its pumps")
        file.fixed("hall", "inlet_limit_c", hall, plant.aisle.limit_c, "degC", "server inlet allowed")
        file.fixed("hall", "inlet_recommended_c", hall, plant.aisle.recommended_c, "degC", "server inlet recommended")
        file.fixed("hall", "dew_point_c", hall, plant.hall.dew_point_c, "degC", "dew point of the room")
        file.fixed("hall", "plant", hall, np.array(c.plant_types))
        node, parent = ("node",), plant.network.from_bus
        level = np.zeros(parent.size, int)
        for i in range(1, parent.size):
            level[i] = level[parent[i]] + 1
        file.fixed("electrical", "parent", node, np.array(["" if p < 0 else c.names.electrical[p] for p in parent]))
        file.fixed("electrical", "to", node, np.array(c.names.electrical)[plant.network.to_bus])
        file.fixed("electrical", "kind", node, np.array(c.electrical_kind))
        file.fixed("electrical", "rating_va", node, c.electrical_rating_va, "VA", "rating of the element")
        file.fixed("electrical", "limit_w", node, c.electrical_limit_w, "W", "limit by contract")
        file.fixed("electrical", "level", node, level)
        for name, words in (("limit", "conductor at the ampacity"), ("emergency", "conductor allowed for some hours")):
            known_c = np.full(parent.size, np.nan)
            known_c[plant.electrics.cable] = getattr(plant.cable_heat, f"{name}_c")
            file.fixed("electrical", f"conductor_{name}_c", node, known_c, "degC", words)

    @property
    def row(self) -> int:
        """Row of the site record that the next second goes to."""
        return self._row

    def latest(self, name: str) -> float:
        """The last second's value of a site variable."""
        return float(getattr(self.site, name)[self._row - 1])

    def add(self, tick: int, ticks: int, state: State, limit_w: Vec, air: WeatherRow) -> None:
        """After a macro-step of ``ticks`` that ended at ``tick``: what kernels did not write themselves."""
        rows = slice(self._row, self._row + ticks)
        self._drive["limit_w"][rows] = limit_w
        self._drive["dry_bulb_c"][rows], self._drive["wet_bulb_c"][rows] = air.dry_bulb_c, air.wet_bulb_c
        self._drive["braked"][rows] = self._holding.braked[:ticks]
        self._row += ticks
        self.seconds += ticks
        if self._watch:
            self._watch.look(state)
        if tick % MINUTE == 0:
            self.minute(tick, state)
        if self._row == FLUSH:
            self.flush()

    def collect_jobs(self, state: State) -> None:
        """Add what servers did since the last call to the jobs they hold; called before any job moves."""
        node, count = state.node, len(self._jobs) + 1
        for k, values in enumerate((node.energy_j, node.asked, node.lost)):
            self._job_sums[k] += np.bincount(node.job, weights=values, minlength=count)
            values[:] = 0.0

    def minute(self, tick: int, state: State) -> None:
        """Close the records of the seconds since the last one; a run may end within a minute."""
        if not self.seconds:
            return
        seconds = float(self.seconds)
        for group, kept in self.records._asdict().items():
            for name, values in kept._asdict().items():
                rows = values.copy() if name.endswith(_EXTREME) else values / seconds
                self._minutes[group][name].append(rows)
                values[:] = 0.0
        hall = self._minutes["hall"]
        drawn_w = hall["plant_w"][-1]
        hall["cop"][-1] = np.divide(hall["cop"][-1], drawn_w, out=np.full_like(drawn_w, np.nan), where=drawn_w > 0)
        if self._compiled.relays:
            for name, values in zip(
                record.RelayRecord._fields, protection.damage(self._compiled.plant, state), strict=True
            ):
                self._minutes["relay"][name].append(values)
        self.collect_jobs(state)
        self._close_jobs(tick, state, seconds)
        counts = np.zeros((2, gpu.LANES, BINS))
        recording.count_temperatures(state.blocks, np.array([gpu.DIE, gpu.HBM]), FIRST_C, WIDTH_K, counts)
        for name, lanes in zip(("die_count", "hbm_count"), counts, strict=True):
            self._minutes["histogram"][name].append(lanes.sum(axis=0))
        self._minute_times.append(float(tick))
        self.seconds = 0

    def _close_jobs(self, tick: int, state: State, seconds: float) -> None:
        energy, asked, lost = self._job_sums[:, 1:] / seconds
        held = np.bincount(state.node.job, minlength=len(self._jobs) + 1)[1:]
        before_s, self._progress_s = self._progress_s, self._told.progress_s(tick)
        paused_s, self._paused_s = self._paused_s, self._told.paused_s(tick)
        progress, paused = (self._progress_s - before_s) / seconds, (self._paused_s - paused_s) / seconds
        back = self._holding.take()[:, 1:] / seconds
        columns = held, energy, asked - lost, asked, progress, paused, *back
        for name, values in zip(record.JobRecord._fields, columns, strict=True):
            self._minutes["job"][name].append(np.asarray(values, float))
        self._job_sums[:] = 0.0
        if self._pools:
            served = zip(*self._told.services(tick - int(seconds), tick), strict=True)
            for name, each in zip(Service._fields, served, strict=True):
                self._minutes["pool"][name].append(np.array(each))

    def flush(self) -> None:
        """Write what has gathered."""
        if self._row:
            time_s: Vec = self._flushed_tick + 1.0 + np.arange(float(self._row))
            rows = {name: values[: self._row] for name, values in zip(self.site._fields, self.site, strict=True)}
            rows |= {name: values[: self._row] for name, values in self._drive.items()}
            if self._compiled.substations:
                rows["substation_w"] = self.substation_w[: self._row]
            self.file.append("site", time_s, rows)
            self._watch.flush(self.file, time_s)
            self._flushed_tick += self._row
            self._row = 0
        if self._minute_times:
            for group, columns in self._minutes.items():
                if (
                    columns
                    and (group != "job" or self._jobs)
                    and (group != "battery" or self._compiled.names.batteries)
                ):
                    self.file.append(group, np.array(self._minute_times), {n: np.array(v) for n, v in columns.items()})
            self._minutes.clear()
            self._minute_times.clear()

    def finish(
        self,
        state: State,
        events: list[tuple[float, str, str]],
        parts: list[ledger.Part],
        flows: list[tuple[str, str, float]],
    ) -> None:
        """Totals of every GPU, the jobs, the events and the books."""
        self._write_jobs()
        c, file, rows = self._compiled, self.file, gpu_rows(state)
        file.group("gpu", {"gpu": np.arange(c.gpus)}, timed=False)
        totals = {
            "energy_j": rows[:, gpu.ENERGY], "hottest_c": rows[:, gpu.HOTTEST], "throttled_s": rows[:, gpu.THROTTLED],
            "lost_work_s": np.repeat(state.node.lost_total_s, c.node_gpus),
        }  # fmt: skip
        meaning = dict(variables(record.GpuTotals))
        for name, values in totals.items():
            file.fixed("gpu", name, ("gpu",), np.ascontiguousarray(values).reshape(-1), *meaning[name])
        node = np.repeat(np.arange(c.node_rack.size), c.node_gpus)
        file.fixed("gpu", "rack", ("gpu",), c.node_rack[node])
        file.fixed("gpu", "node", ("gpu",), node - c.plant.rack.first_node[c.node_rack[node]])
        file.fixed("gpu", "slot", ("gpu",), np.concatenate([np.arange(n) for n in c.node_gpus]))
        file.group("events", {"event": np.arange(len(events))}, timed=False)
        file.fixed("events", "time_s", ("event",), np.array([e[0] for e in events], float), "s", "time since the start")
        file.fixed("events", "what", ("event",), np.array([e[1] for e in events], object))
        file.fixed("events", "message", ("event",), np.array([e[2] for e in events], object))
        file.group("books", {"part": [p.name for p in parts], "flow": np.arange(len(flows))}, timed=False)
        for name in ("in_", "out", "stored"):
            file.fixed("books", name, ("part",), [getattr(p, name) for p in parts], "J", f"energy {name.strip('_')}")
        file.fixed(
            "books", "residual", ("part",), [p.residual for p in parts], "1", "what does not close, over what came in"
        )
        file.fixed("books", "source", ("flow",), np.array([f[0] for f in flows]))
        file.fixed("books", "target", ("flow",), np.array([f[1] for f in flows]))
        file.fixed("books", "energy_j", ("flow",), [f[2] for f in flows], "J", "energy from source to target")

    def _write_jobs(self) -> None:
        """Kind and times of every job; those of the queue are known only now."""
        if not self._jobs:
            return
        columns = dict(zip(JobFacts._fields, zip(*self._told.facts(), strict=True), strict=True))
        words = {
            "submit_s": ("s", "when it came into the queue, after the start of the run"),
            "start_s": ("s", "start after that of the run"),
            "end_s": ("s", "end after the start of the run"),
            "priority": ("1", "higher is held back later"),
            "flexibility": ("1", "share of its speed it can do without while the utility calls"),
        }
        self.file.fixed("job", "kind", ("job",), np.array(columns["kind"]))
        for name, (unit, meaning) in words.items():
            self.file.fixed("job", name, ("job",), np.array(columns[name]), unit, meaning)
