"""Words that say nothing by themselves, and words that say a number. Folded: no case, no accents."""

from typing import Final

_NUMBERS: Final = {
    "2": "two deux",
    "3": "three trois",
    "4": "four quatre",
    "5": "five cinq",
    "6": "six",
    "7": "seven sept",
    "8": "eight huit",
    "9": "nine",
    "10": "ten dix",
    "11": "eleven onze",
    "12": "twelve douze",
    "13": "thirteen treize",
    "14": "fourteen quatorze",
    "15": "fifteen quinze",
    "16": "sixteen seize",
    "17": "seventeen",
    "18": "eighteen",
    "19": "nineteen",
    "20": "twenty vingt",
    "30": "thirty trente",
    "40": "forty quarante",
    "50": "fifty cinquante",
    "60": "sixty soixante",
    "70": "seventy",
    "80": "eighty",
    "90": "ninety",
    "100": "hundred cent",
    "1000": "thousand mille",
}
NUMBER_WORDS: Final = {word: number for number, words in _NUMBERS.items() for word in words.split()}
"""Without one, un and neuf, which mean more than a number."""

_ENGLISH: Final = """
    a about above after again all also am an and any are as at be because been before being below
    between both but by can could did do does doing down during each few for from further had has
    have having he her here hers him his how i if in into is it its itself just me more most my no
    nor not of off on once only or other our out over own same she should so some such than that
    the their them then there these they this those through to too under until up very was we were
    what when where which while who whom why will with would you your
    according answer document documents one passage passages question text
"""
_FRENCH: Final = """
    ainsi au aussi aux avec ce cela ces ceci cette comme dans de des du elle elles en est et etaient
    etait etc etre eux faire fait il ils je la le les leur leurs lui ma mais me meme mes moi mon ne
    nos notre nous on ont ou par pas plus pour qu que quel quelle qui reponse sa sans se selon sera
    ses si son sont sur ta te tes texte toi ton tu un une vos votre vous y
"""
_SPANISH: Final = """
    al como con cual del el ella ellos entre era es esa ese esta este estos fue ha han las lo los
    mas mi muy nos o para pero por porque segun ser sin sobre su sus tambien tiene una unos uno ya
"""
_GERMAN: Final = """
    aber als am auch auf aus bei bis das dass dem den der die dies diese doch dort durch ein eine
    einem einen einer er fur hat ich ihr im ist kann mit nach nicht noch nur oder sein sich sie
    sind uber um und uns von vor war wie wird zu zum zur
"""
SMALL_TALK: Final = frozenset((_ENGLISH + _FRENCH + _SPANISH + _GERMAN).split())
