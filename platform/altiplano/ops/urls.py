"""Routes at the root, for load balancers, supervisors and Prometheus."""

from django.urls import path

from altiplano.ops.interfaces import views
from altiplano.ops.interfaces.admin_site import discover_pages
from altiplano.ops.interfaces.stand_in import give_back

discover_pages()

app_name = "ops"
urlpatterns = [
    path("healthz", views.healthz, name="health"),
    path("readyz", views.readyz, name="readiness"),
    path("metrics", views.metrics, name="metrics"),
    path("stand-in/end/", give_back, name="stand-in-end"),
]
