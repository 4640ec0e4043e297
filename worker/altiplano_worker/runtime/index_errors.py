"""What can be wrong with a collection's index directory.

::

    IndexStoreError
    ├── IndexMissingError         nothing was ever committed here, or it was deleted
    ├── IndexCorruptError         what is here is not what was committed
    └── IndexModelMismatchError   committed by another embedding model or other engines
    IndexBusyError                another process is writing; retried
    IndexBatchError               the batch must not enter any index; never retried

After the first three the owner's documents are safe in the database, and the caller rebuilds.
Messages are sentences for operators and name no path.
"""

import altiplano_sdk as sdk


class IndexStoreError(sdk.PluginError):
    """Base of the errors that a rebuild from the database repairs."""

    code = "index_failed"


class IndexMissingError(IndexStoreError):
    """There is no manifest: the collection was never indexed or its index was deleted."""

    code = "index_missing"


class IndexCorruptError(IndexStoreError):
    """A file is missing, has other bytes than were committed, or belongs to another owner."""

    code = "index_corrupt"


class IndexModelMismatchError(IndexStoreError):
    """The stored vectors are of another model, or the index was written by other engines."""

    code = "index_model_mismatch"


class IndexBusyError(sdk.RetryableError):
    """Another writer holds the directory."""

    code = "index_busy"


class IndexBatchError(sdk.PermanentError):
    """Ids or vectors of the batch break the rules that every index relies on."""

    code = "index_batch"
