"""Dry coolers in the facility water, ahead of the chillers: what they can do, and what they do."""

from twin.components import drycooler
from twin.components.economizer import MECHANICAL
from twin.core.jit import kernel


@kernel
def rate(dry, halls, in_service, up, flows, coolers, air, reach_c):
    """Air into the coils in ``air``, once a minute, and the facility water that could make."""
    for i in range(dry.hall.size):
        h = dry.hall[i]
        entering = drycooler.intake(dry, i, air)
        coolers.entering_c[i], coolers.humidity[i], coolers.taken_up[i] = entering
        units, water = float(int(in_service[i] * up[h] + 1e-9)), (flows.hall_flow_kg_s[h], flows.hall_w_k[h])
        most_w_k = drycooler.heat_per_kelvin_w_k(dry, i, 1.0, units, water, entering, air[2])
        reach_c[h] = halls.return_c[h]
        if flows.hall_w_k[h] > 0.0:
            reach_c[h] -= most_w_k * max(0.0, halls.return_c[h] - entering[0]) / flows.hall_w_k[h]


@kernel
def run(dry, halls, economy, in_service, up, flows, coolers, air, step):
    """Heat, power and water of the dry coolers over the next macro-step."""
    for i in range(dry.hall.size):
        h = dry.hall[i]
        step.free_w[h] = step.dry_heat_w[h] = step.dry_cooler_w[h] = step.evaporation_kg_s[h] = step.blowdown_kg_s[
            h
        ] = 0.0
        entering = coolers.entering_c[i], coolers.humidity[i], coolers.taken_up[i]
        units, water = float(int(in_service[i] * up[h] + 1e-9)), (flows.hall_flow_kg_s[h], flows.hall_w_k[h])
        most_w_k = drycooler.heat_per_kelvin_w_k(dry, i, 1.0, units, water, entering, air[2])
        coolers.fan[i] = 0.0
        warmer_k = halls.return_c[h] - coolers.entering_c[i]
        able_w = most_w_k * max(0.0, warmer_k)
        step.plant_load[h] = min(1.0, step.want_w[h] / able_w) if able_w > 0.0 else 1.0
        free_w = 0.0 if economy.mode[h] == MECHANICAL else min(step.want_w[h], able_w)
        if free_w > 0.0:
            fan = drycooler.fan_for(dry, i, free_w / warmer_k, 1.0, units, water, entering, air[2])
            evaporation, blowdown = drycooler.water_kg_s(dry, i, fan, units, entering, air[2])
            coolers.fan[i] = fan
            step.free_w[h] = step.dry_heat_w[h] = free_w
            step.dry_cooler_w[h] = drycooler.fans_w(dry, i, fan, units)
            step.evaporation_kg_s[h], step.blowdown_kg_s[h] = evaporation, blowdown
        step.make_up_kg_s[h] = step.evaporation_kg_s[h] + step.blowdown_kg_s[h]
