"""What `altiplano-plugin new --kind loader` writes."""
