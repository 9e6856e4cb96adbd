"""The registry: what may be published, what is current, and that no accident leaves it between."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_models import VERBS, tiny_model

from stance import Tracker, registry, resources
from stance.cli import main
from stance.errors import InputError, ModelError, UnknownNameError
from stance.modelfile import FILES
from stance.register import Actor, Actors, Issue, Issues
from stance.registry import CurrentChanged, Event, History, Registry
from training import gate

ROOT = Path(__file__).parent.parent
TEXTS = {
    "Alba backs a truce.": "support",
    "Corvo backs a truce.": "support",
    "Alba rejects a truce.": "oppose",
    "Corvo rejects a truce.": "oppose",
    "Alba slept while a truce ended.": None,
}
HALF = {"backs": VERBS["backs"]}
"""What a model knows that finds two of the four positions."""
SHIPPED_F1 = 0.5


ACTORS = Actors(
    (
        Actor(id="alba", name="Alba", kind="person"),
        Actor(id="corvo", name="Corvo", kind="person"),
    )
)
ISSUES = Issues(
    (Issue(id="truce", title="Truce", proposition="The guns should rest", cues=("truce",)),)
)


@pytest.fixture(autouse=True)
def registers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two made-up actors and an issue; the shipped registers take a second to prepare."""
    for module in ("stance.pipeline", "stance.register"):
        monkeypatch.setattr(f"{module}.load_actors", lambda files=(): ACTORS)
        monkeypatch.setattr(f"{module}.load_issues", lambda files=(): ISSUES)


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """A registry of the test's own, which is the default one."""
    monkeypatch.setenv("STANCE_MODELS", str(tmp_path / "models"))
    return registry.default_registry()


@pytest.fixture(scope="session")
def shipped() -> str:
    return gate.shipped_fingerprint()


@pytest.fixture(autouse=True)
def statements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shipped: str) -> Path:
    """A pinned evaluation of five sentences, on which the shipped model is said to be so-so."""
    path = tmp_path / "texts" / "five.jsonl"
    path.parent.mkdir()
    rows = []
    for text, stance in TEXTS.items():
        actor = "alba" if "Alba" in text else "corvo"
        position = {"actor": actor, "issue": "truce", "stance": stance}
        rows.append(json.dumps({"text": text, "positions": [position] if stance else []}))
    path.write_text("\n".join(rows), encoding="utf-8")
    one = {
        "folder": "corpora",
        "file": path.name,
        "sha256": registry.sha256(path),
        "texts": len(rows),
        "model": shipped,
        "figures": {"tuple_f1": SHIPPED_F1},
        "floors": {"tuple_f1": 0.4},
    }
    floors = tmp_path / "floors.json"
    pinned = {"tolerance": 0.01, "slack": 0.02, "sets": {"five": one}}
    floors.write_text(json.dumps(pinned), encoding="utf-8")
    monkeypatch.setattr(gate, "FLOORS", floors)
    monkeypatch.setenv("STANCE_CORPORA", str(path.parent))
    return path


def published(models: Registry, folder: Path, *, after: str | None = None) -> None:
    """Publish without an evaluation."""
    with models.staged(folder) as staged:
        models.publish(staged, after=after, scores={})


def leftovers(models: Registry) -> list[str]:
    return sorted(p.name for p in models.folder.iterdir() if p.name.startswith(".incoming"))


def run(*arguments: object) -> int:
    return main(["model", *map(str, arguments)])


# Publishing


def test_a_published_model_answers_by_default_and_by_name(tmp_path: Path, models: Registry) -> None:
    folder = tiny_model(tmp_path / "new", "tiny-1")
    assert run("publish", folder) == 0
    (folder / "model.onnx").write_bytes(b"overwritten by the next training run")
    assert Tracker.load().model_version == "tiny-1"
    rows = Tracker.load(model="tiny-1").analyze("Alba rejects a truce.")
    assert [(p.actor, p.stance, p.model_version) for p in rows] == [("alba", "oppose", "tiny-1")]
    copy = models.find("tiny-1")
    assert {p.name for p in copy.iterdir()} == {*FILES, "CARD.md"}
    assert all(p.stat().st_mode & 0o222 == 0 for p in copy.iterdir())
    assert leftovers(models) == []


