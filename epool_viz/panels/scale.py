"""The slider of `m`: stops that lie dense where the picture changes fast."""

from __future__ import annotations

from bisect import bisect_left


def _stops() -> tuple[float, ...]:
    """0, then ever wider steps up to 20."""
    pieces = [(2, 10, 2), (15, 100, 5), (110, 200, 10), (225, 500, 25), (550, 1000, 50), (1100, 2000, 100)]
    return (0.0, *(n / 100 for first, last, by in pieces for n in range(first, last + 1, by)))


M_STOPS = _stops()


def nearest_stop(m: float) -> float:
    """The stop that lies nearest; of two equally near ones the smaller."""
    right = min(bisect_left(M_STOPS, m), len(M_STOPS) - 1)
    left = max(right - 1, 0)
    return M_STOPS[left] if m - M_STOPS[left] <= M_STOPS[right] - m else M_STOPS[right]
