"""What `altiplano-plugin new --kind tool` writes."""