def test_the_shipped_model_is_current_where_nothing_is_published(models: Registry) -> None:
    assert models.current_folder() == resources.default_model()
    assert models.find(registry.shipped_version()) == resources.default_model()
    assert models.stamp() is None
    assert not models.folder.exists()


def test_a_worse_model_is_refused_unless_forced(
    tmp_path: Path, models: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("publish", tiny_model(tmp_path / "good", "good")) == 0
    half = tiny_model(tmp_path / "half", "half", verbs=HALF)
    assert run("publish", half) == 1
    told = capsys.readouterr().err
    assert "five tuple_f1 0.667, the current model has 1.000" in told
    assert len([line for line in told.splitlines() if line.startswith("error")]) == 1
    assert models.current_version() == "good"
    assert list(models.history().models) == ["good"]

    assert run("publish", half, "--force") == 0
    event = models.history().events[-1]
    assert (event.current, event.forced) == ("half", True)
    assert event.worse == ("five tuple_f1 0.667, the current model has 1.000",)
    assert event.scores["five"].figures["tuple_f1"] == pytest.approx(2 / 3, abs=1e-3)
    assert not models.history().published("good").forced


def test_below_a_floor_is_worse_whatever_is_current(
    tmp_path: Path, models: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("publish", tiny_model(tmp_path / "blind", "blind", verbs={})) == 1
    told = capsys.readouterr().err
    assert "five tuple_f1 0.000, the current model has 0.500" in told
    assert "five tuple_f1 0.000, floor 0.400" in told
    assert models.history() == History()


def test_a_loss_within_the_tolerance_is_none() -> None:
    pinned = gate.read_pinned()
    one = gate.Measured(sha256="a", texts=5, figures={"tuple_f1": 0.6})
    for then, count in ((0.609, 0), (0.611, 1)):
        before = one.model_copy(update={"figures": {"tuple_f1": then}})
        assert len(gate.faults(pinned, {"five": one}, {"five": before})) == count


def test_a_version_names_one_content_only(
    tmp_path: Path, models: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("publish", tiny_model(tmp_path / "a", "v1")) == 0
    other = tiny_model(tmp_path / "b", "v1", verbs=HALF)
    assert run("publish", other, "--force") == 1
    assert "version 'v1' is already published with other content" in capsys.readouterr().err
    assert run("publish", tiny_model(tmp_path / "c", "V1")) == 1
    assert run("rollback") == 0
    assert run("publish", tmp_path / "a") == 0
    assert models.current_version() == "v1"
    assert [e.action for e in models.history().events] == ["publish", "rollback", "publish"]


@pytest.mark.parametrize("version", ["..", "../up", "a/b", ".hidden", "a b", "-f", "x" * 101])
def test_a_version_must_be_fit_for_a_folder(tmp_path: Path, models: Registry, version: str) -> None:
    with pytest.raises(ModelError, match="since it names a folder"):
        published(models, tiny_model(tmp_path / "new", version))
    assert leftovers(models) == []


def test_the_shipped_version_is_taken(tmp_path: Path, models: Registry) -> None:
    with pytest.raises(ModelError, match="is the model that ships"):
        published(models, tiny_model(tmp_path / "new", registry.shipped_version()))


def test_what_is_no_model_is_refused_and_leaves_nothing(
    tmp_path: Path, models: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("publish", tmp_path) == 1
    assert "no model here, model.json is missing" in capsys.readouterr().err
    assert run("publish", tiny_model(tmp_path / "odd", outputs=("logits", "evidence"))) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: model.onnx: cannot answer a question")
    assert len(told.splitlines()) == 1
    assert leftovers(models) == []
    assert models.history() == History()


def test_a_folder_that_holds_the_registry_is_not_copied_into_it(tmp_path: Path) -> None:
    folder = tiny_model(tmp_path / "new")
    with pytest.raises(ModelError, match="holds the registry"):
        published(Registry(folder / "models"), folder)


# Going back


def test_rollback_goes_back_step_by_step_and_keeps_the_history(
    tmp_path: Path, models: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    after = None
    for version in ("v1", "v2", "v3"):
        published(models, tiny_model(tmp_path / version, version), after=after)
        after = version
    assert [models.rollback(), models.rollback()] == ["v2", "v1"]
    assert models.rollback("v3") == "v3"
    assert models.rollback() == "v1"
    assert models.rollback() == registry.shipped_version()
    assert Tracker.load().model_version == registry.shipped_version()
    assert run("rollback") == 1
    assert "nothing to go back to" in capsys.readouterr().err
    assert run("rollback", "v2") == 0
    assert run("rollback", registry.shipped_version()) == 0
    with pytest.raises(ModelError, match="is the current model already"):
        models.rollback(registry.shipped_version())
    assert len(models.history().events) == 10
    assert list(models.history().models) == ["v1", "v2", "v3"]


@given(st.integers(1, 8), st.data())
def test_plain_rollbacks_undo_publishes_in_turn(count: int, data: st.DataObject) -> None:
    def event(action: str, current: str | None) -> Event:
        return Event.model_validate({"at": datetime.now(UTC), "action": action, "current": current})

    versions: list[str | None] = [None, *(f"v{i}" for i in range(count))]
    events = [event("publish", version) for version in versions[1:]]
    for back in range(data.draw(st.integers(0, count)) + 1):
        history = History(events=tuple(events))
        assert history.current == versions[count - back]
        assert history.trail == tuple(versions[: count - back + 1])
        if back < count:
            events.append(event("rollback", history.trail[-2]))


# Names and damage


def test_an_unknown_version_suggests_one(
    tmp_path: Path, models: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    published(models, tiny_model(tmp_path / "new", "spring"))
    for command in (
        ["analyze", "Alba backs a truce.", "--model", "sprong"],
        ["model", "show", "sprong"],
        ["model", "rollback", "sprong"],
    ):
        assert main(command) == 2
        told = capsys.readouterr().err
        assert told.startswith("error: unknown model 'sprong'; did you mean spring")
        assert len(told.splitlines()) == 1
    with pytest.raises(ModelError, match="no model here"):
        Tracker.load(model=tmp_path / "none")


def test_a_folder_goes_before_a_version_of_its_name(
    tmp_path: Path, models: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(models, tiny_model(tmp_path / "new", "spring"))
    assert registry.find_model("spring") == models.folder / "spring"
    tiny_model(tmp_path / "here" / "spring", "other")
    monkeypatch.chdir(tmp_path / "here")
    assert registry.find_model("spring") == Path("spring")
    with pytest.raises(UnknownNameError):
        registry.find_model("autumn")


@pytest.mark.parametrize("name", ["model.onnx", "CARD.md"])
@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_damaged_model_is_told_and_the_shipped_one_does_not_step_in(
    tmp_path: Path,
    models: Registry,
    capsys: pytest.CaptureFixture[str],
    name: str,
    damage: str,
) -> None:
    source = tiny_model(tmp_path / "new", "v1")
    published(models, source)
    path = models.folder / "v1" / name
    path.unlink()
    if damage == "changed":
        path.write_bytes(b"something else")
    assert main(["analyze", "Alba backs a truce."]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"error: {path}: ")
    assert len(told.splitlines()) == 1
    assert run("show", "v1") == 1
    assert run("list") == 0

    published(models, source, after="v1")
    assert Tracker.load().model_version == "v1"
    path.unlink()
    assert models.rollback() == registry.shipped_version()
    with pytest.raises(ModelError, match=name):
        models.rollback("v1")


@pytest.mark.parametrize("content", [b"{", b'{"format": 2}', b'{"models": 3}', b"\xff"])
def test_a_history_that_is_none_is_told_in_one_line(
    models: Registry, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    models.folder.mkdir()
    (models.folder / registry.HISTORY).write_bytes(content)
    assert main(["analyze", "Alba backs a truce."]) == 1
    told = capsys.readouterr().err
    assert told.startswith(f"error: {models.folder / registry.HISTORY}")
    assert len(told.splitlines()) == 1


# Several at once, and killed ones


def test_concurrent_publishes_lose_nothing(tmp_path: Path, models: Registry) -> None:
    folders = [tiny_model(tmp_path / f"m{i}", f"v{i}") for i in range(6)]
    together = threading.Barrier(len(folders))

    def publish(folder: Path) -> None:
        with Registry(models.folder).staged(folder) as staged:
            together.wait(timeout=60)
            while True:
                try:
                    after = models.history().current
                    models.publish(staged, after=after, scores={})
                    return
                except CurrentChanged:
                    continue

    with ThreadPoolExecutor(len(folders)) as pool:
        list(pool.map(publish, folders))
    history = models.history()
    assert sorted(history.models) == [f"v{i}" for i in range(6)]
    assert sorted(str(e.current) for e in history.events) == sorted(history.models)
    assert all(models.find(version) for version in history.models)
    assert leftovers(models) == []


def test_a_model_is_compared_with_the_one_it_would_replace(
    tmp_path: Path, models: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A better one was published while this one was being measured."""
    half = tiny_model(tmp_path / "half", "half", verbs=HALF)
    good = tiny_model(tmp_path / "good", "good")
    publish = Registry.publish

    def late(self: Registry, *given: object, **options: object) -> None:
        monkeypatch.setattr(Registry, "publish", publish)
        assert run("publish", good) == 0
        publish(self, *given, **options)

    monkeypatch.setattr(Registry, "publish", late)
    assert run("publish", half) == 1
    assert models.current_version() == "good"
    assert list(models.history().models) == ["good"]


KILLED = """
import os, signal, sys
from pathlib import Path
from stance import registry

def die(*given):
    os.kill(os.getpid(), signal.SIGKILL)

def half(source, target):
    target.mkdir()
    for name, end in (("model.json", None), ("tokenizer.json", None), ("model.onnx", 100)):
        (target / name).write_bytes((source / name).read_bytes()[:end])
    die()

place, source, moment = sys.argv[1:]
models = registry.Registry(Path(place))
if moment == "copying":
    registry.shutil.copytree = half
elif moment == "moved, not written":
    registry.Registry._write = die
else:
    Path.replace = die
with models.staged(Path(source)) as staged:
    models.publish(staged, after="v1", scores={})
"""


@pytest.mark.parametrize("moment", ["copying", "moved, not written", "written beside"])
def test_a_killed_publish_changes_nothing(tmp_path: Path, models: Registry, moment: str) -> None:
    published(models, tiny_model(tmp_path / "old", "v1"))
    source = tiny_model(tmp_path / "new", "v2", verbs=HALF)
    before = models.history()
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(models.folder), str(source), moment],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert models.history() == before
    assert Tracker.load().model_version == "v1"
    with pytest.raises(UnknownNameError):
        models.find("v2")

    (left,) = leftovers(models)
    published(models, source, after="v1")
    assert Tracker.load().model_version == "v2"
    assert leftovers(models) == [left], "another command may still be working on it"
    os.utime(models.folder / left, (0, 0))
    with models.staged(source):
        assert left not in leftovers(models)


# The pinned evaluation


def test_other_texts_than_those_pinned_are_not_measured(
    tmp_path: Path, models: Registry, statements: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    statements.write_text(statements.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert run("publish", tiny_model(tmp_path / "new"), "--force") == 1
    told = capsys.readouterr().err
    assert told.startswith(f"error: {statements}: SHA-256 ")
    assert len(told.splitlines()) == 1
    assert models.history() == History()


def test_texts_that_are_not_here_are_told(
    tmp_path: Path, models: Registry, statements: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    statements.unlink()
    assert run("publish", tiny_model(tmp_path / "new")) == 0
    assert "not measured: 'five'" in capsys.readouterr().err
    assert models.history().events[-1].scores == {}


def test_a_broken_row_is_an_error_not_a_smaller_set(statements: Path) -> None:
    statements.write_text('{"text": "fine"}\n{"text": 3}\n', encoding="utf-8")
    pinned = gate.read_pinned()
    one = pinned.sets["five"].model_copy(update={"sha256": registry.sha256(statements)})
    with pytest.raises(InputError, match="row 2, field 'text'"):
        gate.measure(Tracker.load(), pinned.model_copy(update={"sets": {"five": one}}))


def test_pin_measures_what_ships(
    tmp_path: Path,
    statements: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    ships = tiny_model(tmp_path / "ships", "ships", verbs=HALF)
    monkeypatch.setattr(resources, "default_model", lambda: ships)
    statements.write_text(statements.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert run("pin", "--slack", "0.1") == 0
    assert "five  tuple_f1" in capsys.readouterr().out
    one = gate.read_pinned().sets["five"]
    assert one.sha256 == registry.sha256(statements)
    assert (one.texts, one.model) == (5, gate.shipped_fingerprint())
    assert one.figures["tuple_f1"] == pytest.approx(2 / 3, abs=1e-3)
    assert one.floors["tuple_f1"] == pytest.approx(one.figures["tuple_f1"] - 0.1)
    assert gate.of_shipped(gate.read_pinned())["five"].figures == one.figures


def test_figures_of_older_weights_are_not_taken_for_the_shipped_ones(
    tmp_path: Path, models: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The shipped model is then measured; it is better than the file says of the one before."""
    ships = tiny_model(tmp_path / "ships", "ships")
    monkeypatch.setattr(resources, "default_model", lambda: ships)
    assert gate.of_shipped(gate.read_pinned()) == {}
    assert run("publish", tiny_model(tmp_path / "half", "half", verbs=HALF)) == 1


# What is shown


def test_list_and_show(
    tmp_path: Path, models: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("publish", tiny_model(tmp_path / "a", "v1")) == 0
    assert run("publish", tiny_model(tmp_path / "b", "v2", verbs=HALF), "--force") == 0
    capsys.readouterr()
    assert run("list") == 0
    head, first, second, ships, place = capsys.readouterr().out.splitlines()
    assert head.split() == ["version", "published", "five"]
    assert first.split()[0] == "v1"
    assert second.split()[:2] == ["*", "v2"]
    assert second.split()[-2:] == ["0.667", "forced"]
    assert registry.shipped_version() in ships
    assert ships.endswith("0.500")
    assert place == f"registry: {models.folder}"

    assert run("show") == 0
    told = capsys.readouterr().out
    copy = models.folder / "v2"
    for part in (
        "version: v2 (current)",
        "forced, although: five tuple_f1 0.667, the current model has 1.000",
        f"card: {copy / 'CARD.md'}",
        "threshold: 0.500",
        registry.sha256(copy / "model.onnx"),
    ):
        assert part in told
    assert run("show", "v1") == 0
    assert "(current)" not in capsys.readouterr().out
    assert run("show", registry.shipped_version()) == 0
    assert "ships with it" in capsys.readouterr().out


def test_a_registry_of_another_place(tmp_path: Path, models: Registry) -> None:
    other = Registry(tmp_path / "other")
    assert run("publish", tiny_model(tmp_path / "a", "v1"), "--registry", other.folder) == 0
    assert other.current_version() == "v1"
    assert not models.folder.exists()
