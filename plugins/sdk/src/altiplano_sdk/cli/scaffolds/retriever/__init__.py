"""What `altiplano-plugin new --kind retriever` writes."""
