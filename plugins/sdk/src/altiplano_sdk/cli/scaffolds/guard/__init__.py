"""What `altiplano-plugin new --kind guard` writes."""
