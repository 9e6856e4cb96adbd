"""Twelve shapes of pages, of our own making: their articles, and nothing else.

Each page says what its articles are and which of its lines belong to the site: none of these
may be among the sentences, for a sentence is what can carry a position. A line that starts with
two spaces goes on from the one before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stance.furniture import key_of
from stance.reading import read
from stance.records import Article, Skipped
from stance.sentences import split

Head = tuple[str | None, str | None]
"""The title and the day (ISO 8601) of an article."""


@dataclass(frozen=True)
class Page:
    """A page with what is to become of it: ``kept`` and ``dropped`` are parts of lines."""

    text: str
    articles: Sequence[Head]
    kept: Sequence[str] = ()
    dropped: Sequence[str] = ()
    skipped: str | None = None
    ending: str = ".txt"


SITE = """Skip to main content
Home
News
Islands
Ferries
Sign in
"""
FOOT = """
Sign up for our morning newsletter and never miss a story.
Share on Facebook
Related articles
Ferry prices rise again
Ten ships leave the harbour
© 2025 Norland Post. All rights reserved.
"""

TWO = Page(
    f"""{SITE}
Norland keeps its islands
By Ann Example
4 March 2025

The president of Norland said on Monday that her country would not give up the two islands,
  whatever the price of a truce might be in the end.

"We have nothing to sell," she told the guild of pilots, and sat down again.
Comments
Be the first to comment

Southmark makes an offer again
The Southern Mail
5 March 2025

The government of Southmark repeated on Tuesday that its offer of a truce stood, and that its
  envoy was ready to meet the president in any town that she cared to name.

Nobody in Northport had asked for it.
{FOOT}""",
    [("Norland keeps its islands", "2025-03-04"), ("Southmark makes an offer again", "2025-03-05")],
    kept=["We have nothing to sell", "Nobody in Northport had asked"],
    dropped=["Be the first", "newsletter", "Ferry prices", "rights reserved", "Ann Example"],
)

LIVE_BLOG = Page(
    f"""{SITE}
Live: Envoys meet over the islands

Published: 4 March 2025

Follow our live coverage below.

Key events
Show key events only

14:32
Truce talks adjourned
The envoys left the customs house without a word to the press. Southmark's man said later that
  his government supports a truce of thirty days.
Share
Updated at 14.40

13:05
Norland says no to a truce without guarantees
The Nordish delegation rejected the offer. "A truce without guarantees is a holiday for their
  cannon," its head told reporters on the steps.
Share

11:50
Good morning
The envoys are arriving at the customs house, where the talks are to begin at noon.
Refresh for updates
{FOOT}""",
    [("Live: Envoys meet over the islands", "2025-03-04")],
    kept=["supports a truce of thirty days", "holiday for their cannon", "to begin at noon"],
    dropped=["Follow our", "Show key events", "Updated at", "Refresh", "14:32", "newsletter"],
)

TRANSCRIPT = Page(
    """Full transcript: The minister on the islands
4 March 2025

Transcript
Listen now
[MUSIC PLAYING]

ANN EXAMPLE: Minister, will you give up the islands?

MINISTER: No. We will not give up one stone of them, and I have said so to my colleague.

ANN EXAMPLE: And the truce?

MINISTER: I am for a truce, but it has to be watched by somebody who has eyes.

This transcript was generated automatically and may contain errors.
Subscribe to our podcast wherever you get your podcasts.
""",
    [("Full transcript: The minister on the islands", "2025-03-04")],
    kept=["will you give up the islands", "not give up one stone", "I am for a truce"],
    dropped=["MUSIC", "Listen now", "generated automatically", "Subscribe"],
)

BULLETS = Page(
    f"""{SITE}
What the league agreed in Northport
4 March 2025

The ministers of the league closed their meeting on Monday with four decisions:

• A truce of thirty days on both islands, to be watched by the league
• An end to the blockade of the harbour
- The president of Norland rejects any vote on the islands
* Southmark backs an exchange of prisoners;
1. The ferries sail again from the first of April.
2. The next meeting is in June.
{FOOT}""",
    [("What the league agreed in Northport", "2025-03-04")],
    kept=[
        "A truce of thirty days",
        "An end to the blockade",
        "rejects any vote",
        "The ferries sail",
    ],
    dropped=["newsletter", "Ferry prices", "Skip to main"],
)

PAYWALL = Page(
    f"""{SITE}
Why the president will not sell
4 March 2025

The president of Norland has told friends that she opposes every plan that begins with a map
  and ends with a pencil, as three of them recall.

To continue reading, subscribe now.
Already a subscriber? Sign in
Subscribe to unlock this article and get unlimited access for 1 crown a week. Cancel anytime.
This article is for subscribers only
{FOOT}""",
    [("Why the president will not sell", "2025-03-04")],
    kept=["she opposes every plan"],
    dropped=["continue reading", "Already a", "unlock", "subscribers only"],
)

COOKIE_WALL = Page(
    """We value your privacy
We and our partners use cookies to store and access information on your device.
You can change your mind at any time in our cookie policy.
Accept all cookies
Reject all
Manage cookies
Privacy policy
""",
    [],
    dropped=["cookies"],
    skipped="it holds no article, only site furniture",
)

GALLERY = Page(
    f"""{SITE}
In pictures: the harbour on the day of the truce
4 March 2025

1/12
Fishermen wave to a Southmarker ferry that enters the harbour for the first time in a year.
Photograph: Ann Example/Getty Images
2/12
The president, who opposes the truce, watches from the window of the customs house.
Photo: Bob Sample
Next image
3/12
Children count the boats.
View gallery
{FOOT}""",
    [("In pictures: the harbour on the day of the truce", "2025-03-04")],
    kept=["Fishermen wave", "who opposes the truce", "Children count"],
    dropped=["Getty", "Bob Sample", "Next image", "View gallery", "1/12", "3/12"],
)

FOREIGN = Page(
    """Norland behält seine Inseln
