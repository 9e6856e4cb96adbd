"""Pages of our own making, in the shapes that real sites have, and what becomes of them."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stance.errors import InputError
from stance.furniture import classify, key_of
from stance.pages import article_from_text, articles_of, with_headline

LEAD = (
    "The president of Norland said on Monday that her country would not give up the two "
    "islands, whatever the price of a truce might be in the end."
)
REPLY = (
    "Her colleague in Southmark answered an hour later that his offer stood, and that he was "
    "ready to meet her in any town she cared to name."
)
THIRD = (
    "Diplomats in both capitals expect the matter to come up again when the ministers of the "
    "league gather in the spring, with little hope of a result."
)
BODY = f"{LEAD}\n\n{REPLY}\n\n{THIRD}"


def paragraphs(page: str, **known: str) -> list[str]:
    """The paragraphs of the one article that a page must hold."""
    (article,) = articles_of(page, **known)  # type: ignore[arg-type]
    return article.text.split("\n\n")


# ---------------------------------------------------------------------------------------
# Lines


@pytest.mark.parametrize(
    "line",
    [
        "Home » World » Islands dispute goes on",
        "Share",
        "Share on Facebook",
        "Facebook Twitter WhatsApp Email",
        "Norland Post logo",
        "Blue background",
        "Advertisement",
        "3 min read",
        "Published 2 hours ago",
        "time12 minutes ago",
        "Skip to main content",
        "Sign up for our daily newsletter and never miss a story.",
        "Subscribe now",
        "Get the day's headlines delivered to your inbox.",
        "Follow us on Telegram",
        "Follow the Norland Post's coverage of the islands",
        "Follow Ann Example on Twitter @annexample.",
        "DOWNLOAD THE APP",
        "Ready for more? Download our app today from your app store.",
        "App Store Google Play",
        "Try Our New Reader Features",
        "Discover what Norland AI can do for you:",
        "Read more: Ferry prices rise again",
        "READ NEXT: Ferry prices rise again",
        "We use cookies to make this site better.",
        "This site uses a filter against spam. Find out what becomes of your comments.",
        "Please help us by turning off the ad blocker in your browser for our website.",
        "Ad blocker detected",
        "You have to be logged in to write a comment.",
        "Your email address will not be published.",
        "Be the first to comment",
        "© 2025 Norland Post. All rights reserved.",
        "This article is for subscribers only",
        "Explore more of our analysis of the islands.",
        "Photo: Ann Example",
        "The harbour on Sunday. Ann Example/Getty Images",
        "(Reporting by Ann Example; editing by Bob Sample)",
        "Watch the ships leave the harbour nowFishermen of the league ask for help",
        "LIVE: Ships leave the harbourMAPS: The islands in five chartsQUIZ: Name the islands",
        "* * *",
        "------",
    ],
)
def test_a_line_of_the_site_is_dropped(line: str) -> None:
    assert paragraphs(f"{LEAD}\n{line}\n{REPLY}") == [LEAD, REPLY]


@pytest.mark.parametrize(
    "line",
    [
        "“Follow our lead,” she told the council.",
        "Help us. Give us ships. Stand with our people in this fight for our freedom.",
        "Join us, and support our country, he asked of the league.",
        "Readers of the newspaper will remember that the minister used to oppose the plan.",
        "He told reporters to watch the ships and said that more would come.",
        "The app that the ministry ordered has been downloaded by few.",
        "Home rule for the islands is off the table, the minister said.",
        "By Monday the ships had left.",
        "Share prices in Norland fell by 3 percent after the speech.",
        "The comments were read as a refusal.",
        "Q: Will Norland leave the league?",
        "- An end to the blockade of both islands, with observers in the harbour.",
        "Who gains from this? Nobody that I know of. Who loses?",
        "1. The islands stay with Norland.",
    ],
)
def test_a_line_of_the_article_is_kept(line: str) -> None:
    assert paragraphs(f"{LEAD}\n{line}\n{REPLY}") == [LEAD, line, REPLY]


def test_a_menu_is_dropped_and_a_short_heading_is_not() -> None:
    page = f"News\nSport\nWeather\nFerries\n{LEAD}\nThe harbour\n{REPLY}\nContact\nImprint\nJobs"
    assert paragraphs(page) == [LEAD, "The harbour", REPLY]


def test_links_in_capitals_amid_the_text_are_dropped() -> None:
    page = f"{LEAD}\nSOUTHMARK BUYS TEN SHIPS FROM THE LEAGUE\n{REPLY}"
    assert paragraphs(page) == [LEAD, REPLY]


def test_a_repeated_paragraph_counts_once() -> None:
    assert paragraphs(f"{LEAD}\n{REPLY}\n{LEAD}") == [LEAD, REPLY]


@pytest.mark.parametrize(
    ("glued", "pieces"),
    [
        ("By islands editor Ann ExampleThe first ship left.", ["The first ship left."]),
        ("By Norland correspondent Bob SamplePeter said no.", ["Peter said no."]),
        ("By Ann McDonaldThe first ship left.", ["The first ship left."]),
        (
            "It was told by Ann ExampleThe first ship left.",
            ["It was told by Ann Example", "The first ship left."],
        ),
        (
            "What the islanders thinkThey want peace, most of them.",
            ["What the islanders think", "They want peace, most of them."],
        ),
        (
            "McDonald of BlackRock met iPhone makers on LinkedIn today.",
            ["McDonald of BlackRock met iPhone makers on LinkedIn today."],
        ),
    ],
)
def test_what_is_glued_to_a_sentence_is_cut_off(glued: str, pieces: list[str]) -> None:
    assert paragraphs(f"{LEAD}\n{glued}\n{REPLY}") == [LEAD, *pieces, REPLY]


def test_glued_sentences_are_cut_in_pages_too() -> None:
    assert paragraphs("She said no.And that was that.") == ["She said no. And that was that."]


def test_remains_of_markup_are_mended() -> None:
    assert paragraphs("The minister&#8217;s plan failed, &quot;again&quot;.") == [
        'The minister’s plan failed, "again".'
    ]


# ---------------------------------------------------------------------------------------
# Title, source and date


def test_the_first_heading_is_the_title_and_stands_there_once() -> None:
    (article,) = articles_of(f"Norland keeps its islands\n\n{BODY}")
    assert article.title == "Norland keeps its islands"
    assert article.text == f"Norland keeps its islands\n\n{BODY}"


def test_a_text_that_starts_without_a_heading_has_no_title() -> None:
    (article,) = articles_of(BODY)
    assert article.title is None
    assert article.text == BODY


def test_a_title_that_stands_twice_below_a_summary_is_the_title() -> None:
    summary = "The islands stay where they are, says Norland."
    (article,) = articles_of(
        f"{summary}\nNorland keeps its islands\n\nNorland keeps its islands\n{BODY}"
    )
    assert article.title == "Norland keeps its islands"
    assert article.text == f"Norland keeps its islands\n\n{summary}\n\n{BODY}"


def test_a_given_title_wins_and_is_not_doubled() -> None:
    (article,) = articles_of(
        f"Norland Keeps Its Islands\n{BODY}", title="Norland keeps its islands"
    )
    assert article.text == f"Norland keeps its islands\n\n{BODY}"


def test_what_is_given_is_kept() -> None:
    day = datetime(2025, 3, 4)
    (article,) = articles_of(BODY, title="T", source="S", url="https://e.org/x", published=day)
    assert (article.title, article.source, article.url) == ("T", "S", "https://e.org/x")
    assert article.published == day.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "imprint",
    [
        "Norland Post\nPublished: 4 March 2025",
        "Norland Post | March 4, 2025",
        "Norland Post\n2025-03-04\nBy Ann Example",
        "By Ann Example • 4 March 2025 • 3 min read",
    ],
)
def test_the_date_of_a_page_is_found(imprint: str) -> None:
    (article,) = articles_of(f"Norland keeps its islands\n{imprint}\n{BODY}")
    assert article.published == datetime(2025, 3, 4, tzinfo=UTC)
    assert article.text == f"Norland keeps its islands\n\n{BODY}"


@pytest.mark.parametrize(
    "imprint", ["Norland Post2 days ago", "Norland Post\ntime5 minutes ago\n• Norland Post"]
)
def test_the_source_of_a_page_is_found_and_a_bare_age_is_no_date(imprint: str) -> None:
    (article,) = articles_of(f"Norland keeps its islands\n{imprint}\n{BODY}")
    assert (article.source, article.published) == ("Norland Post", None)
    assert article.text == f"Norland keeps its islands\n\n{BODY}"


def test_the_agency_of_a_dateline_is_the_source() -> None:
    (article,) = articles_of(f"NORTHPORT, March 4 (Reuters) - {LEAD}")
    assert article.source == "Reuters"


# ---------------------------------------------------------------------------------------
# Parts of the page


def test_comments_below_the_article_are_dropped() -> None:
    page = f"{BODY}\nLeave a Reply\nI do not believe a word of what this woman says about it."
    assert paragraphs(page) == [LEAD, REPLY, THIRD]


def test_a_link_to_the_comments_above_the_article_drops_nothing() -> None:
    assert paragraphs(f"Leave a comment\n{BODY}") == [LEAD, REPLY, THIRD]


def test_links_amid_the_article_are_dropped_and_the_rest_goes_on() -> None:
    page = f"{LEAD}\nRelated stories\nShips leave the harbour\nFerry prices rise again\n{REPLY}"
    assert paragraphs(page) == [LEAD, REPLY]


def test_teasers_of_other_stories_are_dropped() -> None:
    page = (
        f"{BODY}\nYou may also like\nShips leave the harbour\nTen ships left on Sunday.\n"
        "Ferry prices rise again\nThe ferry now costs ten crowns."
    )
    assert paragraphs(page) == [LEAD, REPLY, THIRD]


def test_a_call_to_action_ends_at_the_next_heading() -> None:
    page = f"{LEAD}\nCall to Action\nWe must all write letters.\nWhat comes next\n{REPLY}"
    assert paragraphs(page) == [LEAD, "What comes next", REPLY]


def test_a_heading_with_nothing_below_is_dropped() -> None:
    assert paragraphs(f"{BODY}\nShips leave the harbour of Northport") == [LEAD, REPLY, THIRD]


def test_a_page_with_several_articles_is_split() -> None:
    page = f"""logo
