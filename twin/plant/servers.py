"""Servers around their boards through the seconds of a macro-step: power, heat, and work under caps and clocks."""

from twin.components import server
from twin.core.cap_dynamics import DOWN, UP
from twin.core.jit import kernel
from twin.core.speed import speed_lost
from twin.plant.blocks import AFTER, BEFORE, USEFUL
from twin.plant.order import AIR_W, BURNT_W, DEMAND, GPU_W, LIQUID_W, LOST, NODE_W, RACK_OUTPUTS


@kernel(fast=True, inline=True)
def _lost(lost_by, natural, want_w, drawn_w, of_rating, allowed):
    """Share of speed lost by boards that want so much, draw so much for it and are allowed this share of their rating.

    ``natural`` is the share that they would want at their greatest clock.
    """
    if drawn_w < want_w:
        return speed_lost(lost_by, natural, min(allowed, drawn_w * of_rating))
    return speed_lost(lost_by, natural, allowed) if allowed < 1.0 else 0.0


@kernel(fast=True, bare=True)
def _follow_speed(lost_by, boards, first, last, s, floored, withheld, of_rating, allowed, next_allowed, late):
    """Share of speed lost in second ``s``, in which the next cap comes, beyond that under its mean power.

    Speed is as late as power. ``withheld`` is the share of the rating that their clock takes off what boards want.
    Returns by how much the old cap let the boards draw more, too [W].
    """
    drawn_at = USEFUL + 2 * s if floored else 4 * s
    drawn_w, want_w = boards[drawn_at + first], boards[4 * s + 2 + first]
    before_w, after_w = boards[BEFORE + first], boards[AFTER + first]
    if last > first:
        drawn_w += boards[drawn_at + last]
        want_w += boards[4 * s + 2 + last]
        before_w += boards[BEFORE + last]
        after_w += boards[AFTER + last]
    natural = want_w * of_rating + withheld
    before = _lost(lost_by, natural, want_w, before_w, of_rating, allowed)
    after = _lost(lost_by, natural, want_w, after_w, of_rating, next_allowed)
    behind = late[UP] if next_allowed > allowed else late[DOWN]
    counted = _lost(lost_by, natural, want_w, drawn_w, of_rating, next_allowed)
    return after + (before - after) * behind - counted, before_w - after_w


@kernel(fast=True, inline=True)
def advance_server(
    c, curve, lost_by, held, plate_c, boards, first, last, supply_c, supply_k_s, alive, activity, job, ticks, total
):
    """All ``ticks`` seconds of a server of ``job`` around halves ``first`` to ``last`` of a block of GPUs.

    ``c`` are its `server.coefficients`, ``lost_by`` is the `speed.lost_table` of its boards, ``held`` are the cap of
    each, the share of dynamic power that its clock leaves and its floor, the next of each, in which second those come,
    and what is missing of a cap's way on mean in it, down and up. Adds power, heat and work to ``total`` [tick * 9];
    returns the temperature of its plates [degC], what it drew, its boards drew, wanted and burnt in the last second
    [W], its energy [J], work asked for and lost [GPU seconds], and by how much the old cap let its boards draw more
    than one that came [W].

    A locked clock slows work as the cap does under which a board at full activity has that clock.
    """
    keep, gain, mean, conductance, per_conductance = c[0], c[1], c[2], c[3], c[4]
    gpus, air, of_rating = c[13], c[14], c[15]
    (cap_w, share, floor_w), (next_cap_w, next_share, next_floor_w), next_in, late = held
    withheld, floored = (1.0 - share) * c[16], floor_w > 0.0
    allowed = min(cap_w * gpus * of_rating, 1.0 - withheld)
    energy_j, asked_s, lost_s, board_w, want_w, drawn_w, burnt_w = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    for s in range(ticks):
        a, coolant_c = activity[s, job], supply_c + supply_k_s * (s + 0.5)
        board_w, want_w = boards[4 * s + first], boards[4 * s + 2 + first]
        if last > first:
            board_w += boards[4 * s + last]
            want_w += boards[4 * s + 2 + last]
        drawn_w, liquid_w, air_w, lost, asked = 0.0, 0.0, 0.0, 0.0, a * gpus
        if alive:
            drawn_w, liquid_w, air_w = server.draw(c, curve, a, board_w, air * board_w)
        if s == next_in:
            withheld, floored = (1.0 - next_share) * c[16], next_floor_w > 0.0
            allowed = min(next_cap_w * gpus * of_rating, 1.0 - withheld)
        useful_w = board_w
        if floored:
            useful_w = boards[USEFUL + 2 * s + first]
            if last > first:
                useful_w += boards[USEFUL + 2 * s + last]
            total[s * RACK_OUTPUTS + BURNT_W] += board_w - useful_w
        burnt_w = board_w - useful_w
        if useful_w < want_w:
            lost = asked * speed_lost(lost_by, want_w * of_rating + withheld * a, min(allowed, useful_w * of_rating))
        elif allowed < 1.0:
            lost = asked * speed_lost(lost_by, want_w * of_rating + withheld * a, allowed)
        settled, above = liquid_w * per_conductance, plate_c - coolant_c
        plate_c = coolant_c + above * keep + settled * gain
        energy_j += drawn_w
        asked_s += asked
        lost_s += lost
        at = s * RACK_OUTPUTS
        total[at + NODE_W] += drawn_w
        total[at + GPU_W] += board_w
        total[at + LIQUID_W] += conductance * (settled + (above - settled) * mean)
        total[at + AIR_W] += air_w
        total[at + LOST] += lost
        total[at + DEMAND] += asked
    change_w = 0.0
    if next_in < ticks and next_cap_w != cap_w:
        more, change_w = _follow_speed(
            lost_by, boards, first, last, next_in, floored, withheld * activity[next_in, job], of_rating,
            min(cap_w * gpus * of_rating, 1.0 - withheld), allowed, late,
        )  # fmt: skip
        more *= activity[next_in, job] * gpus
        lost_s += more
        total[next_in * RACK_OUTPUTS + LOST] += more
    return plate_c, drawn_w, board_w, want_w, burnt_w, energy_j, asked_s, lost_s, change_w
