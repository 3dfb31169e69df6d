"""Protection and motors of a site file into arrays: which relay guards what, which machine hangs where."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twin.components import dropout, overcurrent, ride_through, thermal_relay, transfer, undervoltage
from twin.components.rack import RackSpec
from twin.plant import order
from twin.site.network import expanded
from twin.site.spec import Site
from twin.site.spec_parts import CduPart, MotorSpec, Parts


def _still(values: Any, kind: type = int) -> Any:
    array: NDArray[Any] = np.array(values, kind)
    array.flags.writeable = False
    return array


def guarded(site: Site) -> Iterator[tuple[str, str]]:
    """Each element that a protection type watches, and the type."""
    for node in site.electrical.nodes:
        if node.protection is not None:
            yield from ((name, node.protection) for name in expanded(node))
    yield from ((tie.name, tie.protection) for tie in site.electrical.ties if tie.protection is not None)


def relays(site: Site, library: Parts, index: dict[str, int], racks: Sequence[RackSpec]) -> order.Relays:
    """Relays on elements, automatic transfers and rack breakers."""
    types, kinds = list(library.protection.values()), list(library.protection)
    pairs = [(index[name], kinds.index(kind)) for name, kind in guarded(site)]
    found = {
        field: np.array([pair for pair in pairs if getattr(types[pair[1]], field) is not None], int).reshape(-1, 2)
        for field in ("overcurrent", "thermal", "undervoltage")
    }
    breakers = [(r, kinds.index(spec.breaker)) for r, spec in enumerate(racks) if spec.breaker is not None]
    curves = overcurrent.params([spec.overcurrent or _NO_CURVE for spec in types])
    schemes = site.electrical.transfers
    return order.Relays(
        overcurrent=curves,
        thermal=thermal_relay.params([spec.thermal or _NO_THERMAL for spec in types]),
        undervoltage=undervoltage.params([spec.undervoltage or _NO_UNDERVOLTAGE for spec in types]),
        transfer=transfer.params(list(schemes)),
        transfer_main=_still([index[one.main] for one in schemes]),
        transfer_bus=_still([index[one.main] for one in schemes]),
        transfer_tie=_still([index[one.tie] for one in schemes]),
        breaker=curves,
        breaker_rack=_still([r for r, _ in breakers]),
        breaker_type=_still([k for _, k in breakers]),
        **{f"{field}_at": _still(pair[:, 0]) for field, pair in found.items()},
        **{f"{field}_type": _still(pair[:, 1]) for field, pair in found.items()},
    )


# Stand where a type has no such relay; nothing points at them.
_NO_CURVE = overcurrent.OvercurrentSpec(pickup=1.0, curve="IEC standard inverse")
_NO_THERMAL = thermal_relay.ThermalRelaySpec(carries=1.0, time_constant="1 s")
_NO_UNDERVOLTAGE = undervoltage.UndervoltageSpec(pickup="0.5 pu", delay="1 s")


def names(guards: order.Relays, electrical: list[str], racks: list[str]) -> list[str]:
    """What relays that add something up are called: overcurrent, thermal, rack breakers."""
    return [
        *(f"{electrical[e]} (50/51)" for e in guards.overcurrent_at),
        *(f"{electrical[e]} (49)" for e in guards.thermal_at),
        *(f"{racks[r]} (breaker)" for r in guards.breaker_rack),
    ]


def motors(site: Site, cdus: Sequence[CduPart], wiring: order.Wiring) -> order.Motors:
    """Pumps, fans and chillers; ``cdus`` are the types of all CDUs."""
    cdu_board, machine_board = wiring.cdu_board.tolist(), wiring.machine_board.tolist()
    mechanical = list(zip(wiring.mechanical_board.tolist(), wiring.mechanical_hall.tolist(), strict=True))
    rides = [hall.plant.ride_through for hall in site.halls]
    # Each machine's spec, board and queue for restarting: boards of a hall one after the other, CDUs and chillers of
    # one board likewise.
    rows: list[tuple[MotorSpec, int, tuple[str, int]]] = [
        (spec.motors, board, ("cdu", board)) for spec, board in zip(cdus, cdu_board, strict=True)
    ]
    rows += [(rides[h].pumps, board, ("pump", h)) for board, h in mechanical]
    rows += [(rides[h].fans, board, ("fan", h)) for board, h in mechanical]
    for m in machine_board:
        board, h = mechanical[m]
        rows.append((rides[h].chillers, board, ("chiller", board)))
    specs = list(dict.fromkeys(spec for spec, *_ in rows))
    before: Counter[tuple[str, int]] = Counter()
    restart_s = []
    for spec, _, queue in rows:
        restart_s.append(spec.restart + before[queue] * spec.stagger)
        before[queue] += 1
    return order.Motors(
        envelope=ride_through.params(specs),
        envelope_of=_still([specs.index(spec) for spec, *_ in rows]),
        bus=_still([board for _, board, _ in rows]),
        behind_ups=_still(np.isin([board for _, board, _ in rows], wiring.ups_bus)),
        restart_s=_still(restart_s, float),
        first=_still(np.cumsum([len(cdus), len(mechanical), len(mechanical)])),
    )


def at_first(plant: order.Plant, elements: int, racks: int) -> order.ProtectionState:
    """Everything at rest and in."""
    guards, machines = plant.relays, plant.motors.bus.size
    return order.ProtectionState(
        overcurrent=overcurrent.new_state(guards.overcurrent_at.size),
        thermal=thermal_relay.new_state(guards.thermal_at.size),
        undervoltage=undervoltage.new_state(guards.undervoltage_at.size),
        transfer=transfer.new_state(guards.transfer_main.size),
        breaker=overcurrent.new_state(guards.breaker_rack.size),
        envelope=ride_through.new_state(plant.motors.envelope, machines),
        motors=dropout.new_state(machines),
        opened=np.zeros(elements, np.int64),
        closed=np.zeros(elements, np.int64),
        racks_opened=np.zeros(racks, np.int64),
        moved=np.zeros(1, np.int64),
        alert=np.zeros(1, np.int64),
    )
