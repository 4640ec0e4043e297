"""What `altiplano-plugin new --kind reranker` writes."""
