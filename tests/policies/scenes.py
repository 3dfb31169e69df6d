"""What tests of policies share: a moment of telemetry on the bench's fleet."""

import numpy as np

from twin.control.bench import JOBS, SERVERS, bench_fleet
from twin.control.policy import Notice, Seen

FLEET = bench_fleet()
JOB = np.repeat([1, 2, 3, 2], SERVERS // 4)


def seen(
    gpu_w,
    *,
    fleet=FLEET,
    time_s=0.0,
    limit_w=None,
    overhead_w=0.0,
    host_w=0.0,
    cap_w=None,
    job=JOB,
    notices=(),
    flow=None,
    hottest_c=50.0,
    feed_time_s=None,
    paused=None,
):
    """Boards drawing ``gpu_w`` a GPU, each server ``host_w`` beside, ``overhead_w`` at the feed alone."""
    boards_w = np.broadcast_to(np.asarray(gpu_w, float), SERVERS) * fleet.gpus
    node_w = boards_w + host_w
    level_w = fleet.tree.sums(node_w)
    level_w[0] += overhead_w
    substation_w = level_w[fleet.tree.substations]
    contract_w = fleet.tree.limit_w[0] if limit_w is None else limit_w
    return Seen(
        time_s=time_s, fleet=fleet, feed_time_s=time_s if feed_time_s is None else feed_time_s, feed_w=level_w[0],
        substation_w=substation_w.copy(), substation_limit_w=fleet.tree.limit_w[fleet.tree.substations],
        node_time_s=time_s, feed_then_w=level_w[0], substation_then_w=substation_w.copy(), node_w=node_w,
        node_gpu_w=boards_w, node_age_s=np.zeros(SERVERS),
        cap_w=fleet.gpu_max_w.copy() if cap_w is None else np.array(cap_w, float), clock_mhz=fleet.clock_max_mhz.copy(),
        floor_w=np.zeros(SERVERS), contract_w=contract_w,
        notices=tuple(Notice(*n) for n in notices), level_w=level_w, rack_hottest_c=np.full(8, hottest_c),
        cdu_flow_kg_s=fleet.cdu_flow_kg_s * (np.ones(4) if flow is None else np.array(flow)),
        cdu_supply_c=np.full(4, 35.0), job=job, jobs=JOBS,
        paused=np.zeros(len(JOBS), bool) if paused is None else paused,
    )  # fmt: skip


def limited(limit_w, substation_w=1e9, rating_va=np.inf):
    """The bench's fleet under other limits."""
    fleet = bench_fleet(limit_w, substation_w)
    return fleet._replace(tree=fleet.tree._replace(rating_va=np.full(fleet.tree.rating_va.size, rating_va)))
