"""Which house a mail address belongs to, for telling colleagues from strangers."""

# fmt: off
SHARED_PROVIDERS = frozenset(
    {
        "aol.com", "bluewin.ch", "bouyguestelecom.fr", "duck.com", "fastmail.com", "free.fr",
        "gmail.com", "googlemail.com", "hey.com", "icloud.com", "laposte.net", "libero.it",
        "mac.com", "mail.com", "mail.ru", "mailbox.org", "mailo.com", "me.com",
        "msn.com", "naver.com", "neuf.fr", "numericable.fr", "orange.fr", "pm.me",
        "posteo.de", "proton.me", "protonmail.ch", "protonmail.com", "qq.com", "rediffmail.com",
        "riseup.net", "seznam.cz", "sfr.fr", "skynet.be", "t-online.de", "tuta.com",
        "tutanota.com", "videotron.ca", "wanadoo.fr", "web.de", "wp.pl", "yandex.com",
        "yandex.ru", "ymail.com", "zoho.com", "126.com", "163.com",
    }
)
"""Houses whose customers have nothing in common; employees mostly write from another one."""

SHARED_EVERYWHERE = frozenset({"gmx", "hotmail", "live", "outlook", "rocketmail", "yahoo"})
"""The same for providers with a domain in every country (``yahoo.co.uk``, ``hotmail.fr``)."""

SHARED_ENDINGS = frozenset(
    {
        "ac", "asso", "co", "com", "edu", "gob", "gouv", "gov", "go",
        "mil", "muni", "ne", "nhs", "nom", "or", "org", "net", "sch",
    }
)
"""Second labels that countries give to everybody of a kind, as in ``ac.uk`` and ``gouv.fr``."""
# fmt: on


def house_of(address: str) -> str | None:
    """The domain its owner registered (``univ.fr`` of ``ann@lab.univ.fr``), in lower-case ASCII.

    ``None`` for addresses at shared providers and for what is no address. The domain is found by
    rule rather than from a list of all registries: two labels, or three below one of
    ``SHARED_ENDINGS`` in a country. Where the rule errs, it takes two houses for one, and a person
    looks at a conflict that is none.
    """
    _, at, domain = address.strip().rpartition("@")
    if not at:
        return None
    return house_of_domain(domain)


def house_of_domain(domain: str) -> str | None:
    """The same for a bare domain, such as that of an organization's site."""
    try:
        ascii_domain = domain.strip().strip(".").lower().encode("idna").decode("ascii")
    except UnicodeError:
        return None
    labels = ascii_domain.split(".")
    if len(labels) < 2 or not all(labels):
        return None
    in_country = len(labels[-1]) == 2
    depth = 3 if in_country and labels[-2] in SHARED_ENDINGS else 2
    if len(labels) < depth:
        return None
    first, house = labels[-depth], ".".join(labels[-depth:])
    return None if house in SHARED_PROVIDERS or first in SHARED_EVERYWHERE else house
