"""Model versions → what their reports have been worth, for the estimates."""

from __future__ import annotations

from collections.abc import Iterable

from stance.errors import StanceError
from stance.evidence import Record, record
from stance.modelfile import ModelInfo, load_info
from stance.records import Position
from stance.registry import default_registry


def records_of(positions: Iterable[Position]) -> dict[str, Record]:
    """The `stance.evidence.Record` of each model version that made some of these rows.

    A version that is not here, or whose confusion was not measured on news, has none: its rows
    count by their own probabilities.
    """
    found: dict[str, Record] = {}
    for version in sorted({row.model_version for row in positions if row.model_version}):
        try:
            info = load_info(default_registry().find(version))
        except StanceError:
            continue
        of = record_of(info)
        if of is not None:
            found[version] = of
    return found


def record_of(info: ModelInfo) -> Record | None:
    """A model's record where its confusion was measured on news; else ``None``.

    Measured on sentences that were written to be hard, it says more errors than news has.
    """
    if not info.confusion_of:
        return None
    return record(info.confusion, info.reported_none, info.reported_other)
