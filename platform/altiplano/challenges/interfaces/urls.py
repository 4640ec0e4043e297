"""Pages of this area: all of them public."""

from django.urls import path
from django.views.decorators.http import require_safe

from altiplano.challenges.interfaces import views
from altiplano.challenges.interfaces.feed import ChallengeFeed

app_name = "challenges"
urlpatterns = [
    path("challenge/", views.list_editions, name="editions"),
    path("challenge/clock", views.tell_time, name="clock"),
    path("challenge/feed.xml", require_safe(ChallengeFeed()), name="feed"),
    path("challenge/<slug:edition>/", views.show_edition, name="edition"),
]
