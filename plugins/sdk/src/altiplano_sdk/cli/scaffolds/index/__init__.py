"""What `altiplano-plugin new --kind index` writes."""
