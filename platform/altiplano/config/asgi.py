"""The ASGI application that uvicorn serves."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "altiplano.config.settings")

from django.core.asgi import get_asgi_application

_portal = get_asgi_application()

from altiplano.web.static_files import with_static_files

application = with_static_files(_portal)
