"""What integration tests share: the cast."""

from tests.cast import alice, bob, charlie, green_schools, vera

__all__ = ["alice", "bob", "charlie", "green_schools", "vera"]
