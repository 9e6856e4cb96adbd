"""A run into a table: killed at any moment and gone on from, refused, and what is in the way."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from stored import articles, make_tracker, many

from stance import cli, pipeline
from stance.records import Article
from stance.runner import spool_path
from stance.tables import read_positions

HERE = Path(__file__).parent
RUN = """
import sys, time
sys.path.insert(0, {here!r})
from fakes import FakeScorer
from stored import make_tracker
from stance import cli, pipeline, spool

spool.MARK_ARTICLES = 2

class Slow(FakeScorer):
    def score(self, questions):
        print("scoring", flush=True)
        time.sleep(0.003)
        return super().score(questions)

if __name__ == "__main__":
    pipeline.Tracker.load = classmethod(lambda cls, **_: make_tracker(Slow()))
    sys.exit(cli.main(sys.argv[1:]))
"""
SMALL = ("--batch-tokens", "16", "--batch-size", "2")

Run = Callable[..., int]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """``stance run`` without weights, in this process."""
    monkeypatch.setattr(pipeline.Tracker, "load", classmethod(lambda cls, **_: make_tracker()))
    return lambda *arguments: cli.main(["run", "--workers", "0", *map(str, arguments)])


def written(path: Path, given: list[Article]) -> Path:
    rows = [
        {"text": a.text, "date": a.published and a.published.isoformat(), "outlet": a.source}
        for a in given
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Articles, a repeated one and a broken row, as one file."""
    path = written(tmp_path / "in.jsonl", [*many(), articles()[0]])
    with path.open("a", encoding="utf-8") as file:
        file.write('{"text": 7}\n')
    return path


def beside(out: Path) -> list[str]:
    """What lies beside a table, all of it."""
    return sorted(p.name for p in out.parent.iterdir() if p.name.startswith((out.name, ".")))


@pytest.mark.parametrize("clusters", ["--clusters", "--no-clusters"])
def test_a_run_killed_ten_times_and_gone_on_from_is_an_unbroken_one(
    tmp_path: Path, source: Path, run: Run, clusters: str
) -> None:
    whole, out = tmp_path / "whole.csv", tmp_path / "out.csv"
    assert run(source, "--out", whole, clusters) == 3
    script = tmp_path / "run.py"
    script.write_text(RUN.format(here=str(HERE)), encoding="utf-8")
    draw = random.Random(clusters)
    done = [0]
    for _ in range(10 if clusters == "--clusters" else 3):
        with started(script, source, out, clusters, draw.choice("001")) as process:
            assert process.stdout is not None
            for _ in range(draw.randint(3, 15)):
                process.stdout.readline()
            time.sleep(draw.uniform(0, 0.01))
            process.send_signal(signal.SIGKILL)
        marked = spool_path(out) / "progress.json"
        done.append(json.loads(marked.read_bytes())["articles"] if marked.exists() else 0)
        assert not out.exists()
    assert done == sorted(done)
    assert 0 < done[-1] < len(many())
    assert run(source, "--out", out, clusters, "--resume") == 3
    assert out.read_bytes() == whole.read_bytes()
    manifests = [json.loads((tmp_path / f"{n}.csv.manifest.json").read_text()) for n in NAMES]
    for manifest in manifests:
        manifest["output"][0].pop("file")
    assert manifests[0] == manifests[1]
    assert beside(out) == ["out.csv", "out.csv.manifest.json"]


NAMES = ("whole", "out")


def started(
    script: Path, source: Path, out: Path, clusters: str, workers: str
) -> subprocess.Popen[str]:
    options = ("--out", out, clusters, "--resume", "--workers", workers, *SMALL)
    return subprocess.Popen(
        [sys.executable, script, "run", source, *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(HERE.parent)},
    )


