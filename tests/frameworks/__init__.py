"""The bridges to other frameworks, in an environment of their own without Django."""
