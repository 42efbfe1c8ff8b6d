"""Charts as SVG, made here: no script, no style attribute, and readable without seeing it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

WIDTH, HEIGHT = 640, 200
LEFT, RIGHT, TOP, BOTTOM = 36, 24, 12, 28
# Between the day labels that are written: all of them would not fit.
LABELLED_DAYS = 3


@dataclass(frozen=True)
class Series:
    title: Any
    values: tuple[int, ...]


@dataclass(frozen=True)
class Point:
    x: int
    y: int
    value: int


@dataclass(frozen=True)
class DailyChart:
    """Numbers by day, a line for each series; `name` tells the charts of one page apart."""

    name: str
    title: Any
    description: Any
    days: Sequence[date]
    series: Sequence[Series]

    width, height = WIDTH, HEIGHT
    left, right, top, base = LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM

    @property
    def is_empty(self) -> bool:
        return not any(any(series.values) for series in self.series)

    @property
    def highest(self) -> int:
        return max((max(series.values, default=0) for series in self.series), default=0)

    @property
    def lines(self) -> list[tuple[Series, list[Point], str]]:
        """Each series with its points, and the same as the coordinates of a polyline."""
        drawn = [(series, [self._point(*pair) for pair in enumerate(series.values)]) for series in self.series]
        return [(series, points, " ".join(f"{point.x},{point.y}" for point in points)) for series, points in drawn]

    @property
    def labels(self) -> list[tuple[int, date]]:
        """Where which day is written; the last one always is."""
        last = len(self.days) - 1
        return [(self._x(place), day) for place, day in enumerate(self.days) if (last - place) % LABELLED_DAYS == 0]

    @property
    def rows(self) -> list[tuple[date, list[int]]]:
        """The table behind the chart."""
        return [(day, [series.values[place] for series in self.series]) for place, day in enumerate(self.days)]

    def _point(self, place: int, value: int) -> Point:
        return Point(self._x(place), round(self.base - value * (self.base - self.top) / max(1, self.highest)), value)

    def _x(self, place: int) -> int:
        steps = max(1, len(self.days) - 1)
        return round(self.left + place * (self.right - self.left) / steps)
