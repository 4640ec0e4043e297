"""The ASGI application that uvicorn serves."""

import os
import sys
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from asgiref.typing import ASGI3Application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "altiplano.config.settings")

from django.core.asgi import get_asgi_application

_portal = cast("ASGI3Application", get_asgi_application())

from altiplano.config.body_limit import with_body_limit
from altiplano.config.fast_doors import DOORS
from altiplano.config.fast_lane import FastLane
from altiplano.config.request_connections import close_with_requests
from altiplano.config.telemetry import TracedRequests, start_tracing
from altiplano.web.static_files import with_static_files

# Database calls give the interpreter away a dozen times per request; at the default of 5 ms, each
# waits that long to get it back from a loop that is busy with other answers.
sys.setswitchinterval(0.0005)

close_with_requests()
application = with_body_limit(
    cast("ASGI3Application", FastLane(cast("Any", with_static_files(_portal)), DOORS))
)
if start_tracing("web"):
    application = cast("ASGI3Application", TracedRequests(cast("Any", application)))
