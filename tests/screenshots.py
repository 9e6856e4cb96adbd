"""Take the README's screenshots: the demonstration articles, the shipped model, Chromium.

    python tests/screenshots.py [FOLDER]

writes ``matrix_page.png`` and ``actor_page.png`` into FOLDER (``seeds/demo``).
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

import uvicorn
from playwright.sync_api import sync_playwright

from service.app import create_app
from service.settings import Settings
from stance import Tracker, resources
from stance.reading import read
from stance.records import Article
from stance.store import Store, ingest

SHOTS = {"matrix_page": ("/?min_n=2", 1100, 900), "actor_page": ("/actors/zelensky", 900, 1000)}
OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


def main(folder: Path) -> None:
    """Serve the demonstration for as long as it takes."""
    tracker = Tracker.load(model=resources.default_model())
    rows = read([str(Path(__file__).parents[1] / "seeds" / "articles")])
    given = [one for one in rows if isinstance(one, Article)]
    with tempfile.TemporaryDirectory() as kept, Store.open(f"{kept}/stance.db") as store:
        ingest(store, tracker, given)
        app = create_app(tracker, Settings(), store=store)
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.05)
        at = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        with sync_playwright() as started:
            browser = started.chromium.launch(
                executable_path=shutil.which("chromium"), args=OPTIONS
            )
            for name, (path, width, height) in SHOTS.items():
                page = browser.new_page(viewport={"width": width, "height": height})
                page.goto(at + path)
                page.screenshot(path=str(folder / f"{name}.png"))
            browser.close()
        server.should_exit = True
        thread.join()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[1] / "seeds" / "demo")
