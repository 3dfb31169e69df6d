"""Sites into arrays: who hangs on whom, what everything is called, and draws that do not depend on the neighbours."""

from pathlib import Path

import numpy as np
import pytest

from twin.components import gpu
from twin.plant.order import gpu_rows
from twin.site.compile import compile_site, new_state
from twin.site.load import load_site

SITES = Path(__file__).parents[2] / "site_configs"


@pytest.fixture(scope="module")
def pod():
    return compile_site(load_site(SITES / "pod.yaml"))


@pytest.fixture(scope="module")
def colossus():
    return compile_site(load_site(SITES / "colossus1.yaml"))


def test_the_reference_site_has_its_public_totals(colossus):
    assert colossus.gpus == 220_080
    kinds = np.array(colossus.names.rack_types)
    assert [np.sum(kinds == kind) for kind in ("h100-hgx-rack", "h200-hgx-rack", "nvl72-rack")] == [2344, 782, 278]
    assert len(colossus.names.halls) == 9
    assert colossus.site.feed.limit == 300e6
    assert dict(zip(colossus.substations, colossus.substation_limit_w, strict=True)) == {"sub-1": 150e6, "sub-2": 150e6}
    assert sum(kind == "transformer" for kind in colossus.electrical_kind) == 176 + 4
    network_share = colossus.plant.wiring.air_rack_w.sum() / (
        colossus.node_max_w.sum() + colossus.plant.wiring.air_rack_w.sum()
    )
    assert network_share == pytest.approx(0.06, abs=0.005)


def test_names(pod):
    assert pod.names.racks == [f"hall-1/rack-00{i}" for i in range(1, 7)]
    assert pod.names.cdus == [f"hall-1/cdu-00{i}" for i in range(1, 6)]
    assert pod.names.electrical == ["feed", "sub", "feeder", "board", "mechanical"]
    assert pod.names.nodes[0] == "hall-1/rack-001/node-1"
    assert pod.names.nodes[-1] == "hall-1/rack-006/node-18"
    assert pod.names.gpus[0] == "hall-1/rack-001/node-1/gpu-1"
    assert pod.names.gpus[-1] == "hall-1/rack-006/node-18/gpu-4"
    assert len(set(pod.names.gpus)) == pod.gpus == 400


@pytest.mark.parametrize("name", ["pod", "colossus"])
def test_every_thing_hangs_on_one_other(request, name):
    compiled = request.getfixturevalue(name)
    rack, wiring = compiled.plant.rack, compiled.plant.wiring
    np.testing.assert_array_equal(rack.first_block, np.concatenate([[0], np.cumsum(rack.blocks)[:-1]]))
    np.testing.assert_array_equal(rack.first_node, np.concatenate([[0], np.cumsum(rack.nodes)[:-1]]))
    np.testing.assert_array_equal(wiring.cdu_hall[rack.cdu], rack.hall)
    assert set(rack.cdu) == set(range(wiring.cdu_hall.size))
    np.testing.assert_array_equal(rack.blocks * gpu.LANES, rack.nodes * compiled.plant.node.gpus[rack.node])
    np.testing.assert_array_equal(compiled.node_rack, np.repeat(np.arange(rack.gpu.size), rack.nodes))
    np.testing.assert_allclose(np.bincount(wiring.mechanical_hall, wiring.mechanical_share), 1.0)
    site = compiled.site
    assert wiring.air_rack_w.sum() == pytest.approx(
        sum(group.count * site.library.air_racks[group.type].power for hall in site.halls for group in hall.air_racks)
    )


def test_no_cdu_serves_more_racks_than_it_may(colossus):
    most = [
        colossus.site.library.cdus[colossus.site.library.racks[kind].cdu].racks for kind in colossus.names.rack_types
    ]
    served = np.bincount(colossus.plant.rack.cdu)
    assert np.all(served[colossus.plant.rack.cdu] <= most)


def test_boards_share_their_racks_evenly(colossus):
    rack = colossus.plant.rack
    load = np.bincount(rack.board, rack.rating_w)
    load = load[load > 0]
    assert load.max() / load.mean() < 1.1


def test_substations_follow_the_tree(colossus):
    hall_of = colossus.plant.rack.hall[colossus.node_rack]
    substation = colossus.node_substation
    assert set(substation[hall_of < 4]) == {0}
    assert set(substation[hall_of > 4]) == {1}
    assert set(substation[hall_of == 4]) == {0, 1}  # hall-5 hangs on both


def test_silicon_of_a_rack_does_not_depend_on_the_others(pod):
    more = compile_site(load_site(SITES / "pod.yaml", {"halls.0.racks.0.count": 5, "halls.0.pumps.flow": "0.05 m3/s"}))
    first = pod.plant.rack.blocks[:4].sum()
    np.testing.assert_array_equal(more.silicon[:first], pod.silicon[:first])
    other_seed = compile_site(pod.site, seed=1)
    assert not np.any(other_seed.silicon == pod.silicon)


def test_silicon_has_the_spread_of_its_type(colossus):
    assert colossus.silicon.mean() == pytest.approx(1.0, abs=1e-3)
    assert colossus.silicon.std() == pytest.approx(0.03, rel=0.02)
    assert np.all(np.abs(colossus.silicon - 1) <= 0.09 + 1e-12)


def test_a_hgx_server_takes_8_kw_at_most(pod):
    assert pod.node_max_w[0] == pytest.approx(8000, rel=0.01)
    assert pod.node_max_w[-1] == pytest.approx(7100, rel=0.01)


def test_a_new_state_is_uncapped_and_in_service(pod):
    state = new_state(pod)
    assert np.all(state.node.cap_w == np.inf)
    np.testing.assert_array_equal(gpu_rows(state)[:, gpu.SILICON], pod.silicon)
    assert state.service.energised.all()
    np.testing.assert_array_equal(state.service.chillers, [1, 1, 1])
    assert state.network.v_re[0] == 1.02


def test_parameters_are_read_only(pod):
    def arrays(layout):
        for part in layout:
            yield from arrays(part) if isinstance(part, tuple) else (part,)

    assert not any(array.flags.writeable for array in arrays(pod.plant))


def test_a_site_without_its_library_is_refused(pod):
    with pytest.raises(ValueError, match="compile a site that load_site has completed"):
        compile_site(pod.site.model_copy(update={"library": None}))
