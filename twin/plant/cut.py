"""What a rack that lost its supply within a second takes back from that second.

Racks run through a second of heat before the network is known below it. If the power supplies of one gave out, its
servers had the share ``served`` of what they asked for. Temperatures and heat are linear in power over the second, so
the rest is taken back exactly: energy still is conserved to rounding. Only the peak of the second is kept, which a
die no longer quite reached.
"""

from twin.components import gpu
from twin.core.jit import kernel
from twin.plant.order import AIR_W, BURNT_W, DEMAND, GPU_W, LIQUID_W, LOST, NODE_W

_L = gpu.LANES
_HALF = _L // 2


@kernel
def _cut_boards(x, c, missing):
    """Take ``missing`` of the last second's power from a block of GPUs; returns the heat to coolant less [W]."""
    heat_w = 0.0
    for i in range(_L):
        lost_w = missing * x[gpu.POWER * _L + i]
        x[gpu.DIE * _L + i] -= c[9] * lost_w
        x[gpu.HBM * _L + i] -= c[10] * lost_w
        x[gpu.PLATE * _L + i] -= c[11] * lost_w
        x[gpu.ENERGY * _L + i] -= lost_w
        x[gpu.POWER * _L + i] -= lost_w
        heat_w += c[18] * lost_w
    return heat_w


@kernel
def _cut_server(c, node, n, activity, missing, more):
    """Take ``missing`` from server ``n``, and count ``more`` of the work it was asked for as lost.

    Returns the heat of its plates less [W].
    """
    liquid_w = missing * (c[5] + c[6] * activity)
    node.plate_c[n] -= liquid_w * c[4] * c[1]
    heat_w = c[3] * liquid_w * c[4] * (1.0 - c[2])
    node.energy_j[n] -= missing * node.power_w[n]
    node.power_w[n] *= 1.0 - missing
    node.gpu_w[n] *= 1.0 - missing
    node.burnt_w[n] *= 1.0 - missing
    node.lost[n] += more * activity * c[13]
    node.lost_total_s[n] += more * activity
    return heat_w


@kernel
def cut_rack(r, rack, blocks, node, blocks_c, servers_c, activity, served, out):
    """Leave rack ``r`` the share ``served`` of the second it ran; ``activity`` is the second's mean of each job.

    ``out`` [rack, 9] are the rack outputs of that one second.
    """
    missing = 1.0 - served
    out[r, NODE_W] *= served
    out[r, GPU_W] *= served
    out[r, AIR_W] *= served
    out[r, BURNT_W] *= served
    for b in range(rack.first_block[r], rack.first_block[r] + rack.blocks[r]):
        out[r, LIQUID_W] -= _cut_boards(blocks[b], blocks_c[r], missing)
    # What of the rack's work was still done, as a share of what it was asked for.
    more = missing * (1.0 - out[r, LOST] / out[r, DEMAND]) if out[r, DEMAND] > 0.0 else 0.0
    for n in range(rack.first_node[r], rack.first_node[r] + rack.nodes[r]):
        out[r, LIQUID_W] -= _cut_server(servers_c[r], node, n, activity[node.job[n]], missing, more)
    out[r, LOST] += more * out[r, DEMAND]