Norland keeps its islands

Norland keeps its islands

Norland Post2 days ago
{BODY}
Comments
Be the first to comment
Related Articles

Southmark makes an offer again
Southmark makes an offer again

The Southern Mail

time12 minutes ago

  • The Southern Mail

Southmark makes an offer again

{REPLY} Nobody in Northport had asked for it.

Ferry prices in the league rise
Ferry prices in the league rise

Harbour News

time1 hour ago

  • Harbour News

Ferry prices in the league rise

{THIRD} The ferry now costs ten crowns.

GET THE APP

Download the Norland app today from your app store.
"""
    articles = articles_of(page, url="https://norland.example/1", source="Given")
    assert [(a.title, a.source, a.url) for a in articles] == [
        ("Norland keeps its islands", "Given", "https://norland.example/1"),
        ("Southmark makes an offer again", "The Southern Mail", None),
        ("Ferry prices in the league rise", "Harbour News", None),
    ]
    assert [a.text.split("\n\n", 1)[1] for a in articles] == [
        BODY,
        f"{REPLY} Nobody in Northport had asked for it.",
        f"{THIRD} The ferry now costs ten crowns.",
    ]


def test_an_article_with_its_own_date_below_another_is_split() -> None:
    page = (
        f"Norland keeps its islands\n4 March 2025\n{BODY}\n"
        f"Southmark makes an offer again\nBy Ann Example\n5 March 2025\n{REPLY} It was late."
    )
    first, second = articles_of(page)
    assert (first.published, second.published) == (
        datetime(2025, 3, 4, tzinfo=UTC),
        datetime(2025, 3, 5, tzinfo=UTC),
    )
    assert second.text == f"Southmark makes an offer again\n\n{REPLY} It was late."


@pytest.mark.parametrize(
    "page",
    [
        "",
        " \n\n ",
        "***",
        "Home\nNews\nSport\nSign in",
        "We use cookies. Accept all cookies?\nSubscribe to continue reading.",
        "Related Articles\nShips leave the harbour\nFerry prices rise\nMore rain\nA quiet week",
    ],
)
def test_a_page_of_furniture_holds_no_article(page: str) -> None:
    assert articles_of(page) == []


def test_a_lone_headline_is_an_article() -> None:
    (article,) = articles_of("Norland rejects the truce\n")
    assert article.text == "Norland rejects the truce"


# ---------------------------------------------------------------------------------------
# HTML

HTML = f"""<!doctype html><html><head><title>Norland keeps its islands | Norland Post</title>
<meta property="og:site_name" content="Norland Post">
<meta property="article:published_time" content="2025-03-04T10:00:00+01:00">
<link rel="canonical" href="https://norland.example/islands"></head>
<body><nav><a href="/">Home</a> <a href="/news">News</a></nav>
<article><h1>Norland keeps its islands</h1><p>By Ann Example</p>
<p>{LEAD}</p><h2>An offer</h2><p>{REPLY.replace("his offer", "<b>his</b> offer")}</p><p>{THIRD}</p>
<p>Sign up for our newsletter to get more of this.</p></article>
<aside><h3>Related</h3><a href="/ferry">Ferry prices rise again</a></aside>
<footer>© 2025 Norland Post</footer></body></html>"""


def test_an_html_page_gives_its_text_and_what_its_head_says() -> None:
    (article,) = articles_of(HTML, is_html=True)
    assert article.text == f"Norland keeps its islands\n\n{LEAD}\n\nAn offer\n\n{REPLY}\n\n{THIRD}"
    assert article.title == "Norland keeps its islands"
    assert article.source == "Norland Post"
    assert article.url == "https://norland.example/islands"
    assert article.published == datetime(2025, 3, 4, tzinfo=UTC)


def test_a_bare_piece_of_html_is_read() -> None:
    (article,) = articles_of("<p>The minister said no to the plan.</p>", is_html=True)
    assert article.text == "The minister said no to the plan."


@pytest.mark.parametrize("page", ["<html></html>", "<html><body><script>a</script></body></html>"])
def test_html_without_text_holds_no_article(page: str) -> None:
    assert articles_of(page, is_html=True) == []


# ---------------------------------------------------------------------------------------
# A text that is taken at its word


def test_an_analysed_text_keeps_every_line() -> None:
    article = article_from_text(
        "Share\nShe said no.And left.\n\n\nRelated Articles\nFollow us on X\x00"
    )
    assert article.text == "Share\nShe said no. And left.\n\nRelated Articles\nFollow us on X"


def test_an_analysed_text_starts_with_its_title() -> None:
    article = article_from_text(LEAD, title=" Norland keeps\nits islands ", source="S", url="u")
    assert article.text == f"Norland keeps its islands\n\n{LEAD}"
    assert (article.title, article.source, article.url) == ("Norland keeps its islands", "S", "u")


@pytest.mark.parametrize("text", ["", " \n", "\u200b", "?!"])
def test_a_text_without_words_is_an_error(text: str) -> None:
    with pytest.raises(InputError, match="no words"):
        article_from_text(text)


@pytest.mark.parametrize(
    ("text", "title", "headed"),
    [
        ("Body.", None, "Body."),
        ("Body.", "", "Body."),
        ("Body.", "Title", "Title\n\nBody."),
        ("Title\nBody.", "Title", "Title\nBody."),
        ("TITLE!\n\nBody.", "Title", "TITLE!\n\nBody."),
        ("Norland said no.", "Norland", "Norland\n\nNorland said no."),
        (
            "Norland says no to all of it again",
            "Norland says no to all",
            "Norland says no to all of it again",
        ),
    ],
)
def test_the_headline_is_put_first_once(text: str, title: str | None, headed: str) -> None:
    assert with_headline(text, title) == headed


# ---------------------------------------------------------------------------------------
# Any page at all

LINES = st.one_of(
    st.sampled_from(
        [
            LEAD,
            REPLY,
            "Norland keeps its islands",
            "Norland keeps its islands",
            "Norland Post",
            "Norland Post2 days ago",
            "time5 minutes ago",
            "4 March 2025",
            "By Ann ExampleThe ship left",
            "Comments",
            "Related Articles",
            "Call to action",
            "Share",
            "Home » World » Islands",
            "| a | b |",
            "<p>x</p>&amp;",
            "",
        ]
    ),
    st.text(max_size=40),
)


@given(st.lists(LINES, max_size=25), st.one_of(st.none(), st.text(max_size=20)))
@settings(deadline=None)
def test_any_page_gives_articles_with_text(lines: list[str], title: str | None) -> None:
    for article in articles_of("\n".join(lines), title=title):
        assert article.text.strip()
        article.text.encode("utf-8")
        assert key_of(article.text).startswith(key_of(article.title or ""))
        assert "\n\n\n" not in article.text


@given(st.text(min_size=1).filter(str.strip))
@settings(deadline=None)
def test_any_line_is_classified(line: str) -> None:
    assert classify(line.strip()).words >= 1


@pytest.mark.parametrize(
    "unit",
    [f"{LEAD} ", f"{LEAD}\n", "a b c\n", "Home\n", "A b c d e\nA b c d e\nToday\n", "By Ann B"],
)
def test_time_is_linear_in_length(unit: str) -> None:
    def seconds(size: int) -> float:
        page = unit * (size // len(unit))
        start = time.process_time()
        articles_of(page)
        return time.process_time() - start

    seconds(1_000)
    small, large = seconds(10_000), seconds(100_000)
    # ten times the page: quadratic time would be a hundred times as long
    assert large < 40 * max(small, 0.01)
