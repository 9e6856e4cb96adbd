"""One line of a page → what it is there for: prose, a heading, or furniture of the site.

Each line is judged by itself, by patterns that hold across sites; what only its
neighbours can tell (a menu, a list of other stories) is decided in ``pages``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from stance.cleaning import has_words
from stance.dates import parse_date

Kind = Literal[
    "prose",
    "heading",
    "byline",  # who wrote it, or at what hour
    "date",  # when it was published
    "age",  # how long ago that was, or how long it takes to read
    "source",  # who published it, with the age taken off
    "echo",  # a short item after a bullet, such as the source again
    "furniture",
    "comments",  # readers' comments start here
    "related",  # links to other stories start here
    "appeal",  # a box that asks the reader for something starts here
]


@dataclass(frozen=True, slots=True)
class Block:
    """A line of a page and its kind; ``words`` is how many words it has."""

    kind: Kind
    text: str
    words: int

    @property
    def key(self) -> str:
        """What two copies of the same line have in common."""
        return key_of(self.text)


def key_of(line: str) -> str:
    """A line without its case, quotation marks and other punctuation, to compare lines by."""
    return " ".join(re.sub(r"[\W_]+", " ", line.casefold()).split())


def classify(line: str) -> Block:
    """The block that a cleaned, non-empty line is."""
    words = len(line.split())
    with_age = _SOURCE_AND_AGE.fullmatch(line)
    if with_age is not None and len(with_age["source"].split()) <= _MOST_SOURCE_WORDS:
        source = with_age["source"].strip()
        return Block("source", source, len(source.split()))
    return Block(_kind(line, words), line, words)


def _kind(line: str, words: int) -> Kind:
    if not has_words(line):
        return "furniture"
    return (
        _marker(line, words)
        or _imprint(line, words)
        or _site_talk(line, words)
        or _content(line, words)
    )


def is_handle(block: Block) -> bool:
    """Whether a block is the account name under that of who wrote a post ("@example")."""
    return _HANDLE.fullmatch(block.text) is not None


def is_long(block: Block) -> bool:
    """Whether a block is a paragraph rather than a caption or a teaser."""
    return block.kind == "prose" and block.words >= 12


def _any(*phrases: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """A pattern that is any of the phrases, which are patterns themselves."""
    return re.compile("|".join(phrases), flags)


# ---------------------------------------------------------------------------------------
# Headings under which a part of the site begins; compared by their key

_STORIES: Final = "(?:articles?|stor(?:y|ies)|posts?|news|headlines|reading|coverage)"

_COMMENTS: Final = _any(
    r"(?:\d+ )?(?:readers? )?comments?(?: \d+)?",
    r"(?:leave|post|add|write) (?:a|your) (?:reply|comment)",
    r"(?:view|show|read|see) (?:all )?(?:\d+ )?comments?",
    r"(?:\d+|one) (?:responses?|thoughts?) (?:to|on) .*",
    r"join the (?:conversation|discussion|debate)",
    r"have your say|what do you think|discussion",
)
_RELATED: Final = _any(
    rf"related(?: (?:{_STORIES}|content|topics?|links?))?",
    r"more (?:from|on|about|in) .{1,40}",
    rf"more (?:{_STORIES}|to read|like this)",
    r"you (?:may|might)(?: also)? (?:like|enjoy|be interested in|have missed)",
    r"you ll also like|don t miss|in case you missed it",
    rf"(?:recommended|suggested|selected|picked)(?: (?:for you|{_STORIES}))?",
    r"(?:most|more) (?:read|popular|viewed|shared|commented)(?: .{1,30})?",
    rf"(?:trending|popular)(?: (?:now|today|topics|{_STORIES}))?",
    r"(?:read|up|what to read|watch) next",
    r"editors? (?:s )?(?:picks?|choice)|top (?:stories|news|headlines)",
    rf"(?:latest|recent|other|similar|further|featured)(?: .{{1,20}})? {_STORIES}",
    r"also (?:read|in the news|on this site)|see also|elsewhere on .{1,30}",
    r"(?:from )?around the web|from our partners",
    r"(?:sponsored|promoted|partner) (?:content|links|stories)",
)
_APPEAL: Final = _any(
    r"(?:a )?call to action|take action|get involved",
    r"how (?:you can|to) help|what you can do",
    r"support (?:our|independent) (?:work|journalism)",
    r"(?:our|the) newsletters?|stay (?:connected|informed|in touch)",
)


def _marker(line: str, words: int) -> Kind | None:
    if words > 8 or line[-1] in ".,;":
        return None
    key = key_of(line)
    if _COMMENTS.fullmatch(key):
        return "comments"
    if _RELATED.fullmatch(key):
        return "related"
    return "appeal" if _APPEAL.fullmatch(key) else None


# ---------------------------------------------------------------------------------------
# Who wrote it, who published it, and when

_MOST_SOURCE_WORDS: Final = 5
_MOST_BYLINE_WORDS: Final = 16
_MOST_CREDIT_WORDS: Final = 30

_UNIT: Final = r"(?:sec(?:ond)?s?|min(?:ute)?s?|hrs?|hours?|days?|weeks?|months?|years?|[smhdw])"
_AGE: Final = _any(
    r"(?:time|(?:last )?updated|published|posted|modified)?[ :]*"
    rf"(?:(?:\d+|an?|one|two|three) ?{_UNIT} ago|just now|yesterday)",
    r"\d+[ -]?min(?:ute)?s?(?: read)?",
    r"(?:est(?:imated)?\.? )?(?:reading|read) time:? .{1,20}",
    flags=re.IGNORECASE,
)
_SOURCE_AND_AGE: Final = re.compile(
    rf"(?P<source>[A-Z][\w.&'’\- ]{{1,38}}?[A-Za-z.)])[ ·•|,–—-]*\d+ ?{_UNIT} ago"
)
_BULLET: Final = re.compile(r"[•·▪●◦‣*] ?(?=\S)")
_BYLINE_WORD: Final = (
    r"(?:[^\W\d_a-z][\w.'’\-]*,?|and|&|in|of|for|from|at|with|the|de|van|von|der|bin|al"
    r"|editor|correspondent|reporter|writer|staff|political|diplomatic|defence|defense|foreign"
    r"|chief|senior|world|business|security|affairs|analyst|columnist|producer|journalist)"
)
_BYLINE: Final = _any(
    rf"(?:(?:Written|Posted|Reported|Story|Text|Words|Analysis) by|By):? "
    rf"(?:{_BYLINE_WORD}(?: |$)){{1,12}}",
    # "By islands editor Ann Example": lower-case words before what somebody is
    r"By (?:[\w.'’\-]+ ){0,4}(?:editor|correspondent|reporter|writer|columnist|analyst)"
    r"(?: [^\W\d_a-z][\w.'’\-]*){0,4}",
    r"Authors?: ?.{1,80}",
)
_HOUR: Final = re.compile(
    r"(?:updated (?:at )?)?\d{1,2}[:.]\d{2}(?: ?[ap]\.?m\.?)?(?: [A-Z]{2,4})?", re.IGNORECASE
)
_HANDLE: Final = re.compile(r"@\w{1,30}")
_AGENCY: Final = r"(?:Getty Images?|AFP|Reuters|AP|EPA|Shutterstock)"
_CREDIT: Final = _any(
    r"\(?(?:additional )?(?:reporting|writing|editing|compiled)"
    r"(?: and (?:writing|editing))? by .{1,200}",
    r"(?:image|photo|picture|video)s?(?: source| credit| by| courtesy(?: of)?)?[:,] ?.{1,80}",
    r"(?:photograph|illustration)s?(?: by|:) ?.{1,80}",
    r"image caption|file (?:photo|image)|getty images",
    rf".{{0,250}}(?:/ ?|\bvia |\bPhotograph: ?){_AGENCY}\)?",
    flags=re.IGNORECASE,
)
_DATE_LABEL: Final = re.compile(
    r"(?:(?:first |originally |last )?(?:published|posted|updated|modified)(?: on| at)?|date)[: ]+",
    re.IGNORECASE,
)
_DATE_GLUE: Final = re.compile(r" ?[|•·–—] ?| at | - ")
_YEAR: Final = re.compile(r"\b(?:19|20)\d\d\b")
_VIEWS: Final = re.compile(r"[ ·]+[\d,.]+[KM]? Views$", re.IGNORECASE)
_LONGEST_DATE: Final = 70  # characters


def line_date(line: str) -> datetime | None:
    """The date that a line of a page consists of, but for a label such as "Published:"."""
    if len(line) > _LONGEST_DATE or _YEAR.search(line) is None:
        return None
    label = _DATE_LABEL.match(line)
    bare = _VIEWS.sub("", line[label.end() :] if label else line)
    try:
        return parse_date(_DATE_GLUE.sub(" ", bare.rstrip(".")).strip())
    except ValueError:
        return None


def _imprint(line: str, words: int) -> Kind | None:
    if _AGE.fullmatch(line):
        return "age"
    if line_date(line) is not None:
        return "date"
    if _HANDLE.fullmatch(line) or _HOUR.fullmatch(line):
        return "byline"
    if words <= _MOST_BYLINE_WORDS and _BYLINE.fullmatch(line):
        return "byline"
    if words <= _MOST_CREDIT_WORDS and _CREDIT.fullmatch(line):
        return "furniture"
    if words <= _MOST_SOURCE_WORDS and _BULLET.match(line) and line[-1].isalnum():
        return "echo"
    return None


# ---------------------------------------------------------------------------------------
# The site talking to its visitor

_LONGEST_NOTICE: Final = 60  # words
_LONGEST_APPEAL: Final = 40
_LONGEST_BUTTON: Final = 8

# Anywhere in a line.
_NOTICE: Final = _any(
    # cookies
    r"\bwe(?: and our partners)? use cookies\b|\bsite uses\b|\buses? cookies (?:to|for)\b",
    r"\bcookie (?:policy|settings|preferences|consent|notice)\b|\bwe value your privacy\b",
    r"\b(?:accept|reject|manage)(?: all)? cookies\b|\bby continuing to (?:use|browse)\b",
    # advertisements
    r"\bad[ -]?block(?:er|ers|ing)?\b.{0,40}\b(?:detected|enabled|disabled?|off|whitelist)\b",
    r"\bdisabl\w+ (?:your |the )?ad[ -]?block|\bwe may earn (?:a )?commission\b",
    # comments
    r"\b(?:must|need to|have to) be (?:logged|signed) in\b|\bno comments yet\b",
    r"\bemail address will not be published\b|\brequired fields are marked\b",
    r"\bbe the first to comment\b|\b(?:log|sign) in to (?:comment|reply|leave|post)\b",
    r"\bsave my name, email\b|\bcomments are (?:closed|moderated|turned off)\b",
    # newsletters and subscriptions
    r"\b(?:delivered|sent|straight|direct(?:ly)?) to your (?:inbox|e-?mail|phone)\b",
    r"\bin your inbox\b|\bskip past newsletter\b|\balready (?:a |have a )?subscri",
    r"\bsubscribe(?:rs)? to (?:continue|read|unlock|keep)\b|\bto continue reading\b",
    r"\bthis (?:article|content|story) is (?:only |exclusively )?"
    r"(?:for|available (?:only )?to) (?:our )?subscribers\b",
    r"\bcreate (?:a |your )?free account\b|\bunlimited (?:digital )?access\b",
    r"\bcancel any ?time\b",
    # rights and technical notes
    r"\ball rights reserved\b|(?:©|\bcopyright) ?(?:©|\(c\))? ?(?:19|20)\d\d\b",
    r"\bmay not be (?:published|reproduced|rewritten|redistributed)\b",
    r"\bplease (?:enable|turn on) javascript\b|\byour browser (?:does not|doesn't)\b",
    r"\bthis (?:page|text|transcript|translation) (?:is|was) (?:automatically )?"
    r"(?:translated|generated|transcribed)\b",
    flags=re.IGNORECASE,
)

# An order to the reader, with the site's own things, spoken of as its own or the reader's.
# All three must be there: a speech that is printed without quotation marks has orders too.
_ORDER: Final = re.compile(
    r"(?:^|[.!?:] )(?:please |to |and )?"
    r"(?:download|subscribe|sign up|join|follow|get|try|click|tap|read|watch|listen|explore"
    r"|discover|support|disable|enter|register|log in|learn|visit|become|donate|help|consider"
    r"|check out|share|contact|browse|stay|don[’']t miss|turn off|send|let us know|find|see)\b",
    re.IGNORECASE,
)
_OWN: Final = re.compile(r"\b(?:our|us|your|you)\b", re.IGNORECASE)
_SITE_THING: Final = re.compile(
    r"\b(?:apps?|newsletters?|inbox|e-?mails?|podcasts?|channels?|web ?sites?|browsers?|page"
    r"|ad ?block\w*|subscriptions?|accounts?|coverage|analysis|insights?|journalism|reporting"
    r"|stories|articles?|features|social media|facebook|twitter|instagram|youtube|telegram"
    r"|whatsapp|linkedin|notifications?|alerts?|comments?|cookies|data is)\b",
    re.IGNORECASE,
)
_FOLLOW: Final = re.compile(
    r"(?:^|[.!?] )Follow .{1,60} on (?:X|Twitter|Facebook|Instagram|Telegram|Threads|Bluesky"
    r"|YouTube|TikTok|LinkedIn|WhatsApp|Google News)\b"
)

# Lines that are a link or a button, whatever follows their first words.
_LINK_START: Final = _any(
    r"try our|explore (?:our|what|more)|discover (?:our|more|what)|download|subscribe",
    r"sign (?:up|in)|log ?in|click|tap (?:here|to)|skip to|back to|go to|return to|toggle",
    r"read (?:more|next|also|the full|our|full)|also read|continue reading|learn more",
    r"watch (?:live|now|more|the (?:full )?video|:|next)|listen (?:to|now|live)",
    r"view (?:all|more|comments|gallery|image)|see (?:more|all|also)|load(?:ing| more)",
    r"find out more|show (?:more|less|all|key events|this thread)",
    r"get (?:started|the (?:app|latest|best)|our|alerts)|refresh (?:for|the) ",
    r"follow (?:us|live|our|the latest|@)|follow .{1,40}coverage|don[’']t miss",
    r"join (?:us|our|the conversation|now|today)|share (?:this|on|via|with|to)",
    r"support (?:us|our)|become a (?:member|subscriber)|contact us|about us|related:",
    r"(?:story|article) continues|scroll (?:down|to)|advert|sponsored|what do you think",
    r"by (?:submitting|signing up|clicking)|privacy|terms (?:of|and|&)|copyright|©",
    flags=re.IGNORECASE,
)
# Boxes whose links were run together into one long line.
_LINK_BOX: Final = _any(
    r"(?:other|more|related) (?:topics|stories|articles) (?:of interest|for you|you may like)\b",
    r"skip past newsletter",
    r"(?:continuation|the rest) of the (?:material|text|article) (?:is )?(?:under|below)\b",
    flags=re.IGNORECASE,
)
_BUTTON: Final = _any(
    r"home(?:page)?|menu|search|register|close|open|ok|help|faqs?|careers|newsletters?|site ?map",
    r"(?:next|prev(?:ious)?)(?: (?:article|post|story|page))?|account|cookies|accept|reject",
    r"ads?|skip ad|play(?: video)?|listen|watch|gallery|photos?|videos?|live|published|updated",
    r"(?:[\d,.]+[km]? (?:shares?|views?|likes?|followers|repl(?:y|ies)|reposts?|retweets?|quotes?"
    r"|bookmarks?|comments?)\W*)+|repl(?:y|ies)|reposts?|retweets?|likes?|bookmarks?",
    r"\d{1,3} ?(?:/|of) ?\d{1,3}",  # of pictures
    r"for immediate release|(?:press|news|media) release|embargoed (?:until|till) .{1,60}",
    r"(?:\w+ ){0,2}(?:logo|icon|background|thumbnail|avatar|placeholder|banner|image|screenshot)s?",
    r"(?:download on the )?(?:app|play)[ -]?store.{0,30}|(?:get it on )?google play.{0,20}",
    r"(?:tags?|topics?|categor(?:y|ies)|filed under):? .{1,80}",
    flags=re.IGNORECASE,
)
_SHARE_BAR: Final = re.compile(
    r"(?:(?:share|tweet|post|pin|e-?mail|print|copy|link|save|facebook|twitter|x|whatsapp|telegram"
    r"|linkedin|reddit|instagram|youtube|tiktok|bluesky|threads|pinterest|messenger|flipboard|sms"
    r"|rss|on|this|article|story|page|with|via|to|by|or)(?:\W+|$)){1,20}",
    re.IGNORECASE,
)
_CRUMB_BREAK: Final = re.compile(r" [»›>/] ")
_LONGEST_CRUMB: Final = 5  # words
_GLUED_LABEL: Final = re.compile(r"[a-z?!.)] ?[A-Z]{3}[A-Z &-]{0,20}: ")
_GLUED_LINK: Final = re.compile(r"(?:^| )[a-z]{3,}(?=[A-Z][a-z]+ )")
_SHORTEST_LINK: Final = 4  # words


def _site_talk(line: str, words: int) -> Kind | None:
    if _LINK_BOX.match(line):
        return "furniture"
    if words > _LONGEST_NOTICE:
        return None
    if words <= _LONGEST_BUTTON and (_BUTTON.fullmatch(line) or _SHARE_BAR.fullmatch(line)):
        return "furniture"
    if _NOTICE.search(line) or _FOLLOW.search(line):
        return "furniture"
    if words <= _LONGEST_APPEAL and _asks_visitor(line):
        return "furniture"
    return "furniture" if not _is_finished(line) and _is_link(line) else None


def _asks_visitor(line: str) -> bool:
    return (
        not any(mark in line for mark in '"“”')
        and _ORDER.search(line) is not None
        and _OWN.search(line) is not None
        and _SITE_THING.search(line) is not None
    )


def _is_link(line: str) -> bool:
    return (
        _LINK_START.match(line) is not None
        or _is_trail(line)
        or len(_GLUED_LABEL.findall(line)) > 1
        or _joins_links(line)
    )


def _is_trail(line: str) -> bool:
    """Whether a line is the way to the page: "Home » World » ..."."""
    steps = _CRUMB_BREAK.split(line)
    short = all(len(step.split()) <= _LONGEST_CRUMB for step in steps[:-1])
    return short and (len(steps) > 2 or (len(steps) > 1 and line.casefold().startswith("home")))


def _joins_links(line: str) -> bool:
    """Whether two links run into each other in mid-word, each long enough to be a headline."""
    glue = _GLUED_LINK.search(line)
    if glue is None:
        return False
    sides = line[: glue.end()], line[glue.end() :]
    return all(len(side.split()) >= _SHORTEST_LINK for side in sides)


# ---------------------------------------------------------------------------------------
# What the page was made for

_LONGEST_HEADING: Final = 25  # words
_CLOSERS: Final = "\"'”’»)]"


def _is_finished(line: str) -> bool:
    """Whether a line ends as a sentence does; a question may be a heading, several are not."""
    end = _POST_TAIL.sub("", line[-_LONGEST_TAIL:]).rstrip(_CLOSERS)[-1:]
    if end == "?":
        return _SENTENCE_BREAK.search(line) is not None
    return end in (".", "!", "…") or (end == ":" and len(line) > _LONGEST_LABEL)


# What follows the last sentence of a post: its number in the thread, hashtags, pictograms.
_POST_TAIL: Final = re.compile(r"(?: (?:\d{1,2}/\d{0,2}|#\w+|[^\w\s\"'”’»)\].!?…:]+))+$")
_LONGEST_TAIL: Final = 60  # characters
_LONGEST_LABEL: Final = 60  # characters
_SENTENCE_BREAK: Final = re.compile(r"[a-z][.!?]['\"”’]? [A-Z“\"]")


def _content(line: str, words: int) -> Kind:
    return "prose" if _is_finished(line) or words > _LONGEST_HEADING else "heading"
