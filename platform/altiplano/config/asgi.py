"""The ASGI application that uvicorn serves."""

import os
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from asgiref.typing import ASGI3Application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "altiplano.config.settings")

from django.core.asgi import get_asgi_application

_portal = cast("ASGI3Application", get_asgi_application())

from altiplano.config.body_limit import with_body_limit
from altiplano.web.static_files import with_static_files

application = with_body_limit(with_static_files(_portal))
