"""Plugins from outside run here: in processes that can reach nothing, through a broker.

:mod:`plugins` makes them look like built-ins to the runner; :mod:`pool` keeps warm processes;
:mod:`selftest` proves that the doors are closed.
"""
