"""``altiplano up``: one process that starts, watches, restarts and stops all the others.

``home`` (places and secrets) · ``parts`` (what is started, and how to tell that it works) ·
``child`` (one running process) · ``supervision`` (the order of things) · ``watchdog`` (stops the
children when the supervisor itself is killed) · ``record`` (who runs in this home).

Nothing here imports Django: starting takes as long as the parts take, and not longer.
"""
