"""What `altiplano-plugin new --kind query` writes."""
