"""Label Studio: tasks with predictions and a labelling configuration out, annotations in.

Read are its export formats JSON (``annotations`` of every task, each by ``completed_by``) and
JSON-MIN (one flat object for each annotation). In JSON-MIN the task's own number takes the
place of ``id``, so the row's id is also given as ``position_id``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

from stance.errors import InputError
from stance.records import EVIDENCE_KINDS, STANCES, Skipped
from stance.rowfiles import replacing
from training.labelling.labelrow import CODED, COLUMNS, LABELS, LabelRow

FROM_NAME: Final = "label"
EVIDENCE_NAME: Final = "evidence_label"
TO_NAME: Final = "text"
ID: Final = "position_id"


@dataclass(frozen=True, slots=True)
class Given:
    """What one coder gave for one row of a file: cells by column, and the names under which the
    file knows the coder, the most telling first."""

    file: str
    row: int | None
    cells: Mapping[str, object]
    coders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cancelled:
    """An annotation that its coder skipped in Label Studio."""

    file: str
    row: int


# Out


def write_tasks(path: Path, rows: Iterable[LabelRow]) -> Path:
    """Write the tasks, and beside them the configuration; returns the latter's path."""
    tasks = [task(row) for row in rows]
    config = path.with_suffix(".config.xml")
    with replacing(path) as file:
        file.write(json.dumps(tasks, ensure_ascii=False, indent=1).encode() + b"\n")
    with replacing(config) as file:
        file.write(configuration().encode() + b"\n")
    return config


def task(row: LabelRow) -> dict[str, Any]:
    """A task: its data, and the model's answer as a prediction where the row has one."""
    cells = dict(zip(COLUMNS, row.cells(), strict=True))
    data = {name: "" if c is None else c for name, c in cells.items() if name not in CODED}
    found: dict[str, Any] = {"data": {**data, ID: row.id}}
    if row.stance is not None:
        result = {
            "id": f"{row.id}-{FROM_NAME}",
            "from_name": FROM_NAME,
            "to_name": TO_NAME,
            "type": "choices",
            "value": {"choices": [row.stance]},
        }
        prediction = {"model_version": row.model_version, "result": [result]}
        found["predictions"] = [prediction | {"score": cells["score"]}]
    return found


def configuration() -> str:
    """The labelling configuration, to be pasted into a project's settings."""
    view = ET.Element("View")
    ET.SubElement(view, "Header", value="Which position does the sentence show of this actor?")
    ET.SubElement(view, "Header", value="$actor_name", size="3")
    ET.SubElement(view, "Header", value="$proposition", size="4")
    ET.SubElement(view, "Header", value="$context", size="5")
    ET.SubElement(view, "Text", name=TO_NAME, value="$text")
    _choices(view, FROM_NAME, LABELS).set("required", "true")
    told = ET.SubElement(view, "View", visibleWhen="choice-selected", whenTagName=FROM_NAME)
    told.set("whenChoiceValue", ",".join(STANCES))
    ET.SubElement(told, "Header", value="How is it told?", size="5")
    _choices(told, EVIDENCE_NAME, EVIDENCE_KINDS)
    ET.indent(view)
    return ET.tostring(view, encoding="unicode")


def _choices(view: ET.Element, name: str, values: Sequence[str]) -> ET.Element:
    found = ET.SubElement(view, "Choices", name=name, toName=TO_NAME, choice="single")
    found.set("showInline", "true")
    for value in values:
        ET.SubElement(found, "Choice", value=value)
    return found


# In


def read_export(path: Path) -> Iterator[Given | Skipped | Cancelled]:
    """The annotations of an export, in its order; ``row`` counts tasks (JSON) or annotations
    (JSON-MIN). A task without any gives a row without a label.

    Raises ``InputError`` where the file is no such export.
    """
    for number, item in enumerate(_items(path), start=1):
        if not isinstance(item, dict):
            yield Skipped(str(path), "expected a task, an object", number)
        elif isinstance(item.get("data"), dict):
            yield from _task(item, str(path), number)
        else:
            yield _flat(item, str(path), number)


def _items(path: Path) -> list[object]:
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(error.strerror or str(error), file=str(path)) from None
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "cannot be read"
        raise InputError(f"expected Label Studio's JSON export: {reason}", file=str(path)) from None
    if not isinstance(found, list):
        raise InputError("expected Label Studio's JSON export, a list of tasks", file=str(path))
    return found


def _task(item: Mapping[str, Any], file: str, row: int) -> Iterator[Given | Skipped | Cancelled]:
    annotations = item.get("annotations") or item.get("completions") or []
    if not isinstance(annotations, list):
        yield Skipped(file, "expected a list", row, "annotations")
        return
    data = _row_cells(item["data"])
    if not annotations:
        yield Given(file, row, data)
    for annotation in annotations:
        if not isinstance(annotation, dict):
            yield Skipped(file, "expected an object", row, "annotations")
        elif annotation.get("was_cancelled") or annotation.get("skipped"):
            yield Cancelled(file, row)
        else:
            yield _annotation(annotation, data, file, row)


def _annotation(
    annotation: Mapping[str, Any], data: Mapping[str, object], file: str, row: int
) -> Given | Skipped:
    results = annotation.get("result")
    cells = dict(data)
    for result in results if isinstance(results, list) else ():
        value = result.get("value") if isinstance(result, dict) else None
        if isinstance(value, dict) and "choices" in value:
            cells[str(result.get("from_name"))] = _chosen(value["choices"])
    if not cells.get(FROM_NAME):
        wrong = "expected a choice of one of " + ", ".join(LABELS) + "; found none"
        return Skipped(file, wrong, row, FROM_NAME)
    cells["reviewed_at"] = annotation.get("updated_at") or annotation.get("created_at")
    return Given(file, row, cells, _coders(annotation.get("completed_by")))


def _flat(item: Mapping[str, Any], file: str, row: int) -> Given:
    """An annotation of JSON-MIN; also of the CSV export, which has the same columns."""
    cells = _row_cells(item)
    for name in (FROM_NAME, EVIDENCE_NAME):
        cells[name] = _chosen(item.get(name))
    cells["reviewed_at"] = item.get("updated_at") or item.get("created_at")
    return Given(file, row, cells, _coders(item.get("annotator")))


def flat(given: Given) -> Given:
    """A table's row, with the columns of Label Studio's CSV export brought to ours."""
    if ID not in given.cells:
        return given
    found = _flat(given.cells, given.file, given.row or 0)
    return Given(given.file, given.row, found.cells, found.coders)


def _row_cells(data: Mapping[str, Any]) -> dict[str, object]:
    cells = {name: data[name] for name in COLUMNS if name in data and name not in CODED}
    if data.get(ID):
        cells["id"] = data[ID]
    return cells


def _chosen(choices: object) -> object:
    """One choice; where there are several, they are shown as they are and will be refused."""
    if isinstance(choices, Mapping):
        choices = choices.get("choices")
    if isinstance(choices, list):
        return choices[0] if len(choices) == 1 else ", ".join(map(str, choices))
    return choices


def _coders(by: object) -> tuple[str, ...]:
    """A coder is a number, an address, or an object that has both."""
    if isinstance(by, Mapping):
        known = (by.get(key) for key in ("email", "username", "id"))
        return tuple(str(name) for name in known if name not in (None, ""))
    return () if by in (None, "") else (str(by).strip(),)
