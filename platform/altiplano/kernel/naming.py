"""Names people give to things, and the slugs made from them."""

from collections.abc import Callable

from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from altiplano.kernel.errors import InvalidInputError
from altiplano_sdk import clean_text

MAX_SLUG_CHARS = 60


def read_name(raw: str, *, maximum: int, field: str = "name") -> str:
    """The name on one line without hidden characters, 1 to ``maximum`` characters long.

    Reading a read name changes nothing. Raises InvalidInputError that names ``field``.
    """
    name = " ".join(clean_text(raw).text.split())
    if not name:
        raise InvalidInputError(_("Give it a name."), fields={field: _("is empty")})
    if len(name) > maximum:
        raise InvalidInputError(
            _("A name has at most %(limit)s characters."),
            params={"limit": maximum},
            fields={field: _("at most %(limit)s characters")},
        )
    return name


def free_slug(name: str, *, fallback: str, is_taken: Callable[[str], bool]) -> str:
    """A slug from the name that ``is_taken`` denies: ``garden``, else ``garden-2``, and so on.

    Names without a Latin letter or digit get ``fallback``. A concurrent writer may still take the
    slug: the unique constraint decides.
    """
    stem = slugify(name)[:MAX_SLUG_CHARS].strip("-") or fallback
    slug, number = stem, 2
    while is_taken(slug):
        mark = f"-{number}"
        slug, number = stem[: MAX_SLUG_CHARS - len(mark)].rstrip("-") + mark, number + 1
    return slug
