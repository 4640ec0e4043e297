"""What `altiplano-plugin new --kind generator` writes."""
