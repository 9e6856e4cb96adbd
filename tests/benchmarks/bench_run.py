"""`stance run` as a batch job: its speed against what else one could do, and its memory.

``python tests/benchmarks/bench_run.py [--speed N] [--memory N M] [--out DIR]`` makes N articles
(`made`) and measures

* ours: `stance run` from the first article read to the table written, all cores;
* (c) the ceiling: the same questions, equal ones once, through the model alone;
* (b) our model and encoding without the candidate stage: every actor of the register and every
  issue for every sentence. On a sample of questions, carried over to all of them;
* (a) `transformers`' zero-shot classification with the same encoder in floats, one hypothesis for
  each sentence, actor and issue. On a sample, as (b); with random weights, which cost the same.

Ours and the ceiling take turns, so that what else the machine does meets both. Besides wall time
there is processor time, which depends less on it. Memory is the largest sum of the proportional
set sizes of all processes of a run, looked at every second, for N and M articles; there
the model answers one question in 500 and a rule the others, as 20,000 articles would take it
hours on two cores.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from made import write

from stance.batching import Limits, batches
from stance.cores import available_cores
from stance.pipeline import Tracker
from stance.prepare import Preparer
from stance.reading import read
from stance.records import Article, Candidate, Scores
from stance.resources import default_model
from stance.scorer import OnnxScorer

HERE = Path(__file__)
SAMPLE = 192
"""Questions that (a) and (b) are measured on."""

TURNS = 2
Figures = dict[str, Any]


def articles_of(path: Path) -> list[Article]:
    return [one for one in read([str(path)]) if isinstance(one, Article)]


def cpu_seconds() -> float:
    """Of this process and of those that it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


# ---------------------------------------------------------------------------------------
# What is measured, each in a process of its own


