"""The author's tool against a platform, and from a wheel in an empty environment."""
