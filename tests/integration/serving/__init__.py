"""Models and tool servers that the platform may call."""
