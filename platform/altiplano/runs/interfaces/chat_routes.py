"""The addresses behind a chat, so that one chat serves whoever may talk to an app.

The templates and the scripts of the chat know no address and no reader: a view puts a
:class:`ChatRoutes` into the context as ``routes``, and everything a reader can do goes where it
says. ``runs/_conversation.html`` is the chat itself; around it a page writes what it likes. It needs:

=====================  =========================================================================
``routes``             a :class:`ChatRoutes`
``turns``              the conversation so far, of :class:`~altiplano.runs.conversations.Turn`
``question``           what stands in the field, such as the text of a question that was refused
``problem``            why that question was refused, in a sentence
``is_own``             whether the reader may go on with the conversation
``max_question_chars`` the field's limit
``refusal``            perhaps what was said about an answer and refused
                       (:class:`altiplano.runs.interfaces.judging.Refusal`)
``allowance``          perhaps how many questions may still be asked, in a sentence
``placeholder``        perhaps what the empty field says
``opening``            perhaps the template of what is told above the first question
=====================  =========================================================================

and in the page's head ``runs/_conversation_head.html`` with the same context: styles, scripts, and
the reload that stands in for them.

What the addresses take and answer, with ``HX-Request`` (the script) and without (a plain form):

``ask``
    POST ``input`` and perhaps ``previous``, the run that it goes on from, or ``instead_of``, the run
    whose place it takes (asked again, or in other words). Plain: 302 to the run's page, or the chat
    again with the text kept. Script: 201 with ``runs/_turn.html``, or a sentence as plain text with
    the status of the refusal (:func:`altiplano.runs.interfaces.asking.answer_ask` does both).
``run``
    GET the conversation up to this run. Script: its last turn alone.
``events``
    GET the run's server-sent events; goes on after ``Last-Event-ID``.
``cancel``, ``feedback``, ``report``
    POST; plain: 302 to the run's page, or the chat again with what was typed and why it was refused.
    Script: the turn again, or a sentence as plain text with the status of the refusal.
``decision``
    POST ``yes`` (1 or 0) about the tool call that the answer waits with: 302 to the run that goes on.
``source``
    GET with ``start`` and ``end``: the passage in its surroundings. Script: a part for the pane.
``document``
    GET with ``start`` and ``end``: the whole document, where the reader may open it.

Who may see a run is the business of the views behind the addresses.
"""

import uuid
from dataclasses import dataclass
from urllib.parse import unquote, urlencode

from django.urls import reverse

RUN, DOCUMENT = "{run}", "{document}"
"""Where an address holds the id of a run or of a document."""


def pattern(name: str, *args: object) -> str:
    """The address of the route ``name``, with :data:`RUN` and :data:`DOCUMENT` left to be filled."""
    return unquote(reverse(name, args=args))


@dataclass(frozen=True, slots=True)
class RunRoutes:
    """The addresses of one run. One that is empty is not offered."""

    page: str
    events: str
    cancel: str
    feedback: str
    report: str
    trace: str
    decision: str
    source_pattern: str
    document_pattern: str

    def source_of(self, document_id: object, start: int, end: int) -> str:
        """The passage in its surroundings."""
        return _at_passage(self.source_pattern, document_id, start, end)

    def document_of(self, document_id: object, start: int, end: int) -> str:
        """The whole document, opened at the passage; empty where it may not be opened."""
        if not self.document_pattern:
            return ""
        return _at_passage(self.document_pattern, document_id, start, end)


@dataclass(frozen=True, slots=True)
class ChatRoutes:
    """Addresses, those of a run with :data:`RUN` in them. An empty one hides what it leads to."""

    new: str
    ask: str
    run: str
    events: str
    cancel: str
    source: str
    feedback: str = ""
    report: str = ""
    document: str = ""
    trace: str = ""
    decision: str = ""

    def of_run(self, run_id: uuid.UUID) -> RunRoutes:
        def filled(address: str) -> str:
            return address.replace(RUN, str(run_id))

        return RunRoutes(
            page=filled(self.run),
            events=filled(self.events),
            cancel=filled(self.cancel),
            feedback=filled(self.feedback),
            report=filled(self.report),
            trace=filled(self.trace),
            decision=filled(self.decision),
            source_pattern=filled(self.source),
            document_pattern=filled(self.document),
        )


def member_routes(app_id: uuid.UUID) -> ChatRoutes:
    """The chat of a signed-in member with an app of the organization."""
    chat = reverse("runs:chat", args=[app_id])
    return ChatRoutes(
        new=chat,
        ask=chat,
        run=pattern("runs:run-detail", RUN),
        events=f"/api/v1/runs/{RUN}/events",
        cancel=pattern("runs:run-cancel", RUN),
        source=pattern("runs:run-source", RUN, DOCUMENT),
        feedback=pattern("runs:run-judge", RUN),
        report=pattern("runs:run-report", RUN),
        trace=pattern("runs:run-trace", RUN),
        decision=pattern("runs:run-decide", RUN),
        document=pattern("knowledge:document-detail", DOCUMENT),
    )


def _at_passage(address: str, document_id: object, start: int, end: int) -> str:
    query = urlencode({"start": start, "end": end})
    return f"{address.replace(DOCUMENT, str(document_id))}?{query}#passage"
