"""What an operator does from the command line."""

from altiplano.accounts.domain.organizations import create_organization_with_owner


def create_owned_organization(*, name: str, kind: str, owner_email: str) -> dict[str, str]:
    """An organization whose owner can begin at once, as the command prints it.

    ``password`` is empty for a person who had an account: theirs is unchanged. Raises DomainError.
    """
    made = create_organization_with_owner(name=name, kind=kind, owner_email=owner_email)
    return {
        "organization": made.organization.slug,
        "email": made.user.email,
        "password": made.password,
        "api_key": made.api_key,
    }
