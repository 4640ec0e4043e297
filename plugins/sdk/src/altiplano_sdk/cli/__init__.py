"""``altiplano-plugin``: what an author types. Every command fits one screen and ends in a hint."""
