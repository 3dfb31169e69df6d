"""The cap that survives a loss of coolant flow, sent as soon as telemetry shows it.

Without flow a board is one mass: C dT/dt = P - G (T - T_coolant). The largest power with which the die stays below its
limit for the time that is left until flow is back,

    P = G (T_limit - T_coolant) + (T_limit - T) C / t_left,

is computed anew at every act from the temperature shown, with G in proportion to the flow shown, or what boards show
themselves where that is less. Where even the least
cap is too much for that time, boards are braked, if the site has a brake. Whether it helps is a matter of latency: at
700 W a board without flow goes from 50 to 87 degC in about 24 s; in band a cap takes half a second, out of band up to
40 s, the brake 5 s.

The lumped capacity of die, memory and plate is an estimate, +-50 %: 285 J/K as in the part files, from below; 454 J/K
with all of a plate's copper and coolant, which gives the 24 s.
"""

from dataclasses import dataclass, field

import numpy as np

from twin.control.policy import Commands, Seen
from twin.core.layout import Vec


@dataclass
class ThermalEmergency:
    """Cap boards whose coolant stops so that they survive until it is back."""

    every_s: float = 1.0
    flow_below: float = 0.5  # of its design: less is an emergency of a CDU
    recovered: float = 0.8
    hot_c: float = 85.0  # a die so hot is an emergency of its rack, whatever the flow shown
    limit_c: float = 87.0
    repair_s: float = 60.0
    capacity_j_k: float = 285.0
    plate_w_k: float = 25.0  # conductance at design flow [E]
    _since_s: Vec | None = field(default=None, init=False, repr=False)
    _braked: np.ndarray | None = field(default=None, init=False, repr=False)

    def act(self, seen: Seen) -> Commands | None:
        """Caps for servers in an emergency, ratings for all others; None while there has been none."""
        fleet = seen.fleet
        flow = (seen.cdu_flow_kg_s / fleet.cdu_flow_kg_s)[fleet.cdu]
        hottest_c = seen.rack_hottest_c[fleet.rack]
        if self._since_s is None:
            self._since_s, self._braked = np.full(fleet.gpus.size, np.nan), np.zeros(fleet.gpus.size, bool)
        before = ~np.isnan(self._since_s)
        now = (flow < self.flow_below) | (hottest_c > self.hot_c)
        over = before & (flow > self.recovered) & (hottest_c < self.hot_c)
        self._since_s[now & ~before] = seen.time_s
        self._since_s[over] = np.nan
        held = ~np.isnan(self._since_s)
        if not held.any() and not before.any():
            return None
        survives_w = self._survives(seen, flow, hottest_c)
        cap_w = np.where(held, np.clip(survives_w, fleet.gpu_min_cap_w, fleet.gpu_max_w), fleet.gpu_max_w)
        if not fleet.has_brake:
            return Commands(cap_w)
        assert self._braked is not None
        # Once braked until it is over: a brake that comes off a second later would only be late twice.
        self._braked = held & (self._braked | (survives_w < fleet.gpu_min_cap_w))
        return Commands(cap_w, self._braked.copy())

    def _survives(self, seen: Seen, flow: Vec, hottest_c: Vec) -> Vec:
        """Power of one board with which its die stays below the limit until the repair [W]."""
        assert self._since_s is not None
        left_s = np.maximum(self.repair_s - (seen.time_s - self._since_s), self.every_s)
        left_s = np.where(np.isnan(left_s), self.repair_s, left_s)
        coolant_c = seen.cdu_supply_c[seen.fleet.cdu]
        shown_w_k = seen.node_gpu_w / seen.fleet.gpus / np.maximum(hottest_c - coolant_c, 1.0)
        removed_w = np.minimum(self.plate_w_k * np.minimum(flow, 1.0), shown_w_k) * (self.limit_c - coolant_c)
        return removed_w + np.maximum(self.limit_c - hottest_c, 0.0) * self.capacity_j_k / left_s
