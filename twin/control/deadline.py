"""A limit on how long a policy may think, so that one that hangs ends with a sentence."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class TookTooLong(BaseException):
    """A policy was still acting when its time was over. No Exception, which the policy may catch."""


@contextmanager
def deadline(limit_s: float) -> Iterator[None]:
    """Raise TookTooLong in the block once ``limit_s`` of wall time are over; outside the main thread, at its end."""
    began = time.perf_counter()
    interruptible = threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer")

    def stop(*_: object) -> None:
        raise TookTooLong(f"acting took more than {limit_s:g} s")

    if interruptible:
        before = signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        if interruptible:
            signal.setitimer(signal.ITIMER_REAL, 0.0)
            signal.signal(signal.SIGALRM, before)
    if time.perf_counter() - began > limit_s:
        stop()
