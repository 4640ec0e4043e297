"""Run beside a platform, with its home: publishes a legal text in two versions for the pages to show.

``python -m tests.e2e.publish_texts EMAIL`` prints what the addresses in ``pages.py`` need, as JSON.
The text is needed for no purpose that other tests have; EMAIL, an owner, accepts its first version.
"""

import json
import sys
from datetime import timedelta

from altiplano.ops.cli import setup_django

SLUG = "research-terms"


def main(email: str) -> None:
    setup_django()
    from django.utils import timezone

    from altiplano.accounts.consent_models import Consent, LegalVersion, Purpose
    from altiplano.accounts.domain.sessions import principal_for
    from altiplano.accounts.models import Membership
    from tests.factories.legal import accept, publish_text

    owner = principal_for(Membership.unscoped.filter(user__email=email).earliest("created_at"))
    if not LegalVersion.objects.filter(document__slug=SLUG, published_at__isnull=False).exists():
        purposes = (Purpose.JOIN_RESEARCH,)
        accept(owner, publish_text(SLUG, purposes=purposes), capacity="demonstration")
        publish_text(SLUG, added=" And tell how you measured.")
        soon = timezone.now() + timedelta(days=30)
        publish_text(SLUG, added=" And what failed.", effective_at=soon)
    consent = Consent.objects.within(owner.organization_id).filter(withdrawn_at=None).first()
    sys.stdout.write(json.dumps({"legal": SLUG, "consent": str(consent.id if consent else "")}))


if __name__ == "__main__":
    main(sys.argv[1])
