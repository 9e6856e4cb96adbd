"""The pages in a real browser: the way from the matrix to a shift, a review, hostile evidence."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from stored import article, articles, make_tracker

from service.app import create_app
from service.pages.views import POLICY
from service.settings import Settings
from stance.store import Store, ingest

BROWSER = shutil.which("chromium")
if BROWSER is None:
    pytest.skip("Chromium is not installed (apt-get install chromium)", allow_module_level=True)
playwright = pytest.importorskip("playwright.sync_api", reason="needs the extra [dev]")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs the extra [dev]")

HOSTILE = 'Alba backs the tax, said <script>alert("x")</script> =HYPERLINK(1) \u202eabc "quoted".'
OPTIONS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


def turning() -> list[Any]:
    """Borea turns from rejecting the ban to backing it."""
    before = [article(f"Borea rejects the ban for {n} boats.", 10 + n) for n in range(12)]
    after = [article(f"Borea backs the ban for {n} ships.", 40 + n) for n in range(12)]
    return [*before, *after]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service on a port of its own, over a store with the made-up articles."""
    tracker = make_tracker()
    with Store.open(str(tmp_path_factory.mktemp("pages") / "stance.db")) as store:
        ingest(store, tracker, [*articles(), *turning(), article(HOSTILE, 8, title="<b>T</b>")])
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


@dataclass
class Seen:
    """A page of the browser, and what went wrong on it."""

    page: Any
    at: str
    faults: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        answer = self.page.goto(self.at + path)
        assert answer.status == 200, path
        assert answer.headers["content-security-policy"] == POLICY


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=BROWSER, args=OPTIONS)
        yield chromium
        chromium.close()


@pytest.fixture
def seen(browser: Any, address: str) -> Iterator[Seen]:
    """A fresh page, which must see no error and load nothing from another host."""
    context = browser.new_context()
    found = Seen(context.new_page(), address)
    note = found.faults.append
    found.page.on("console", lambda m: note(m.text) if m.type in ("error", "warning") else None)
    found.page.on("pageerror", lambda error: note(str(error)))
    found.page.on("dialog", lambda dialog: note(f"a script ran: {dialog.message}"))
    found.page.on(
        "request", lambda r: None if r.url.startswith((address, "data:")) else note(r.url)
    )
    yield found
    context.close()
    assert found.faults == []


def test_from_the_matrix_to_a_shift(seen: Seen) -> None:
    seen.open("/")
    seen.page.click("tr:has(th:has-text('Borea')) td:nth-of-type(2) a")
    assert "Borea on The ban" in seen.page.inner_text("#cell")
    assert "with 95 % probability between" in seen.page.inner_text("#cell")
    seen.page.click("tbody tr:last-child td:last-child a")
    assert "Borea" in seen.page.inner_text("mark")
    assert "support" in seen.page.get_attribute("mark", "title")
    assert "% sure" in seen.page.get_attribute("mark", "title")
    seen.page.click("main li a >> nth=0")
    assert seen.page.inner_text("h1") == "Borea"
    assert seen.page.locator("svg .band").count() >= 1
    assert seen.page.locator("svg .shift").count() == 1
    seen.page.click("text=A shift (reversal)")
    before, after = seen.page.locator(".sides section").all()
    assert "rejects the ban" in before.inner_text()
    assert "backs the ban" in after.inner_text()
    assert "probable" in seen.page.inner_text("main")


def test_a_review_changes_the_cell(seen: Seen) -> None:
    seen.open("/evidence?actor=alba&issue=ban")
    before = seen.page.inner_text("#cell")
    seen.page.click("tbody tr:first-child a[href^='/positions/']")
    seen.page.select_option("select[name=stance]", "oppose")
    seen.page.fill("input[name=reviewer]", "a coder")
    seen.page.fill("input[name=note]", "read twice")
    seen.page.click("button")
    assert "a coder: oppose" in seen.page.inner_text("main")
    assert "decided by a coder" in seen.page.inner_text("main")
    seen.page.click("text=all evidence of this cell")
    after = seen.page.inner_text("#cell")
    assert after != before
    assert "1 against" in after


def test_evidence_is_only_ever_text(seen: Seen) -> None:
    seen.open("/evidence?actor=alba&issue=tax&limit=1000")
    assert '<script>alert("x")</script> =HYPERLINK(1)' in seen.page.inner_text("main")
    seen.page.click("a:has-text('<b>T</b>')")
    assert seen.page.inner_text("h1") == "<b>T</b>"
    assert '<script>alert("x")</script>' in seen.page.inner_text("mark")
    assert seen.page.locator("main script, main b").count() == 0


def test_the_policy_holds(seen: Seen) -> None:
    seen.open("/about")
    seen.page.evaluate(
        "() => { const s = document.createElement('script'); s.text = 'window.ran = 1';"
        " document.body.append(s); }"
    )
    assert seen.page.evaluate("() => window.ran") is None
    assert seen.faults
    seen.faults.clear()  # the browser tells of what it kept from running


PAGES = ("/", "/actors/borea", "/shifts", "/evidence", "/about", "/evidence?actor=alba&issue=tax")


@pytest.mark.parametrize("path", PAGES)
def test_no_serious_fault_for_those_who_cannot_see_or_point(seen: Seen, path: str) -> None:
    seen.page.context.close()
    context = seen.page.context.browser.new_context(bypass_csp=True)  # to put axe into the page
    seen.page = context.new_page()
    seen.page.goto(seen.at + path)
    found = axe.Axe().run(seen.page).response["violations"]
    serious = [v for v in found if v["impact"] in ("serious", "critical")]
    assert [(v["id"], v["nodes"][0]["html"]) for v in serious] == []
    context.close()


def test_a_phone_sees_it_all_and_the_keyboard_reaches_it(seen: Seen, tmp_path: Path) -> None:
    seen.page.set_viewport_size({"width": 360, "height": 640})
    for path in PAGES:
        seen.open(path)
        width = seen.page.evaluate("() => document.documentElement.scrollWidth")
        assert width <= 360, path  # wide tables scroll in a frame of their own
    seen.open("/")
    seen.page.keyboard.press("Tab")
    assert seen.page.evaluate("() => document.activeElement.className") == "skip"
    seen.page.screenshot(path=str(tmp_path / "phone.png"))
