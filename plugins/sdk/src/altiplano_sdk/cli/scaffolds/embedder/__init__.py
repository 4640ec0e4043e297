"""What `altiplano-plugin new --kind embedder` writes."""
