"""What integration tests share: the cast, and a Valkey."""

from tests.cast import alice, bob, charlie, green_schools, vera
from tests.valkey import valkey_server, valkey_url

__all__ = ["alice", "bob", "charlie", "green_schools", "valkey_server", "valkey_url", "vera"]
