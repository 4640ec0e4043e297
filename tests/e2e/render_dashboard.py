"""``python -m tests.e2e.render_dashboard FOLDER``: every page of the dashboard over hostile rows.

It works in a database of its own in ``FOLDER``, so that the platform under test stays as it is, and
leaves ``pages.json``: what each address answered.
"""

import json
import os
import sys
from pathlib import Path


def render(folder: Path) -> dict[str, str]:
    """Each address of the dashboard with its HTML, the rows as hostile as they can be."""
    os.environ |= {"ALTIPLANO_HOME": str(folder), "DJANGO_SETTINGS_MODULE": "tests.settings"}
    import django

    django.setup()
    from django.core.management import call_command
    from django.test import Client
    from django.test.utils import setup_test_environment
    from django.urls import get_resolver

    from altiplano.accounts.models import User
    from tests.factories.everything import make_everything
    from tests.factories.hostile_rows import store_everywhere
    from tests.integration.ops.test_admin_pages import OWN
    from tests.integration.ops.test_hostile_rows import dashboard_addresses

    setup_test_environment()
    call_command("migrate", verbosity=0)
    assert get_resolver().url_patterns  # which is what registers the pages
    make_everything(1)
    store_everywhere(OWN, turn=0)
    operator = Client()
    operator.force_login(User.objects.create_superuser("operator@example.org"))
    return {address: operator.get(address).content.decode() for address in dashboard_addresses()}


if __name__ == "__main__":
    place = Path(sys.argv[1])
    (place / "pages.json").write_text(json.dumps(render(place)), encoding="utf-8")
