"""Oscillation and ramps of a power over time: what utilities ask of a large load, from any evenly sampled series.

The amplitude spectrum is one-sided and takes one Hann window over the whole series, corrected for its mean of 1/2: a
line of whole periods has its own amplitude A in A cos(2 pi f t + phi), no less [1]. The mean is taken out before. A
line between two bins is lowered by up to 15 %; `peak` puts the amplitude back from the bin beside it,

    A = A_k pi d (1 - d^2) / sin(pi d),   d = (2 r - 1)/(r + 1),   r = A_beside / A_k

exact for a single line [2]. Energy at a frequency is A^2/2 over the window's noise bandwidth of 1.5 bins; a share is
that of a band in the energy of all frequencies from one bin up, so that the shares of all bands with what lies below
them are 1. A ramp over a time T is the greatest rise or fall from any sample to that T later.

The quasi-static phasors behind a window's power hold for modulation up to some 15 Hz; what lies beyond is shown as
beyond the model's validity, never judged.

[1] F. J. Harris, On the use of windows for harmonic analysis with the discrete Fourier transform, Proc. IEEE 66
    (1978) 51.
[2] V. K. Jain et al., High-accuracy analog measurements via interpolated FFT, IEEE Trans. Instrum. Meas. 28 (1979)
    113, for a Hann window.
"""

from math import inf, pi, sin
from typing import NamedTuple

import numpy as np
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from twin.core.layout import Vec

VALID_HZ = 15.0
BEYOND = "beyond model validity"
_HANN_MEAN, _HANN_NOISE_BINS = 0.5, 1.5
PROMINENCE = 3.0
"""How many times as high as its neighbours a line must be to stand out."""
_BESIDE_BINS = (3, 12)  # nearer bins are the line's own under a Hann window
RAMPS_S = (0.1, 1.0, 10.0, 60.0)


class Band(NamedTuple):
    """A range of frequencies [Hz], the upper end not in it."""

    name: str
    low_hz: float
    high_hz: float


BANDS = (
    Band("0.1 to 1 Hz", 0.1, 1.0),
    Band("1 to 2.5 Hz", 1.0, 2.5),
    Band("2.5 to 7 Hz", 2.5, 7.0),
    Band("7 to 15 Hz", 7.0, VALID_HZ),
    Band(BEYOND, VALID_HZ, inf),
)


class Spectrum(NamedTuple):
    """One-sided amplitudes, in the unit of the series, at rising frequencies."""

    frequency_hz: Vec
    amplitude: Vec


class BandFigures(NamedTuple):
    """What lies in a band."""

    band: Band
    peak: float  # amplitude of its greatest line, in the unit of the series
    peak_hz: float  # NaN where the series is too short for the band
    share: float  # of the energy of all that is not constant


class Ramp(NamedTuple):
    """The greatest change over a time, and when its time begins [s from the first sample]; NaN where too short."""

    over_s: float
    rise: float
    rise_s: float
    fall: float  # positive
    fall_s: float


def spectrum(series: Vec, step_s: float) -> Spectrum:
    """The amplitude spectrum of ``series``, sampled every ``step_s``; the mean is not in it."""
    n = len(series)
    hann = 0.5 - 0.5 * np.cos(2 * pi * np.arange(n) / n)
    lines = np.fft.rfft((series - series.mean()) * hann)
    amplitude = np.asarray(np.abs(lines) * 2.0 / (n * _HANN_MEAN), np.float64)
    amplitude[0] /= 2.0
    if n % 2 == 0:
        amplitude[-1] /= 2.0
    return Spectrum(np.asarray(np.fft.rfftfreq(n, step_s), dtype=np.float64), amplitude)


