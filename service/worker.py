"""Works off the jobs of a store, in a process of its own, so that it holds up no answer.

Any number of workers may share a store. A job is held by a claim that is renewed while the work
goes on: a worker that is killed loses it, the next one begins it anew and finds what is stored
already. A worker that is told to stop puts its job back at once.

``python -m service.worker`` is the process that `Workers` starts; it ends with its parent.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from service.observing import set_up_log
from service.settings import Settings
from stance.engine import Settings as Spread
from stance.errors import InputError, StanceError, StoreError, UnknownNameError
from stance.pipeline import Tracker
from stance.records import Article
from stance.store import Job, Store, ingest

INGEST: Final = "ingest"
KINDS: Final = (INGEST,)

MOST_REJECTED: Final = 100
"""Rejected articles that a job lists; it counts them all."""

_IDLE: Final = 0.5  # seconds between two looks for work
_TROUBLED: Final = 5.0  # after the store did not answer
_BACK_OFF: Final = (0.5, 1.0, 2.0, 5.0, 15.0, 60.0)
_GRACE: Final = 10.0  # seconds to put a job back; a kill after that costs the lease, no row
_NICE: Final = 10
_SPREAD: Final = Spread(batch_tokens=1024)  # small, so that it stops and tells soon

_log: Final = logging.getLogger(__name__)

Load = Callable[[str | None], Tracker]
"""A tracker with the model of a version; None is the current one."""


class _StoppedError(Exception):
    """The worker is to stop, or has lost its claim."""


class JobWorker:
    """Takes one job after the other. ``load`` is asked once per model that is needed."""

    def __init__(self, store: Store, load: Load, *, lease: float) -> None:
        self.owner = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        self._store, self._load, self._lease = store, load, lease
        self._tracker: Tracker | None = None

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop, whatever the store does meanwhile."""
        while not stop.is_set():
            try:
                if not self.work(stop):
                    stop.wait(_IDLE)
            except StoreError as error:
                _log.error("%s", error)
                stop.wait(_TROUBLED)

    def work(self, stop: threading.Event | None = None) -> bool:
        """Take one job and work it off; false where none waits. Raises ``StoreError``."""
        job = self._store.claim(self.owner, kinds=KINDS, lease=self._lease)
        if job is None:
            return False
        stop = stop or threading.Event()
        with _Claim(self._store, job, self.owner, self._lease, stop) as claim:
            try:
                result = self._ingest(job, claim)
            except _StoppedError:
                self._store.release(job.id, self.owner)
            except StoreError as error:
                self._store.data_version()  # raises where the store is away: the claim then lapses
                self._store.fail(job.id, self.owner, str(error))
            except StanceError as error:
                self._store.fail(job.id, self.owner, str(error))
            except Exception:
                _log.exception("job %s failed", job.id)
                self._store.fail(job.id, self.owner, "it failed inside; the log tells why")
            else:
                claim.tell()
                self._store.complete(job.id, self.owner, result)
        return True

    def _ingest(self, job: Job, claim: _Claim) -> Mapping[str, Any]:
        tracker = self._tracker_of_store()
        rejected: list[dict[str, Any]] = []
        ids: set[str] = set()

        def articles() -> Iterator[Article]:
            for row, given in enumerate(job.payload["articles"], 1):
                claim.check()
                try:
                    article = tracker.article(**given)
                except InputError as error:
                    rejected.append({"row": row, "field": error.field, "reason": error.reason})
                    claim.done += 1
                    continue
                again = article.id in ids
                ids.add(article.id)
                if again or self._store.known([article.id]):
                    claim.done += 1
                else:
                    yield article

        def noticed(_: object) -> None:
            claim.check()
            claim.done += 1

        ingest(self._store, tracker, articles(), noticed, _SPREAD)
        claim.check()
        return {
            "articles": len(job.payload["articles"]),
            "stored": len(ids),
            "rejected": len(rejected),
            "rejections": rejected[:MOST_REJECTED],
            "model_version": tracker.model_version,
        }

    def _tracker_of_store(self) -> Tracker:
        """The model whose rows count in the store; another's could not be added to it."""
        counts = next((model.version for model in self._store.models() if model.current), None)
        if self._tracker is None or counts not in (None, self._tracker.model_version):
            try:
                self._tracker = self._load(counts)
            except UnknownNameError:
                raise StanceError(
                    f"the store's rows are of model '{counts}', which is not published here; "
                    "score them with the current one first: stance db rescore"
                ) from None
        return self._tracker


class _Claim:
    """Renews a claim from a thread of its own while the work goes on, and tells its progress."""

    def __init__(
        self, store: Store, job: Job, owner: str, lease: float, stop: threading.Event
    ) -> None:
        self.done = 0
        self._store, self._job, self._owner, self._lease = store, job, owner, lease
        self._stop, self._ended, self._lost = stop, threading.Event(), False
        self._thread = threading.Thread(target=self._renew, name="heartbeat", daemon=True)

    def __enter__(self) -> _Claim:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def check(self) -> None:
        """Raises `_StoppedError` where the work is to end here."""
        if self._lost or self._stop.is_set():
            raise _StoppedError

    def tell(self) -> None:
        """Renew the claim and say how far the job is."""
        self._lost = not self._store.heartbeat(
            self._job.id, self._owner, lease=self._lease, done=self.done
        )

    def _renew(self) -> None:
        while not self._lost and not self._ended.wait(min(1.0, self._lease / 3)):
            try:
                self.tell()
            except StoreError as error:
                _log.error("%s", error)


class WorkerProcess:
    """Keeps one worker process running beside the service, and begins it anew where it dies."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._keep, name="worker", daemon=True)

    @property
    def alive(self) -> bool:
        """Whether the process runs now."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Begin the process; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End the process once it has put its job back, or after some seconds by force."""
        self._stop.set()
        self._thread.join()

    def _keep(self) -> None:
        failures = 0
        while not self._stop.is_set():
            self._process = process = self._begin()
            while process.poll() is None and not self._stop.wait(0.2):
                pass
            if self._stop.is_set():
                _end(process)
                return
            _close(process)
            _log.error("the worker ended with %s and is begun anew", process.returncode)
            self._stop.wait(_BACK_OFF[min(failures, len(_BACK_OFF) - 1)])
            failures += 1

    def _begin(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "service.worker"], stdin=subprocess.PIPE, text=True
        )
        assert process.stdin is not None
        with suppress(BrokenPipeError):
            # not as arguments, which everybody on the machine can see: an address may hold a
            # password
            process.stdin.write(self._settings.model_dump_json() + "\n")
            process.stdin.flush()
        return process


def _close(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    with suppress(BrokenPipeError):
        process.stdin.close()


def _end(process: subprocess.Popen[str]) -> None:
    _close(process)
    try:
        process.wait(_GRACE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main() -> None:
    """The worker process: settings come as the first line of its input, whose end ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is for the service
    settings = Settings.model_validate(json.loads(sys.stdin.readline()))
    set_up_log(settings.log_level)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    threading.Thread(target=_end_with_parent, args=[stop], daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(_NICE)  # whoever waits for an answer goes first

    def load(version: str | None) -> Tracker:
        return Tracker.load(model=version if version is not None else settings.model)

    try:
        with Store.open(settings.address) as store:
            JobWorker(store, load, lease=settings.job_lease).run(stop)
    except StanceError as error:
        sys.exit(f"worker: {error}")


def _end_with_parent(stop: threading.Event) -> None:
    while sys.stdin.readline():
        pass
    stop.set()


if __name__ == "__main__":
    main()
