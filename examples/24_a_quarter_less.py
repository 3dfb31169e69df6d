"""A quarter less for three hours by tiers of flexibility: jobs that can do without nothing lose nothing.

Shows: a call with half an hour of notice, jobs of four tiers, the demand-response policy, what each job lost.

Reproduces the published operating point with a stated synthetic trace (Colangelo et al., arXiv 2507.00909: 256 GPUs,
25 % less for three hours, a ramp of 15 minutes, every job within what its tier allows).

256 GPUs in 32 servers, as many as published. Six jobs on 5 servers each, tiers and kinds those of the published data
set: 10 %: serving; 25 %: fine-tuning and serving; 50 %: serving and two trainings. A seventh serves on the other 2
servers and can do without nothing. Demand is steady, in batch jobs, whose progress is their throughput: serving at 60 %
activity, fine-tuning at 80 %, training at 90 %. Nothing is tuned. The 25 % are those of the whole feed; the servers
give 28 %, since pumps draw what they drew. The policy takes speed by tiers in strict order and pauses jobs that can do
without everything, of which there are none here; it does not resize jobs, as Conductor does beside.

How deep it can go depends on the mix: with 8 servers that can do without nothing and 4 for each other job, all that
the tiers allow is 24 % of the servers' power and 22 % of the feed's. The call is then missed by a best effort, as here,
and a firm target (the policy's default) would take the rest from tiers 3, 2 and 1 beyond what they allow, from tier 0
last.
"""

import sys
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

import twin
from twin.inputs import change_site
from twin.report import style

SITE = Path(__file__).parents[1] / "site_configs" / "pod.yaml"
OUT = Path(sys.argv[1] if len(sys.argv) > 1 else mkdtemp()) / "quarter_less"
BEGIN_S, HOLDS_S, LESS = 1800, 3 * 3600, 0.25
JOBS = {  # tier and activity
    "serving, tier 0": (0.0, 0.6),
    "serving, tier 1": (0.10, 0.6),
    "fine-tuning, tier 2": (0.25, 0.8),
    "serving, tier 2": (0.25, 0.6),
    "serving, tier 3": (0.50, 0.6),
    "training a, tier 3": (0.50, 0.9),
    "training b, tier 3": (0.50, 0.9),
}


def run(name, seconds, firm_servers, policy, calls=()):
    """The pod's 32 servers of H100 with nothing else in its hall; so many can do without nothing."""
    site = change_site(
        twin.load_site(SITE),
        {
            "halls.hall-1.racks": [{"type": "h100-hgx-rack", "count": 4}],
            "halls.hall-1.air_racks": [], "halls.hall-1.cdus": [],
        },
    )  # fmt: skip
    each = (32 - firm_servers) // (len(JOBS) - 1)
    jobs = [
        {
            "name": job, "nodes": each if tier else firm_servers, "start": "0 s", "flexibility": tier,
            "batch": {"activity": activity},
        }
        for job, (tier, activity) in JOBS.items()
    ]  # fmt: skip
    scenario = {
        "title": name, "duration": f"{seconds} s", "jobs": jobs, "policy": policy, "calls": calls,
        "weather": {"constant": {"dry_bulb": "35 degC", "wet_bulb": "20 degC"}},
    }  # fmt: skip
    tree = twin.run(site, twin.Scenario.model_validate(scenario), OUT / name).tree
    return tree["site"].to_dataset().load(), tree["job"].to_dataset().load()


def called(name, firm_servers, holds_s):
    """A call for a quarter less than the site drew before, met as far as tiers allow."""
    usual, _ = run(f"{name}, as usual", 900, firm_servers, {"name": "uncapped"})
    before = {what: float(usual[what].values[-300:].mean()) for what in ("feed_w", "node_w")}
    target_w, end_s = (1 - LESS) * before["feed_w"], BEGIN_S + holds_s
    call = {"given": "0 s", "from": f"{BEGIN_S} s", "until": f"{end_s} s", "limit": f"{target_w} W"}
    policy = {"name": "demand-response", "fields": {"firm": False}, "period": "15 s"}
    return *run(name, end_s + 1500, firm_servers, policy, [call]), before, target_w


