"""What a run says while it runs: a bar on a terminal, plain lines otherwise. Everything goes to stderr."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console as Rich
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

_EVERY_S = 10.0


class Console:
    """Says things to a person."""

    def __init__(self) -> None:
        self._rich = Rich(stderr=True, highlight=False)

    def say(self, text: str) -> None:
        """One line."""
        sys.stderr.flush()
        self._rich.print(text, soft_wrap=True, markup=False)

    @contextmanager
    def progress(self, title: str) -> Iterator[Callable[[int, int], None]]:
        """Something to tell (seconds done, seconds in all) while a run goes on."""
        if self._rich.is_terminal:
            with self._bar(title) as tell:
                yield tell
        else:
            self.say(title)
            yield self._lines()

    @contextmanager
    def _bar(self, title: str) -> Iterator[Callable[[int, int], None]]:
        columns = (
            TextColumn(title),
            BarColumn(),
            TextColumn("{task.fields[clock]}  {task.fields[speed]}"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=self._rich) as bar:
            task, pace = bar.add_task("", total=1.0, clock="", speed=""), _Pace()

            def tell(done: int, total: int) -> None:
                speed = pace.speed(done)
                bar.update(task, completed=done / total, clock=_clock(done), speed=f"{speed:,.0f} x real time")

            yield tell

    def _lines(self) -> Callable[[int, int], None]:
        pace, last = _Pace(), time.monotonic()

        def tell(done: int, total: int) -> None:
            nonlocal last
            speed, now = pace.speed(done), time.monotonic()
            if (now - last >= _EVERY_S and speed > 0) or done >= total:
                last = now
                left = (total - done) / max(speed, 1e-9)
                self.say(f"{_clock(done)} of {_clock(total)} simulated, {speed:,.0f} x real time, {left:.0f} s left")

        return tell


class _Pace:
    """Simulated over wall time since the first step was done: setting up and compiling are not counted."""

    def __init__(self) -> None:
        self._first: tuple[int, float] | None = None

    def speed(self, done: int) -> float:
        """Seconds simulated in a second."""
        now = time.monotonic()
        if self._first is None:
            self._first = done, now
        return (done - self._first[0]) / max(now - self._first[1], 1e-3)


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