4. März 2025

Die Präsidentin von Norland sagte am Montag, ihr Land werde die beiden Inseln nicht aufgeben, was
  auch immer ein Waffenstillstand am Ende kosten möge. Ihr Kollege in Südmark antwortete eine Stunde
  später, dass sein Angebot weiter gelte und er bereit sei, sie in jeder Stadt zu treffen.
""",
    [],
    skipped="it is not in English (but in 'de', as it seems)",
)

FURNITURE = Page(
    f"""{SITE}Log in
Advertisement
Get the day's headlines delivered to your inbox.
Most read
Ships leave the harbour of Northport
Ferry prices rise again
A quiet week on the islands
More rain is on its way
Download our app today from your app store.
{FOOT}""",
    [],
    skipped="it holds no article, only site furniture",
)

TABLE = Page(
    """<!doctype html><html><head><title>How the league voted on the truce | Norland Post</title>
<meta property="og:site_name" content="Norland Post">
<meta property="article:published_time" content="2025-03-04T10:00:00+01:00"></head><body>
<nav><a href="/">Home</a><a href="/news">News</a></nav><article>
<h1>How the league voted on the truce</h1>
<p>The council of the league voted on Monday on a truce of thirty days, and the vote was closer
  than the envoys of the two countries had expected it to be when they came.</p>
<table><tr><th>Member</th><th>Vote</th></tr>
<tr><td>Norland</td><td>Norland voted against the truce.</td></tr>
<tr><td>Southmark</td><td>Southmark voted for the truce.</td></tr></table>
<p>The president of the council said &ldquo;the numbers speak&rdquo; &amp; closed the session
  before anybody could ask her what it was that they said.</p></article>
<aside><h3>Newsletter</h3><p>Sign up for our newsletter to get more of this.</p></aside>
<footer>© 2025 Norland Post</footer></body></html>""",
    [("How the league voted on the truce", "2025-03-04")],
    kept=["Norland voted against", "Southmark voted for", "“the numbers speak” & closed"],
    dropped=["newsletter", "©", "Home", "|"],
    ending=".html",
)

PRESS_RELEASE = Page(
    """FOR IMMEDIATE RELEASE
4 March 2025

Norland's government welcomes the truce on the islands

NORTHPORT, 4 March 2025 – The government of Norland welcomes the truce that was agreed today and
  will send observers to both islands within the week.

"We support this truce without reserve," said the foreign minister.

###

Media contact:
Press office of the government
Phone: +00 555 0100
Email: press@government.example
For more information, visit www.government.example
About the government of Norland
""",
    [("Norland's government welcomes the truce on the islands", "2025-03-04")],
    kept=["welcomes the truce that was agreed", "We support this truce"],
    dropped=["IMMEDIATE", "###", "Media contact", "555", "press@", "www."],
)

THREAD = Page(
    """Ada Bell
@adabell
Norland does not sell islands. Not today, not at that price. 1/3
9:12 AM · 4 Mar 2025 · 12.3K Views
Reply
Repost
Like
Ada Bell
@adabell
I reject the offer from Southmark and have told its envoy so this morning. 2/3
9:14 AM · 4 Mar 2025
104 Reposts 12 Quotes 1.2K Likes
Ada Bell
@adabell
What we do support is a truce 🕊️ that somebody watches. #islands 3/3
9:15 AM · 4 Mar 2025
Show more replies
Show this thread
""",
    [(None, "2025-03-04")],
    kept=["does not sell islands", "I reject the offer", "What we do support is a truce 🕊️"],
    dropped=["Views", "Reposts", "Repost", "@adabell", "9:14", "Show more", "Show this"],
)

PAGES = {
    "two articles": TWO,
    "live blog": LIVE_BLOG,
    "transcript": TRANSCRIPT,
    "bullet points": BULLETS,
    "paywall stub": PAYWALL,
    "cookie wall": COOKIE_WALL,
    "gallery": GALLERY,
    "another language": FOREIGN,
    "only furniture": FURNITURE,
    "table": TABLE,
    "press release": PRESS_RELEASE,
    "thread of posts": THREAD,
}


@pytest.mark.parametrize("shape", PAGES)
def test_a_page_becomes_its_articles(shape: str, tmp_path: Path) -> None:
    page = PAGES[shape]
    file = tmp_path / f"page{page.ending}"
    file.write_text(page.text.replace("\n  ", " "), encoding="utf-8")
    found = list(read([str(file)]))
    articles = [one for one in found if isinstance(one, Article)]
    assert [(one.title, one.published) for one in articles] == [
        (title, datetime.fromisoformat(day).replace(tzinfo=UTC) if day else None)
        for title, day in page.articles
    ]
    assert [one.reason for one in found if isinstance(one, Skipped)] == (
        [page.skipped] if page.skipped else []
    )
    lines = [line for one in articles for line in sentences(one)]
    assert [part for part in page.kept if not any(part in line for line in lines)] == []
    assert [(part, line) for part in page.dropped for line in lines if part in line] == []


def sentences(article: Article) -> list[str]:
    """What of an article can carry a position; the title stands first and once."""
    text, cuts = article.text, split(article.text)
    assert all(text[cut.start : cut.end].strip() == text[cut.start : cut.end] for cut in cuts)
    assert "".join("".join(text[c.start : c.end] for c in cuts).split()) == "".join(text.split())
    lines = [text[cut.start : cut.end] for cut in cuts]
    if article.title:
        assert [key_of(line) for line in lines].count(key_of(article.title)) == 1
        assert text.startswith(article.title)
    return lines
