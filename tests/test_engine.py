"""The stream: the same rows however it is spread out, each pair asked once, and a clean end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from fakes import FakeScorer
from hypothesis import given
from hypothesis import strategies as st
from stored import make_tracker, many
from tiny_models import tiny_model

from stance import Tracker
from stance.batching import Batcher, Limits, Memory, batches, key_of
from stance.engine import Engine, Settings, default_workers
from stance.errors import StanceError
from stance.progress import Tally
from stance.reading import take
from stance.records import Article, Position, Scores
from stance.scorer import OnnxScorer
from stance.workers import in_order

HERE = Path(__file__).parent


def rows(tracker: Tracker, given: Sequence[Article], settings: Settings) -> list[Position]:
    return [p for outcome in Engine(tracker, settings).run(given) for p in outcome.positions]


@pytest.mark.parametrize("size", [1, 8, 64])
@pytest.mark.parametrize("threads", [1, 3])
def test_the_batch_changes_no_row(tmp_path: Path, size: int, threads: int) -> None:
    tracker = make_tracker(OnnxScorer(tiny_model(tmp_path / "tiny")))
    one_by_one = [p for article in many() for p in tracker.positions(article)]
    settings = Settings(threads=threads, batch_size=size, batch_tokens=40 * size)
    assert rows(tracker, many(), settings) == one_by_one
    assert one_by_one


def test_the_shipped_model_answers_the_same_in_any_batch() -> None:
    tracker = Tracker.load(threads=2)
    text = (
        "Orban vetoed new sanctions on Russia. Zelenskyy said he would never cede land. "
        "Rutte told reporters in Brussels that the door to the alliance stayed open for Kyiv."
    )
    given = [tracker.article(text, published="2025-06-01"), tracker.article(text[:120])]
    one_by_one = [p for article in given for p in tracker.positions(article)]
    assert one_by_one
    for size in (1, 8, 64):
        assert rows(tracker, given, Settings(batch_size=size)) == one_by_one


@pytest.mark.parametrize("workers", [1, 2])
def test_the_processes_change_no_row(tmp_path: Path, workers: int) -> None:
    tracker = make_tracker(OnnxScorer(tiny_model(tmp_path / "tiny")))
    alone = rows(tracker, many(), Settings())
    assert rows(tracker, many(), Settings(workers=workers, batch_size=8)) == alone


def test_pages_and_rows_are_read_in_the_processes_with_all_that_is_wrong_with_them(
    tmp_path: Path,
) -> None:
    for n in range(30):
        (tmp_path / f"{n:02}.txt").write_text(f"Alba backs the tax. Boat {n} came in.")
    (tmp_path / "05.txt").write_text("")
    (tmp_path / "06.txt").write_bytes(b"Borea rejects the tax\x97today.")
    (tmp_path / "07.txt").write_text("Die Regierung hat die Steuer gestern abgelehnt. " * 9)
    rows = [{"text": "Alba weighs the tax.", "date": "never"}, {"text": 7}, {"other": "x"}]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    found = []
    for workers in (0, 2):
        tally = Tally()
        engine = Engine(make_tracker(), Settings(workers=workers))
        outcomes = list(engine.run(take([str(tmp_path)]), tally.articles))
        found.append((outcomes, tally.skipped, tally.warned, tally.read, tally.repeated))
    assert found[0] == found[1]
    _, skipped, warned, read, _ = found[0]
    assert (len(skipped), len(warned), read) == (4, 2, 29)


def test_equal_pairs_are_asked_once_and_no_candidate_asks_nothing() -> None:
    asked: list[str] = []

    class Noting(FakeScorer):
        def score(self, questions: Sequence[tuple[str, str]]) -> list[Scores]:
            asked.extend(premise for premise, _ in questions)
            return super().score(questions)

    tracker = make_tracker(Noting())
    same = [Article(f"Alba backs the tax.\n\nBoat {n} came in.") for n in range(500)]
    engine = Engine(tracker, Settings(batch_tokens=16))
    found = [p for outcome in engine.run(same) for p in outcome.positions]
    assert len(found) == 500
    assert len(asked) == len(set(asked)) == engine.counted.asked
    assert engine.counted.pairs > engine.counted.asked
    asked.clear()
    assert not rows(tracker, [Article("The weather was fine."), Article("Rain.")], Settings())
    assert asked == []


@dataclass(frozen=True)
class Source:
    asked: tuple[tuple[str, str], ...]
    weight: int = 1


@given(
    st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=5), max_size=30),
    st.integers(1, 40),
    st.integers(1, 9),
    st.integers(0, 6),
)
def test_every_source_gets_its_own_answers_in_order(
    letters: list[list[str]], tokens: int, pairs: int, remembered: int
) -> None:
    def ask(asked: Sequence[object]) -> list[Scores]:
        return [Scores(ord(one[0][0]), 0, 0, 0, (1.0,)) for one in asked]  # type: ignore[index]

    sources = [Source(tuple((letter * 9, "h") for letter in row)) for row in letters]
    batcher = Batcher(ask, Limits(tokens, pairs, 2), remembered)
    found = list(batcher.run(sources))
    assert [source for source, _ in found] == sources
    assert [[chr(int(s.support)) for s in scores] for _, scores in found] == letters


@given(st.lists(st.integers(1, 300)), st.integers(1, 900), st.integers(1, 70))
def test_batches_hold_all_within_their_limits(sizes: list[int], tokens: int, pairs: int) -> None:
    found = batches(sizes, Limits(tokens, pairs))
    assert sorted(i for batch in found for i in batch) == list(range(len(sizes)))
    for batch in found:
        assert 0 < len(batch) <= pairs
        assert len(batch) == 1 or len(batch) * max(sizes[i] for i in batch) <= tokens
    lengths = [sizes[i] for batch in found for i in batch]
    assert lengths == sorted(lengths, reverse=True)


def test_the_oldest_scores_are_forgotten() -> None:
    memory = Memory(2)
    keys = [key_of(("p", str(n))) for n in range(3)]
    for n, key in enumerate(keys):
        memory.put(key, Scores(n / 7, 0.1, 0.2, 0.3, (0.5, 0.25)))
        memory.get(keys[0])
    assert memory.get(keys[1]) is None
    assert memory.get(keys[0]) == Scores(0.0, 0.1, 0.2, 0.3, (0.5, 0.25))
    assert memory.get(keys[2]) == Scores(2 / 7, 0.1, 0.2, 0.3, (0.5, 0.25))


def test_where_a_pair_is_cut_makes_another_pair() -> None:
    assert key_of(("ab", "c")) != key_of(("a", "bc"))


def test_no_more_is_read_than_is_needed() -> None:
    taken = 0

    def source() -> Iterator[Article]:
        nonlocal taken
        for n in range(5000):
            taken += 1
            yield Article(f"Alba backs the tax on boat {n}.")

    stream = Engine(make_tracker(), Settings(batch_tokens=64)).run(source())
    next(stream)
    assert taken < 200
    stream.close()  # type: ignore[attr-defined]


# ---------------------------------------------------------------------------------------
# Processes


def slow(n: int) -> int:
    time.sleep(0.02)
    return n * n


def deadly(n: int) -> int:
    if n == 30:
        os.kill(os.getpid(), signal.SIGKILL)
    return n


def failing(n: int) -> int:
    if n == 30:
        raise ValueError("thirty")
    return n


def test_results_come_in_order_and_the_source_is_read_as_needed() -> None:
    taken: list[int] = []

    def source() -> Iterator[int]:
        for n in range(400):
            taken.append(n)
            yield n

    found = in_order(slow, source(), workers=2)
    assert [next(found) for _ in range(20)] == [n * n for n in range(20)]
    assert len(taken) < 100
    found.close()  # type: ignore[attr-defined]


def test_a_process_that_is_killed_is_told_and_nothing_hangs() -> None:
    found: list[int] = []
    with pytest.raises(StanceError, match="a worker process died"):
        found.extend(in_order(deadly, range(200), workers=2))


def test_an_error_of_the_work_is_raised_here() -> None:
    with pytest.raises(ValueError, match="thirty"):
        list(in_order(failing, range(200), workers=1))


def test_what_fits_into_one_chunk_starts_no_process() -> None:
    assert list(in_order(lambda n: n + 1, range(5), workers=2)) == [1, 2, 3, 4, 5]


def test_there_is_always_a_process_for_the_text() -> None:
    assert [default_workers(n) for n in (1, 2, 16, 64)] == [1, 1, 2, 8]


PARENT = """
import sys
sys.path.insert(0, {here!r})
from test_engine import slow
from stance.workers import in_order
if __name__ == "__main__":
    found = in_order(slow, range(100_000), workers=2)
    next(found)
    import multiprocessing
    print(*[p.pid for p in multiprocessing.active_children()], flush=True)
    try:
        for _ in found: pass
    except KeyboardInterrupt:
        print("stopped", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_the_processes_end_with_the_one_that_started_them(
    tmp_path: Path, number: signal.Signals
) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT.format(here=str(HERE)), encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(HERE.parent)}
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        workers = [int(pid) for pid in run.stdout.readline().split()]
        assert len(workers) == 2
        run.send_signal(number)
        try:
            said, errors = run.communicate(timeout=60)
        except subprocess.TimeoutExpired:  # else the with block would wait for ever
            run.kill()
            raise
    if number == signal.SIGINT:
        assert (said, errors) == ("stopped\n", "")
    end = time.monotonic() + 30
    while any(map(alive, workers)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(alive, workers))


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_an_engine_that_is_left_early_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    stream = Engine(make_tracker(), Settings(threads=3, batch_tokens=8)).run(many())
    next(stream)
    assert threading.active_count() > before
    stream.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
