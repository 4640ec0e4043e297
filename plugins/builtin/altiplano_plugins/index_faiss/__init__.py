"""Dense search over immutable FAISS segments.

Nothing heavy is imported here: a process that only lists plugins never loads FAISS.
"""

from altiplano_plugins.index_faiss.plugin import FaissConfig, FaissIndex

__all__ = ["FaissConfig", "FaissIndex"]
