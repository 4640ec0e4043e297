"""A broker that only remembers. Tests read ``published`` and run the tasks themselves."""

published: list[tuple[str, str, str]] = []


def record_job(queue: str, task: str, job_id: str) -> None:
    published.append((queue, task, job_id))
