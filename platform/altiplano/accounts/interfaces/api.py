"""REST routes of this area, mounted under ``/api/v1``."""

from ninja import Router

router = Router(tags=["accounts"])
