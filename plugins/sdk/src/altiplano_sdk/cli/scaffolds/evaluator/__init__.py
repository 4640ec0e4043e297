"""What `altiplano-plugin new --kind evaluator` writes."""
