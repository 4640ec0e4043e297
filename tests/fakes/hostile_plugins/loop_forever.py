class Plugin(HostileTool):
    """C40: holds the processor and never looks at anything."""

    async def attack(self, arguments, ctx):
        while True:
            pass
