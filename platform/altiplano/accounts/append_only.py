"""What a record says when somebody tries to rewrite it."""


class AppendOnlyError(RuntimeError):
    """A row that was written for good was about to be changed or removed."""
