class Plugin(HostileTool):
    """C40: memory that is not the process's own: files in memory, pipes, shared mappings."""

    async def attack(self, arguments, ctx):
        import mmap

        held = {"files": 0, "pipes": 0, "shared": 0, "descriptors": 0}
        for _ in range(512):
            with contextlib.suppress(OSError):
                handle = os.memfd_create("hoard")
                held["files"] += os.write(handle, b"x" * 1_000_000)
            with contextlib.suppress(OSError):
                _, write = os.pipe()
                os.set_blocking(write, False)
                held["pipes"] += os.write(write, b"x" * 65_536)
            with contextlib.suppress(OSError, ValueError):
                shared = mmap.mmap(-1, 16_000_000)
                shared.write(b"x" * 16_000_000)
                held["shared"] += 16_000_000
                self.__dict__.setdefault("kept", []).append(shared)
        return held
