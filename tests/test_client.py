"""The client against a service that runs: pages, retries, refusals, and answers that were cut."""

from __future__ import annotations

import gc
import shutil
import subprocess
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from stored import articles, make_tracker

from service.app import create_app
from service.settings import Settings
from stance.client import Client, ServiceError
from stance.errors import StanceError
from stance.store import Store, ingest


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    tracker = make_tracker()
    with Store.open(str(tmp_path_factory.mktemp("client") / "stance.db")) as store:
        ingest(store, tracker, articles())
        app = create_app(tracker, Settings(), store=store)
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.02)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        server.should_exit = True
        thread.join()


def test_tables_and_pages(service: str) -> None:
    with Client(service) as client:
        whole = list(client.positions())
        assert list(client.positions(limit=2)) == whole
        assert {row["actor"] for row in client.matrix("alba")} == {"alba"}
        assert len(list(client.articles())) == len(articles())
        assert client.timeline("alba", period="day")
        assert list(client.positions(since="2025-03-08", stance=["oppose", "neutral"])) == [
            row
            for row in whole
            if row["stance"] != "support" and (row["published"] or "") >= "2025-03-08"
        ]
        (first, *_) = whole
        assert client.article(first["article_id"])["article"]["id"] == first["article_id"]
        assert client.compare("alba", "borea", "tax")["n_a"] > 0
        assert client.analyze("Alba backs the tax.")[0]["stance"] == "support"
        assert client.cite()["citation"]


def test_what_is_refused_is_told_in_the_services_words(service: str) -> None:
    with Client(service) as client:
        with pytest.raises(ServiceError, match="did you mean alba") as caught:
            client.matrix("alda")
        assert caught.value.status == 422


def test_a_service_that_is_not_there() -> None:
    with Client("http://127.0.0.1:9", attempts=1) as client, pytest.raises(StanceError):
        client.matrix()


@contextmanager
def answering(*answers: tuple[int, dict[str, str], bytes]) -> Iterator[tuple[str, list[str]]]:
    """A server that gives these answers, one after another."""
    left, asked = list(answers), []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, headers, body = left.pop(0)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Nothing on standard error."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_it_asks_again_when_the_service_is_full() -> None:
    full = (429, {"Retry-After": "0"}, b"{}")
    with answering(full, full, (200, {}, b'{"rows": []}')) as (address, asked):
        with Client(address) as client:
            assert client.matrix() == []
        assert len(asked) == 3


def test_it_gives_up_at_last() -> None:
    full = (429, {"Retry-After": "0"}, b'{"detail": "full"}')
    with (
        answering(full, full) as (address, _),
        Client(address, attempts=2) as client,
        pytest.raises(ServiceError, match="full"),
    ):
        client.matrix()


def test_an_answer_that_was_changed_is_noticed() -> None:
    cut = (200, {"Table-SHA256": "00"}, b'{"rows": []}')
    with (
        answering(cut) as (address, _),
        Client(address) as client,
        pytest.raises(StanceError, match="cut or changed"),
    ):
        client.matrix()


def test_the_readme_says_how(service: str) -> None:
    """The examples in Python of the README run as written."""
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    section = text.partition("\n## Over HTTP\n")[2].partition("\n## ")[0]
    blocks = [part.partition("```")[0] for part in section.split("```python\n")[1:]]
    assert len(blocks) == 2
    for block in blocks:
        code = block.replace("http://127.0.0.1:8000", service).replace("orban", "alba")
        code = code.replace("sanctions", "tax").replace("merz", "borea").replace("nato", "ban")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # pandas leaves its socket open
            exec(compile(code, "README.md", "exec"), {})
            gc.collect()


def test_the_lines_for_a_shell_and_for_r_run(service: str) -> None:
    """As written, but for the names of the made-up cast; R where it is installed."""
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    section = text.partition("\n## Over HTTP\n")[2].partition("\n## ")[0]
    for tongue, program in (("sh", ["bash", "-e", "-c"]), ("r", ["Rscript", "-e"])):
        (block,) = [part.partition("```")[0] for part in section.split(f"```{tongue}\n")[1:]]
        if shutil.which(program[0]) is None:
            continue
        code = block.replace("http://127.0.0.1:8000", service).replace("orban", "alba")
        code = code.replace("sanctions", "tax").replace("merz", "borea")
        done = subprocess.run([*program, code], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert "alba" in done.stdout or tongue == "r"
        assert "about:blank" not in done.stdout  # no problem document
