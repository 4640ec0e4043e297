"""``python -m altiplano_sdk.sandbox_child``; the platform starts it with a socket as descriptor 0."""

from altiplano_sdk.sandbox_child.serving import main

main()
