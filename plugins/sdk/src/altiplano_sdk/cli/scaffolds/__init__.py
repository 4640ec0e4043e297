"""One small working plugin per kind. ``altiplano-plugin new`` copies it under another name.

They are ordinary modules, so that style, types and tests hold for them as for all code here. The
names ``MyPlugin``, ``my-plugin`` and the module's own path are what a copy has changed.
"""
