"""Pages for who belongs to an organization: members, invitations, and joining."""

import logging
from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.mail import send_mail
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from altiplano.accounts import queries
from altiplano.accounts.domain import invitations, members
from altiplano.accounts.interfaces.auth import SESSION_KEY, member_required
from altiplano.accounts.interfaces.forms import InvitationForm, RoleForm
from altiplano.accounts.models import Invitation, Membership, User
from altiplano.accounts.principal import Principal
from altiplano.kernel.errors import ConflictError, DomainError
from altiplano.kernel.forms import add_domain_errors

PAGE_SIZE, OPEN_SHOWN = 25, 10
log = logging.getLogger(__name__)


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def show_members(request: HttpRequest, principal: Principal) -> HttpResponse:
    """Everyone in the organization; for owners, with open invitations and a form to invite."""
    form, status = InvitationForm(request.POST or None), 200
    if request.method == "POST":
        principal.require("manage")
        status = 400
        if form.is_valid():
            try:
                issued = invitations.invite_colleague(
                    principal=principal, language=translation.get_language(), **form.cleaned_data
                )
            except DomainError as error:
                add_domain_errors(form, error)
                status = error.status
            else:
                _send(request, issued)
                return redirect("accounts:members")
    wanted = request.GET.get("q", "")[:200].strip()
    found = queries.members_like(principal.organization_id, wanted)
    may_manage = "manage" in principal.scopes
    open_invitations = queries.open_invitations_of(principal.organization_id)
    if not may_manage:
        open_invitations = open_invitations.none()
    context = {
        "section": "members",
        "form": form,
        "wanted": wanted,
        "page": Paginator(found, PAGE_SIZE).get_page(request.GET.get("page")),
        "open": open_invitations[:OPEN_SHOWN],
        "open_count": open_invitations.count(),
        "may_manage": may_manage,
        "me": principal.user_id,
        "now": timezone.now(),
    }
    return render(request, "accounts/member_list.html", context, status=status)


def _send(request: HttpRequest, issued: invitations.IssuedInvitation) -> None:
    """Mails the link and says so, or says that the mail could not be sent: the invitation stays."""
    invitation = issued.invitation
    link = request.build_absolute_uri(reverse("accounts:join", args=[issued.token]))
    context = {"invitation": invitation, "link": link, "inviter": request.user}
    with translation.override(invitation.language or None):
        subject = render_to_string("accounts/mail/invitation_subject.txt", context)
        text = render_to_string("accounts/mail/invitation_message.txt", context)
    try:
        send_mail(" ".join(subject.split()), text, None, [invitation.email])
    except (OSError, SMTPException):
        log.exception("an invitation could not be mailed")
        messages.error(
            request,
            _("The mail to %(email)s could not be sent. Try “Send again” in a minute.")
            % {"email": invitation.email},
        )
    else:
        messages.success(
            request, _("An invitation is on its way to %(email)s.") % {"email": invitation.email}
        )


@require_POST
@member_required
def send_again(request: HttpRequest, principal: Principal, invitation_id: str) -> HttpResponse:
    _send(
        request,
        invitations.renew_invitation(principal=principal, invitation_id=invitation_id),
    )
    return redirect("accounts:members")


@require_POST
@member_required
def withdraw(request: HttpRequest, principal: Principal, invitation_id: str) -> HttpResponse:
    invitation = invitations.withdraw_invitation(principal=principal, invitation_id=invitation_id)
    messages.success(
        request, _("The invitation of %(email)s is withdrawn.") % {"email": invitation.email}
    )
    return redirect("accounts:members")


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def change_role(request: HttpRequest, principal: Principal, member_id: str) -> HttpResponse:
    """Asks what the member may do from now on."""
    principal.require("manage")
    membership = Membership.objects.get_within(principal.organization_id, member_id)
    form = RoleForm(request.POST or None, initial={"role": membership.role})
    status = 200
    if request.method == "POST":
        status = 400
        if form.is_valid():
            try:
                changed = members.change_role(
                    principal=principal, membership_id=member_id, role=form.cleaned_data["role"]
                )
            except ConflictError as error:
                add_domain_errors(form, error)
                status = error.status
            else:
                _say_role(request, changed)
                return redirect("accounts:members")
    context = {"form": form, "membership": membership}
    return render(request, "accounts/member_role.html", context, status=status)


def _say_role(request: HttpRequest, membership: Membership) -> None:
    person, role = membership.user.name or membership.user.email, membership.get_role_display()
    messages.success(request, _("%(person)s is now %(role)s.") % {"person": person, "role": role})


@require_http_methods(["GET", "HEAD", "POST"])
@member_required
def remove(request: HttpRequest, principal: Principal, member_id: str) -> HttpResponse:
    """Asks before a colleague is removed, or before the person leaves by themselves."""
    membership = Membership.objects.get_within(principal.organization_id, member_id)
    is_me = membership.user_id == principal.user_id
    if not is_me:
        principal.require("manage")
    if request.method == "POST":
        members.remove_member(principal=principal, membership_id=member_id)
        if is_me:
            request.session.pop(SESSION_KEY, None)
            messages.success(request, _("You have left the organization."))
            return redirect("studio:home")
        messages.success(
            request, _("%(email)s is no member any more.") % {"email": membership.user.email}
        )
        return redirect("accounts:members")
    context = {"membership": membership, "is_me": is_me}
    return render(request, "accounts/member_remove.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """What the link of an invitation opens: who invites whom to what, and a way to accept.

    The link came by mail to the invited address. So it proves the address of an account that is
    made next in this browser, which then needs no second mail.
    """
    if request.method == "POST":
        return _accept(request, token)
    try:
        invitation = invitations.find_invitation(token=token)
    except DomainError as error:
        return _explain(request, error)
    user = request.user
    if isinstance(user, User) and not invitations.owns_address(user, invitation.email):
        return _explain(request, None, invitation)
    if not user.is_authenticated:
        get_adapter().stash_verified_email(request, invitation.email)
    return render(request, "accounts/join.html", {"invitation": invitation, "token": token})


@login_required
def _accept(request: HttpRequest, token: str) -> HttpResponse:
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - what login_required has made sure of
    try:
        membership = invitations.accept_invitation(token=token, user=user)
    except DomainError as error:
        return _explain(request, error)
    request.session[SESSION_KEY] = str(membership.organization_id)
    messages.success(request, _("Welcome to %(name)s.") % {"name": membership.organization.name})
    return redirect("studio:home")


def _explain(
    request: HttpRequest, error: DomainError | None, invitation: Invitation | None = None
) -> HttpResponse:
    """Why the link does not work for this person, and what they can do."""
    context: dict[str, Any] = {
        "sentence": error.message if error else "",
        "code": error.code if error else "other_address",
        "invitation": invitation,
        "has_organization": isinstance(request.user, User)
        and queries.organizations_of(request.user).exists(),
    }
    return render(
        request, "accounts/join_problem.html", context, status=error.status if error else 403
    )
