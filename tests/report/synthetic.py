"""A made-up result by the result schema, of any size: figures that can be worked out by hand, drawn without a run.

By default: 2 halls of 12 racks (64 GPUs each), 2 CDUs a hall, 21 electrical nodes, 2 h in steps of 1 s. The limit
falls from 3.6 to 2.4 MW after one hour and power follows in 4 s.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from twin.core.layout import variables
from twin.plant import record

CALL_S = 3600
FOLLOW_S = 4


@dataclass(frozen=True)
class Size:
    """How large the made-up site is."""

    halls: int = 2
    racks: int = 12
    cdus: int = 2
    boards: int = 8
    feeders: int = 2
    duration_s: int = 7200
    nodes_per_rack: int = 8

    @property
    def all_racks(self) -> int:
        return self.halls * self.racks


FULL = Size(halls=8, racks=425, cdus=52, boards=22, feeders=14, duration_s=86400)


def build(size: Size = Size()) -> xr.DataTree:
    """The whole tree."""
    groups = {
        "site": site(size), "rack": racks(size), "cdu": cdus(size), "hall": halls(size),
        "electrical": electrical(size), "job": jobs(size), "gpu": gpus(size), "histogram": histogram(size),
        "events": events(), "books": books(),
    }  # fmt: skip
    tree = xr.DataTree.from_dict({f"/{name}": dataset for name, dataset in groups.items()})
    tree.attrs = root_attrs(size)
    return tree


def write(path: Path, tree: xr.DataTree | None = None) -> Path:
    """The tree as a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    (build() if tree is None else tree).to_netcdf(path, engine="h5netcdf")
    return path


def root_attrs(size: Size) -> dict[str, str | int | float]:
    racks = size.all_racks
    return {
        "title": "synthetic pod", "site": "synthetic", "scenario": "call after an hour", "policy": "feed-limit",
        "policy_fields": json.dumps({"every_s": 5.0, "margin": 0.01}), "start": "2026-07-15T14:00:00-05:00",
        "duration_s": size.duration_s, "step_s": 1.0, "seed": 7, "twin_version": "0.1.0", "source_digest": "abc123",
        "created": "2026-07-16T00:00:00+00:00", "complete": 1, "binding_limit_window": "1 s",
        "demand_interval_s": 900.0, "gpus": racks * 64, "nodes": racks * 8, "racks": racks,
        "notes": json.dumps(["Chiller curves are extrapolated beyond the published box for 12 % of the time."]),
    }  # fmt: skip


def described(layout: type, data: dict[str, np.ndarray], dims: tuple[str, ...]) -> dict[str, tuple]:
    """Each variable of a layout with the attributes that a real result carries."""
    return {
        name: (dims, data[name], {"units": var.unit, "long_name": var.words, "cell_methods": "time: mean"})
        for name, var in variables(layout)
        if name in data
    }


def ends(size: Size, step_s: int) -> tuple:
    return ("time", np.arange(step_s, size.duration_s + 1, step_s, dtype=float), {"units": "s"})


def site(size: Size) -> xr.Dataset:
    """Power is 3 MW for 24 racks until the call; from FOLLOW_S seconds after it 2.28 MW."""
    time = np.arange(1, size.duration_s + 1, dtype=float)
    scale = size.all_racks / 24.0 * 1e6
    share = np.where(time > CALL_S + FOLLOW_S, 0.76, 1.0) * (1.0 + 0.01 * np.sin(time / 40.0) * (time < CALL_S - 60))
    unit = share * scale
    zero = np.zeros_like(time)
    gpus = size.all_racks * 64.0
    data = {
        "feed_w": 3.0 * unit, "feed_var": 0.9 * unit, "feed_voltage_pu": zero + 1.0, "loss_w": 0.1 * unit,
        "gpu_w": 1.8 * unit, "node_w": 2.2 * unit, "air_rack_w": 0.1 * unit, "cdu_pump_w": 0.05 * unit,
        "door_fan_w": 0.05 * unit, "room_fan_w": 0.0 * unit,
        "hall_pump_w": 0.1 * unit, "plant_w": 0.4 * unit, "liquid_heat_w": 1.8 * unit,
        "hottest_c": 70.0 + 5.0 * np.sin(time / 3000.0), "throttled": np.where((time > 600) & (time <= 630), 4.0, 0.0),
        "work": np.where(time > CALL_S, 0.8, 1.0) * gpus, "demand": zero + gpus,
        "capped": np.where(time > CALL_S, gpus, 0.0), "cap_w": np.where(time > CALL_S, 500.0, 700.0),
    }  # fmt: skip
    variables_ = described(record.SiteRecord, data, ("time",))
    limit = np.where(time > CALL_S, 2.4, 3.6) * scale
    variables_["limit_w"] = ("time", limit, {"units": "W"})
    variables_["dry_bulb_c"] = ("time", 33.0 + 3.0 * np.sin(time / 14000.0), {"units": "degC"})
    variables_["wet_bulb_c"] = ("time", 25.0 + zero, {"units": "degC"})
    halves = np.stack((1.5 * unit, 1.5 * unit), axis=1)
    variables_["substation_w"] = (("time", "substation"), halves, {"units": "W"})
    both = np.stack((0.55 * limit, 0.49 * limit), axis=1)
    variables_["substation_limit_w"] = (("time", "substation"), both, {"units": "W"})
    return xr.Dataset(variables_, coords={"time": ends(size, 1), "substation": ["sub-1", "sub-2"]})


