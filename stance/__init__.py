"""Where does each political actor stand on each issue, on what evidence, and when did it change?

>>> from stance import Tracker
>>> tracker = Tracker.load()                                                # doctest: +SKIP
>>> tracker.analyze("Orban vetoed the package.", published="2025-06-01")    # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stance.pipeline import Tracker
    from stance.records import Article, Cell, Position, Shift

__all__ = ["Article", "Cell", "Position", "Shift", "Tracker"]


def __getattr__(name: str) -> Any:
    # Loaded on first use, so that `stance --help` does not wait for ONNX Runtime.
    if name == "Tracker":
        from stance.pipeline import Tracker

        return Tracker
    if name in __all__:
        from stance import records

        return getattr(records, name)
    raise AttributeError(f"module 'stance' has no attribute '{name}'")