def test_the_manifest_tells_what_was_read_and_what_came_of_it(
    tmp_path: Path, source: Path, run: Run
) -> None:
    import hashlib

    out = tmp_path / "out.csv"
    assert run(source, tmp_path / "gone.txt", "--out", out) == 3
    told = json.loads((tmp_path / "out.csv.manifest.json").read_text())
    assert told["inputs"]["files"] == 1
    (listed,) = told["inputs"]["listed"]
    assert listed == {
        "file": str(source),
        "size": source.stat().st_size,
        "modified": source.stat().st_mtime_ns,
    }
    assert told["model"]["version"] == "fake-1"
    assert told["codebook"] == "1"
    rows = len(read_positions(out)[0])
    assert told["counts"] == {
        "articles": len(many()),
        "repeated": 1,
        "rejected": 2,
        "unresolved": told["counts"]["unresolved"],
        "rows": rows,
    }
    assert [(one["row"], one["reason"]) for one in told["rejected"]] == [
        (len(many()) + 2, "the text is not a string but a number"),
        (None, "no such file or folder"),
    ]
    (output,) = told["output"]
    assert output["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert output["bytes"] == out.stat().st_size


def test_every_rejected_row_is_taken_down(tmp_path: Path, run: Run) -> None:
    source, log = tmp_path / "in.jsonl", tmp_path / "errors.jsonl"
    source.write_text('{"text": "Alba backs the tax."}\n' + '{"text": 7}\n' * 1500)
    assert run(source, "--out", tmp_path / "out.csv", "--errors", log) == 3
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    assert [row["row"] for row in rows] == list(range(2, 1502))
    assert rows[0] == {
        "file": str(source),
        "row": 2,
        "field": "text",
        "reason": "the text is not a string but a number",
    }
    told = json.loads((tmp_path / "out.csv.manifest.json").read_text())
    assert told["counts"]["rejected"] == 1500
    assert run(source, "--db", tmp_path / "x.db", "--errors", log) == 3
    assert len(log.read_text().splitlines()) == 1500


def stop(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Let the spool fail after so many articles."""
    from stance import spool

    add = spool.Spool.add

    def failing(self: spool.Spool, *arguments: object, **more: object) -> None:
        if self.progress.articles == after:
            raise KeyboardInterrupt
        add(self, *arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(spool.Spool, "add", failing)


@pytest.fixture
def stopped(
    tmp_path: Path, source: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> tuple[Path, Path]:
    """The source and the table of a run that Ctrl-C ended."""
    out = tmp_path / "out.csv"
    with monkeypatch.context() as patch:
        stop(patch, 20)
        assert run(source, "--out", out, *SMALL) == 130
    assert json.loads((spool_path(out) / "progress.json").read_text())["articles"] == 20
    return source, out


def test_a_run_that_ends_while_it_writes_is_finished_later(
    tmp_path: Path, source: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from stance import runner

    def fall(*_: object) -> None:
        raise KeyboardInterrupt

    out, whole = tmp_path / "out.csv", tmp_path / "whole.csv"
    for part in ("named", "write_manifest"):
        with monkeypatch.context() as patch:
            patch.setattr(runner, part, fall)
            assert run(source, "--out", out, "--resume") == 130
        assert out.exists() == (part == "write_manifest")
    assert run(source, "--out", out, "--resume") == 3
    assert run(source, "--out", whole) == 3
    assert out.read_bytes() == whole.read_bytes()
    assert beside(out) == ["out.csv", "out.csv.manifest.json"]


def refusal(capsys: pytest.CaptureFixture[str]) -> str:
    said = capsys.readouterr().err
    assert said.count("\n") == 1, said
    assert said.startswith("error: ")
    return said


def test_ctrl_c_loses_nothing_and_what_is_done_is_not_done_again(
    tmp_path: Path, stopped: tuple[Path, Path], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = stopped
    asked: list[str] = []
    from fakes import FakeScorer

    score = FakeScorer.score
    monkeypatch.setattr(
        FakeScorer, "score", lambda self, q: asked.extend(p for p, _ in q) or score(self, q)
    )
    assert run(source, "--out", out, "--resume") == 3
    resumed = len(asked)
    asked.clear()
    assert run(source, "--out", tmp_path / "whole.csv") == 3
    assert 0 < resumed < len(asked)
    assert out.read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_a_run_with_other_inputs_is_refused(
    stopped: tuple[Path, Path], run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = stopped
    capsys.readouterr()
    with source.open("a") as file:
        file.write('{"text": "Alba backs the tax in the end."}\n')
    assert run(source, "--out", out, "--resume") == 1
    assert "in.jsonl has changed" in refusal(capsys)
    assert run(source, source.parent, "--out", out, "--resume") == 1
    assert "the inputs are others" in refusal(capsys)
    assert run(source, "--out", out) == 3


def test_a_refused_run_leaves_what_was_taken_down(
    stopped: tuple[Path, Path], run: Run, tmp_path: Path
) -> None:
    source, out = stopped
    log = tmp_path / "errors.jsonl"
    log.write_text("of the run before\n")
    assert run(source, "--out", out, "--resume", "--no-clusters", "--errors", log) == 1
    assert log.read_text() == "of the run before\n"
    assert run(source, "--out", out, "--resume", "--errors", log) == 3
    assert len(log.read_text().splitlines()) == 1
    good = written(tmp_path / "good.jsonl", many()[:3])
    assert run(good, "--out", out, "--errors", log) == 0
    assert log.read_text() == ""


def test_articles_that_are_others_under_the_same_name_are_refused(
    stopped: tuple[Path, Path], run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = stopped
    capsys.readouterr()
    before = source.stat()
    source.write_bytes(source.read_bytes().replace(b"Borea rejects", b"Borea accepts"))
    os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert source.stat().st_size == before.st_size
    assert run(source, "--out", out, "--resume") == 1
    assert "other articles than the unfinished run" in refusal(capsys)


def test_another_model_register_codebook_or_option_is_refused(
    stopped: tuple[Path, Path],
    run: Run,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from dataclasses import replace

    from fakes import FakeScorer

    from stance import manifest, runner
    from stance.register import Actors, Issues
    from stance.stages import Reader

    source, out = stopped
    capsys.readouterr()
    assert run(source, "--out", out, "--resume", "--no-clusters") == 1
    assert "clusters was True, is False" in refusal(capsys)
    with monkeypatch.context() as patch:
        patch.setattr(FakeScorer, "version", "fake-2")
        assert run(source, "--out", out, "--resume") == 1
        assert "the model is another (version was 'fake-1', is 'fake-2')" in refusal(capsys)
    with monkeypatch.context() as patch:
        job = manifest.Job
        patch.setattr(runner, "Job", lambda **given: replace(job(**given), codebook="2"))
        assert run(source, "--out", out, "--resume") == 1
        assert "the codebook is another (was '1', is '2')" in refusal(capsys)
    old = make_tracker()
    fewer = Reader(Actors(old.actors.entries[:1]), Issues(old.issues.entries))
    other = pipeline.Tracker(fewer, FakeScorer())
    monkeypatch.setattr(pipeline.Tracker, "load", classmethod(lambda cls, **_: other))
    assert run(source, "--out", out, "--resume") == 1
    assert "the registers are others" in refusal(capsys)
    assert (spool_path(out) / "progress.json").exists()


def test_a_damaged_spool_is_told(
    stopped: tuple[Path, Path], run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = stopped
    capsys.readouterr()
    (spool_path(out) / "rows.jsonl").write_bytes(b"")
    assert run(source, "--out", out, "--resume") == 1
    assert "is damaged" in refusal(capsys)
    (spool_path(out) / "job.json").write_text("[")
    assert run(source, "--out", out, "--resume") == 1
    assert "is damaged" in refusal(capsys)
    assert run(source, "--out", out) == 3


def test_two_runs_into_one_table_at_once_are_refused(
    tmp_path: Path, source: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    from stance.spool import Spool

    out = tmp_path / "out.csv"
    with Spool(spool_path(out)) as other:
        other.begin("{}", resume=False)
        assert run(source, "--out", out) == 1
    assert "another run is writing this table" in refusal(capsys)


# ---------------------------------------------------------------------------------------
# What is in the way


def test_a_worker_that_is_killed_ends_the_run_which_can_be_gone_on_from(
    tmp_path: Path, source: Path, run: Run
) -> None:
    out = tmp_path / "out.csv"
    script = tmp_path / "run.py"
    script.write_text(RUN.format(here=str(HERE)), encoding="utf-8")
    with started(script, source, out, "--clusters", "1") as process:
        assert process.stdout is not None
        for _ in range(3):
            process.stdout.readline()
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        for child in map(int, children):  # the worker, and the one that keeps count of semaphores
            if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                os.kill(child, signal.SIGKILL)
        errors = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert errors.count("\n") == 1
    assert errors.startswith("error: a worker process died")
    assert run(source, "--out", out, "--resume") == 3
    assert run(source, "--out", tmp_path / "whole.csv") == 3
    assert out.read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_a_full_disk_is_told_in_one_line_and_what_was_done_is_kept(
    tmp_path: Path, source: Path, run: Run
) -> None:
    out = tmp_path / "out.csv"
    out.write_text("the table of yesterday\n")
    code = RUN.format(here=str(HERE)).replace(
        'if __name__ == "__main__":',
        'if __name__ == "__main__":\n    import resource\n'
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (18_000, resource.RLIM_INFINITY))",
    )
    script = tmp_path / "run.py"
    script.write_text(code, encoding="utf-8")
    with started(script, source, out, "--clusters", "0") as process:
        errors = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert errors.startswith("error: ")
    assert "cannot be written: File too large" in errors
    assert errors.count("\n") == 1
    assert out.read_text() == "the table of yesterday\n"
    marked = json.loads((spool_path(out) / "progress.json").read_text())["articles"]
    assert 8 < marked < len(many())
    assert run(source, "--out", out, "--resume") == 3
    assert run(source, "--out", tmp_path / "whole.csv") == 3
    assert out.read_bytes() == (tmp_path / "whole.csv").read_bytes()


@pytest.mark.parametrize("out", ["no/such/out.csv", "folder.csv", "out.xyz"])
def test_a_table_that_cannot_be_written_is_told_before_the_work(
    tmp_path: Path, source: Path, run: Run, capsys: pytest.CaptureFixture[str], out: str
) -> None:
    (tmp_path / "folder.csv").mkdir()
    assert run(source, "--out", tmp_path / out) == 1
    assert out in refusal(capsys)


def test_a_folder_that_cannot_be_written_to_is_told(
    tmp_path: Path,
    source: Path,
    run: Run,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def denied(self: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", denied)  # root may write everywhere
    assert run(source, "--out", tmp_path / "out.csv") == 1
    assert "cannot be written: Permission denied" in refusal(capsys)


def test_an_input_that_vanishes_is_told_and_the_rest_is_kept(
    tmp_path: Path,
    source: Path,
    run: Run,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from stance import reading

    here = written(tmp_path / "a.jsonl", many()[:5])
    gone = written(tmp_path / "b.jsonl", many()[5:])
    found = reading._files_of

    def vanishing(given: str) -> object:
        for one in found(given):
            yield one
            gone.unlink(missing_ok=True)

    log = tmp_path / "errors.jsonl"
    monkeypatch.setattr(reading, "_files_of", vanishing)
    out = tmp_path / "out.csv"
    assert run(here, str(tmp_path / "b*.jsonl"), "--out", out, "--errors", log) == 3
    (row,) = map(json.loads, log.read_text().splitlines())
    assert "b" in row["file"]
    assert len({p.article_id for p in read_positions(out)[0]}) == 5


def test_a_corrupt_row_in_a_parquet_file_costs_what_lies_behind_it_and_is_told(
    tmp_path: Path, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path, out = tmp_path / "in.parquet", tmp_path / "out.csv"
    table = pa.table({"text": [f"Alba backs the tax. Boat {n} came in." for n in range(2000)]})
    pq.write_table(table, path, row_group_size=500, compression="none", use_dictionary=False)
    raw = bytearray(path.read_bytes())
    at = raw.index(b"Boat 1200 ")
    raw[at - 2500 : at] = b"\xff" * 2500  # lengths and texts of some rows
    path.write_bytes(bytes(raw))
    log = tmp_path / "errors.jsonl"
    assert run(path, "--out", out, "--errors", log) == 3
    told = [json.loads(line) for line in log.read_text().splitlines()]
    assert told
    assert all(row["file"] == str(path) and row["reason"] for row in told)
    kept = {p.text for p in read_positions(out)[0]}
    assert len(read_positions(out)[0]) >= 1000
    assert kept == {"Alba backs the tax."}
    assert "Traceback" not in capsys.readouterr().err
