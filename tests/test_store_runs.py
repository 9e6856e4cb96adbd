"""A run into a store: killed at any moment and run again, on the command line, and refused."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st
from stored import DAY, article, articles, in_order, make_tracker, many, whole
from typer.testing import CliRunner

from stance import Tracker, cli, pipeline
from stance.errors import StoreError
from stance.positions import build_matrix
from stance.records import Cell, Position
from stance.shifts import find_shifts
from stance.store import Query, Store, ingest
from stance.store.models import Base
from stance.tables import read_positions, write_positions

HERE = Path(__file__).parent
KILLS = {"sqlite": 10, "postgresql": 5}

SLOW_RUN = """
import sys, time
sys.path.insert(0, {here!r})
from stored import make_tracker, many
from stance.store import Store, ingest

with Store.open({url!r}) as store:
    ingest(store, make_tracker(), many(), lambda _: print("next", flush=True))
"""


def start(url: str) -> subprocess.Popen[str]:
    code = SLOW_RUN.format(here=str(HERE), url=url)
    environment = os.environ | {"PYTHONPATH": str(HERE.parent)}
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment
    )


def test_a_run_killed_ten_times_and_run_again_is_a_run(store: Store) -> None:
    """Each time at another moment, some of them while the database is written to."""
    draw = random.Random(20)
    url = store.engine.url.render_as_string(hide_password=False)
    unbroken = whole(make_tracker(), many())
    expected = Counter(p.article_id for p in unbroken)
    for _ in range(KILLS[store.engine.dialect.name]):
        with start(url) as run:
            assert run.stdout is not None
            for _ in range(draw.randint(1, 7)):
                run.stdout.readline()
            time.sleep(draw.uniform(0.0, 0.02))
            run.send_signal(signal.SIGKILL)
        there = Counter(p.article_id for p in store.positions())
        assert there == {id: expected[id] for id in there}  # each with all of its rows
        assert store.known(list(expected)) == there.keys()
    assert 0 < there.total() < len(unbroken)
    ingest(store, make_tracker(), many())
    assert in_order(store.positions()) == unbroken
    assert store.count_articles() == len(many())


# ---------------------------------------------------------------------------------------
# Answers


def test_answers_are_those_of_the_library(store: Store, tracker_of_two: Tracker) -> None:
    given = articles()
    for part in (given[:4], given[4:], given):
        ingest(store, tracker_of_two, part)
        rows = list(store.positions())
        for _ in range(2):  # worked out, then looked up
            assert store.matrix() == build_matrix(rows)
            assert store.matrix(min_n=1, clusters=False) == build_matrix(
                rows, min_n=1, clusters=False
            )
            assert store.matrix(Query(actors=["borea", "nobody"])) == build_matrix(
                [p for p in rows if p.actor == "borea"], actors=["borea", "nobody"]
            )
            assert store.matrix(Query(since=DAY)) == build_matrix(rows, since=DAY)
            assert store.shifts(min_probability=0.5) == find_shifts(rows, min_probability=0.5)


def test_a_shift_comes_with_its_statements(store: Store, tracker_of_two: Tracker) -> None:
    verbs = ["backs"] * 8 + ["rejects"] * 8
    told = [f"Alba {verb} the tax for reason number {n}." for n, verb in enumerate(verbs)]
    ingest(store, tracker_of_two, [article(text, 10 * n) for n, text in enumerate(told)])
    expected = find_shifts(store.positions())
    (shift,) = expected.shifts
    for _ in range(2):
        found = store.shifts()
        assert found == expected
        assert in_order(found.shifts[0].evidence_before) == in_order(shift.evidence_before)
        assert in_order(found.shifts[0].evidence_after) == in_order(shift.evidence_after)


def test_an_answer_that_was_worked_out_is_looked_up(
    store: Store, tracker_of_two: Tracker, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stance.store import answers

    ingest(store, tracker_of_two, articles()[:6])
    cells = store.matrix()
    asked: list[str] = []

    def counting(rows: object, **how: object) -> list[Cell]:
        found = build_matrix(rows, **how)
        asked.extend(cell.actor + cell.issue for cell in found)
        return found

    monkeypatch.setattr(answers, "build_matrix", counting)
    with Store.open(store.engine.url.render_as_string(hide_password=False)) as another:
        assert another.matrix() == cells
        assert asked == []
        ingest(another, tracker_of_two, [articles()[6]])  # Borea backs the ban.
        assert another.matrix() != cells
        assert asked == ["boreaban"]
        assert store.matrix() == another.matrix()
        assert asked == ["boreaban"]


@settings(max_examples=15)
@given(st.data())
def test_any_order_any_repetition_is_one_run(data: st.DataObject) -> None:
    tracker = make_tracker()
    known = articles()
    some = data.draw(st.lists(st.sampled_from(range(len(known))), max_size=14))
    distinct = [known[n] for n in sorted(set(some))]
    with Store.open("sqlite://") as store:
        ingest(store, tracker, [known[n] for n in some])
        rows = whole(tracker, distinct)
        assert in_order(store.positions()) == rows
        assert store.matrix() == build_matrix(rows)


@settings(max_examples=15)
@given(st.lists(st.integers(-3, 8), min_size=1, max_size=4, unique=True))
def test_disjoint_windows_have_summed_counts(days: list[int]) -> None:
    edges = [DAY + timedelta(days=n) for n in (-9, *sorted(days), 30)]
    with Store.open("sqlite://") as store:
        ingest(store, make_tracker(), articles())
        windows = pairwise(edges)
        parts = [store.matrix(Query(since=a, until=b)) for a, b in windows]
        both = store.matrix(Query(since=edges[0], until=edges[-1]))
    for cell in both:
        same = [c for part in parts for c in part if (c.actor, c.issue) == (cell.actor, cell.issue)]
        for name in ("n_support", "n_oppose", "n_neutral", "n_statements"):
            assert sum(getattr(c, name) for c in same) == getattr(cell, name)


# ---------------------------------------------------------------------------------------
# The command line


@pytest.fixture
def stance(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[int, str]]:
    monkeypatch.setattr(pipeline.Tracker, "load", classmethod(lambda cls, **_: make_tracker()))

    def call(*arguments: object) -> tuple[int, str]:
        done = CliRunner().invoke(cli.app, list(map(str, arguments)))
        if isinstance(done.exception, Exception) and not isinstance(done.exception, SystemExit):
            return 1, str(done.exception)
        return done.exit_code, done.output

    return call


def test_a_store_gives_the_cells_of_its_table(
    store_url: str, tmp_path: Path, stance: Callable[..., tuple[int, str]]
) -> None:
    for n, one in enumerate(articles()):
        (tmp_path / f"{n}.txt").write_text(one.text, encoding="utf-8")
    texts = tmp_path / "*.txt"
    code, told = stance("run", texts, "--db", store_url)
    assert (code, "10 articles, 0 were there before" in told) == (0, True)
    assert "0 articles, 10 were there before" in stance("run", texts, "--db", store_url)[1]
    table = tmp_path / "rows.csv"
    assert stance("db", "export", "--db", store_url, "--out", table)[0] == 0
    for what in ("matrix", "shifts"):
        a, b = tmp_path / f"{what}-a.csv", tmp_path / f"{what}-b.csv"
        assert stance(what, "--db", store_url, "--out", a)[0] == 0
        assert stance(what, table, "--out", b)[0] == 0
        assert a.read_bytes() == b.read_bytes()
    assert stance("db", "rename", "actor", "alba", "morgan", "--db", store_url)[0] == 0
    assert stance("db", "merge", "issue", "ban", "--into", "tax", "--db", store_url)[0] == 0
    assert stance("db", "rescore", "--db", store_url)[0] == 0
    code, told = stance("db", "info", "--db", store_url)
    assert "articles: 10" in told
    assert "actors: 2, issues: 1" in told
    assert stance("matrix", "--db", store_url, "--as-of", "2020-01-01")[0] == 0


def test_the_commands_of_reviews(
    store_url: str, tmp_path: Path, stance: Callable[..., tuple[int, str]]
) -> None:
    with Store.open(store_url) as store:
        ingest(store, make_tracker(), articles())
        (row, *_) = store.rows(Query(actors=["borea"], stances=["oppose"]))
        cells = store.matrix()
    asked = ("--db", store_url, "--reviewer", "coder-1")
    assert row.id in stance("db", "rows", "--actor", "borea", "--db", store_url)[1]
    assert stance("db", "review", row.id, "support", *asked, "--note", "irony")[0] == 0
    with Store.open(store_url) as store:
        assert store.matrix() != cells
    assert "(reviewed)" in stance("db", "rows", "--db", store_url)[1]
    assert stance("db", "withdraw", row.id, *asked)[0] == 0
    told = stance("db", "reviews", row.id, "--db", store_url)[1]
    assert "coder-1: support: irony" in told
    assert "coder-1: withdrawn" in told
    with Store.open(store_url) as store:
        assert store.matrix() == cells
    assert stance("db", "withdraw", row.id, *asked)[0] != 0
    assert stance("db", "review", row.id, "suport", *asked)[0] != 0
    assert stance("db", "reviews", "nowhere", "--db", store_url)[0] != 0


def test_what_a_store_cannot_do_is_refused(
    tmp_path: Path, stance: Callable[..., tuple[int, str]]
) -> None:
    db = tmp_path / "x.db"
    assert stance("run", tmp_path)[0] == 2
    assert stance("run", tmp_path, "--db", db, "--actor", "alba")[0] == 2
    assert stance("matrix")[0] == 2
    assert stance("matrix", tmp_path / "x.csv", "--as-of", "2026-01-01")[0] == 2


def test_rows_of_a_table_survive_the_way(store: Store, tmp_path: Path) -> None:
    ingest(store, make_tracker(), articles())
    write_positions(tmp_path / "rows.csv", store.positions())
    read: list[Position] = read_positions(tmp_path / "rows.csv")[0]
    assert read == list(store.positions())


# ---------------------------------------------------------------------------------------
# What is in the way


def refused(url: str) -> str:
    with pytest.raises(StoreError) as found:
        Store.open(url, busy=0.1)
    message = str(found.value)
    assert "\n" not in message
    return message


def test_other_kinds_of_store_are_refused() -> None:
    assert "unknown kind of store 'mysql'" in refused("mysql://host/name")
    assert "expected sqlite:///FILE" in refused("nonsense://")
    assert "secret" not in refused("mysql://user:secret@host/name")


def test_a_server_that_is_not_there_is_told() -> None:
    pytest.importorskip("psycopg")
    message = refused("postgresql://someone:secret@127.0.0.1:9/none")
    assert "cannot be reached" in message
    assert "secret" not in message


def test_files_that_are_no_store_are_told(tmp_path: Path) -> None:
    torn = tmp_path / "torn.db"
    torn.write_bytes(b"not a database at all " * 100)
    assert "torn.db: the file is no SQLite database" in refused(str(torn))
    assert "there is no folder" in refused(str(tmp_path / "no" / "x.db"))
    assert "found a folder" in refused(str(tmp_path))
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    assert "tables of another program" in refused(str(other))


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_to_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "cannot be written to" in refused(str(tmp_path / "x.db"))


def test_a_store_that_is_being_written_to_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    Store.open(str(path)).close()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with Store.open(str(path), busy=0.1) as store:
        assert store.data_version() == 0  # readers do not wait
        with pytest.raises(StoreError, match=r"x\.db: another program has been writing"):
            store.use_model("fake-1")
    holder.close()


def test_the_store_of_a_newer_program_is_told(store: Store) -> None:
    with store.engine.execution_options(write=True).begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    message = refused(store.engine.url.render_as_string(hide_password=False))
    assert "newer version of this program (9999" in message


def test_an_older_store_is_brought_up_to_date_where_it_is_ours_alone(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file is brought there when it is opened; on a server, others may not be ready for it."""
    steps = tmp_path / "steps" / "migrations"
    shutil.copytree(HERE.parent / "stance" / "store" / "migrations", steps)
    head = str(store.schema())
    (steps / "versions" / "m8888_more.py").write_text(
        'import sqlalchemy as sa\nfrom alembic import op\nrevision = "8888"\n'
        f'down_revision = "{head}"\n\ndef upgrade():\n'
        '    op.create_table("more", sa.Column("x", sa.Integer))\n',
        encoding="utf-8",
    )
    ingest(store, make_tracker(), articles())
    address = store.engine.url.render_as_string(hide_password=False)
    with monkeypatch.context() as later:
        later.setattr("stance.store.migrate.files", lambda package: tmp_path / "steps")
        if store.engine.dialect.name == "postgresql":
            assert f"older version ({head}" in (message := refused(address))
            assert "stance db upgrade" in message
        with Store.open(address, upgrade=True) as upgraded:
            assert upgraded.schema() == "8888"
            assert in_order(upgraded.positions()) == whole(make_tracker(), articles())
    assert "newer version of this program (8888" in refused(address)


def test_the_tables_are_those_of_the_models(store: Store) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
