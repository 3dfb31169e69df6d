"""pydantic's findings in sentences: where in the file, what was expected, what stands there, what is near."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from twin.core.errors import did_you_mean
from twin.core.quantity import Kind

Loc = tuple[str | int, ...]

_EXPECTED = {
    "string_type": "text (write it in quotes)",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "model_attributes_type": "keys and values",
    "none_required": "nothing",
    "datetime_type": "a date and time, e.g. 2026-07-15T12:00:00-05:00",
    "datetime_parsing": "a date and time, e.g. 2026-07-15T12:00:00-05:00",
    "datetime_from_date_parsing": "a date and time, e.g. 2026-07-15T12:00:00-05:00",
    "timezone_aware": "a date and time with its zone, e.g. 2026-07-15T12:00:00-05:00",
}
_BOUNDS = {
    "greater_than": ("gt", "must be above"),
    "greater_than_equal": ("ge", "must be at least"),
    "less_than": ("lt", "must be below"),
    "less_than_equal": ("le", "must be at most"),
}


def explain(model: type[BaseModel], data: Any, errors: Sequence[Any]) -> Iterator[tuple[Loc, str]]:
    """The place in ``data`` and the sentence of each of pydantic's ``errors`` on it."""
    alone: list[tuple[Loc, Any]] = []
    branches: dict[Loc, dict[str, list[tuple[Loc, Any]]]] = defaultdict(lambda: defaultdict(list))
    for error in errors:
        loc, choice = _in_file(data, error)
        if error["type"] == "too_short" and len(_value(data, loc)) >= error["ctx"]["min_length"]:
            # pydantic counts the good entries only; the bad ones have their own errors.
            continue
        if choice is None:
            alone.append((loc, error))
        else:
            branches[choice[0]][choice[1]].append((loc, error))
    yield from _joined(model, data, alone)
    for at, choices in branches.items():
        # Of the forms an entry may take, the file means the one that has its shape.
        shaped = [found for found in choices.values() if not any(loc == at and _is_shape(e) for loc, e in found)]
        if shaped:
            yield from _joined(model, data, min(shaped, key=len))
        else:
            forms = dict.fromkeys(_EXPECTED[e["type"]] for found in choices.values() for _, e in found if _is_shape(e))
            yield at, f"must be {' or '.join(forms)}, found {_shown(_value(data, at))}"


def _joined(model: type[BaseModel], data: Any, found: list[tuple[Loc, Any]]) -> Iterator[tuple[Loc, str]]:
    """A sentence for each place; where a value fits none of several forms, all of them in one."""
    said: dict[Loc, list[str]] = defaultdict(list)
    for loc, error in found:
        said[loc].append(_sentence(model, data, loc, error))
    for loc, forms in said.items():
        if len(forms) == 1:
            yield loc, forms[0]
            continue
        shown = _shown(_value(data, loc))
        told = [form.removesuffix(f", found {shown}").removeprefix("must be ") for form in forms]
        yield loc, f"must be {'; or '.join(told)}; found {shown}"


def _in_file(data: Any, error: Any) -> tuple[Loc, tuple[Loc, str] | None]:
    """Pydantic's location without the names of union members, and the first of these with its place."""
    loc: list[str | int] = []
    choice = None
    parts = [part for part in error["loc"] if part != "[key]"]
    for i, part in enumerate(parts):
        wanting = i == len(parts) - 1 and error["type"] == "missing"
        if wanting or _has(_value(data, tuple(loc)), part):
            loc.append(part)
        elif choice is None:
            choice = (tuple(loc), str(part))
    return tuple(loc), choice


def _has(data: Any, part: str | int) -> bool:
    if isinstance(data, dict):
        return part in data
    return isinstance(data, list | tuple) and isinstance(part, int) and part < len(data)


def _value(data: Any, loc: Loc) -> Any:
    for part in loc:
        data = data[part]
    return data


def _is_shape(error: Any) -> bool:
    return error["type"] in _EXPECTED


def _shown(value: Any) -> str:
    if isinstance(value, dict | list | tuple):
        return "keys and values" if isinstance(value, dict) else "a list"
    return "nothing" if value is None else f"'{value}'"


def _sentence(model: type[BaseModel], data: Any, loc: Loc, error: Any) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "missing":
        return f"'{loc[-1]}' is missing"
    if kind == "extra_forbidden":
        known = {name for hint in _hints(model, loc[:-1]) if _is_model(hint) for name in hint.model_fields}
        return f"unknown key '{loc[-1]}'; {did_you_mean(str(loc[-1]), known)}"
    shown = _shown(_value(data, loc))
    if kind in _EXPECTED:
        return f"must be {_EXPECTED[kind]}, found {shown}"
    if kind in _BOUNDS:
        bound, words = _BOUNDS[kind]
        return f"{words} {context[bound]:g}{_unit(model, loc)}, found {shown}"
    if kind in ("literal_error", "enum"):
        return f"must be {context['expected']}, found {shown}"
    if kind == "union_tag_invalid":
        return f"{context['discriminator']} must be one of {context['expected_tags']}, found '{context['tag']}'"
    if kind == "union_tag_not_found":
        return f"{context['discriminator']} is missing"
    if kind == "string_pattern_mismatch":
        return f"{shown} does not fit the pattern {context['pattern']}"
    if kind in ("too_short", "too_long"):
        bound, count = ("least", "min_length") if kind == "too_short" else ("most", "max_length")
        return f"needs at {bound} {context[count]} of them, found {len(_value(data, loc))}"
    return str(error["msg"]).removeprefix("Value error, ")


def _unit(model: type[BaseModel], loc: Loc) -> str:
    for hint in _hints(model, loc):
        for part in get_args(hint):
            if isinstance(part, Kind) and part.base:
                return f" {part.base}"
    return ""


def _is_model(hint: Any) -> bool:
    return isinstance(hint, type) and get_origin(hint) is None and issubclass(hint, BaseModel)


def _hints(hint: Any, loc: Loc) -> list[Any]:
    """The types that ``hint`` allows at ``loc``."""
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return [found for part in get_args(hint) for found in _hints(part, loc)]
    if origin is Annotated:
        return [*([] if loc else [hint]), *_hints(get_args(hint)[0], loc)]
    if not loc:
        return [hint]
    if _is_model(hint):
        field = hint.model_fields.get(str(loc[0]))
        if field is None:
            return []
        # pydantic keeps the parts of an outermost Annotated apart.
        return _hints(Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation, loc[1:])
    inner = get_args(hint)[1:] if origin is dict else get_args(hint)
    return [found for part in inner if part is not Ellipsis for found in _hints(part, loc[1:])]
