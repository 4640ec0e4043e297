"""Where a person goes on after something that came between."""

from urllib.parse import urlsplit

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def way_back(request: HttpRequest) -> str:
    """The address to go on from; for a form that was sent, the page where it stands."""
    if request.method in ("GET", "HEAD"):
        return request.get_full_path()
    page = urlsplit(request.headers.get("Referer", ""))
    if page.netloc != request.get_host() or page.path.startswith("//"):
        return request.get_full_path()
    path = page.path or "/"
    return f"{path}?{page.query}" if page.query else path


def safe_address(request: HttpRequest, address: str) -> str:
    """The address, if it leads to a page of this site; else nothing."""
    is_ours = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if is_ours else ""
