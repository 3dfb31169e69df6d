"""Case model: power at the wall of an air-cooled server whose boards are held by a cap, from the shipped server.

Boards, parts and power supply are those of the shipped, liquid-cooled server. In air, fans carry the heat of all of
them: their power at full speed and the constant power of the parts are fitted on one run, and the other runs follow.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, StrictStr

from twin.calibrate import Free, fit
from twin.components import server
from twin.components.server import FanSpec, NodeSpec, PartSpec
from twin.core.errors import SiteError, did_you_mean, file_problem
from twin.core.layout import Vec
from twin.core.quantity import Power, Spec
from twin.drive.trace import read_rows
from twin.site.explain import Loc
from twin.site.source import build, read
from twin.site.spec_parts import Parts
from twin.validation.outcome import Outcome, Pair

_COLUMNS = ("in_test", "Watts")
_CONSTANT = "board"  # the part that stands for all that does not vary
_MOST_FANS_W, _MOST_PARTS_W = 4000.0, 3000.0


class CappedRunSpec(Spec):
    """A run under a cap."""

    file: StrictStr
    cap: Power
    """Cap of each board, which binds."""


class CappedServerSpec(Spec):
    """A server at the wall under caps."""

    kind: Literal["capped-server"]
    parts: Path
    """Part library with the server, relative to the case."""
    node: StrictStr
    fans: FanSpec
    """Fans of the air-cooled server; their power is where the search starts."""
    idle_gpu: Power
    """Power of a board that waits."""
    idle_samples: Annotated[int, Field(ge=2)]
    """First samples of a log, before anything runs."""
    fit: CappedRunSpec
    test: dict[str, CappedRunSpec]

    def quantities(self) -> dict[str, str]:
        """What can be judged, with its unit: the mean of each run before and in its test, one value a run."""
        return {"wall": "W", "idle": "W"}

    def files_used(self) -> Iterator[tuple[Loc, str]]:
        """Every file named, with its place in the model's section."""
        yield ("fit", "file"), self.fit.file
        for name, run in self.test.items():
            yield ("test", name, "file"), run.file

    def run(self, files: Mapping[str, Path], folder: Path) -> Outcome:
        """Fit fans and parts, then say the other runs."""
        node = self._server(folder)
        idle_w, work_w = self._samples(files[self.fit.file])

        def errors(values: dict[str, float]) -> Vec:
            said = [_wall_w(node, self.fans, values, board_w) for board_w in (self.idle_gpu, self.fit.cap)]
            return np.concatenate([said[0] / idle_w - 1.0, said[1] / work_w - 1.0])

        free = {"fans": Free(self.fans.max, 0.0, _MOST_FANS_W, "W"), "parts": Free(500.0, 0.0, _MOST_PARTS_W, "W")}
        fitted = fit(errors, free)
        values = {name: one.value for name, one in fitted.items()}
        logs = [self._samples(files[run.file]) for run in self.test.values()]
        said_w = [_wall_w(node, self.fans, values, run.cap) for run in self.test.values()]
        rest_w = np.full(len(logs), _wall_w(node, self.fans, values, self.idle_gpu))
        at, labels = np.arange(float(len(logs))), tuple(f"{name}\n{run.cap:g} W" for name, run in self.test.items())
        measured = [np.array([log[k].mean() for log in logs]) for k in (0, 1)]
        pairs = {
            "wall": Pair("mean in the test", "W", at, "", measured[1], np.array(said_w), labels=labels),
            "idle": Pair("before the test", "W", at, "", measured[0], rest_w, labels=labels),
        }
        return Outcome(pairs, fitted)

    def _server(self, folder: Path) -> NodeSpec:
        """The shipped server with all of its parts in air."""
        source = read(folder / self.parts)
        nodes = build(Parts, source).nodes
        if self.node not in nodes:
            message = f'has no server "{self.node}"; {did_you_mean(self.node, nodes)}'
            raise SiteError([file_problem(source.path, message)])
        node = nodes[self.node]
        in_air = {name: part.model_copy(update={"cooled_by": "air"}) for name, part in node.parts.items()}
        return node.model_copy(update={"parts": in_air})

    def _samples(self, path: Path) -> tuple[Vec, Vec]:
        """Powers before anything runs and in the test [W]."""
        table = np.array([[float(row.cells[name]) for name in _COLUMNS] for row in read_rows(path, _COLUMNS)])
        return table[: self.idle_samples, 1], table[table[:, 0] > 0.0, 1]


def _wall_w(node: NodeSpec, fans: FanSpec, values: Mapping[str, float], board_w: float) -> float:
    """Power at the wall with boards at ``board_w`` each; all of theirs heats the air."""
    constant = PartSpec.model_construct(count=1, idle=values["parts"], max=values["parts"], cooled_by="air")
    parts = node.parts | {_CONSTANT: constant}
    in_air = node.model_copy(update={"fans": fans.model_copy(update={"max": values["fans"]}), "parts": parts})
    boards_w = node.gpus * board_w
    return server.inlet_w(server.params([in_air]), 0, boards_w, boards_w, 0.0)
