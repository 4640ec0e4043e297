"""What operators read of rows: sentences and names, and no codes or ids."""

import pytest
from django.apps import apps
from django.utils import translation

from altiplano.accounts.history import sentence_of
from altiplano.accounts.models import AuditEvent
from altiplano.ops.interfaces.names import AREAS, name_everything
from altiplano.runs.models import Run, RunState
from altiplano.studio.models import AppVersion


def test_run_is_called_by_its_question_in_the_reader_s_language():
    run = Run(question="How long does compost take? " * 9, state=RunState.FINISHED)
    assert str(run).startswith("“How long does compost take?")
    assert str(run).endswith("…” (answered)")
    with translation.override("fr"):
        assert "(answered)" not in str(run)


def test_version_is_called_by_its_number():
    with translation.override("fr"):
        assert str(AppVersion(number=3)).endswith(" 3")
        assert "version 3 of" not in str(AppVersion(number=3))


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (
            AuditEvent(actor_label="Ada", action="app.created", data={"name": "Garden"}),
            "Ada made the app “Garden”.",
        ),
        (
            AuditEvent(
                actor_label="Ada",
                action="member.removed",
                object_type="member",
                object_id="00000000-0000-0000-0000-000000000007",
            ),
            "Ada removed 00000000-0000-0000-0000-000000000007.",
        ),
    ],
)
def test_audit_event_is_a_sentence_that_asks_the_database_nothing(event, said):
    assert sentence_of(event) == said


def test_areas_of_the_sign_in_have_names_of_our_own():
    name_everything()
    with translation.override("fr"):
        assert str(apps.get_app_config("mfa").verbose_name) == translation.gettext("Second factors")
        assert str(apps.get_app_config("usersessions").verbose_name) != "User Sessions"
    assert AREAS.keys() >= {"mfa", "usersessions"}
