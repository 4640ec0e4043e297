"""One structured log line per event, on standard error, readable or as JSON."""

import logging
import logging.config
from typing import Any

import structlog
from structlog.typing import Processor

from altiplano.config.job_lines import JobLines
from altiplano.config.redaction import redactor

SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
)

# One list for good: a logger keeps the list that it was first used with.
_chain: list[Processor] = []


def configure_logs(options: dict[str, Any]) -> None:
    """Route both structlog and the standard library through one renderer, which keeps secrets.

    ``options`` is ``{"level": str, "json": bool, "jobs": bool}``, Django's ``LOGGING`` setting; with
    ``jobs`` lines that belong to a job are also kept with it.
    """
    shared: tuple[Processor, ...] = (*SHARED, JobLines()) if options.get("jobs") else SHARED
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if options["json"]
        else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)
    )
    _chain[:] = (
        structlog.stdlib.filter_by_level,
        *shared,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    )
    structlog.configure(
        processors=_chain,
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "structured": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "processors": [
                        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                        renderer,
                        redactor(),
                    ],
                    "foreign_pre_chain": list(shared),
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
            "root": {"handlers": ["stderr"], "level": options["level"]},
            "loggers": {
                "django.db.backends": {"level": "WARNING"},
                "django.server": {"level": "WARNING"},
                "uvicorn.access": {"level": "WARNING"},
                "kombu": {"level": "WARNING"},
                # Two lines for each message, heartbeats included; what tasks do, they say themselves.
                "celery.worker.strategy": {"level": "WARNING"},
                "celery.app.trace": {"level": "WARNING"},
                "celery.beat": {"level": "WARNING"},
                "faiss.loader": {"level": "WARNING"},
                "asyncio": {"level": "WARNING"},
            },
        }
    )
