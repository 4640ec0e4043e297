"""``ctx.store`` of a plugin from outside, over the portal's rows."""

from collections.abc import Callable
from typing import TypeVar

import altiplano_sdk as sdk
from altiplano.catalog.domain.storing import Store, StoreFullError, StoreKeyError
from altiplano.kernel.database_threads import read_database, write_database

T = TypeVar("T")


class PluginStore:
    """One package's values in one organization. Raises only errors of the SDK."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, key: str) -> bytes | None:
        return await read_database(_said(lambda: self._store.get(key)))

    async def put(self, key: str, value: bytes) -> None:
        await write_database(_said(lambda: self._store.put(key, value)))

    async def delete(self, key: str) -> None:
        await write_database(_said(lambda: self._store.delete(key)))

    async def keys(self, prefix: str = "") -> tuple[str, ...]:
        return await read_database(_said(lambda: self._store.keys(prefix)))


def _said(call: Callable[[], T]) -> Callable[[], T]:
    """``call`` with its refusals in the words of the SDK."""

    def said() -> T:
        try:
            return call()
        except StoreFullError:
            raise sdk.BudgetExceededError(
                "The plugin's storage in this organization is full.", code="store_full"
            ) from None
        except StoreKeyError:
            raise sdk.PermanentError(
                "A key of the plugin's storage has 1 to 200 characters.", code="store_key"
            ) from None

    return said
