"""What `altiplano-plugin new --kind splitter` writes."""
