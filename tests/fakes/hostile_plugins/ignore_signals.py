class Plugin(HostileTool):
    """C40: will not be cancelled, interrupted or terminated."""

    async def attack(self, arguments, ctx):
        for number in range(1, 32):
            with contextlib.suppress(OSError, ValueError):
                signal.signal(number, signal.SIG_IGN)
        while True:
            with contextlib.suppress(BaseException):
                await asyncio.sleep(3600)
