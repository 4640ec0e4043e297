class Plugin(HostileTool):
    """C40: asks the platform more than anybody can answer."""

    async def attack(self, arguments, ctx):
        async def ask():
            await ctx.store.put("k", b"x" * 100_000)

        await asyncio.gather(*(ask() for _ in range(100_000)))
        return "answered"
