"""Tracing is off until an address is given, and names requests without their ids."""

import pytest

from altiplano.config.telemetry import TracedRequests, name_of, start_tracing


def test_tracing_is_off_without_an_address(settings, monkeypatch):
    def refuse(_provider):
        raise AssertionError

    monkeypatch.setattr("opentelemetry.trace.set_tracer_provider", refuse)
    settings.OTLP_URL = ""
    assert start_tracing("web") is False


def test_address_starts_the_exporter(settings, monkeypatch):
    providers = []
    monkeypatch.setattr("opentelemetry.trace.set_tracer_provider", providers.append)
    settings.OTLP_URL = "http://127.0.0.1:9/"
    assert start_tracing("worker") is True
    (provider,) = providers
    assert provider.resource.attributes["service.name"] == "altiplano-worker"
    provider.shutdown()


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/v1/apps/0198c0de-0000-7000-8000-000000000000/runs", "/api/v1/apps/{id}/runs"),
        ("/admin/knowledge/chunk/123/change/", "/admin/knowledge/chunk/{id}/change/"),
        ("/healthz", "/healthz"),
        ("/v1/chat/completions", "/v1/chat/completions"),
    ],
)
def test_requests_of_a_kind_have_one_name(path, name):
    assert name_of(path) == name


async def test_other_protocols_are_passed_on():
    seen = []

    async def application(scope, receive, send):
        seen.append(scope["type"])

    await TracedRequests(application)({"type": "lifespan"}, None, None)
    assert seen == ["lifespan"]
