"""How an app says that its documents hold no answer, and how to tell that a model said so.

One wording for prompts, guards and the runner: a model that is told the sentence repeats it, and
a person meets the same sentence whoever abstained.
"""

import re
from typing import Final

ABSTENTIONS: Final = {
    "en": "The documents do not say.",
    "fr": "Les documents ne le disent pas.",
    "es": "Los documentos no lo dicen.",
    "de": "Die Dokumente sagen es nicht.",
    "it": "I documenti non lo dicono.",
    "pt": "Os documentos não o dizem.",
    "nl": "De documenten zeggen het niet.",
}
CORRECTIONS: Final = {
    "en": "The answer above is not supported by the documents.",
    "fr": "La réponse ci-dessus n'est pas confirmée par les documents.",
    "es": "Los documentos no respaldan la respuesta anterior.",
    "de": "Die Dokumente belegen die Antwort oben nicht.",
    "it": "I documenti non confermano la risposta precedente.",
    "pt": "Os documentos não confirmam a resposta acima.",
    "nl": "De documenten bevestigen het antwoord hierboven niet.",
}
WAITING: Final = {
    "en": "“{tool}” would do something that cannot be undone. It waits for your yes.",
    "fr": "«\N{NO-BREAK SPACE}{tool}\N{NO-BREAK SPACE}» ferait quelque chose d'irréversible. L'outil attend votre accord.",
    "es": "«{tool}» haría algo que no se puede deshacer. Espera su aprobación.",
    "de": "„{tool}“ würde etwas tun, das sich nicht rückgängig machen lässt, und wartet auf Ihr Ja.",
    "it": "«{tool}» farebbe qualcosa di irreversibile. Attende il suo consenso.",
    "pt": "“{tool}” faria algo que não se pode desfazer. Aguarda a sua aprovação.",
    "nl": "“{tool}” zou iets doen dat niet ongedaan te maken is. Het wacht op uw akkoord.",
}
LONGEST_ABSTENTION: Final = 300
"""A longer text says something beside the refusal and counts as an answer."""

_SOURCE_EN = r"(?:documents?|passages?|texts?|contexts?|sources?|excerpts?|information)"
_SOURCE_FR = r"(?:documents?|passages?|textes?|contextes?|sources?|extraits?)"
_SAYS_EN = r"(?:say|mention|contain|provide|specif\w+|state|answer|include|give|address|cover|tell)"
_SAID_EN = r"(?:mentioned|stated|specified|provided|given|found|covered)"
_SAID_FR = r"(?:mentionné|précisé|indiqué|dit)\w*"
# A colon ends the refusal: in “The documents say: …” the rest is what they say.
_PATTERNS: Final = (
    rf"\b{_SOURCE_EN}\b[^.!?:]{{0,40}}\b(?:do|does|did)(?: not|n't)\b[^.!?]{{0,20}}\b{_SAYS_EN}\b",
    rf"\b(?:is|are|was|were)(?: not|n't) (?:\w+ )?{_SAID_EN} (?:\w+ ){{0,3}}{_SOURCE_EN}\b",
    r"^(?:i am |i'm )?(?:sorry[,.]? )?(?:but )?i (?:do not|don't) (?:know|have)\b",
    r"\bi (?:cannot|can't|could not|couldn't) (?:find|answer|determine)\b",
    r"^(?:there is )?no (?:information|answer|mention)\b",
    r"\bcannot be (?:answered|determined) (?:from|with|based)\b",
    rf"\b{_SOURCE_FR}\b[^.!?:]{{0,40}}\bne\b[^.!?]{{0,30}}\bpas\b",
    rf"\b{_SOURCE_FR}\b[^.!?:]{{0,40}}\bn'\w+[^.!?]{{0,20}}\bpas\b",
    rf"\bn'(?:est|a) pas (?:\w+ )?{_SAID_FR}[^.!?]{{0,30}}{_SOURCE_FR}",
    r"^je ne (?:sais|peux|trouve|connais) pas\b",
    r"^(?:il n'y a )?aucune (?:information|réponse|mention)\b",
    r"\bdocumentos\b[^.!?:]{0,20}\bn(?:o|ão)\b",
    r"\bdokumente\b[^.!?:]{0,40}\bnicht\b",
    r"\bdocumenti\b[^.!?:]{0,20}\bnon\b",
    r"\bdocumenten\b[^.!?:]{0,40}\bniet\b",
)
_REFUSAL: Final = re.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS), re.IGNORECASE)
_CONTRAST: Final = re.compile(
    r"\b(?:but|however|although|though|instead|mais|cependant|toutefois|pero|aber|jedoch|però|mas)\b",
    re.IGNORECASE,
)
_MARKER: Final = re.compile(r"\[\d{1,3}\]")
_SENTENCE_END: Final = re.compile(r"(?<=[.!?。])\s")


def abstention_sentence(language: str | None) -> str:
    """The sentence in ``language`` (an ISO 639-1 code, regions are ignored), else in English."""
    return ABSTENTIONS.get((language or "en").lower()[:2], ABSTENTIONS["en"])


def correction_sentence(language: str | None) -> str:
    """What stands between a streamed draft and what takes its place, for readers who keep both.

    In ``language`` as :func:`abstention_sentence`.
    """
    return CORRECTIONS.get((language or "en").lower()[:2], CORRECTIONS["en"])


def waiting_sentence(tool: str, language: str | None) -> str:
    """What an answer says that waits for the person's yes to a call of ``tool``."""
    return WAITING.get((language or "en").lower()[:2], WAITING["en"]).format(tool=tool)


def is_abstention(answer: str) -> bool:
    """True when a model's whole answer says that there is none, however often it repeats that.

    Errs towards False: a refusal that goes on to tell something is an answer.
    """
    text = " ".join(_MARKER.sub(" ", answer.replace("\u2019", "'")).split())
    sentences = list(dict.fromkeys(_SENTENCE_END.sub("\n", text).split("\n")))
    first, *others = (sentence.rstrip(".!?\u3002 ") for sentence in sentences)
    # An answer that was cut off ends in the beginning of what it would have repeated.
    others = [sentence for sentence in others if not first.startswith(sentence)]
    if len(first) > LONGEST_ABSTENTION or _CONTRAST.search(text):
        return False
    return all(_REFUSAL.search(sentence) for sentence in (first, *others))
