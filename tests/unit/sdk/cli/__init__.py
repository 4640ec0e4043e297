"""The author's tool without a platform."""
