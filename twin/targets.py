"""What an event may name on a compiled site: what trips, what closes, what is set, and what undoes it."""

import difflib
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np

from twin.components import battery, pump
from twin.core.errors import did_you_mean
from twin.core.quantity import parse, written
from twin.site.compile import Compiled
from twin.wanted import Wanted

_PUMPS = "abcdefgh"
Pair = tuple[Callable[[Wanted], None], Callable[[Wanted], None]]
"""What happens, and what undoes it."""


def _down(name: str, field: str, index: int) -> Pair:
    return (lambda wanted: wanted.lose(name, field, index)), (lambda wanted: wanted.regain(name, field, index))


def _assign(field: str, index: int, value: float) -> Callable[[Wanted], None]:
    def apply(wanted: Wanted) -> None:
        getattr(wanted.service, field)[index] = value

    return apply


def _parts(owner: str, compiled: Compiled) -> dict[str, tuple[str, int]]:
    """What can trip in a CDU or a hall: the field of `Wanted` that counts it, and where."""
    names, plant = compiled.names, compiled.plant
    if owner in names.cdus:
        i = names.cdus.index(owner)
        return _lettered("pump", "cdu_pumps", i, plant.cdu_pump.count[i])
    if owner not in names.halls:
        return {}
    h = names.halls.index(owner)
    found = _lettered("pump", "hall_pumps", h, plant.hall_pump.count[h])
    for g in np.flatnonzero(plant.chiller.hall == h).tolist():
        first, count = int(plant.chiller.first[g]), int(plant.chiller.machines[g])
        found |= {f"chiller-{k + 1:02d}": ("chillers", first + k) for k in range(count)}
    for g in np.flatnonzero((plant.coil.hall == h) & (plant.coil.in_room == 1)).tolist():
        before = sum(field == "coils" for field, _ in found.values())
        found |= {f"crah-{before + k + 1:02d}": ("coils", g) for k in range(int(plant.coil.count[g]))}
    for i in np.flatnonzero(plant.wiring.loop_hall == h).tolist():
        found |= {f"tower-cell-{k + 1:02d}": ("tower_cells", i) for k in range(int(plant.wiring.loop_cells[i]))}
        found |= {"tower-fans": ("tower_fans", i)}
        found |= _lettered("condenser-pump", "condenser_pumps", i, plant.condenser_pump.count[i])
    for i in np.flatnonzero(plant.dry_cooler.hall == h).tolist():
        found |= {f"dry-cooler-{k + 1:02d}": ("dry_coolers", i) for k in range(int(plant.dry_cooler.units[i]))}
    return found


def _lettered(part: str, field: str, index: int, count: float) -> dict[str, tuple[str, int]]:
    return {f"{part}-{letter}": (field, index) for letter in _PUMPS[: int(count)]}


def trip(target: str, compiled: Compiled) -> Pair:
    """An element or a part of a hall or a CDU trips. ValueError where there is none of that name."""
    names = compiled.names
    if target in names.electrical:
        return _down(target, "in_service", names.electrical.index(target))
    owner, _, part = target.rpartition("/")
    known = _parts(owner, compiled)
    if part in known:
        return _down(target, *known[part])
    if known:
        raise ValueError(f'"{owner}" has no "{part}"; {did_you_mean(part, known)}')
    raise ValueError(f'there is nothing called "{target}" that could trip; {_near(target, compiled)}')


def _near(target: str, compiled: Compiled) -> str:
    """What could be meant by the name of something that trips."""
    names = compiled.names
    owner, _, part = target.rpartition("/")
    owners = (*names.halls, *names.cdus)
    for meant in difflib.get_close_matches(owner, owners, n=3, cutoff=0.6) if owner else ():
        own = _parts(meant, compiled)
        if close := [part] if part in own else difflib.get_close_matches(part, own, n=1, cutoff=0.6):
            return f'did you mean "{meant}/{close[0]}"?'
    if close := difflib.get_close_matches(target, (*names.electrical, *owners), n=1, cutoff=0.6):
        if close[0] not in owners:
            return f'did you mean "{close[0]}"?'
        return f'of "{close[0]}" these trip: {_some(_parts(close[0], compiled))}'
    first = names.halls[0]
    return (
        f"electrical nodes trip ({_some(names.electrical)}), parts of halls "
        f"({_some(f'{first}/{p}' for p in _parts(first, compiled))}) and pumps of CDUs ({names.cdus[0]}/pump-a)"
    )


def _some(names: Iterable[str]) -> str:
    shown = list(names)
    return ", ".join(shown[:4]) + (", ..." if len(shown) > 4 else "")


def close(target: str, compiled: Compiled) -> Pair:
    """A tie closes, or what protection opened. ValueError where nothing of that name can."""
    names, closed = compiled.names.electrical, compiled.electrical_closed
    ties = [name for name, is_closed in zip(names, closed, strict=True) if not is_closed]
    if target in ties:
        index = names.index(target)
        return (lambda wanted: wanted.join(target, index)), (lambda wanted: wanted.part(target, index))
    if target in {compiled.names.electrical[e] for e in compiled.plant.relays.opens}:
        by_hand = names.index(target)
        return (lambda wanted: wanted.by_hand.append(by_hand)), (lambda wanted: None)
    if target in names:
        raise ValueError(
            f'"{target}" is closed as the site stands and nothing opens it by itself; an event closes normally open '
            "ties, or what relays and transfers opened"
        )
    opened = {names[e] for e in compiled.plant.relays.opens}
    raise ValueError(f'there is no tie called "{target}" that could close; {did_you_mean(target, {*ties, *opened})}')


