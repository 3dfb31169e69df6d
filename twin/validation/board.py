"""One GPU board, and a server of such boards, by the plant's own kernels: for cases that need no plant around them."""

from typing import NamedTuple

import numpy as np

from twin.components import gpu, server
from twin.core.layout import Vec

_ROUNDS_TO_REST = 60
_ROWS = max(gpu.PEAK, gpu.SILICON) + 1  # all that a block has while it advances
_SECOND = 1.0


class Masses(NamedTuple):
    """Temperatures of a board."""

    die_c: float
    hbm_c: float
    plate_c: float


class Board(NamedTuple):
    """A board over time, one entry a step."""

    die_c: Vec  # at the end of the step
    power_w: Vec


def run_board(
    spec: gpu.GpuSpec,
    activity: Vec,
    coolant_c: float,
    *,
    step_s: float = _SECOND,
    cap_w: float = np.inf,
    start: Masses | None = None,
) -> Board:
    """The board over ``activity`` (one a step) from ``start``, or from rest at its first activity."""
    work = np.zeros((_ROWS, gpu.LANES))
    work[gpu.SILICON], work[gpu.CAP] = 1.0, min(cap_w, spec.max)
    work[: len(Masses._fields)] = coolant_c
    if start is None:
        at_rest = _coefficients(spec, np.inf)
        for _ in range(_ROUNDS_TO_REST):
            gpu.advance_block(work.ravel(), at_rest, coolant_c, activity[0], activity[0])
    else:
        work[: len(start)] = np.array(start)[:, None]
    step = _coefficients(spec, step_s)
    die_c, power_w = np.empty_like(activity), np.empty_like(activity)
    for k, share in enumerate(activity):
        gpu.advance_block(work.ravel(), step, coolant_c, share, share)
        die_c[k], power_w[k] = work[gpu.DIE, 0], work[gpu.POWER, 0]
    return Board(die_c, power_w)


def _coefficients(spec: gpu.GpuSpec, step_s: float) -> Vec:
    params = gpu.params([spec])
    out = np.zeros(gpu.COEFFICIENTS)
    gpu.coefficients(params, 0, gpu.plate_conductance_w_k(params, 0, spec.flow), step_s, out)
    return out


def server_w(node: server.NodeSpec, board: gpu.GpuSpec, activity: Vec, coolant_c: float) -> Vec:
    """Power [W] at the inlet of a server whose boards all work at ``activity`` (one a second), from rest."""
    kinds, air = server.params([node]), gpu.params([board]).air_share[0]
    boards_w = node.gpus * run_board(board, activity, coolant_c).power_w
    drawn = [server.inlet_w(kinds, 0, w, w * air, share) for w, share in zip(boards_w, activity, strict=True)]
    return np.array(drawn)
