"""What each kind of job does, for operators: who reads a dashboard need not know the code's names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

TASKS: Final[Mapping[str, StrPromise]] = {
    "check_release": _("check a plugin"),
    "compact_index": _("tidy an index"),
    "evaluate_run": _("evaluate an answer"),
    "execute_run": _("answer a question"),
    "index_collection": _("index documents"),
    "load_source": _("load a source"),
    "parse_document": _("read a document"),
    "read_again": _("read documents again"),
    "remove_documents": _("remove documents"),
}


def name_of_task(task: str) -> str:
    """What a job does; the task's own name where nobody gave it another."""
    name = task.rpartition(".")[2]
    return str(TASKS.get(name, name))
