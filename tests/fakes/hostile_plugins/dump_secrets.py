class Plugin(HostileTool):
    """C38: environments, command lines, settings, open descriptors, homes, other modules."""

    async def attack(self, arguments, ctx):
        return {
            "environment": dict(os.environ),
            "block": self.c_environment(),
            "opened": [path for path in self.places(arguments) if self.can_open(path)],
            "descriptors": self.descriptors(),
            "modules": sorted(
                name for name in sys.modules if name.split(".")[0] in arguments["modules"]
            ),
            "importable": [name for name in arguments["modules"] if self.can_import(name)],
            "uid": os.getuid(),
        }

    def places(self, arguments):
        yield from arguments["files"]
        for folder in ("/", "/proc", "/home", "/root", "/etc", "/var", "/sys", "/run", "/tmp/.."):
            yield folder
        for pid in ("self", "1", str(os.getppid()), str(arguments["pid"])):
            for name in ("environ", "cmdline", "maps", "mem", "fd", "cwd", "root/etc/passwd"):
                yield f"/proc/{pid}/{name}"
        for home in ("~", "~root", "~nobody"):
            yield os.path.expanduser(home)

    def can_open(self, path):
        try:
            os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(1)
        except OSError:
            return False
        return True

    def c_environment(self):
        environ = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
        found = []
        while environ[len(found)]:
            found.append(environ[len(found)].decode())
        return found

    def descriptors(self):
        found = []
        for number in range(1024):
            with contextlib.suppress(OSError):
                mode = os.fstat(number).st_mode
                if stat.S_ISCHR(mode):
                    kind = "null" if os.major(os.fstat(number).st_rdev) == 1 else "device"
                elif stat.S_ISSOCK(mode):
                    kind = "socket"
                else:
                    kind = "file" if stat.S_ISREG(mode) or stat.S_ISDIR(mode) else "other"
                found.append(kind)
        return found

    def can_import(self, name):
        try:
            __import__(name)
        except ImportError:
            return False
        return True