class TimedSession:
    """A session whose runs are timed, in the processor time of their threads."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.spent: list[float] = []

    def run(self, *arguments: Any) -> Any:
        start = time.thread_time()
        found = self._session.run(*arguments)
        self.spent.append(time.thread_time() - start)
        return found


def ours(path: Path) -> Figures:
    from stance import cli, runner
    from stance.engine import Engine

    figures: Figures = {}
    sessions: list[TimedSession] = []
    load, run_table = Tracker.load, runner.run_table
    engines: list[Engine] = []

    def loaded(**options: Any) -> Tracker:
        tracker = load(**options)
        scorer: Any = tracker.scorer
        scorer._session = TimedSession(scorer._session)
        sessions.append(scorer._session)
        return tracker

    def timed(*arguments: Any, **options: Any) -> None:
        wall, cpu = time.perf_counter(), cpu_seconds()
        run_table(*arguments, **options)
        figures.update(seconds=time.perf_counter() - wall, cpu=cpu_seconds() - cpu)

    class Noted(Engine):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            engines.append(self)

    Tracker.load = loaded  # type: ignore[method-assign, assignment]
    runner.run_table, runner.Engine = timed, Noted  # type: ignore[attr-defined, misc]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "positions.csv"
        assert cli.main(["run", str(path), "--out", str(out)]) == 0
        manifest = json.loads((Path(folder) / "positions.csv.manifest.json").read_text())
    counted = engines[0].counted
    return figures | {
        "articles": manifest["counts"]["articles"],
        "rows": manifest["counts"]["rows"],
        "pairs": counted.pairs,
        "asked": counted.asked,
        "tokens": counted.tokens,
        "forward_cpu": sum(sessions[0].spent),
    }


def ceiling(path: Path) -> Figures:
    tracker = Tracker.load()
    scorer: Any = tracker.scorer
    prepare = Preparer(tracker.reader, scorer.tokenizer)
    pairs = list(
        dict.fromkeys(pair for one in articles_of(path) for pair in prepare.prepare(one).asked)
    )
    rows = [np.frombuffer(pair, "<i4").astype(np.int64)[None] for pair in pairs]
    parts = batches([row.shape[1] for row in rows], Limits(threads=scorer.threads))

    def alone(part: Sequence[int]) -> None:
        for i in part:
            feed = {"input_ids": rows[i], "attention_mask": np.ones_like(rows[i])}
            scorer._session.run(["stance", "evidence"], feed)

    alone(parts[-1])
    wall, cpu = time.perf_counter(), cpu_seconds()
    with ThreadPoolExecutor(scorer.threads) as pool:
        list(pool.map(alone, parts))
    return {
        "seconds": time.perf_counter() - wall,
        "cpu": cpu_seconds() - cpu,
        "asked": len(pairs),
        "tokens": sum(row.shape[1] for row in rows),
    }


def everybody(path: Path) -> Figures:
    """(b): questions a second without the candidate stage, and how many an article has."""
    tracker = Tracker.load()
    reader = tracker.reader
    actors, issues = reader.actors.entries, reader.issues.entries
    found = [(one, reader.read(one.text)) for one in islice(articles_of(path), 40)]
    sentences = [(one.text, s) for one, reading in found for s in reading.sentences]
    draw = np.random.default_rng(1)
    questions = []
    for _ in range(SAMPLE):
        text, sentence = sentences[draw.integers(len(sentences))]
        actor, issue = actors[draw.integers(len(actors))], issues[draw.integers(len(issues))]
        context = (max(0, sentence.start - 200), sentence.start)
        candidate = Candidate(actor.id, issue.id, sentence.start, sentence.end, context)
        questions.append(reader.question(text, candidate))
    tracker.scorer.score(questions[:8])
    wall = time.perf_counter()
    tracker.scorer.score(questions)
    return {
        "pairs_per_second": len(set(questions)) / (time.perf_counter() - wall),
        "pairs_per_article": len(sentences) / len(found) * len(actors) * len(issues),
    }


def zero_shot(path: Path) -> Figures:
    """(a): hypotheses a second."""
    import torch
    from transformers import MPNetConfig, MPNetForSequenceClassification, PreTrainedTokenizerFast
    from transformers import pipeline as build

    torch.set_num_threads(available_cores())
    shape = json.loads((default_model() / "encoder.json").read_text())
    known = {key: value for key, value in shape.items() if key in MPNetConfig().to_dict()}
    labels = {"id2label": {0: "contradiction", 1: "neutral", 2: "entailment"}}
    config = MPNetConfig(**{k: v for k, v in known.items() if k != "model_type"} | labels)
    config.label2id = {"contradiction": 0, "neutral": 1, "entailment": 2}
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(default_model() / "tokenizer.json"), pad_token="<pad>"
    )
    classify: Any = build(
        "zero-shot-classification",
        model=MPNetForSequenceClassification(config).eval(),
        tokenizer=tokenizer,
        device="cpu",
    )
    tracker = Tracker.load()
    actors, issues = tracker.actors.entries, tracker.issues.entries
    claims = [f"{a.name} supports: {i.proposition}" for a in actors[:16] for i in issues[:2]]
    texts = []
    for one in islice(articles_of(path), SAMPLE // len(claims)):
        first = tracker.read(one).sentences[0]
        texts.append(one.text[first.start : first.end])
    options = {"hypothesis_template": "{}", "multi_label": True, "batch_size": 16}
    classify(texts[0], claims[:8], **options)
    wall = time.perf_counter()
    for text in texts:
        classify(text, claims, **options)
    return {
        "pairs_per_second": len(texts) * len(claims) / (time.perf_counter() - wall),
        "layers": config.num_hidden_layers,
    }


class Rule:
    """Answers one question in five hundred by the model, whose memory counts, and the others by
    a rule under which about as many are positions."""

    def __init__(self) -> None:
        self._real = OnnxScorer(default_model())
        self.tokenizer, self.threads = self._real.tokenizer, self._real.threads
        self.version, self.folder = self._real.version, self._real.folder

    def least(self, issue: str) -> float:
        return 0.5

    def score(self, questions: Sequence[tuple[str, str]]) -> list[Scores]:
        return self._real.score(questions)

    def answer(self, asked: Sequence[bytes]) -> list[Scores]:
        found = []
        for one in asked:
            sign = sum(one)
            if sign % 500 == 0:
                self._real.answer([one])
            none = 0.1 if sign % 5 == 0 else 0.9
            found.append(Scores(1 - none, 0.0, 0.0, none, (0.2,) * 5))
        return found


def memory(path: Path) -> Figures:
    from stance import cli, pipeline

    pipeline.OnnxScorer = lambda *_, **__: Rule()  # type: ignore[misc, assignment]
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "positions.csv"
        start = time.perf_counter()
        assert cli.main(["run", str(path), "--out", str(out), "--workers", "1"]) == 0
        manifest = json.loads((Path(folder) / "positions.csv.manifest.json").read_text())
    return manifest["counts"] | {"seconds": time.perf_counter() - start}


PARTS: dict[str, Callable[[Path], Figures]] = {
    "ours": ours,
    "ceiling": ceiling,
    "everybody": everybody,
    "zero_shot": zero_shot,
    "memory": memory,
}

# ---------------------------------------------------------------------------------------
# Running them


def measured(part: str, path: Path, *, watch: bool = False) -> Figures:
    """What one part says of itself, and with ``watch`` the megabytes that it took at most."""
    command = [sys.executable, str(HERE), "--part", part, str(path)]
    peak = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while watch and process.poll() is None:
            peak = max(peak, sum(map(_size, _tree(process.pid))))
            time.sleep(1)
        said = process.communicate()[0]
    if process.returncode:
        sys.exit(f"{part} failed")
    figures: Figures = json.loads(said.splitlines()[-1])
    return figures | {"megabytes": peak / 1e6}


def _tree(pid: int) -> list[int]:
    found = [pid]
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += _tree(int(child))
    except OSError:
        pass
    return found


def _size(pid: int) -> int:
    """The proportional set size of a process in bytes."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def speed(count: int, folder: Path, out: Path) -> None:
    path = write(count, folder / f"{count}.jsonl")
    turns = []
    for turn in range(TURNS):
        turns.append((measured("ours", path), measured("ceiling", path)))
        took = [f"{one['seconds']:.1f} s ({one['cpu']:.1f} s of a core)" for one in turns[-1]]
        print(f"turn {turn + 1}: ours {took[0]}, the model alone {took[1]}", flush=True)
    run, top = ({k: sum(t[side][k] for t in turns) for k in turns[0][side]} for side in (0, 1))
    b, a = measured("everybody", path), measured("zero_shot", path)
    articles = run["articles"]
    rates = {
        "ours": articles / run["seconds"],
        "(c) the model alone": articles / top["seconds"],
        "(b) every actor and issue": b["pairs_per_second"] / b["pairs_per_article"],
        "(a) zero-shot, transformers": a["pairs_per_second"] / b["pairs_per_article"],
    }
    print(
        f"{count} articles, {TURNS} turns, {available_cores()} cores: "
        f"{run['pairs'] / articles:.1f} questions an article, "
        f"{run['asked'] / run['pairs']:.1%} of them asked, {run['tokens'] / run['asked']:.0f} "
        f"tokens each; without candidates {b['pairs_per_article']:,.0f} an article"
    )
    for name, rate in rates.items():
        print(f"{name:30} {rate:12.6f} articles/s   ours is {rates['ours'] / rate:10,.2f} times it")
    print(f"questions answered a second: {run['pairs'] / run['seconds']:.1f}")
    print(f"wall time: ours is {top['seconds'] / run['seconds']:.1%} of the ceiling (c)")
    print(f"processor time: ours is {top['cpu'] / run['cpu']:.1%} of the ceiling (c)")
    print(f"forward pass: {run['forward_cpu'] / run['cpu']:.1%} of the run's processor time")
    print(f"articles per core-hour: {3600 * articles / run['cpu']:,.0f}", flush=True)
    picture(rates, out)


