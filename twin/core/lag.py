"""What comes late cannot cancel: dead time, first-order lags, and what they leave of a ripple.

    H(s) = e^{-s T_d}/((1 + s tau)(1 + s tau_b)),    left over = |1 - H(2 pi i f)|

Above 1 the answer comes so late that it makes the ripple larger. With 20 and 50 ms that is so beyond 3.3 Hz.
"""

import numpy as np

from twin.core.layout import Vec


def left_over(frequency_hz: Vec, dead_s: float, lag_s: float, band_s: float = 0.0) -> Vec:
    """Share of a ripple of each frequency that is left by an answer told to cancel it.

    ``dead_s`` is its dead time, ``lag_s`` its lag and ``band_s`` that of a low-pass of the command, 0 for none.
    """
    s = 2j * np.pi * np.asarray(frequency_hz, float)
    left: Vec = np.abs(1.0 - np.exp(-s * dead_s) / ((1.0 + s * lag_s) * (1.0 + s * band_s)))
    return left
