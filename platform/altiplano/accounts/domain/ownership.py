"""What owners decide about an organization as a whole, to its end."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from altiplano.accounts.domain.audit import record_event
from altiplano.accounts.domain.consents import forget_organization
from altiplano.accounts.domain.organizations import create_organization, read_facts
from altiplano.accounts.models import Membership, Organization, Role, User
from altiplano.accounts.principal import Principal
from altiplano.kernel.bulk_deletion import delete_large_tables
from altiplano.kernel.errors import InvalidInputError

SAME_FORM = timedelta(minutes=1)


def open_organization(*, user: User, name: str, kind: str, country: str) -> Organization:
    """A new organization that this person owns; a form that was sent twice makes one.

    That is, one of the same name that the person opened within a minute is answered instead.
    """
    tidy, _kind, _country = read_facts(name, kind, country)
    with transaction.atomic():
        User.objects.select_for_update().get(id=user.id)
        twin = Membership.unscoped.filter(
            user=user,
            role=Role.OWNER,
            organization__name=tidy,
            organization__created_at__gt=timezone.now() - SAME_FORM,
        ).select_related("organization")
        if (same := twin.first()) is not None:
            return same.organization
        return create_organization(user=user, name=name, kind=kind, country=country)


def change_organization(
    *, principal: Principal, name: str, kind: str, country: str
) -> Organization:
    """The organization is called and described so; its address in the API stays as it was."""
    principal.require("manage")
    facts = dict(zip(("name", "kind", "country"), read_facts(name, kind, country), strict=True))
    with transaction.atomic():
        organization = Organization.objects.select_for_update().get(id=principal.organization_id)
        changes = {
            field: {"from": getattr(organization, field), "to": value}
            for field, value in facts.items()
            if getattr(organization, field) != value
        }
        if not changes:
            return organization
        for field in changes:
            setattr(organization, field, facts[field])
        organization.save(update_fields=list(changes))
        record_event(
            principal=principal,
            organization_id=organization.id,
            action="organization.changed",
            object_type="organization",
            object_id=organization.id,
            data=changes,
        )
    return organization


def delete_organization(*, principal: Principal, typed_name: str) -> str:
    """The organization is gone with all that belongs to it; its name is answered.

    Documents, apps, answers, keys, memberships and invitations go in this transaction, their files
    with the next upkeep. The record of who deleted it stays. Raises InvalidInputError unless its
    name was typed.
    """
    principal.require("manage")
    with transaction.atomic():
        organization = Organization.objects.select_for_update().get(id=principal.organization_id)
        if " ".join(typed_name.split()) != organization.name:
            raise InvalidInputError(
                _("This is not the name. Nothing was deleted."), fields={"name": _("not the name")}
            )
        record_event(
            principal=principal,
            organization_id=organization.id,
            action="organization.deleted",
            object_type="organization",
            object_id=organization.id,
            data={"name": organization.name, "slug": organization.slug},
        )
        delete_large_tables(organization.id)
        forget_organization(organization.id)
        organization.delete()
    return organization.name
