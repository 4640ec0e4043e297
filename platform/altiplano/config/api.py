"""The REST API: every area's routes under ``/api/v1``, one authentication, one kind of error."""

from typing import Any

from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation

from altiplano.accounts.interfaces.api import router as accounts_router
from altiplano.accounts.interfaces.auth import KeyOrSession
from altiplano.accounts.interfaces.consent_api import router as consent_router
from altiplano.catalog.interfaces.api import router as catalog_router
from altiplano.challenges.interfaces.api import router as challenges_router
from altiplano.config.api_errors import handle_error
from altiplano.config.api_schema import describe_errors
from altiplano.config.json_body import StrictParser
from altiplano.knowledge.interfaces.api import router as knowledge_router
from altiplano.runs.interfaces.api import router as runs_router
from altiplano.runs.interfaces.draft_events import router as draft_events_router
from altiplano.studio.interfaces.api import router as studio_router
from altiplano.studio.interfaces.plugin_api import router as drafts_router

API_VERSION = "1.0"


class AltiplanoAPI(NinjaAPI):
    """Ninja's API with stable operation ids, and with problem documents for every error."""

    def set_default_exception_handlers(self) -> None:
        """One handler for all; Ninja's own would answer some errors in another form."""
        self.add_exception_handler(Exception, handle_error)

    def get_openapi_operation_id(self, operation: Operation) -> str:
        return str(operation.view_func.__name__)

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        schema = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        describe_errors(schema)
        return schema


api = AltiplanoAPI(
    title="Altiplano",
    version=API_VERSION,
    description=(
        "Documents in, cited and streamed answers out. Errors are RFC 9457 problem documents "
        "whose `code` is stable."
    ),
    urls_namespace="api",
    auth=KeyOrSession(),
    parser=StrictParser(),
    # Swagger's page loads its scripts from another host; the description itself is enough.
    docs_url=None,
    docs_decorator=require_safe,
)

for _router in (
    accounts_router,
    consent_router,
    knowledge_router,
    catalog_router,
    studio_router,
    drafts_router,
    draft_events_router,
    runs_router,
    challenges_router,
):
    api.add_router("", _router)
