"""``altiplano organization create`` and ``altiplano staff create``."""

import json

import pytest

from altiplano.accounts.models import AuditEvent, Membership, Role, User
from altiplano.ops import cli

pytestmark = pytest.mark.django_db

COMMAND = ["organization", "create", "--name", "Blue River", "--kind", "academic", "--owner"]


@pytest.fixture(autouse=True)
def _django_is_set_up(monkeypatch):
    monkeypatch.setattr(cli, "setup_django", lambda: None)


def test_organization_is_made_with_an_owner_who_can_begin_at_once(capsys, client):
    assert cli.main([*COMMAND, "ada@river.example"]) == 0

    made = json.loads(capsys.readouterr().out)
    assert set(made) == {"organization", "email", "password", "api_key"}
    membership = Membership.unscoped.get(user__email="ada@river.example")
    assert (membership.organization.slug, membership.role) == (made["organization"], Role.OWNER)
    assert membership.user.check_password(made["password"])
    headers = {"Authorization": f"Bearer {made['api_key']}"}
    assert client.get("/api/v1/me", headers=headers).status_code == 200


def test_person_who_has_an_account_keeps_their_password(capsys):
    User.objects.create_user("ada@river.example", "chosen long ago")

    cli.main([*COMMAND, "ada@river.example"])

    assert json.loads(capsys.readouterr().out)["password"] == ""
    assert User.objects.get(email="ada@river.example").check_password("chosen long ago")


def test_wrong_address_is_one_sentence_and_makes_nothing(capsys):
    assert cli.main([*COMMAND, "not an address"]) == 1

    assert "e-mail" in capsys.readouterr().err
    assert not User.objects.exists()


def test_staff_is_made_who_can_sign_in_and_enter_the_dashboard(capsys, client):
    assert cli.main(["staff", "create", "--email", "Olga@River.example"]) == 0

    made = json.loads(capsys.readouterr().out)
    assert made["dashboard"].endswith("/admin/")
    answer = client.post(
        "/accounts/login/", {"login": "olga@river.example", "password": made["password"]}
    )
    assert answer.status_code == 302
    assert client.get("/admin/").status_code == 200
    assert AuditEvent.objects.filter(action="person.made_staff").count() == 1


def test_person_becomes_staff_and_keeps_their_password(capsys):
    User.objects.create_user("ada@river.example", "chosen long ago")

    cli.main(["staff", "create", "--email", "ada@river.example"])

    assert json.loads(capsys.readouterr().out)["password"] == ""
    ada = User.objects.get(email="ada@river.example")
    assert ada.is_staff
    assert ada.check_password("chosen long ago")


def test_staff_with_a_wrong_address_is_refused(capsys):
    assert cli.main(["staff", "create", "--email", "nobody"]) == 1
    assert not User.objects.exists()


def test_owner_of_a_new_organization_is_no_staff(capsys):
    cli.main([*COMMAND, "ada@river.example"])
    assert not User.objects.get(email="ada@river.example").is_staff
