"""Fairness among jobs of one class (`classes`): Jain's index of the speed each kept.

J = (sum x)^2 / (n sum x^2) with x the work a job did over the work it asked for: 1 when all are slowed alike,
1/n when one job alone is served. [1]

[1] R. Jain, D. Chiu, W. Hawe, A quantitative measure of fairness, DEC Research Report TR-301 (1984).
"""

from twin.core.layout import Vec


def jain(kept: Vec) -> float:
    """Jain's index of the shares ``kept``; 1 where nothing is to be shared."""
    square = float((kept**2).sum())
    return float(kept.sum()) ** 2 / (len(kept) * square) if square > 0.0 else 1.0
