"""Which texts are left unread because they are not in English."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stance.errors import InputError
from stance.language import foreign
from stance.pages import article_from_text
from stance.reading import read
from stance.records import Article, Skipped

SEEDS = Path(__file__).parent.parent / "seeds"

FOREIGN = {
    "de": "Die Präsidentin von Norland sagte am Montag, ihr Land werde die beiden Inseln nicht "
    "aufgeben, was auch immer ein Waffenstillstand am Ende kosten möge. Ihr Kollege in Südmark "
    "antwortete eine Stunde später, dass sein Angebot weiter gelte und er bereit sei, sie in jeder "
    "Stadt zu treffen, die sie ihm nennen wolle.",
    "fr": "La présidente du Norland a déclaré lundi que son pays ne renoncerait pas aux deux îles, "
    "quel que soit le prix d'une trêve. Son collègue du Sud a répondu une heure plus tard que son "
    "offre tenait toujours et qu'il était prêt à la rencontrer dans la ville de son choix.",
    "es": "La presidenta de Norland dijo el lunes que su país no renunciará a las dos islas, sea "
    "cual sea el precio de una tregua. Su colega del sur respondió una hora después que su oferta "
    "seguía en pie y que estaba dispuesto a reunirse con ella en cualquier ciudad.",
    "nl": "De president van Norland zei maandag dat haar land de twee eilanden niet zal opgeven, "
    "wat een wapenstilstand ook mag kosten. Haar collega in het zuiden antwoordde een uur later "
    "dat zijn aanbod bleef staan en dat hij haar in elke stad wilde ontmoeten.",
    "ru": "Президент Норландии заявила в понедельник, что её страна не откажется от двух островов, "
    "какой бы ни была цена перемирия. Её коллега с юга ответил через час, что его предложение "
    "остаётся в силе и что он готов встретиться с ней в любом городе.",
    "zh": "诺兰总统星期一表示,无论停火最终要付出什么代价,她的国家都不会放弃这两座岛屿。"
    "南方的同行一小时后回应说,他的提议仍然有效,并愿意在她指定的任何城市与她会面。"
    "两国首都的外交官预计,当联盟的部长们在春天聚会时,这个问题会再次被提出。",
}
ENGLISH = (
    "The president of Norland said on Monday that her country would not give up the two islands, "
    "whatever the price of a truce might be in the end. Her colleague answered an hour later."
)


@pytest.mark.parametrize("language", FOREIGN)
def test_a_text_in_another_language_is_told(language: str) -> None:
    assert foreign(FOREIGN[language]) == language
    with pytest.raises(InputError, match=f"not in English .*'{language}'"):
        article_from_text(FOREIGN[language])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Orbán: Nein zu Brüssel",
        "Zelensky, Starmer, Macron, Merz, Tusk, Meloni: Kyiv, London, Paris, Berlin, Warschau, Rom",
        "Bundeskanzler Merz: “Keine Taurus”, says Berlin",
        "Guarantee force: Sánchez in, Portugal out, Rome mum",
        f"{ENGLISH} “Keinen Meter weiter, und keine Insel für niemanden”, she added in German.",
        # half and half, as on a page in two languages
        f"{ENGLISH}\n\n{FOREIGN['de']}",
    ],
)
def test_what_is_short_or_mixed_is_read(text: str) -> None:
    assert foreign(text) is None


def test_no_text_of_ours_is_taken_for_foreign() -> None:
    files = [*SEEDS.glob("articles/*.jsonl"), *SEEDS.glob("statements/*.jsonl")]
    rows = [json.loads(line) for f in files for line in f.read_text("utf-8").splitlines()]
    assert len(rows) > 1000
    assert [row["id"] for row in rows if foreign(row["text"])] == []


def test_a_long_foreign_text_with_an_english_foot_is_foreign() -> None:
    assert foreign("\n\n".join([FOREIGN["de"]] * 8 + ["Sign up for our newsletter."])) == "de"


@given(st.text())
@settings(deadline=None, max_examples=50)
def test_any_text_has_a_verdict(text: str) -> None:
    found = foreign(text)
    assert found is None or found.isalpha()


def test_pages_and_rows_that_are_not_english_are_skipped_and_the_others_kept(
    tmp_path: Path,
) -> None:
    page, rows = tmp_path / "page.txt", tmp_path / "rows.jsonl"
    page.write_text(
        f"Norland keeps its islands\n4 March 2025\n{ENGLISH}\n\n"
        f"Norland behält seine Inseln\n5 March 2025\n{FOREIGN['de']}\n",
        encoding="utf-8",
    )
    lines = ({"text": text} for text in (FOREIGN["fr"], ENGLISH))
    rows.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    found = list(read([str(page), str(rows)]))
    assert [one.text.split("\n")[0] for one in found if isinstance(one, Article)] == [
        "Norland keeps its islands",
        ENGLISH,
    ]
    assert [str(one) for one in found if isinstance(one, Skipped)] == [
        f"{page}: article 2 of the page: it is not in English (but in 'de', as it seems)",
        f"{rows}, row 1: it is not in English (but in 'fr', as it seems)",
    ]