def put(target: str, value: str | float, compiled: Compiled) -> Pair:
    """A value is set. ValueError where nothing of that name can be, or not to ``value``."""
    names = compiled.names
    owner, _, field = target.rpartition(".")
    if target == "feed.limit":
        parse(value, "power")
        return (lambda wanted: None), (lambda wanted: None)
    if target == "feed.voltage":
        return _assign("source_pu", 0, parse(value, "per unit value")), _assign(
            "source_pu", 0, compiled.site.feed.source
        )
    for owners, settings in ((names.halls, _HALL), (names.cdus, _CDU)):
        if owner in owners and field in settings:
            index, setting = owners.index(owner), settings[field]
            usual = setting.usual
            if usual is None:
                usual = getattr(compiled.plant.hall, setting.field)[index]
            there, back = parse(value, setting.kind), float(usual)
            if not setting.least <= there <= setting.most:
                raise ValueError(f"{target} cannot be {value}: {_bounds(setting)}")
            return _assign(setting.field, index, there), _assign(setting.field, index, back)
    if field == "mode" and owner in (*names.batteries, *names.ups):
        return _battery_mode(owner, value, compiled) if owner in names.batteries else _unlock(owner, value, compiled)
    towers = [names.halls[h] for h in compiled.plant.wiring.loop_hall]
    if owner in towers and field == "fouling":
        lost = parse(value, "ratio")
        if not 0 <= lost < 1:
            raise ValueError(f'"{target}" is the share of its conductance an exchanger has lost: 0 % to below 100 %')
        return _assign("fouling", towers.index(owner), lost), _assign("fouling", towers.index(owner), 0.0)
    raise ValueError(f'"{target}" cannot be set; {_settable(owner, field, towers, compiled)}')


def _settable(owner: str, field: str, towers: list[str], compiled: Compiled) -> str:
    """What could be meant by ``field`` of ``owner``, where one of them is unknown."""
    names = compiled.names
    fields: dict[str, Iterable[str]] = {"feed": ("limit", "voltage")}
    fields |= {hall: (*_HALL, "fouling") if hall in towers else _HALL for hall in names.halls}
    fields |= dict.fromkeys(names.cdus, _CDU) | dict.fromkeys((*names.batteries, *names.ups), ("mode",))
    if owner in fields:
        near = did_you_mean(field, fields[owner])
        return near.replace('mean "', f'mean "{owner}.') if near.endswith("?") else f'of "{owner}" {near}'
    known = {name for name, own in fields.items() if field in own} or fields
    for meant in difflib.get_close_matches(owner, known, n=1, cutoff=0.6):
        return f'did you mean "{meant}.{field}"?' if field in fields[meant] else f'"{meant}" has {_some(fields[meant])}'
    return f"what can be set: {_some(f'{name}.{f}' for name in ('feed', *names.halls[:1]) for f in fields[name])}"


def _battery_mode(name: str, value: str | float, compiled: Compiled) -> Pair:
    """A battery plant takes up another duty."""
    i, modes = compiled.names.batteries.index(name), battery.MODES
    if value not in modes:
        raise ValueError(f'"{name}.mode" is one of {", ".join(modes)}, not {value}')
    if value == "ramp" and np.isinf(compiled.plant.battery.ramp_w_s[i]):
        raise ValueError(f'"{name}" has no ramp to hold; give control: {{mode: ramp, ramp: 10 MW}} in the site')
    usual = modes.index(compiled.site.electrical.batteries[i].control.mode)
    return _assign("battery_mode", i, modes.index(str(value))), _assign("battery_mode", i, usual)


def _unlock(name: str, value: str | float, compiled: Compiled) -> Pair:
    """Somebody returns a UPS to the feed by hand."""
    if value != "normal":
        raise ValueError(f'"{name}.mode" can be set to normal: by hand, back to the feed; not to {value}')
    return _assign("ups_release", compiled.names.ups.index(name), 1.0), (lambda wanted: None)


class _Setting(NamedTuple):
    """A value that an event may set: its field in `Service`, its kind, and what it goes back to (None: as designed)."""

    field: str
    kind: str
    usual: float | None
    least: float = -np.inf
    most: float = np.inf


def _bounds(setting: _Setting) -> str:
    least, most = (written(value, setting.kind) for value in (setting.least, setting.most))
    return f"it is at least {least}" if setting.most == np.inf else f"it lies between {least} and {most}"


_HALL = {
    "supply": _Setting("set_point_c", "temperature", None),
    "dew_point": _Setting("dew_point_c", "temperature", None),
    "pump_speed": _Setting("hall_speed", "ratio", float("nan"), 0.0, pump.FASTEST),
}
_CDU = {
    "pump_speed": _Setting("cdu_speed", "ratio", float("nan"), 0.0, pump.FASTEST),
    "valve": _Setting("cdu_valve", "ratio", float("nan"), 0.0, 1.0),
    "supply_sensor": _Setting("cdu_bias_k", "temperature difference", 0.0),
    "conductance": _Setting("cdu_clean", "ratio", 1.0, 0.0, 1.0),
    "filter": _Setting("cdu_filter", "ratio", 1.0, 0.0),
    "leak": _Setting("cdu_leak_kg_s", "mass flow", 0.0, 0.0),
}
