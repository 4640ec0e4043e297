"""What `altiplano-plugin new --kind prompt` writes."""
