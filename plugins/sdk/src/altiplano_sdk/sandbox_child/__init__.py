"""The process in which a plugin from outside runs.

Started by the platform, which owns the other end of its only open file. It closes every door
behind itself before the first line of the plugin's code runs, and knows nothing of the platform.
"""
