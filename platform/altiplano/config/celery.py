"""The portal's side of the broker: it names tasks, it never imports them."""

from functools import cache

from celery import Celery
from django.conf import settings

TRANSPORT_OPTIONS = {
    # Longer than any task may run; kombu would hand a longer one to a second worker.
    "visibility_timeout": 3600,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 10,
    "socket_connect_timeout": 2,
    "socket_keepalive": True,
    "health_check_interval": 25,
    "max_retries": 1,
}


@cache
def client() -> Celery:
    """The process's publisher. Failing fast matters: the sweeper publishes what was missed."""
    app = Celery("altiplano-client", broker=settings.REDIS_URL, set_as_current=False)
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        broker_pool_limit=8,
        broker_connection_retry=False,
        broker_transport_options=TRANSPORT_OPTIONS,
        task_publish_retry=False,
    )
    return app


def publish_job(queue: str, task: str, job_id: str) -> None:
    """Put one message on ``queue``; raises what the broker's client raises."""
    client().send_task(task, args=[job_id], queue=queue, ignore_result=True)
