from typing import Annotated, NamedTuple

import numpy as np
import pytest

from twin.core.jit import kernel
from twin.core.layout import IVec, Var, Vec, frozen, variables, zeros


class Tank(NamedTuple):
    """A layout with a real, a whole and an unexplained field."""

    level_m: Annotated[Vec, Var("m", "water level")]
    outlet: Annotated[IVec, Var("1", "index of the pipe below")]
    scratch: Vec


@kernel
def _total_m(tank):
    total = 0.0
    for i in range(tank.level_m.size):
        total += tank.level_m[i] * tank.outlet[i]
    return total


@kernel
def _raise(tank):
    tank.level_m[0] = 5.0


def test_variables_are_the_explained_fields_in_order():
    assert list(variables(Tank)) == [
        ("level_m", Var("m", "water level")),
        ("outlet", Var("1", "index of the pipe below")),
    ]


@pytest.mark.parametrize("size", [3, (2, 4)])
def test_zeros_have_the_declared_types_and_one_shape(size):
    tank = zeros(Tank, size)
    assert [array.dtype for array in tank] == [np.float64, np.int64, np.float64]
    assert {array.shape for array in tank} == {np.zeros(size).shape}


def test_frozen_arrays_are_copies_that_cannot_be_written():
    level = np.array([1.0, 2.0])
    tank = frozen(Tank, level_m=level, outlet=[0, 3], scratch=[0, 0])
    level[0] = 9.0
    assert tank.level_m.tolist() == [1.0, 2.0]
    assert tank.outlet.dtype == np.int64
    assert tank.scratch.dtype == np.float64
    with pytest.raises(ValueError, match="read-only"):
        tank.level_m[0] = 1.0


@pytest.mark.parametrize(
    "fields", [{"level_m": [1.0]}, {"level_m": [1.0], "outlet": [0], "scratch": [0.0], "leak": [1.0]}]
)
def test_missing_and_extra_fields_are_refused(fields):
    with pytest.raises(TypeError, match=r"Tank takes \['level_m', 'outlet', 'scratch'\]"):
        frozen(Tank, **fields)


def test_kernels_read_fields_by_name_and_cannot_write_parameters():
    assert _total_m(frozen(Tank, level_m=[1.0, 2.0], outlet=[1, 3], scratch=[0, 0])) == 7.0
    state = zeros(Tank, 2)
    _raise(state)
    assert state.level_m[0] == 5.0
    # Compiled, the kernel does not even build; interpreted, numpy refuses.
    with pytest.raises(Exception, match=r"read-only|readonly|Cannot modify"):
        _raise(frozen(Tank, level_m=[1.0], outlet=[1], scratch=[0]))
