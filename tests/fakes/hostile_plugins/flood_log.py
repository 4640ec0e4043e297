class Plugin(HostileTool):
    """C40: prints and logs without end."""

    async def attack(self, arguments, ctx):
        while True:
            print("x" * 100_000)
            ctx.log.info("x" * 100_000, field="y" * 100_000)
            await asyncio.sleep(0)
