"""How many requests a minute somebody may send."""

from __future__ import annotations

import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter


class Rates:
    """Counts requests by key or address, in this process. ``most`` 0 is without a limit."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._limit = RateLimitItemPerMinute(max(1, most))
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    def wait(self, who: str) -> int:
        """Count a request; the seconds that it comes too early, 0 where it may be answered."""
        if not self.most or self._limiter.hit(self._limit, who):
            return 0
        until = self._limiter.get_window_stats(self._limit, who).reset_time
        return max(1, math.ceil(until - time.time()))
