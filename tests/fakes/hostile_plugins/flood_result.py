class Plugin(HostileTool):
    """C40: ten gigabytes of result, past the SDK, straight into the socket."""

    async def attack(self, arguments, ctx):
        for number in range(3, 64):
            with contextlib.suppress(OSError):
                channel = socket.socket(fileno=number)
                channel.setblocking(True)
                head = b'{"type":"result","id":2}'
                channel.sendall(struct.pack(">III", len(head), 2**32 - 1, 0) + head)
                for _ in range(10 * 1024):
                    channel.sendall(b"x" * (1024 * 1024))
        return "sent"
