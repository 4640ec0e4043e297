"""Members and invitations as people see them."""

from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from altiplano.accounts.domain.invitations import LIFETIME, invite_colleague
from altiplano.accounts.models import Invitation, Membership, Role
from tests.factories.accounts import PASSWORD, MembershipFactory
from tests.integration.accounts.people import is_signed_in, link_in_last_mail, person, sign_in

pytestmark = pytest.mark.django_db

EMAIL = "dora@example.org"


@pytest.fixture
def owner(alice) -> Client:
    client = Client()
    client.force_login(alice.user)
    return client


@pytest.fixture
def builder(bob) -> Client:
    client = Client()
    client.force_login(bob.user)
    return client


def test_invitation_is_mailed_with_its_link(owner, alice):
    response = owner.post("/members/", {"email": EMAIL, "role": "builder"}, follow=True)
    assert "An invitation is on its way to dora@example.org." in response.content.decode()
    (sent,) = mail.outbox
    assert sent.to == [EMAIL]
    assert sent.subject == "Invitation to Green Schools"
    assert "as builder" in sent.body
    assert link_in_last_mail().startswith("/join/")


def test_invitation_speaks_the_language_of_the_inviter(owner):
    owner.cookies["django_language"] = "fr"
    owner.post("/members/", {"email": EMAIL, "role": "viewer"})
    assert mail.outbox[0].subject == "Invitation à rejoindre Green Schools"
    assert Invitation.unscoped.get().language == "fr"


