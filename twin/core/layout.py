"""Names, units, words and shapes, declared once on annotated NamedTuples and read by everyone else.

A *layout* is a NamedTuple whose fields are annotated ``Annotated[Vec, Var(unit, words)]``. Kernels get
the NamedTuple itself (fields are named in equations, a typo is a compile error, parameters are read
only); results and reports read units and words from the same declaration.
"""

from collections.abc import Iterator
from typing import Annotated, Any, NamedTuple, TypeVar, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

Vec = NDArray[np.float64]
IVec = NDArray[np.int64]
L = TypeVar("L", bound=tuple[Any, ...])


class Var(NamedTuple):
    """What a field means."""

    unit: str
    words: str


def variables(layout: type) -> Iterator[tuple[str, Var]]:
    """Each field of a layout that carries a meaning, in declared order."""
    for name, hint in get_type_hints(layout, include_extras=True).items():
        if get_origin(hint) is Annotated:
            yield name, next(part for part in get_args(hint) if isinstance(part, Var))


def _leaf(hint: Any) -> Any:
    return get_args(hint)[0] if get_origin(hint) is Annotated else hint


def zeros(layout: type[L], size: int | tuple[int, ...]) -> L:
    """A layout of fresh arrays, all of one shape."""
    dtypes = [
        np.int64 if _leaf(hint) == IVec else np.float64 for hint in get_type_hints(layout, include_extras=True).values()
    ]
    return layout(*(np.zeros(size, dtype) for dtype in dtypes))


def frozen(layout: type[L], **fields: Any) -> L:
    """A layout of read-only parameter arrays; refuses missing, extra and wrongly typed fields."""
    hints = get_type_hints(layout, include_extras=True)
    if set(hints) != set(fields):
        message = f"{layout.__name__} takes {sorted(hints)}, got {sorted(fields)}"
        raise TypeError(message)
    arrays = []
    for name, hint in hints.items():
        dtype = np.int64 if _leaf(hint) == IVec else np.float64
        array = np.ascontiguousarray(fields[name], dtype=dtype).copy()
        array.flags.writeable = False
        arrays.append(array)
    return layout(*arrays)