def minutes(size: Size, columns: int, low: float, high: float, seed: int = 0) -> np.ndarray:
    """[time, name] that differ from name to name and drift a little."""
    count = size.duration_s // 60
    drift = np.sin(np.arange(count) / 30.0)[:, None]
    each = np.random.default_rng(seed).random(columns)[None, :]
    return low + (high - low) * (0.9 * each + 0.1 * drift)


def racks(size: Size) -> xr.Dataset:
    count = size.all_racks
    power, hot = minutes(size, count, 60e3, 90e3), minutes(size, count, 60.0, 75.0, seed=1)
    data = {
        "power_w": power, "power_w_min": power * 0.95, "power_w_max": power * 1.05, "hottest_c": hot,
        "hottest_c_min": hot - 2.0, "hottest_c_max": hot + 2.0, "liquid_heat_w": power * 0.8, "lost_work": hot * 0.0,
    }  # fmt: skip
    places = [(hall, rack) for hall in range(size.halls) for rack in range(size.racks)]
    static = {
        "hall": [f"hall-{h + 1}" for h, _ in places], "type": ["h100-hgx-rack"] * count,
        "cdu": [f"hall-{h + 1}/cdu-{r * size.cdus // size.racks + 1:03d}" for h, r in places],
        "row": [r // 25 if size.racks > 25 else r // 6 for _, r in places],
        "column": [r % 25 if size.racks > 25 else r % 6 for _, r in places], "gpus": [64] * count,
        "board": [f"hall-{h + 1}-us-{r * size.boards // size.racks + 1:02d}" for h, r in places],
        "rating_w": np.full(count, 96e3),
    }  # fmt: skip
    names = [f"hall-{h + 1}/rack-{r + 1:03d}" for h, r in places]
    return per_minute(size, record.RackRecord, data, "rack", names, static)


def per_minute(size: Size, layout: type, data: dict, dim: str, names: list[str], static: dict) -> xr.Dataset:
    held = described(layout, data, ("time", dim))
    held |= {name: (dim, np.asarray(column)) for name, column in static.items()}
    return xr.Dataset(held, coords={"time": ends(size, 60), dim: names})


def cdus(size: Size) -> xr.Dataset:
    count = size.halls * size.cdus
    supply = minutes(size, count, 28.0, 30.0)
    data = {
        "supply_c": supply, "supply_c_min": supply - 0.5, "supply_c_max": supply + 0.5, "return_c": supply + 9.0,
        "flow_kg_s": np.full_like(supply, 20.0), "heat_w": supply * 20e3, "pump_w": np.full_like(supply, 6e3),
        "pump_speed": np.full_like(supply, 0.9), "valve": np.full_like(supply, 0.7),
        "facility_kg_s": np.full_like(supply, 18.0), "leaked_kg": np.zeros_like(supply),
    }  # fmt: skip
    data["flow_kg_s"][10:20, 0] = 15.0
    names = [f"hall-{h + 1}/cdu-{c + 1:03d}" for h in range(size.halls) for c in range(size.cdus)]
    static = {
        "hall": [name.split("/")[0] for name in names], "type": ["cdu-1mw"] * count, "rating_w": np.full(count, 1e6),
        "rated_flow_kg_s": np.full(count, 20.0), "pump_rating_w": np.full(count, 15e3),
        "set_point_c": np.full(count, 30.0), "reservoir_kg": np.full(count, 20.0),
    }  # fmt: skip
    return per_minute(size, record.CduRecord, data, "cdu", names, static)


def halls(size: Size) -> xr.Dataset:
    supply = minutes(size, size.halls, 25.0, 25.4)
    zero = np.zeros_like(supply)
    load = minutes(size, size.halls, 0.8, 0.98)
    load[30:40, 0] = 1.0
    supply[32:42, 0] += 2.0
    data = {
        "supply_c": supply, "supply_c_min": supply - 0.1, "supply_c_max": supply + 0.1, "return_c": supply + 8.0,
        "return_c_max": supply + 8.2, "flow_kg_s": zero + 30.0, "liquid_heat_w": zero + 8e5, "air_heat_w": zero + 3e5,
        "pump_w": zero + 5e4, "plant_w": zero + 2e5, "plant_load": load * 0.98, "plant_load_max": load,
        "cop": zero + 4.6, "coil_heat_w": zero + 2.9e5, "coil_flow_kg_s": zero + 6.0, "envelope_heat_w": zero + 1e4,
        "cold_aisle_c": supply + 4.0, "hot_aisle_c": supply + 17.0, "server_inlet_c": supply + 4.4,
        "server_inlet_c_max": supply + 4.6, "pump_speed": zero + 0.8, "far_pa": zero + 9e4, "inlet_c": supply + 0.01,
    }  # fmt: skip
    static = {
        "set_point_c": np.full(size.halls, 25.0), "plant_capacity_w": np.full(size.halls, 1.5e6),
        "inlet_limit_c": np.full(size.halls, 31.0), "inlet_recommended_c": np.full(size.halls, 27.0),
        "dew_point_c": np.full(size.halls, 12.0),
        "chillers": np.full(size.halls, 3), "pump_rating_w": np.full(size.halls, 9e4),
        "plant": ["air-cooled chillers"] * size.halls,
    }  # fmt: skip
    names = [f"hall-{h + 1}" for h in range(size.halls)]
    return per_minute(size, record.HallRecord, data, "hall", names, static)


def electrical_tree(size: Size) -> list[tuple[str, str, str, float, int]]:
    """(name, parent, kind, rating, level) of each node: feed, substations, transformers, feeders, boards."""
    nodes = [("feed", "", "source", 400e6, 0)]
    scale = size.all_racks / 24.0
    boards = [f"hall-{h + 1}-us-{b + 1:02d}" for h in range(size.halls) for b in range(size.boards)]
    if size.halls == 2:
        boards = boards[: 21 - 5 - 2 * size.feeders]
    feeders = []
    for s in (1, 2):
        nodes.append((f"sub-{s}", "feed", "busbar", 2.2e6 * scale, 1))
        nodes.append((f"sub-{s}-t1", f"sub-{s}", "transformer", 2.2e6 * scale, 2))
        for f in range(size.feeders // 2 if size.halls > 2 else size.feeders):
            feeders.append(f"sub-{s}-f{f + 1}")
            nodes.append((feeders[-1], f"sub-{s}-t1", "cable", 1.1e6 * scale, 3))
    for i, board in enumerate(boards):
        nodes.append((board, feeders[i * len(feeders) // len(boards)], "transformer", 2.5e6, 4))
    return nodes


def electrical(size: Size) -> xr.Dataset:
    nodes = electrical_tree(size)
    loading = minutes(size, len(nodes), 0.3, 1.0, seed=3)
    loading[50:55, -1] = 1.07
    data = {
        "power_w": loading * 1e6, "loading": loading * 0.98, "loading_max": loading, "loss_w": loading * 1e4,
        "voltage_pu_min": np.full_like(loading, 0.98), "voltage_pu_max": np.full_like(loading, 1.01),
    }  # fmt: skip
    data["voltage_pu_min"][70:71, -2] = 0.93
    data |= warmth(loading, [n[2] for n in nodes])
    static = {
        "parent": [n[1] for n in nodes], "kind": [n[2] for n in nodes], "rating_va": [n[3] for n in nodes],
        "limit_w": np.full(len(nodes), np.nan), "level": [n[4] for n in nodes],
        "conductor_limit_c": np.where([n[2] == "cable" for n in nodes], 90.0, np.nan),
        "conductor_emergency_c": np.where([n[2] == "cable" for n in nodes], 130.0, np.nan),
    }  # fmt: skip
    return per_minute(size, record.ElectricalRecord, data, "node", [n[0] for n in nodes], static)


def warmth(loading: np.ndarray, kinds: list[str]) -> dict[str, np.ndarray]:
    """Made-up temperatures that follow the load at once; substation transformers change taps now and then."""
    kind = np.array(kinds)
    known = np.where(kind == "transformer", 1.0, np.nan) * np.ones_like(loading)
    big = known * np.where(np.cumsum(kind == "transformer") <= 2, 1.0, np.nan)
    steps = np.floor(np.arange(len(loading)) / 40.0)[:, None]
    hot = known * (30.0 + 80.0 * loading**1.6)
    return {
        "top_oil_c": known * (30.0 + 50.0 * loading**1.6), "hot_spot_c": hot - 0.5, "hot_spot_c_max": hot,
        "ageing": np.exp(15000 / 383 - 15000 / (hot + 273)), "tap": big * steps,
        "conductor_c": np.where(kind == "cable", 1.0, np.nan) * (20.0 + 60.0 * loading**2),
        "capacitor_var": np.zeros_like(loading),
    }  # fmt: skip


def jobs(size: Size) -> xr.Dataset:
    shape = (size.duration_s // 60, 2)
    half = np.full(shape, size.all_racks * 4.0)
    after = np.arange(shape[0])[:, None] >= CALL_S // 60
    work = half * 8.0
    kept = np.where(after, 0.8, 1.0) * np.ones(shape)
    data = {"nodes": half, "power_w": half * 8e3, "work": kept * work, "demand": work, "progress": kept}
    static = {"kind": ["training", "training"], "start_s": [0.0, 0.0], "end_s": [float(size.duration_s)] * 2}
    return per_minute(size, record.JobRecord, data, "job", ["pretrain", "tune"], static)


def pools(size: Size) -> xr.Dataset:
    """One pool: until the call 10 requests a second and 0.2 s to the first token, 20 and 1.4 s after it."""
    late = (np.arange(size.duration_s // 60)[:, None] >= CALL_S // 60).astype(float)
    requests = 10.0 + 10.0 * late
    data = {
        "requests": requests, "prompt_tokens": 2000.0 * requests, "generated_tokens": 30.0 * requests,
        "busy": 0.5 + 0.5 * late, "wait_s": late, "ttft_p50_s": 0.1 + 0.6 * late, "ttft_p99_s": 0.2 + 1.2 * late,
        "tbt_p50_s": 0.02 + 0.0 * late, "tbt_p99_s": 0.05 + 0.0 * late,
    }  # fmt: skip
    return per_minute(size, record.PoolRecord, data, "pool", ["chat"], {})


def gpus(size: Size) -> xr.Dataset:
    count = size.all_racks * 64
    index = np.arange(count)
    hottest = np.full(count, 70.0)
    hottest[70] = 75.0
    throttled = np.where(index < 4, 30.0, 0.0)
    data = {"energy_j": index * 1.0, "hottest_c": hottest, "throttled_s": throttled, "lost_work_s": index * 0.0}
    static = {"rack": index // 64, "node": index % 64 // 8, "slot": index % 8}
    held = described(record.GpuTotals, data, ("gpu",)) | {name: ("gpu", part) for name, part in static.items()}
    return xr.Dataset(held)


def histogram(size: Size) -> xr.Dataset:
    edges = np.arange(20.0, 100.0)
    centre = 60.0 + 4.0 * np.sin(np.arange(size.duration_s // 60) / 40.0)
    shape = np.exp(-0.5 * ((edges[None, :] - centre[:, None]) / 3.0) ** 2)
    count = np.round(shape / shape.sum(axis=1, keepdims=True) * size.all_racks * 64)
    held = {"die_count": (("time", "bin"), count), "hbm_count": (("time", "bin"), count)}
    return xr.Dataset(held, coords={"time": ends(size, 60), "bin": ("bin", edges, {"width": 1.0})})


def events() -> xr.Dataset:
    return xr.Dataset(
        {
            "time_s": ("event", [1800.0, 3600.0]),
            "what": ("event", ["notice", "call"]),
            "message": ("event", ["utility calls for less in 30 min", "limit falls to 2.4 MW"]),
        }
    )


def books() -> xr.Dataset:
    parts = ["racks", "cdus", "halls", "plant", "electrical", "site", "water"]
    inward = np.array([1e10, 1e10, 1e10, 1e10, 1e10, 2e10, 0.0])
    flows = [
        ("feed", "transformers and cables", 0.3e9), ("feed", "GPU servers", 14.6e9),
        ("feed", "network and storage", 0.8e9), ("feed", "pumps and fans", 0.9e9), ("feed", "busways", 0.15e9),
        ("feed", "chillers", 3.25e9), ("GPU servers", "cold plates", 12.4e9), ("GPU servers", "rear-door coils", 2.2e9),
        ("network and storage", "rear-door coils", 0.8e9), ("pumps and fans", "rear-door coils", 0.3e9),
        ("pumps and fans", "cold plates", 0.2e9), ("pumps and fans", "facility water", 0.4e9),
        ("busways", "rear-door coils", 0.15e9), ("cold plates", "facility water", 12.6e9),
        ("rear-door coils", "facility water", 3.45e9), ("facility water", "chillers", 16.45e9),
        ("chillers", "ambient", 19.7e9), ("transformers and cables", "ambient", 0.3e9),
    ]  # fmt: skip
    held = {
        "in_": ("part", inward), "out": ("part", inward * 0.999), "stored": ("part", inward * 0.001),
        "residual": ("part", np.array([1e-13] * 6 + [0.0])), "source": ("flow", [f[0] for f in flows]),
        "target": ("flow", [f[1] for f in flows]), "energy_j": ("flow", [f[2] for f in flows]),
    }  # fmt: skip
    return xr.Dataset(held, coords={"part": parts})
