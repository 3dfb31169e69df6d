"""A whole run of the pod: books, bits, limits, interrupts, what is written."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from tests.two_substations import tied
from twin.core import jit
from twin.core.errors import OutputError, RunError, ScenarioError
from twin.inputs import load_inputs
from twin.report.page import write_report
from twin.results import rounded
from twin.running import run
from twin.scenario import Scenario
from twin.site.load import load_site

pytestmark = pytest.mark.compiled
ROOT = Path(__file__).parents[1]
POD = ROOT / "site_configs" / "pod.yaml"


@pytest.fixture(scope="module")
def pod():
    return load_site(POD)


def scenario(**fields):
    return Scenario.model_validate({"duration": "2 min", **fields})


def loaded(result):
    with xr.open_datatree(result.path, engine="h5netcdf", decode_times=False) as tree:
        return {
            f"{group}/{name}": np.array(values)
            for group in tree.children
            for name, values in tree[group].data_vars.items()
        }


def assert_equal_to_the_bit(one, two):
    first, second = loaded(one), loaded(two)
    assert first.keys() == second.keys()
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name], err_msg=name)


@pytest.fixture(scope="module")
def result(pod, tmp_path_factory):
    return run(pod, scenario(), tmp_path_factory.mktemp("run") / "a")


def test_energy_and_water_books_close(result):
    facts = result.facts
    assert abs(facts["energy_residual"]) < 1e-10
    assert facts["worst_part_residual"] < 1e-10
    assert facts["water_residual"] == 0.0
    assert facts["complete"] is True
    assert facts["simulated_s"] == 120


# Figures that only some electrical elements have: NaN stands for none. The pod has no tap changer at all.
NOT_ALL = {
    "rating_va", "limit_w", "top_oil_c", "hot_spot_c", "hot_spot_c_max", "ageing", "conductor_c", "conductor_limit_c",
    "conductor_emergency_c", "tap",
}  # fmt: skip


def test_the_records_hold_the_whole_run(result):
    tree = result.tree
    assert tree["site"].sizes["time"] == 120
    assert tree["rack"].sizes == {"time": 2, "rack": 6}
    assert tree["gpu"].sizes["gpu"] == 400
    for group in ("site", "rack", "cdu", "hall", "electrical"):
        for name, values in tree[group].data_vars.items():
            if values.dtype.kind == "f":
                assert "units" in values.attrs, f"{group}/{name}"
                assert np.isfinite(values).all() or name in NOT_ALL, f"{group}/{name}"
                assert np.isfinite(values).any() or name == "tap", f"{group}/{name}"


def test_energy_of_gpus_and_servers_adds_up_to_the_site(result):
    tree = result.tree
    site = tree["site"]
    assert float(tree["gpu"]["energy_j"].sum()) == pytest.approx(float(site["gpu_w"].sum()), rel=1e-12)
    # Histories are rounded to 13 bits of mantissa.
    assert float(tree["rack"]["power_w"].sum() * 60) == pytest.approx(float(site["node_w"].sum()), rel=6e-5)
    assert float(tree["job"]["power_w"].sum() * 60) == pytest.approx(float(site["node_w"].sum()), rel=6e-5)


def test_the_start_is_steady(pod, tmp_path):
    steady = run(
        pod,
        scenario(
            jobs=[{"name": "j", "constant": {"activity": 0.8}}],
            weather={"constant": {"dry_bulb": "30 degC", "wet_bulb": "20 degC"}},
        ),
        tmp_path / "r",
    )
    site = steady.site
    assert np.ptp(site["feed_w"].values) < 1e-6 * site["feed_w"].values[0]
    # Pipes rest on the continuous profile of their loss, their steps are discrete: the hall feels it by 1e-5 K.
    assert np.ptp(site["hottest_c"].values) < 2e-5


def test_v_num_07_one_and_two_threads_give_the_same_bits(pod, result, tmp_path):
    before = jit.threads()
    jit.set_threads(1)
    try:
        again = run(pod, scenario(), tmp_path / "one")
    finally:
        jit.set_threads(before)
    assert_equal_to_the_bit(result, again)


def test_a_run_repeats_to_the_bit_from_its_resolved_file(result, tmp_path):
    site, scene, folder = load_inputs(result.directory / "resolved.yaml")
    assert_equal_to_the_bit(result, run(site, scene, tmp_path / "again", folder=folder))


def test_another_seed_gives_another_run(pod, result, tmp_path):
    other = run(pod, scenario(seed=1), tmp_path / "other")
    assert not np.array_equal(other.site["feed_w"], result.site["feed_w"])


def test_an_interrupt_saves_what_was_simulated(pod, tmp_path):
    def stop(done, total):
        if done >= 60:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(pod, scenario(), tmp_path / "cut", progress=stop)
    facts = json.loads((tmp_path / "cut" / "run.json").read_text())
    assert facts["complete"] is False
    assert facts["simulated_s"] == 60
    with xr.open_datatree(tmp_path / "cut" / "result.nc", engine="h5netcdf", decode_times=False) as tree:
        assert tree.attrs["complete"] == 0
        assert tree["site"].sizes["time"] == 60


def test_voltage_collapse_is_told_and_what_was_simulated_is_kept(pod, tmp_path):
    weak = scenario(events=[{"at": "60 s", "set": {"feed.voltage": "0.05 pu"}}])
    with pytest.raises(RunError, match="voltage collapse at 6"):
        run(pod, weak, tmp_path / "weak")
    assert json.loads((tmp_path / "weak" / "run.json").read_text())["simulated_s"] == 60


TIED = tied()


def test_a_transfer_stands_in_the_results_and_the_report(tmp_path):
    opened, closed = {"at": "60 s", "trip": "feeder"}, {"at": "60 s", "close": "tie", "for": "30 s"}
    done = run(load_site(POD, TIED), scenario(events=[opened, closed]), tmp_path / "transfer")
    assert abs(done.facts["energy_residual"]) < 1e-10
    with xr.open_datatree(done.path, engine="h5netcdf", decode_times=False) as tree:
        nodes = tree["electrical"].to_dataset().load()
        assert list(nodes.node.values[-1:]) == ["tie"]
        tie = nodes.sel(node="tie")
        assert (str(tie.kind.values), str(tie.parent.values), str(tie.to.values)) == ("tie", "other", "feeder")
        assert tie.power_w.values[0] == 0.0
        assert tie.power_w.values[1] > 1e5
        substation = tree["site"].substation_w.values
        assert substation[70, 0] == 0.0
        assert substation[70, 1] > 0.9 * tree["site"].feed_w.values[70]
        said = [str(message) for message in tree["events"].message.values]
    assert [message for message in said if message.startswith(("tie", "feeder"))] == [
        "feeder trips",
        "tie closes",
        "tie is open again",
    ]
    assert "Ties that were closed" in write_report(done.path, tmp_path / "report.html").read_text()


def test_a_loop_ends_the_run_and_what_was_simulated_is_kept(tmp_path):
    with pytest.raises(RunError, match="at 60 s tie closes: closed breakers make a loop of") as told:
        run(load_site(POD, TIED), scenario(events=[{"at": "60 s", "close": "tie"}]), tmp_path / "loop")
    assert told.value.exit_code == 3
    for name in ("one", "feeder", "tie", "other", "two"):
        assert name in str(told.value)
    assert json.loads((tmp_path / "loop" / "run.json").read_text())["simulated_s"] == 60


def test_an_existing_run_is_not_overwritten(pod, result):
    with pytest.raises(OutputError, match="holds a run already"):
        run(pod, scenario(), result.directory)


def test_a_tripped_pump_lowers_flow_and_comes_back(pod, tmp_path):
    tripped = run(
        pod,
        scenario(duration="4 min", events=[{"at": "60 s", "trip": "hall-1/cdu-001/pump-a", "for": "60 s"}]),
        tmp_path / "pump",
    )
    flow = tripped.tree["cdu"]["flow_kg_s"].values[:, 0]
    # The other pump takes over: its controller samples every 10 s, so a minute's mean keeps a dip.
    assert 0.9 * flow[0] < flow[1] < 0.97 * flow[0]
    assert flow[3] == pytest.approx(flow[0], rel=0.01)
    assert list(tripped.tree["events"]["message"].values) == [
        "hall-1/cdu-001/pump-a trips",
        "hall-1/cdu-001/pump-a is back",
    ]
    assert abs(tripped.facts["energy_residual"]) < 1e-10


def test_both_pumps_lost_make_the_gpus_throttle(pod, tmp_path):
    events = [{"at": "10 s", "trip": "hall-1/cdu-001/pump-a"}, {"at": "10 s", "trip": "hall-1/cdu-001/pump-b"}]
    dry = run(pod, scenario(jobs={"mix": "stress"}, events=events), tmp_path / "dry")
    gpu = dry.tree["gpu"]
    first = gpu["rack"].values == 0
    assert gpu["hottest_c"].values[first].min() > 85
    assert gpu["hottest_c"].values[first].max() < 120
    # Above its shutdown temperature a board switches off and stays off: the rack's boards draw nothing in the end.
    assert dry.tree["rack"]["power_w"].values[-1, 0] < 0.4 * dry.tree["rack"]["power_w"].values[0, 1]
    assert gpu["throttled_s"].values[first].min() > 10
    assert gpu["throttled_s"].values[~first].max() == 0
    assert abs(dry.facts["worst_part_residual"]) < 1e-10


def test_a_tripped_feeder_leaves_its_boards_dead(pod, tmp_path):
    dark = run(pod, scenario(events=[{"at": "60 s", "trip": "board"}]), tmp_path / "dark")
    site = dark.site
    assert site["node_w"].values[59] > 1e5
    assert site["node_w"].values[60] == 0.0
    assert site["gpu_w"].values[60] == 0.0
    assert abs(dark.facts["worst_part_residual"]) < 1e-10


def test_feed_limit_holds_a_call(pod, tmp_path):
    call = {"given": "0 s", "from": "120 s", "until": "240 s", "limit": "560 kW"}
    held = run(
        pod,
        scenario(duration="5 min", jobs={"mix": "stress"}, policy={"name": "feed-limit"}, calls=[call]),
        tmp_path / "held",
    )
    feed = held.site["feed_w"].values
    assert feed[100:118].max() <= 700e3
    assert feed[125:240].max() <= 560e3
    assert feed[20:50].min() > 600e3
    assert float((held.site["demand"] - held.site["work"]).sum()) > 0


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (
            {"jobs": [{"name": "big", "nodes": 1000, "constant": {"activity": 1.0}}]},
            "asks for 1000 nodes at 0 s, 68 are free",
        ),
        ({"events": [{"at": "10 s", "trip": "hall-1/cdu-009/pump-a"}]}, "nothing called"),
        ({"events": [{"at": "10 s", "trip": "hall-1/pump-z"}]}, 'has no "pump-z"'),
        ({"events": [{"at": "10 s", "set": {"hall-1.suply": "30 degC"}}]}, 'did you mean "hall-1.supply"'),
        ({"events": [{"at": "10.5 s", "trip": "board"}]}, "between two seconds and in no window"),
        ({"policy": {"name": "nobody"}}, "unknown policy"),
        ({"watch": ["hall-1/rack-001/node-1/gpu-9"]}, "there is no GPU, CDU or hall"),
    ],
)
def test_a_scenario_that_does_not_fit_says_so_and_writes_nothing(pod, tmp_path, fields, said):
    with pytest.raises(ScenarioError, match=said):
        run(pod, scenario(**fields), tmp_path / "bad")
    assert not list((tmp_path / "bad").glob("*")) if (tmp_path / "bad").exists() else True


def test_watched_things_are_kept_every_second_as_their_minutes_say(pod, tmp_path):
    gpu, cdu, hall = "hall-1/rack-001/node-1/gpu-3", "hall-1/cdu-002", "hall-1"
    tree = run(pod, scenario(duration="1 min", watch=[hall, gpu, cdu]), tmp_path / "watch").tree
    assert tree["watch"].sizes == {"time": 60, "gpu": 1}
    assert 30 < float(tree["watch"]["die_c"].mean()) < 60
    for group, axis, name in (("watch_cdu", "cdu", cdu), ("watch_hall", "hall", hall)):
        seconds, minutes = tree[group].to_dataset().isel({axis: 0}), tree[group[6:]].to_dataset()
        assert seconds[axis].item() == name
        assert seconds.sizes["time"] == 60
        row = minutes.isel({axis: list(minutes[axis].values).index(name)})
        for field in set(seconds.data_vars) & set(minutes.data_vars):
            assert float(seconds[field].mean()) == pytest.approx(float(row[field].mean()), rel=7e-5), field


def test_histories_are_rounded_within_their_bound():
    values = np.random.default_rng(0).uniform(-1e6, 1e6, 1000)
    assert np.abs(rounded(values) / values - 1).max() < 6.2e-5
    assert np.isnan(rounded(np.array([np.nan]))[0])
    assert np.isposinf(rounded(np.array([np.inf]))[0])


def test_a_dip_of_two_seconds_loses_the_racks_until_they_have_restarted(pod, tmp_path):
    racks = {name: spec.model_copy(update={"restart": 20.0}) for name, spec in pod.library.racks.items()}
    quick = pod.model_copy(update={"library": pod.library.model_copy(update={"racks": racks})})
    dip = {"at": "10 s", "for": "2 s", "set": {"feed.voltage": "0.6 pu"}}
    busy = [{"name": "busy", "constant": {"activity": 0.8}}]
    result = run(quick, scenario(duration="1 min", jobs=busy, events=[dip]), tmp_path / "dip")
    drawn_w = result.site["node_w"].values
    said = [str(words) for words in result.tree["events"]["message"].values]
    lost, back = (next(i for i, words in enumerate(said) if words == f"6 racks {end}") for end in ENDS)
    time_s = result.tree["events"]["time_s"].values
    assert (drawn_w[:10] > 0).all()
    assert (drawn_w[12:30] == 0).all()
    assert drawn_w[-1] == pytest.approx(drawn_w[5], rel=0.02)
    # The dip's first second trips them; they count from the first healthy second on.
    assert time_s[lost] <= 12
    assert time_s[back] == pytest.approx(32.0, abs=1.0)
    assert abs(result.facts["worst_part_residual"]) < 1e-9


ENDS = ("lost their supply", "are at work again")


def test_a_dip_that_supplies_run_through_loses_nothing(pod, tmp_path):
    dip = {"at": "10 s", "for": "2 s", "set": {"feed.voltage": "0.8 pu"}}
    busy = [{"name": "busy", "constant": {"activity": 0.8}}]
    result = run(pod, scenario(duration="30 s", jobs=busy, events=[dip]), tmp_path / "dip")
    assert (result.site["node_w"].values > 0).all()
