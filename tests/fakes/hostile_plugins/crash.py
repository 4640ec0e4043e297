class Plugin(HostileTool):
    """Ends its process in the middle of a call."""

    async def attack(self, arguments, ctx):
        ctypes.string_at(0)
