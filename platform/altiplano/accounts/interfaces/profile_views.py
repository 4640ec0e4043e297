"""Pages for a person's own account, and the local page of mails."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from altiplano.accounts import mailbox, queries
from altiplano.accounts.domain.browsers import browsers_of, end_other_browsers
from altiplano.accounts.domain.profiles import change_profile, delete_account
from altiplano.accounts.interfaces.forms import ProfileForm, status_of
from altiplano.accounts.interfaces.language import set_language_cookie
from altiplano.accounts.models import User
from altiplano.kernel.errors import ConflictError, DomainError, InvalidInputError
from altiplano.kernel.forms import add_domain_errors


def _person(request: HttpRequest) -> User:
    """The signed-in person, of whom ``login_required`` has made sure."""
    user = request.user
    if not isinstance(user, User):
        raise TypeError("the view is open to strangers")
    return user


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def show_profile(request: HttpRequest) -> HttpResponse:
    """Name and language, and the ways to everything else about the account."""
    user = _person(request)
    initial = {"name": user.name, "language": user.language or translation.get_language()}
    form = ProfileForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            change_profile(user=user, **form.cleaned_data)
        except InvalidInputError as error:
            add_domain_errors(form, error)
        else:
            with translation.override(user.language):
                messages.success(request, _("Saved."))
            response = redirect("accounts:profile")
            set_language_cookie(response, user.language)
            return response
    context = {"section": "profile", "form": form}
    return render(request, "accounts/profile.html", context, status=status_of(form))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def delete(request: HttpRequest) -> HttpResponse:
    """Says what goes with the account and what stands in the way, and asks for the address."""
    user = _person(request)
    error: DomainError | None = None
    if request.method == "POST":
        try:
            delete_account(user=user, typed_email=request.POST.get("email", ""))
        except (InvalidInputError, ConflictError) as caught:
            error = caught
        else:
            logout(request)
            messages.success(request, _("Your account is deleted."))
            return redirect("web:landing")
    context = {
        "section": "profile",
        "error": error,
        "resting": list(queries.organizations_resting_on(user)),
    }
    status = error.status if error else 200
    return render(request, "accounts/profile_delete.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def show_browsers(request: HttpRequest) -> HttpResponse:
    """Where the person is signed in, and a button that ends it everywhere else."""
    user, here = _person(request), request.session.session_key or ""
    if request.method == "POST":
        end_other_browsers(user=user, session_key=here)
        messages.success(request, _("All other browsers are signed out."))
        return redirect("usersessions_list")
    context = {"sessions": browsers_of(user), "here": here}
    return render(request, "usersessions/usersession_list.html", context)


@require_safe
def show_mails(request: HttpRequest) -> HttpResponse:
    """The mails of an embedded platform. Anywhere else there is no such page."""
    if not mailbox.is_open_to(request):
        raise Http404
    mails = mailbox.newest_mails(settings.EMAIL_FILE_PATH)
    return render(request, "accounts/mails.html", {"mails": mails, "shown": mailbox.SHOWN})