def picture(rates: dict[str, float], out: Path) -> None:
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 2.6), layout="constrained")
    names = list(rates)[::-1]
    colours = ["#1b6ca8" if name == "ours" else "#b8c4cf" for name in names]
    bars = axes.barh(names, [rates[name] for name in names], color=colours)
    axes.bar_label(bars, [f"{rates[name]:.2g}" for name in names], padding=4)
    axes.set_xscale("log")
    axes.set_xlabel(f"articles a second on {available_cores()} cores (logarithmic)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.15)
    out.mkdir(parents=True, exist_ok=True)
    figure.savefig(out / "bench_run.png", dpi=120, metadata={"Software": None})
    print(f"written: {out / 'bench_run.png'}")


def sizes(counts: Sequence[int], folder: Path) -> None:
    found = []
    for count in counts:
        path = write(count, folder / f"{count}.jsonl")
        one = measured("memory", path, watch=True)
        found.append(one["megabytes"])
        print(
            f"memory: {count:,} articles, {one['rows']:,} rows: {one['megabytes']:,.0f} MB at "
            f"most, all processes ({one['seconds']:.0f} s)",
            flush=True,
        )
    print(f"the largest is {max(found) / min(found):.3f} times the smallest")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("path", nargs="?", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--speed", type=int, default=2000, help="articles; 0 for no speed")
    parser.add_argument("--memory", type=int, nargs="*", default=[2000, 20_000])
    parser.add_argument("--out", type=Path, default=Path("out"), help="the picture's folder")
    given = parser.parse_args()
    if given.part:
        print(json.dumps(PARTS[given.part](given.path)))
        return
    with tempfile.TemporaryDirectory() as folder:
        if given.memory:
            sizes(given.memory, Path(folder))
        if given.speed:
            speed(given.speed, Path(folder), given.out)


if __name__ == "__main__":
    main()