def less(seconds, before, what, holds_s):
    """Share by which the mean of the call is below what was drawn before."""
    return 1 - float(seconds[what].values[BEGIN_S : BEGIN_S + holds_s].mean()) / before[what]


def lost(job, holds_s):
    """Share of its speed that each job lost during the call."""
    hold = slice(BEGIN_S // 60, (BEGIN_S + holds_s) // 60)
    return {name: 1 - float(job["progress"].sel(job=name)[hold].mean()) for name in JOBS}


seconds, job, before, target_w = called("published mix", 2, HOLDS_S)
stiff, stiff_job, stiff_before, _ = called("a quarter of tier 0", 8, 1800)
feed_w, losses, stiff_losses = seconds["feed_w"].values, lost(job, HOLDS_S), lost(stiff_job, 1800)
depth = {what: less(seconds, before, what, HOLDS_S) for what in before}
stiff_depth = {what: less(stiff, stiff_before, what, 1800) for what in before}
above = np.flatnonzero(feed_w[:BEGIN_S] > target_w)
ramp_s = int(above[-1]) - int(np.flatnonzero(feed_w[:BEGIN_S] > 0.995 * before["feed_w"])[-1])


@style.drawn
def draw():
    """Power of the feed, and the speed of each job."""
    figure, axes = style.sheet(2, height_in=5.4, sharex=True)
    hours = seconds["time"].values / 3600
    axes[0].plot(hours, feed_w / 1e3, color=style.POWER, label="feed")
    axes[0].plot(hours, seconds["node_w"].values / 1e3, color=style.COOLANT, label="servers")
    axes[0].plot(np.array([BEGIN_S, BEGIN_S + HOLDS_S]) / 3600, 2 * [target_w / 1e3], color=style.LIMIT, label="call")
    axes[0].set_ylabel("power (kW)")
    for name, color in zip(JOBS, style.RUNS, strict=False):
        axes[1].plot(job["time"] / 3600, job["progress"].sel(job=name), color=color, label=name)
    axes[1].set_ylabel("speed (1)")
    axes[1].set_ylim(0.0, 1.05)
    axes[1].set_xlabel("time since the notice (h)")
    style.legend(axes[0])
    style.legend(axes[1], 4)
    return figure


feed_most_w = feed_w[BEGIN_S : BEGIN_S + HOLDS_S].max()
print(
    f"{before['feed_w'] / 1e3:.1f} kW before, {depth['feed_w']:.1%} less of the feed, {depth['node_w']:.1%} of servers"
)
print(f"greatest {feed_most_w / target_w - 1:+.2%} from the target, down within {ramp_s / 60:.1f} min")
for name, share in losses.items():
    print(f"{name}: {share:.1%} of its speed lost, {JOBS[name][0]:.0%} allowed")
print(f"a quarter in tier 0: {stiff_depth['feed_w']:.1%} less of the feed, {stiff_depth['node_w']:.1%} of servers")
print(style.to_png(draw(), OUT / "quarter_less.png"))
assert depth["feed_w"] >= LESS
assert feed_most_w <= target_w
assert 13 < ramp_s / 60 < 16
assert feed_w[BEGIN_S + HOLDS_S :].max() < 1.01 * before["feed_w"]
assert all(share <= JOBS[name][0] for name, share in losses.items() if JOBS[name][0])
assert all(share < JOBS[name][0] + 0.005 for name, share in stiff_losses.items())
assert abs(losses["serving, tier 0"]) < 1e-3
assert 0.21 < stiff_depth["feed_w"] < 0.23
assert 0.23 < stiff_depth["node_w"] < 0.25
