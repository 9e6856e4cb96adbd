"""Judged candidates → the ones that are most worth a coder's time.

Four kinds of reason, each with its share of the list:

* ``random``: drawn by chance from all distinct unlabelled questions, before anything else and
  without limits, so that these rows alone tell how often coders agree and the model errs;
* ``coders disagree``, ``repeats disagree``: no label has more than half of a row's coders, or
  sentences of nearly the same words got different answers by the model or by a coder;
* ``new actor``, ``new issue``: with few labelled rows in the reviewed files, in turns;
* ``uncertain``: the model's two likeliest answers lie closest together. It also takes what the
  others leave of their shares.

Sentences of nearly the same words about one cell are one question. Nothing depends on the
order of the input; a seed decides what chance decides.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from stance.pipeline import Judged, Tracker
from stance.records import STANCES, Article
from training.labelling.agreement import RANDOM, units_of, verdict
from training.labelling.labelrow import LabelRow, row_id, whole, words_check
from training.labelling.repeats import groups

CODERS: Final = "coders disagree"
REPEATS: Final = "repeats disagree"
NEW_ACTOR: Final = "new actor"
NEW_ISSUE: Final = "new issue"
UNCERTAIN: Final = "uncertain"


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many rows, from where. The shares lie in [0, 1]; ``uncertain`` takes the rest.

    ``per_article`` and ``per_cell`` limit what is picked for any reason but ``random``;
    an actor or issue with fewer than ``few`` labelled rows is new.
    """

    n: int = 200
    random: float = 0.10
    disputed: float = 0.25
    new: float = 0.25
    per_article: int = 3
    per_cell: int = 10
    few: int = 5
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """A row to be labelled, and how unsure the model is of its answer, in [0, 1]."""

    row: LabelRow
    uncertainty: float


@dataclass(frozen=True, slots=True)
class Picked:
    """The rows in the order in which to label them, each with its reason; ``distinct`` counts
    the unlabelled questions there were to choose from."""

    rows: list[LabelRow]
    distinct: int

    @property
    def reasons(self) -> Mapping[str, int]:
        return dict(sorted(Counter(row.reason for row in self.rows).items()))


# Questions


def questions(article: Article, judged: Iterable[Judged], tracker: Tracker) -> Iterator[Question]:
    """Every candidate of an article as a question, reported or not."""
    for one in judged:
        yield _question(article, one, tracker)


def _question(article: Article, judged: Judged, tracker: Tracker) -> Question:
    candidate, scores = judged.candidate, judged.scores
    least = tracker.scorer.least(candidate.issue)
    by_answer = {
        "support": scores.support,
        "oppose": scores.oppose,
        "neutral": scores.neutral,
        "none": scores.none,
    }
    is_reported = 1 - scores.none >= least
    stance = max(STANCES, key=by_answer.__getitem__) if is_reported else "none"
    text = whole(article.text[candidate.start : candidate.end])
    context = whole(article.text[slice(*candidate.context)].strip())
    row = LabelRow(
        article_id=article.id,
        actor=candidate.actor,
        issue=candidate.issue,
        proposition=tracker.issues[candidate.issue].proposition,
        start=candidate.start,
        end=candidate.end,
        text=text,
        context=context,
        published=article.published,
        source=whole(article.source) if article.source else None,
        model_version=tracker.model_version,
        stance=stance,
        score=by_answer[stance],
        id=row_id(article.id, candidate.start, candidate.end, candidate.actor, candidate.issue),
        actor_name=tracker.actors[candidate.actor].name,
        check=words_check(text, context),
        **{f"p_{answer}": p for answer, p in by_answer.items()},
    )
    return Question(row, uncertainty(by_answer, least))


