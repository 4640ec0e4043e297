"""Addresses for machines that watch: is the process up, can it work, how much does it do."""

import hmac
import ipaddress

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from altiplano.kernel.database_threads import read_database
from altiplano.ops.health import check_readiness
from altiplano.ops.metrics import render_metrics


@csrf_exempt
@never_cache
@require_safe
async def healthz(_: HttpRequest) -> HttpResponse:
    """200 while the process answers at all; asks nobody else."""
    return JsonResponse({"status": "ok"})


@csrf_exempt
@never_cache
@require_safe
async def readyz(_: HttpRequest) -> HttpResponse:
    """200 when questions can be answered and documents read, else 503 that names the parts."""
    readiness = await check_readiness()
    response = JsonResponse(readiness.as_json(), status=200 if readiness.ok else 503)
    # Asked every second while something starts; "not yet" is an answer here and not an error.
    response._has_been_logged = True  # type: ignore[attr-defined]  # noqa: SLF001
    return response


@csrf_exempt
@never_cache
@require_safe
async def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text for whoever may read it; for others there is nothing here."""
    if not may_read_metrics(request):
        return HttpResponse("Not found.", status=404, content_type="text/plain")
    return HttpResponse(await read_database(render_metrics), content_type=CONTENT_TYPE_LATEST)


def may_read_metrics(request: HttpRequest) -> bool:
    """With ALTIPLANO_METRICS_TOKEN set, its bearer; without it, this machine without a proxy.

    A request that a proxy passed on comes from this machine too, so its headers rule it out.
    """
    token = str(settings.METRICS_TOKEN)
    if token:
        given = request.headers.get("Authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
    if request.headers.get("X-Forwarded-For") or request.headers.get("Forwarded"):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
