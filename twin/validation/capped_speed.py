"""Case model: speed of jobs under power limits, by natural power; every job is judged by curves fitted without it.

Jobs of one GPU are put in order of the power that they draw without a limit and dealt out to ``folds`` groups; curves
are fitted on all groups but one and say the speed of the jobs of that one. Medians of the classes are then compared.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import Field, StrictStr

from twin.calibrate import Free, fit
from twin.core.layout import Vec
from twin.core.quantity import Power, Ratio, Spec
from twin.core.speed import SpeedSpec, lost_table, speed_lost
from twin.drive.trace import read_rows
from twin.site.explain import Loc
from twin.validation.outcome import Outcome, Pair

_JOB = ("dataset", "network", "batch_size", "optimizer")
_COLUMNS = (*_JOB, "power_limit", "time_per_epoch", "average_power")
_NINE_OF_TEN = 0.9
_SEEN = 0.03  # speed lost above which a factor on it means something: runs repeat within two points


class TableSpec(Spec):
    """Jobs of a GPU."""

    file: StrictStr
    rating: Power
    """The greatest limit, at which a job draws its natural power."""


class Jobs(NamedTuple):
    """Jobs in order of natural power."""

    natural: Vec
    """Over the rating."""
    limit: Vec
    """Limits over the rating, rising, without the rating itself."""
    speed: Vec
    """[job, limit], over speed at the rating; not a number where a job was not run."""


class CappedSpeedSpec(Spec):
    """Speed curves of several GPUs."""

    kind: Literal["capped-speed"]
    tables: dict[str, TableSpec]
    natural: Annotated[tuple[Ratio, ...], Field(min_length=2)]
    """Natural powers of the curves; at the first nothing is lost."""
    fit_above: Ratio
    """Jobs of less natural power take no part in the fit."""
    robust: Ratio
    """Error beyond which a job counts by its size, not by its square."""
    folds: Annotated[int, Field(ge=2)]
    classes: dict[str, tuple[Ratio, Ratio]]
    """Natural power from and up to, by name."""
    interval: tuple[float, float]
    """Factors on the speed lost that hold nine of ten jobs."""

    def quantities(self) -> dict[str, str]:
        """What can be judged, with its unit: medians of each class of each GPU, and the interval."""
        return dict.fromkeys([*(f"{gpu} {name}" for gpu in self.tables for name in self.classes), "interval"], "1")

    def files_used(self) -> Iterator[tuple[Loc, str]]:
        """Every file named, with its place in the model's section."""
        for gpu, table in self.tables.items():
            yield ("tables", gpu, "file"), table.file

    def run(self, files: Mapping[str, Path], folder: Path) -> Outcome:
        """Fit without each group, and compare the medians of all."""
        del folder
        pairs: dict[str, Pair] = {}
        inside: dict[str, float] = {}
        for gpu, table in self.tables.items():
            jobs = _jobs(files[table.file], table.rating)
            said = self._cross_validated(jobs)
            for name, (low, high) in self.classes.items():
                chosen = (jobs.natural >= low) & (jobs.natural < high)
                pairs[f"{gpu} {name}"] = Pair(
                    f"{gpu}, {name}: median of {int(chosen.sum())} jobs", "1", jobs.limit, "limit over rating",
                    np.nanmedian(jobs.speed[chosen], axis=0), np.nanmedian(said[chosen], axis=0),
                )  # fmt: skip
            inside[gpu] = self._inside(jobs, said)
        at, share = np.arange(float(len(inside))), np.array(list(inside.values()))
        claimed = np.full(len(inside), _NINE_OF_TEN)
        words = "share of jobs in the interval"
        pairs["interval"] = Pair(words, "1", at, "", claimed, share, known="claimed", labels=tuple(inside))
        return Outcome(pairs)

    def _cross_validated(self, jobs: Jobs) -> Vec:
        said, group = np.full_like(jobs.speed, np.nan), np.arange(len(jobs.natural)) % self.folds
        for k in range(self.folds):
            held = group == k
            table = lost_table(self.curves(Jobs(jobs.natural[~held], jobs.limit, jobs.speed[~held])))
            for i in np.flatnonzero(held):
                said[i] = [1.0 - speed_lost(table, jobs.natural[i], limit) for limit in jobs.limit]
        return np.where(np.isnan(jobs.speed), np.nan, said)

    def curves(self, jobs: Jobs) -> SpeedSpec:
        """Curves through ``jobs``: monotone in the limit and in natural power by what is fitted, shares of steps."""
        heavy = jobs.natural >= self.fit_above
        natural, speed = np.clip(jobs.natural[heavy], self.natural[0], self.natural[-1]), jobs.speed[heavy]
        rows, limits = len(self.natural) - 1, len(jobs.limit)
        free = {f"step {k}": Free(0.05, 0.0, 0.5, "1") for k in range(limits)}
        free |= {f"share {i} {k}": Free(0.5, 0.0, 1.0, "1") for i in range(1, rows) for k in range(limits)}

        def lost(values: dict[str, float]) -> Vec:
            """Rows by natural power, columns by limit, as in the jobs."""
            steps = np.array(list(values.values())).reshape(rows, limits)
            steps[1:] = np.cumprod(steps, axis=0)[1:]
            return np.vstack([np.zeros(limits), np.cumsum(steps[:, ::-1], axis=1)[::-1, ::-1]])

        def errors(values: dict[str, float]) -> Vec:
            table = lost(values)
            simulated = 1.0 - np.array([np.interp(natural, self.natural, column) for column in table.T]).T
            off = (simulated - speed)[~np.isnan(speed)] / self.robust
            return np.asarray(np.sign(off) * np.sqrt(2.0 * (np.sqrt(1.0 + off**2) - 1.0)) * self.robust)

        found = 1.0 - np.clip(lost({name: one.value for name, one in fit(errors, free).items()}), 0.0, 1.0)
        speeds = np.hstack([found, np.ones((rows + 1, 1))])
        limit = (*jobs.limit.tolist(), 1.0)
        return SpeedSpec(natural=self.natural, limit=limit, speed=speeds.tolist(), interval=self.interval)

    def _inside(self, jobs: Jobs, said: Vec) -> float:
        """Share of the speeds lost that lie in the interval around what the curves say."""
        lost, expected = 1.0 - jobs.speed, 1.0 - said
        seen = (expected > _SEEN) & ~np.isnan(lost)
        factor = lost[seen] / expected[seen]
        return float(np.mean((factor >= self.interval[0]) & (factor <= self.interval[1])))


def _jobs(path: Path, rating_w: float) -> Jobs:
    """All jobs of a file; runs of one job at one limit are averaged."""
    times: dict[tuple[tuple[str, ...], float], list[float]] = {}
    natural: dict[tuple[str, ...], list[float]] = {}
    for row in read_rows(path, _COLUMNS):
        job, limit_w = tuple(row.cells[name] for name in _JOB), float(row.cells["power_limit"])
        times.setdefault((job, limit_w), []).append(float(row.cells["time_per_epoch"]))
        if limit_w == rating_w:
            natural.setdefault(job, []).append(float(row.cells["average_power"]) / rating_w)
    order = sorted(natural, key=lambda job: float(np.mean(natural[job])))
    limits_w = sorted({limit for _, limit in times} - {rating_w})
    speed = np.full((len(order), len(limits_w)), np.nan)
    for i, job in enumerate(order):
        for j, limit_w in enumerate(limits_w):
            if (job, limit_w) in times:
                speed[i, j] = np.mean(times[job, rating_w]) / np.mean(times[job, limit_w])
    return Jobs(np.array([np.mean(natural[job]) for job in order]), np.array(limits_w) / rating_w, speed)