def uncertainty(by_answer: Mapping[str, float], least: float) -> float:
    """How close the two likeliest answers are: 1 where they are equal, 0 where one is certain.

    One minus the margin of Scheffer, Decomain and Wrobel (2001), around the decision that is
    made: the probability of any position is first stretched, piece by piece, so that the
    ``least`` from which one is reported lies at one half.
    """
    any_position = 1 - by_answer["none"]
    if any_position < least:
        stretched = any_position / (2 * least)
    else:
        stretched = 0.5 + (any_position - least) / (2 * (1 - least)) if least < 1 else 1.0
    share = stretched / any_position if any_position > 0 else 0.0
    likely = sorted([1 - stretched, *(by_answer[stance] * share for stance in STANCES)])
    return max(0.0, min(1.0, 1 - (likely[-1] - likely[-2])))


# Questions that are one


@dataclass(slots=True)
class _Cluster:
    """Questions of nearly the same words about one cell, and what coders said of such."""

    open: list[Question] = field(default_factory=list)
    labelled: list[tuple[Question | None, str | None]] = field(default_factory=list)
    """Each labelled row's question, where it is among those asked, and its verdict."""

    @property
    def key(self) -> str:
        """Names the cluster whatever the order; an id is a hash, so that it favours none."""
        return min(question.row.id for question in self.open)

    @property
    def drawn(self) -> Question:
        return min(self.open, key=lambda question: question.row.id)

    @property
    def best(self) -> Question:
        return max(self.open, key=lambda question: (question.uncertainty, question.row.id))

    @property
    def is_disputed(self) -> bool:
        """Whether there is no one answer to the same words."""
        told: set[str | None] = {label for _, label in self.labelled} - {None, "unclear"}
        told |= {question.row.stance for question in self.open}
        return bool(self.open) and len(told) > 1


def _clusters(asked: Iterable[Question], reviewed: Sequence[LabelRow]) -> list[_Cluster]:
    by_id = {question.row.id: question for question in asked}
    verdicts = {id: verdict(unit) for id, unit in units_of(reviewed).items()}
    labelled = {row.id: row for row in reviewed if row.id in verdicts}
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for row in [*(by_id[id].row for id in sorted(by_id)), *labelled.values()]:
        cells.setdefault(row.cell, {})[row.id] = row.text
    found: list[_Cluster] = []
    for cell in sorted(cells):
        ids = sorted(cells[cell])
        by_root: dict[int, _Cluster] = {}
        for id, root in zip(ids, groups([cells[cell][id] for id in ids]), strict=True):
            cluster = by_root.setdefault(root, _Cluster())
            if id in verdicts:
                cluster.labelled.append((by_id.get(id), verdicts[id]))
            else:
                cluster.open.append(by_id[id])
        found += by_root.values()
    return found


# Picking


def pick(asked: Iterable[Question], reviewed: Sequence[LabelRow], wanted: Wanted) -> Picked:
    """The rows that are most worth labelling, at most ``wanted.n``."""
    choice = _Choice(_clusters(asked, reviewed), reviewed, wanted)
    choice.run()
    rows = [q.row.model_copy(update={"reason": reason}) for q, reason in choice.picked.values()]
    rows.sort(key=lambda row: rank(wanted.seed, "order", row.id))
    return Picked(rows, len(choice.open))


def rank(seed: int, purpose: str, id: str) -> str:
    """A place that chance gives to an id; the same for the same seed, whatever else there is."""
    return hashlib.sha256(f"{seed}:{purpose}:{id}".encode()).hexdigest()


