"""The public corpora that the recipes read in place: what each is, and its licence as stated.

None of their text is part of this project. The facts go into the model card.
"""

from __future__ import annotations

from typing import Final

CORPORA: Final[dict[str, tuple[str, str]]] = {
    "litl_nli": (
        "Linguist-in-the-Loop NLI, Parrish et al. 2021",
        "none stated; MultiNLI premises",
    ),
    "mnli_train_3k": ("MultiNLI, a sample of 3,000", "MIT (sample); OANC and others (MultiNLI)"),
    "snli": ("SNLI, Bowman et al. 2015, samples", "CC BY-SA 4.0"),
    "cad_nli": ("Counterfactually augmented SNLI, Kaushik et al. 2020", "Apache-2.0"),
    "conjnli": ("ConjNLI, Saha et al. 2020", "MIT"),
    "fever_pairs": ("FEVER pairs, Schuster et al. 2019", "MIT; CC BY-SA 3.0 (Wikipedia)"),
    "nli_curriculum": (
        "Curriculum benchmark, Chen & Gao 2022, part of its tasks",
        "MIT; recast sets",
    ),
    "dnc_megaveridicality": ("DNC megaveridicality, Poliak et al. 2018", "none stated"),
    "dnc_factuality": ("DNC factuality, Poliak et al. 2018", "none stated"),
    "climate_fever": ("CLIMATE-FEVER, Diggelmann et al. 2020", "none stated"),
    "vast": ("VAST, Allaway & McKeown 2020", "none stated"),
    "ibm30k": ("IBM-ArgQ-Rank-30kArgs, Gretz et al. 2020", "CC BY-SA 3.0"),
    "perspectrum": ("Perspectrum, Chen et al. 2019", "CC BY-SA 4.0"),
    "gwsd": ("Global warming stance dataset, Luo et al. 2020", "none stated"),
    "semeval2016": ("SemEval-2016 Task 6, Mohammad et al. 2016", "research use"),
    "polnear": ("PolNeAR, Newell et al. 2018", "none stated; articles are their publishers'"),
}
"""Folder → (what it is, licence)."""

BASES: Final[dict[str, str]] = {"all-mpnet-base-v2": "Apache-2.0"}
"""Pretrained encoder → its licence, which also covers the tokenizer in a model folder."""
