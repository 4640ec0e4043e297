class Plugin(HostileTool):
    """Signals, limits, memory and priorities of others; gaining rights."""

    async def attack(self, arguments, ctx):
        libc = ctypes.CDLL(None, use_errno=True)
        buffer = ctypes.create_string_buffer(8)
        vector = struct.pack("QQ", ctypes.addressof(buffer), 8)
        pid = arguments["pid"]
        ways = {
            "kill": lambda: os.kill(pid, 0),
            "kill all": lambda: os.kill(-1, 0),
            "limits": lambda: resource.prlimit(pid, resource.RLIMIT_NOFILE, (16, 16)),
            "own limits": lambda: resource.setrlimit(
                resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            ),
            "priority": lambda: os.setpriority(os.PRIO_PROCESS, pid, 19),
            "root": lambda: os.setresuid(0, 0, 0),
            "group": lambda: os.setgroups([0]),
            "chroot": lambda: os.chroot("/tmp"),
            "namespace": lambda: self.check(libc.unshare(0x10000000)),
            "ptrace": lambda: self.check(libc.ptrace(16, pid, 0, 0)),
            "memory": lambda: self.check(libc.process_vm_readv(pid, vector, 1, vector, 1, 0)),
            "dumpable": lambda: self.check(libc.prctl(4, 1, 0, 0, 0)),
            "outlive": lambda: self.check(libc.prctl(1, 0, 0, 0, 0)),
            "setuid file": self.setuid_file,
            "rights": lambda: os.chmod(arguments["files"][0], 0o666),
            "times": lambda: os.utime(arguments["files"][0], (0, 0)),
            "contents": lambda: os.truncate(arguments["files"][0], 0),
            "removal": lambda: os.unlink(arguments["files"][0]),
            "renaming": lambda: os.rename(arguments["files"][0], arguments["files"][0] + "x"),
            "link": lambda: os.link(arguments["files"][0], "link"),
            "library rights": lambda: os.chmod(json.__file__, 0o644),
            "terminal": lambda: self.check(libc.ioctl(0, 0x5412, b"x")),
        }
        done = []
        for name, way in ways.items():
            with contextlib.suppress(OSError, ValueError, PermissionError):
                way()
                done.append(name)
        return done

    def check(self, result):
        if result < 0:
            raise OSError(ctypes.get_errno(), "refused")

    def setuid_file(self):
        path = os.path.join(tempfile.mkdtemp(), "sh")
        with open(path, "wb") as file:
            file.write(b"#!/bin/sh\n")
        os.chmod(path, 0o4755)
        os.execv(path, [path])