def test_failed_mail_keeps_the_invitation_and_says_so(owner, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", 1, 1
    response = owner.post("/members/", {"email": EMAIL, "role": "viewer"}, follow=True)
    assert "could not be sent" in response.content.decode()
    assert Invitation.unscoped.get().email == EMAIL


def test_form_sent_twice_invites_once(owner):
    owner.post("/members/", {"email": EMAIL, "role": "viewer"})
    again = owner.post("/members/", {"email": EMAIL, "role": "viewer"})
    assert again.status_code == 409
    assert 'value="dora@example.org"' in again.content.decode()
    assert "invited already" in again.content.decode()
    assert len(mail.outbox) == 1


@pytest.mark.parametrize("email", ["nobody", "", "a" * 250 + "@example.org"])
def test_nonsense_is_answered_with_the_form(owner, email):
    response = owner.post("/members/", {"email": email, "role": "viewer"})
    assert response.status_code == 400
    assert "Invite a colleague" in response.content.decode()
    assert mail.outbox == []


def test_invitation_is_sent_again_with_another_link(owner):
    owner.post("/members/", {"email": EMAIL, "role": "viewer"})
    first = link_in_last_mail()
    invitation = Invitation.unscoped.get()
    address = f"/invitations/{invitation.id}/send/"
    assert owner.post(address).status_code == 429
    Invitation.unscoped.update(sent_at=timezone.now() - timedelta(hours=1))
    assert owner.post(address).status_code == 302
    assert link_in_last_mail() != first
    assert Client().get(first).status_code == 404
    assert Client().get(link_in_last_mail()).status_code == 200


def test_members_are_found_by_name_or_address(owner, alice, bob, vera):
    for wanted, expected in (("bob", [bob]), ("Vera", [vera]), ("EXAMPLE ali", [alice]), ("%", [])):
        found = owner.get("/members/", {"q": wanted}).context["page"].object_list
        assert [each.user for each in found] == [each.user for each in expected], wanted


def test_members_are_listed_in_constant_queries(
    owner, alice, django_assert_num_queries, django_assert_max_num_queries
):
    owner.get("/members/")
    with django_assert_max_num_queries(20) as few:
        owner.get("/members/")
    for number in range(210):
        MembershipFactory(organization=alice.organization, role=Role.VIEWER)
        Invitation.unscoped.create(
            organization=alice.organization,
            email=f"{number}@example.org",
            role=Role.VIEWER,
            digest=str(number),
            expires_at=timezone.now(),
        )
    with django_assert_num_queries(len(few)):
        page = owner.get("/members/")
    assert "211 members" in page.content.decode()
    assert len(page.context["page"].object_list) == 25
    last = owner.get("/members/", {"q": "person", "page": "5"})
    assert "q=person" in last.content.decode()
    assert len(page.content) < 60_000


def test_only_owners_see_what_owners_do(builder, alice):
    page = builder.get("/members/").content.decode()
    assert alice.user.email in page
    assert "Invite a colleague" not in page
    assert "/role/" not in page
    assert "/invitations/" not in page


def test_role_is_changed_and_said(owner, bob):
    address = f"/members/{bob.membership.id}/role/"
    page = owner.post(address, {"role": "viewer"}, follow=True).content.decode()
    assert "Bob is now viewer." in page
    assert Membership.unscoped.get(user=bob.user).role == Role.VIEWER
    assert owner.post(address, {"role": "king"}).status_code == 400


def test_last_owner_cannot_step_down_or_leave(owner, alice, bob):
    mine = f"/members/{alice.membership.id}"
    assert owner.post(f"{mine}/role/", {"role": "viewer"}).status_code == 409
    answer = owner.post(f"{mine}/remove/")
    assert answer.status_code == 409
    assert "needs an owner" in answer.content.decode()


def test_member_leaves_after_a_question(builder, bob):
    address = f"/members/{bob.membership.id}/remove/"
    assert "Leave Green Schools?" in builder.get(address).content.decode()
    answer = builder.post(address)
    assert answer["Location"] == "/home/"
    assert not Membership.unscoped.filter(user=bob.user).exists()
    assert builder.get("/home/")["Location"] == "/organizations/new/"


def test_owner_removes_a_member_after_a_question(owner, bob):
    address = f"/members/{bob.membership.id}/remove/"
    assert "Remove Bob?" in owner.get(address).content.decode()
    assert "is no member any more" in owner.post(address, follow=True).content.decode()


# --- Joining ---------------------------------------------------------------------------------------


@pytest.fixture
def link(alice) -> str:
    issued = invite_colleague(principal=alice.principal, email=EMAIL, role="viewer", language="en")
    return f"/join/{issued.token}/"


def test_person_with_an_account_signs_in_and_accepts(link, dora, client):
    page = client.get(link).content.decode()
    assert "Join Green Schools" in page
    assert "Alice invites dora@example.org to work here as viewer." in page
    assert client.post(link)["Location"] == f"/accounts/login/?next={link}"
    sign_in(client, EMAIL)
    answer = client.post(link, follow=True)
    assert "Welcome to Green Schools." in answer.content.decode()
    assert Membership.unscoped.get(user=dora).role == Role.VIEWER


def test_new_person_needs_no_second_mail(link, client):
    client.get(link)
    form = {"email": EMAIL, "password1": PASSWORD, "password2": PASSWORD, "next": link}
    assert client.post("/accounts/signup/", form)["Location"] == link
    assert [sent.subject for sent in mail.outbox] == []
    assert client.post(link)["Location"] == "/home/"
    assert Membership.unscoped.get(user__email=EMAIL).role == Role.VIEWER


def test_another_address_still_has_to_be_confirmed(link, client):
    client.get(link)
    form = {"email": "eve@example.org", "password1": PASSWORD, "password2": PASSWORD}
    assert client.post("/accounts/signup/", form)["Location"] == "/accounts/confirm-email/"
    assert not is_signed_in(client)


def test_link_of_another_person_says_how_to_go_on(link, client):
    client.force_login(person("eve@example.org"))
    for act in (client.get, client.post):
        answer = act(link)
        assert answer.status_code == 403
        assert "another e-mail address than yours" in answer.content.decode()
    assert Invitation.unscoped.get().accepted_at is None


def test_used_link_says_so(link, dora, client):
    client.force_login(dora)
    client.post(link)
    for act in (client.get, client.post):
        answer = act(link)
        assert answer.status_code == 409
        assert "used already" in answer.content.decode()


def test_expired_and_withdrawn_links_say_so(link, alice, dora, client):
    client.force_login(dora)
    Invitation.unscoped.update(expires_at=timezone.now() - LIFETIME)
    assert "has expired" in client.post(link).content.decode()
    Invitation.unscoped.update(withdrawn_at=timezone.now())
    answer = client.get(link)
    assert (answer.status_code, "was withdrawn" in answer.content.decode()) == (409, True)


def test_unknown_link_is_a_helpful_404(client):
    answer = client.get("/join/nonsense/")
    assert answer.status_code == 404
    assert "only the newest mail works" in answer.content.decode()