def peak(found: Spectrum, low_hz: float, high_hz: float) -> tuple[float, float]:
    """Amplitude and frequency [Hz] of the greatest line from ``low_hz`` up to ``high_hz``; NaN without a bin there."""
    inside = np.flatnonzero((found.frequency_hz >= low_hz) & (found.frequency_hz < high_hz))
    inside = inside[inside > 0]
    if not len(inside):
        return np.nan, np.nan
    a, k = found.amplitude, int(inside[np.argmax(found.amplitude[inside])])
    if a[k] <= 0.0 or not 1 < k < len(a) - 2 or a[k] < max(a[k - 1], a[k + 1]):
        # The window's own skirt of a line outside the band, or an end of the spectrum: nothing to interpolate.
        return float(a[k]), float(found.frequency_hz[k])
    side = 1 if a[k + 1] >= a[k - 1] else -1
    ratio = a[k + side] / a[k]
    d = (2 * ratio - 1) / (ratio + 1)
    gain = 1.0 if abs(d) < 1e-9 else pi * d * (1 - d * d) / sin(pi * d)
    step_hz = found.frequency_hz[1]
    return float(a[k] * gain), float(found.frequency_hz[k] + side * d * step_hz)


def stands_out(found: Spectrum, hz: float) -> bool:
    """Whether the line at ``hz`` [Hz] is one: a maximum `PROMINENCE` times as high as the median beside it.

    A single step has a spectrum that falls smoothly with the frequency, in which nothing stands out. A line with fewer
    than four periods in the series cannot be told from a step.
    """
    a = found.amplitude
    if not np.isfinite(hz) or len(a) < _BESIDE_BINS[1]:
        return False
    near, far = _BESIDE_BINS
    k = round(hz / found.frequency_hz[1])
    k = max(1, k - 1) + int(np.argmax(a[max(1, k - 1) : k + 2]))
    if k <= near or a[k] <= 0.0 or a[k] < max(a[k - 1 : k + 2]):
        return False
    below, above = a[max(1, k - far) : k - near + 1], a[k + near : k + far + 1]
    return all(a[k] >= PROMINENCE * float(np.median(side)) for side in (below, above) if len(side))


def bands(series: Vec, step_s: float) -> list[BandFigures]:
    """Peak and share of energy of each of `BANDS`."""
    found = spectrum(series, step_s)
    energy = found.amplitude**2 / 2.0 / _HANN_NOISE_BINS
    energy[0] = 0.0
    # A series that is constant but for rounding has no shares.
    total = float(energy.sum())
    nothing = total <= (1e-9 * abs(float(series.mean()))) ** 2
    figures = []
    for band in BANDS:
        inside = (found.frequency_hz >= band.low_hz) & (found.frequency_hz < band.high_hz)
        share = 0.0 if nothing else float(energy[inside].sum()) / total
        figures.append(BandFigures(band, *peak(found, band.low_hz, band.high_hz), share))
    return figures


def ramps(series: Vec, step_s: float, over_s: tuple[float, ...] = RAMPS_S) -> list[Ramp]:
    """The greatest rise and fall over each time; NaN for those the series is too short for."""
    found = []
    for span_s in over_s:
        steps = round(span_s / step_s)
        if steps < 1 or steps >= len(series):
            found.append(Ramp(span_s, np.nan, np.nan, np.nan, np.nan))
            continue
        change = series[steps:] - series[:-steps]
        up, down = int(np.argmax(change)), int(np.argmin(change))
        rise, fall = max(float(change[up]), 0.0), max(-float(change[down]), 0.0)
        found.append(Ramp(span_s, rise, up * step_s, fall, down * step_s))
    return found


def dynamic_range(series: Vec, step_s: float, over_s: float = inf) -> float:
    """The greatest difference between any two samples no farther apart than ``over_s``."""
    if over_s >= len(series) * step_s:
        return float(series.max() - series.min())
    width = max(2, round(over_s / step_s) + 1)
    # Windows that hang over an end hold less than the whole ones beside them.
    return float((maximum_filter1d(series, width) - minimum_filter1d(series, width)).max())
