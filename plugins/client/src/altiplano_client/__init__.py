"""A small client of an Altiplano platform's API: ask apps, search collections."""

from altiplano_client.client import Altiplano
from altiplano_client.records import AltiplanoError, Answer, Citation, Message, Passage

__all__ = ["Altiplano", "AltiplanoError", "Answer", "Citation", "Message", "Passage"]