class _Choice:
    """One run of picking: what is open, what is picked, and what the limits still allow."""

    def __init__(
        self, clusters: Sequence[_Cluster], reviewed: Sequence[LabelRow], wanted: Wanted
    ) -> None:
        self.wanted = wanted
        self.clusters = clusters
        self.open = [cluster for cluster in clusters if cluster.open and not cluster.labelled]
        self.picked: dict[int, tuple[Question, str]] = {}
        self._articles: Counter[str] = Counter()
        self._cells: Counter[tuple[str, str]] = Counter()
        counted = {row.id: row for row in reviewed if row.label not in (None, "unclear")}
        self._actors = Counter(row.actor for row in counted.values())
        self._issues = Counter(row.issue for row in counted.values())
        self._any_reviewed = bool(reviewed)

    def run(self) -> None:
        """Fill the shares in turn; what one leaves goes to the uncertain."""
        n = self.wanted.n
        self._take_random(round(n * self.wanted.random))
        self._take(self._disputed, round(n * self.wanted.disputed))
        self._take(self._new(), round(n * self.wanted.new))
        self._take(self._uncertain, n)
        self._take(self._disputed, n)

    def _take_random(self, share: int) -> None:
        """No limits here: they would favour the rare, and chance must not."""
        by_chance = sorted(self.open, key=lambda c: rank(self.wanted.seed, RANDOM, c.key))
        for cluster in by_chance[: min(share, self.wanted.n)]:
            self._add(cluster, cluster.drawn, RANDOM)

    def _take(self, offers: Iterable[tuple[_Cluster, Question, str]], share: int) -> None:
        for cluster, question, reason in offers:
            if share <= 0 or len(self.picked) >= self.wanted.n:
                return
            if id(cluster) not in self.picked and self._fits(question.row):
                self._add(cluster, question, reason)
                share -= 1

    def _add(self, cluster: _Cluster, question: Question, reason: str) -> None:
        self.picked[id(cluster)] = (question, reason)
        self._articles[question.row.article_id] += 1
        self._cells[question.row.cell] += 1

    def _fits(self, row: LabelRow) -> bool:
        return (
            self._articles[row.article_id] < self.wanted.per_article
            and self._cells[row.cell] < self.wanted.per_cell
        )

    @cached_property
    def _disputed(self) -> list[tuple[_Cluster, Question, str]]:
        coders = [
            (cluster, question, CODERS)
            for cluster in self.clusters
            for question, label in cluster.labelled
            if question is not None and label is None
        ]
        repeats = [(c, c.best, REPEATS) for c in self.clusters if c.is_disputed]
        return sorted(coders, key=_least_sure) + sorted(repeats, key=_least_sure)

    @cached_property
    def _uncertain(self) -> list[tuple[_Cluster, Question, str]]:
        return sorted(((c, c.best, UNCERTAIN) for c in self.open), key=_least_sure)

    def _new(self) -> Iterator[tuple[_Cluster, Question, str]]:
        """What is new in turns, the least known first. Without reviewed rows nothing is known,
        and nothing new."""
        queues: dict[tuple[int, str, str], deque[tuple[_Cluster, Question, str]]] = {}
        for cluster, question, _ in self._uncertain if self._any_reviewed else ():
            actor, issue = question.row.cell
            if self._actors[actor] < self.wanted.few:
                key = (self._actors[actor], NEW_ACTOR, actor)
            elif self._issues[issue] < self.wanted.few:
                key = (self._issues[issue], NEW_ISSUE, issue)
            else:
                continue
            queues.setdefault(key, deque()).append((cluster, question, key[1]))
        while queues:
            for key in sorted(queues):
                yield queues[key].popleft()
                if not queues[key]:
                    del queues[key]


def _least_sure(offer: tuple[_Cluster, Question, str]) -> tuple[float, str]:
    return -offer[1].uncertainty, offer[1].row.id


# Coders


def share_out(
    rows: Sequence[LabelRow], coders: Sequence[str], overlap: float
) -> dict[str, list[LabelRow]]:
    """Each coder's rows: the ``overlap`` (a share in [0, 1]) for all, the rest dealt in turn.

    Both are spread evenly over the reasons.
    """
    by_reason = sorted(range(len(rows)), key=lambda at: (rows[at].reason, at))
    shared = round(overlap * len(rows))
    step = len(rows) / shared if shared else 0
    for_all = {by_reason[int((i + 0.5) * step)] for i in range(shared)}
    mine: dict[str, set[int]] = {coder: set(for_all) for coder in coders}
    for turn, at in enumerate(at for at in by_reason if at not in for_all):
        mine[coders[turn % len(coders)]].add(at)
    return {coder: [rows[at] for at in sorted(places)] for coder, places in mine.items()}
