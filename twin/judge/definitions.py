"""Every figure of merit, defined once: name, unit, words, how it is made, and which way is better.

What stands in angle brackets in a name stands for itself: ``<window>`` is ``1_s_mean``, ``10_s_mean``, ``1_min_mean``
or ``demand_interval``; ``<class>`` a kind of job or ``priority_0``, ...; ``<kind>`` of an electrical element, or
``rack``. Names end in their unit; shares are 0 to 1.
"""

from typing import NamedTuple

LEAST, MOST = "least", "most"


class Figure(NamedTuple):
    """A figure: ``how`` says how it is made, ``better`` is ``least``, ``most``, or nothing where that depends."""

    name: str
    unit: str
    words: str
    how: str
    better: str = ""


_CONTROL = (
    Figure("limit", "", "limit in force", "held or exceeded at the feed, in the window that binds"),
    Figure("limit_held", "", "limit held", "every judged window that binds at or under the limit"),
    Figure("substation_limits_held", "", "substations' limits held", "the same at every substation"),
    Figure("binding_limit_window", "", "window that binds", "as the site file says"),
    Figure("violation_mwh", "MWh", "energy above the limit, binding window", "above_limit_<window>_mwh of it", LEAST),
    Figure("above_limit_<window>_s", "s", "time above, <window>",
           "sum of the windows whose mean is above the mean of the limit in them", LEAST),
    Figure("above_limit_<window>_mwh", "MWh", "energy above, <window>",
           "sum over them of (P - L) times their length", LEAST),
    Figure("excess_<window>_mw", "MW", "greatest excess, <window>",
           "greatest P - L of a window, 0 where none is above", LEAST),
    Figure("excess_<window>_percent", "%", "greatest excess over the limit, <window>", "over L in that window", LEAST),
    Figure("longest_above_limit_<window>_s", "s", "longest above, <window>",
           "longest unbroken row of windows above", LEAST),
    Figure("first_above_limit_<window>_at_s", "s", "first above, <window>",
           "begin of the first window above, after the start"),
    Figure("at_<substation>_above_limit_<window>_s", "s", "time above at <substation>, <window>",
           "as of the feed", LEAST),
    Figure("at_<substation>_above_limit_<window>_mwh", "MWh", "energy above at <substation>, <window>",
           "as of the feed", LEAST),
    Figure("above_rating_<kind>_s", "s", "time above rating, <kind>",
           "sum over elements of minutes whose mean is above the rating", LEAST),
    Figure("above_rating_<kind>_mvah", "MVAh", "energy above rating, <kind>",
           "sum over elements of (S - rating) in them; MWh for racks", LEAST),
    Figure("above_rating_<kind>_elements", "1", "elements above rating, <kind>", "those with any such minute", LEAST),
    Figure("overshoot_share", "share", "overshoot",
           "greatest P / L - 1 of the feed's seconds, 0 where never above", LEAST),
    Figure("overshoot_longest_s", "s", "overshoot, longest", "longest spell of seconds above L", LEAST),
    Figure("trip_margin_least", "share", "least margin to a trip", "1 - greatest damage of any relay or breaker", MOST),
    Figure("trip_margin_least_at", "", "where that was", "name of that relay or breaker"),
    Figure("brake_events", "1", "brake events", "spells in which the power brake holds any node", LEAST),
    Figure("braked_gpus_most", "GPUs", "most GPUs braked", "greatest second", LEAST),
    Figure("braked_gpu_s", "GPU-s", "GPU-seconds braked", "sum over seconds", LEAST),
    Figure("calls", "1", "calls", "drops of the feed's limit"),
    Figure("call_reached_worst_s", "s", "call: until at or under",
           "from the drop to the first second at or under the limit, the slowest", LEAST),
    Figure("call_overshoot_1_percent_worst_s", "s", "call: more than 1 % over",
           "seconds of a call more than 1 % over, the most", LEAST),
    Figure("stranded_<level>_share", "share", "stranded, <level>",
           "1 - P99 of power over contract or rating, elements of a level by their size"),
    Figure("oversubscription_share", "share", "nameplate over limit",
           "GPU servers at full activity, times what the site drew for each watt of them, over the feed's contract"),
    Figure("oversubscription_gain_share", "share", "more servers than fit by nameplate",
           "the same less 1, no less than 0; only where the limit held without a trip or the brake", MOST),
    Figure("capped_gpu_time_share", "share", "GPU time capped",
           "GPU-seconds under a cap below the rating over all", LEAST),
    Figure("locked_gpu_time_share", "share", "GPU time at a locked clock",
           "GPU-seconds with a clock locked below its most over all", LEAST),
    Figure("lowest_mean_cap_w", "W", "lowest mean cap", "least second of the mean cap of a GPU", MOST),
)  # fmt: skip
_SERVICE = (
    Figure("work_done_gpu_h", "GPU-h", "work done", "GPUs at full speed, over time", MOST),
    Figure("work_asked_gpu_h", "GPU-h", "work asked for", "the same on uncapped, unthrottled GPUs"),
    Figure("work_lost_gpu_h", "GPU-h", "work lost", "asked less done", LEAST),
    Figure("work_lost_share", "share", "work lost", "lost over asked", LEAST),
    Figure("work_lost_share_least", "share", "lost at least", "by the better end of each GPU type's speed curve"),
    Figure("work_lost_share_most", "share", "lost at most", "with the worse end of it"),
    Figure("work_lost_<class>_share", "share", "work lost, <class>",
           "1 - done / asked of all jobs of the kind or priority", LEAST),
    Figure("work_per_energy_gpu_h_mwh", "GPU-h/MWh", "work per energy", "work done over energy bought", MOST),
    Figure("training_goodput", "share", "goodput of trainings",
           "progress over time on nodes, without what was done again, by nodes", MOST),
    Figure("capped_<class>_share", "share", "time capped, <class>",
           "server time under a cap over server time held", LEAST),
    Figure("braked_<class>_share", "share", "time braked, <class>",
           "server time under the power brake over server time held", LEAST),
    Figure("fairness_<class>", "1", "fairness, <class>",
           "Jain's index of the speeds that its jobs kept: 1 all alike, 1/n one alone", MOST),
    Figure("inference_requests", "1", "requests", "that arrived"),
    Figure("inference_generated_tokens", "1", "tokens generated", "by all pools", MOST),
    Figure("inference_first_token_p50_s", "s", "first token, half",
           "time that half of all requests of the run stay below, within 5 %", LEAST),
    Figure("inference_first_token_p99_s", "s", "first token, 99 %", "the same of 99 %", LEAST),
    Figure("inference_first_token_p99_worst_minute_s", "s", "first token, 99 %, worst minute",
           "of the worst minute of the slowest pool", LEAST),
    Figure("inference_between_tokens_p50_s", "s", "between tokens, half",
           "time that half of all tokens stay below, within 5 %", LEAST),
    Figure("inference_between_tokens_p99_s", "s", "between tokens, 99 %", "the same of 99 %", LEAST),
    Figure("first_token_p50_<class>_s", "s", "first token, half, <class>", "of the pools of one priority", LEAST),
    Figure("first_token_p99_<class>_s", "s", "first token, 99 %, <class>", "of the pools of one priority", LEAST),
    Figure("between_tokens_p50_<class>_s", "s", "between tokens, half, <class>", "of the pools of one priority", LEAST),
    Figure("between_tokens_p99_<class>_s", "s", "between tokens, 99 %, <class>", "of the pools of one priority", LEAST),
)  # fmt: skip
_GRID = (
    Figure("feed_peak_mw", "MW", "peak feed power", "greatest second", LEAST),
    Figure("feed_peak_at_s", "s", "when that was", "end of that second, after the start"),
    Figure("feed_mean_mw", "MW", "mean feed power", "over time"),
    Figure("feed_energy_mwh", "MWh", "energy bought", "feed power over time", LEAST),
    Figure("burnt_energy_mwh", "MWh", "energy burnt", "dummy work of GPU boards under power floors, over time", LEAST),
    Figure("feed_peak_mva", "MVA", "peak apparent power", "greatest second", LEAST),
    Figure("power_factor_min", "1", "least power factor", "active over apparent power, least second", MOST),
    Figure("ramp_<seconds>_s_rise_mw", "MW", "greatest rise in <seconds> s", "of seconds so far apart", LEAST),
    Figure("ramp_<seconds>_s_fall_mw", "MW", "greatest fall in <seconds> s", "of seconds so far apart", LEAST),
    Figure("range_<seconds>_s_mw", "MW", "greatest range in <seconds> s",
           "greatest less least second in a sliding window so long", LEAST),
    Figure("minutes_inside_ramp_share", "share", "minutes inside the contract's ramp",
           "clock minutes in which no change over the rule's time passes it; only with a ramp rule", MOST),
    Figure("voltage_excursions", "1", "voltage excursions", "spells outside 0.9 to 1.1 pu at the feed"),
    Figure("voltage_lowest_pu", "pu", "lowest voltage", "in any of them"),
    Figure("voltage_highest_pu", "pu", "highest voltage", "in any of them"),
    Figure("dropped_most_mw", "MW", "most load that left",
           "mean of the second before less least power until a second after", LEAST),
    Figure("back_after_s", "s", "load back after",
           "until 90 % of it is drawn again, from the end of that excursion", LEAST),
    Figure("return_steepest_mw_per_s", "MW/s", "steepest return", "greatest rise within a second until then", LEAST),
    Figure("rules", "", "rule pack", "its name"),
    Figure("rule_<rule>", "", "rule <rule>", "pass, fail or not judged"),
    Figure("window_<number>_ramp_<seconds>_s_rise_mw", "MW", "window <number>: rise in <seconds> s",
           "greatest, of steps so far apart", LEAST),
    Figure("window_<number>_ramp_<seconds>_s_fall_mw", "MW", "window <number>: fall in <seconds> s",
           "greatest, of steps so far apart", LEAST),
    Figure("window_<number>_range_mw", "MW", "window <number>: range", "greatest less least step", LEAST),
    Figure("window_<number>_lowest_board_pu", "pu", "window <number>: lowest board voltage",
           "of any living board", MOST),
    Figure("window_<number>_racks_out", "1", "window <number>: racks out", "most at once", LEAST),
    Figure("window_<number>_motors_out", "1", "window <number>: motors out", "most at once", LEAST),
    Figure("window_<number>_ups_out", "1", "window <number>: UPS on battery", "most at once", LEAST),
    Figure("window_<number>_<band>_mw", "MW", "window <number>: oscillation, <band>",
           "greatest amplitude in the band, one-sided, one Hann window", LEAST),
    Figure("window_<number>_<band>_share", "share", "window <number>: share of <band>",
           "of the energy of all that changes", LEAST),
)  # fmt: skip
_RESPONSE = (
    Figure("response_depth_least_share", "share", "depth, least",
           "1 - mean power of the call over the mean of the hour before", MOST),
    Figure("response_ramp_worst_s", "s", "ramp, slowest",
           "until 90 % of the way from that baseline to the limit is done", LEAST),
    Figure("response_settled_worst_s", "s", "settled, latest",
           "from when power is never more than 2 % over the limit", LEAST),
    Figure("response_within_worst_s", "s", "within +-2 %, latest",
           "from when power stays within 2 % of the limit on both sides", LEAST),
    Figure("response_hold_rms_worst_share", "share", "hold error, RMS",
           "of (P - L)/L over L, power under L counting as none", LEAST),
    Figure("response_hold_greatest_share", "share", "hold error, greatest", "of the same", LEAST),
    Figure("response_rebound_worst_mw", "MW", "rebound",
           "greatest power of the hour after over the baseline, no less than 0", LEAST),
)  # fmt: skip
_PLANT = (
    Figure("pue_rack_inlet", "1", "interim PUE, rack inlet", "energy of the site over energy at the rack inlet", LEAST),
    Figure("pue_equipment_inlet", "1", "interim PUE, IT equipment inlet", "over energy of the IT equipment", LEAST),
    Figure("wue_make_up_l_kwh", "L/kWh", "WUE, make-up", "water bought over energy of the IT equipment", LEAST),
    Figure("wue_consumption_l_kwh", "L/kWh", "WUE, consumption", "water evaporated and drifted away over that", LEAST),
    Figure("hottest_gpu_c", "°C", "hottest GPU die", "greatest second", LEAST),
    Figure("hottest_gpu_at_s", "s", "when that was", "end of that second"),
    Figure("hottest_gpu", "", "which it was", "its name"),
    Figure("throttled_gpu_s", "GPU-s", "throttled", "GPU-seconds held below the cap by temperature", LEAST),
    Figure("throttled_gpus", "1", "GPUs ever throttled", "those with any such second", LEAST),
    Figure("first_throttled_at_s", "s", "first throttled", "end of the first such second, after the start", MOST),
    Figure("time_to_throttle_s", "s", "time to throttle", "the same after the last event before it", MOST),
    Figure("hbm_above_95_c_gpu_s", "GPU-s", "memory above 95 °C",
           "GPUs counted at the end of each minute, times its length", LEAST),
    Figure("hottest_winding_c", "°C", "hottest winding", "of any transformer, greatest second", LEAST),
    Figure("hottest_winding_at_s", "s", "when that was", "end of that minute"),
    Figure("hottest_winding", "", "which it was", "name of the transformer"),
    Figure("hottest_top_oil_c", "°C", "hottest top oil", "of any transformer, mean of a minute", LEAST),
    Figure("ageing_greatest", "1", "fastest ageing", "F_AA of C57.91, 1 at 110 degC, mean of a minute", LEAST),
    Figure("most_aged_transformer", "", "most aged transformer", "its name"),
    Figure("life_lost_worst_h", "h", "life lost by it", "F_AA over time", LEAST),
    Figure("life_lost_worst_h_day", "h/day", "life lost by it a day", "the same over the length of the run", LEAST),
    Figure("life_lost_all_h", "h", "life lost by all", "sum over transformers", LEAST),
    Figure("battery_given_mwh", "MWh", "given by batteries", "energy out of battery plants"),
    Figure("battery_taken_mwh", "MWh", "taken by batteries", "energy into them"),
    Figure("battery_loss_mwh", "MWh", "lost in batteries",
           "taken less given less what they kept, and their auxiliaries", LEAST),
    Figure("battery_cycles", "1", "equivalent full cycles", "energy given over energy held", LEAST),
    Figure("battery_cycles_day", "1/day", "equivalent full cycles a day", "the same over the length of the run", LEAST),
    Figure("battery_peak_mw", "MW", "peak of batteries", "greatest second either way"),
    Figure("battery_charge_min", "share", "least charge", "energy kept over what they hold", MOST),
    Figure("battery_charge_max", "share", "most charge", "of the same"),
    Figure("ups_on_battery_most", "1", "most UPS on battery", "at once", LEAST),
    Figure("ups_locked_most", "1", "most UPS locked", "at once", LEAST),
)  # fmt: skip
_RUN = (
    Figure("complete", "", "complete", "the run came to its end"),
    Figure("simulated_s", "s", "simulated", "length of what was simulated"),
    Figure("energy_residual", "1", "energy residual", "what the books leave over, over what came in"),
    Figure("water_residual", "1", "water residual", "the same of water"),
)  # fmt: skip

GROUPS: dict[str, tuple[Figure, ...]] = {
    "control": _CONTROL, "service": _SERVICE, "grid": _GRID, "demand response": _RESPONSE, "plant": _PLANT, "run": _RUN,
}  # fmt: skip
NOT_BUILT = (
    "Flicker (Pst of IEC 61000-4-15) needs ten minutes of half cycles and is not built: results have seconds, and "
    "milliseconds only in windows. Trigger to 90 % of a frequency response needs a policy that acts on frequency; of "
    "calls `response_ramp_worst_s` says the same by seconds."
)
