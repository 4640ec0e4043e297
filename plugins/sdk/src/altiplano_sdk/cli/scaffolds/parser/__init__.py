"""What `altiplano-plugin new --kind parser` writes."""
