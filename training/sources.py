"""Where training rows come from: a table on disk, or a data set of the ``datasets`` library."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stance.errors import InputError, StanceError
from stance.rowfiles import ENDINGS, Row
from stance.rowfiles import read_rows as table_rows


def read_source(source: str) -> Iterator[Row]:
    """The rows of a file (``.csv .jsonl .parquet``, the first two also ``.gz``) or data set.

    What is no file is taken as a name for ``datasets.load_dataset``: a local folder or a name
    on the hub, with ``:split`` after it for one of its splits. Column names lose surrounding
    spaces and upper case. A row that cannot be read carries its problem. Raises ``InputError``
    where nothing can be read at all.
    """
    path = Path(source)
    if path.is_file() or path.name.casefold().endswith(ENDINGS):
        yield from table_rows(path, required=())
        return
    table = _load(source)
    names = {name: str(name).strip().casefold() for name in table.column_names}
    decode = _class_names(table.features)
    for number, cells in enumerate(table, start=1):
        yield Row(number, {names[k]: decode.get(k, _same)(v) for k, v in cells.items()})


def _load(source: str) -> Any:
    """The split that is asked for; the only one, or the one for training, where none is."""
    try:
        import datasets
    except ModuleNotFoundError:
        raise StanceError(
            f"'{source}' is no file; for a data set of that name the package 'datasets' is "
            "needed: pip install 'stance-tracker[train]'"
        ) from None
    name, split = (source, "") if Path(source).is_dir() else _named_split(source)
    datasets.disable_progress_bars()
    try:
        found: Any = datasets.load_dataset(name)
    except Exception as error:  # the library has no common class for what can go wrong
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(f"no such file, and no data set: {reason}", file=source) from None
    if not split:
        split = "train" if "train" in found or len(found) != 1 else next(iter(found))
    if split not in found:
        raise InputError(f"no split '{split}'; it has {', '.join(found)}", file=source)
    return found[split]


def _named_split(source: str) -> tuple[str, str]:
    name, _, split = source.rpartition(":")
    return (name, split) if name else (source, "")


def _class_names(features: Any) -> dict[str, Any]:
    """How the columns that hold a class by its number are turned into its name."""
    return {
        column: lambda value, of=feature: value if value in (None, -1) else of.int2str(value)
        for column, feature in features.items()
        if hasattr(feature, "int2str")
    }


def _same(value: object) -> object:
    return value
