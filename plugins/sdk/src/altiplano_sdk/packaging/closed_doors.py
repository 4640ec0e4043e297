"""What the code of a plugin has no use for in a sandbox, and what it does instead."""

from typing import Final

PLATFORM: Final = frozenset(
    {"altiplano", "altiplano_worker", "altiplano_plugins", "django", "celery"}
)
NO_PROGRAMS: Final = "A plugin starts no programs: do the work in Python, or vendor a wheel."
NO_FOREIGN: Final = "Call compiled code through a wheel that is named in requirements.txt."
CLOSED: Final = {
    "subprocess": NO_PROGRAMS,
    "pty": NO_PROGRAMS,
    "multiprocessing": "Use `await asyncio.to_thread(...)` for slow work.",
    "concurrent.futures.process": "Use `await asyncio.to_thread(...)` for slow work.",
    "ctypes": NO_FOREIGN,
    "_ctypes": NO_FOREIGN,
    "cffi": NO_FOREIGN,
    "socket": "Use `ctx.http`.",
    "_socket": "Use `ctx.http`.",
    "socketserver": "A plugin serves nobody; it is called by the platform.",
    "ssl": "`ctx.http` speaks HTTPS.",
    "signal": "Cancelled calls raise asyncio.CancelledError; let it through.",
    "fcntl": "Files of the sandbox have one user.",
    "mmap": "Read the file.",
    "resource": "Limits are those of [grants].",
    "runpy": "Import what you run.",
    "code": "Write the code out.",
    "codeop": "Write the code out.",
    "webbrowser": "A plugin has no screen.",
    "gc": "Other plugins' objects are not in this process; there is nothing to find.",
}
NETWORK: Final = frozenset(
    [
        "aiohttp",
        "boto3",
        "ftplib",
        "grpc",
        "http.client",
        "http.server",
        "httpx",
        "imaplib",
        "nntplib",
        "paramiko",
        "poplib",
        "psycopg",
        "psycopg2",
        "pycurl",
        "pymysql",
        "redis",
        "requests",
        "smtplib",
        "telnetlib",
        "urllib.request",
        "urllib3",
        "websocket",
        "websockets",
        "xmlrpc",
    ]
)
MODELS: Final = frozenset({"openai", "anthropic", "mistralai", "cohere", "ollama", "litellm"})
PROGRAMS: Final = tuple(
    f"os.{name}"
    for name in [
        "system",
        "popen",
        "exec",
        "spawn",
        "posix_spawn",
        "fork",
        "kill",
        "setuid",
        "setgid",
        "chroot",
    ]
)
CLOSED_CALLS: Final = {
    "eval": "Use ast.literal_eval for values, or write the code out.",
    "exec": "Write the code out.",
    "compile": "Write the code out.",
    "__import__": "Import at the top of the file.",
    "importlib.import_module": "Import at the top of the file.",
    "importlib.reload": "Import at the top of the file.",
    "asyncio.create_subprocess_exec": NO_PROGRAMS,
    "asyncio.create_subprocess_shell": NO_PROGRAMS,
    "asyncio.open_connection": "Use `ctx.http`.",
    "asyncio.start_server": "A plugin serves nobody; it is called by the platform.",
    "sys.settrace": "Use `ctx.log` to see what happens.",
    "sys.setprofile": "Use `ctx.log` to see what happens.",
    "sys._getframe": "Pass what is needed as an argument.",
    "sys.path.append": "Vendored packages are on the path already.",
    "sys.path.insert": "Vendored packages are on the path already.",
}
UNPICKLING: Final = frozenset(
    [
        "pickle.load",
        "pickle.loads",
        "pickle.Unpickler",
        "marshal.load",
        "marshal.loads",
        "shelve.open",
        "dill.load",
        "dill.loads",
        "cloudpickle.load",
        "cloudpickle.loads",
        "joblib.load",
        "torch.load",
        "yaml.load",
        "yaml.unsafe_load",
    ]
)
ENVIRONMENT: Final = frozenset({"os.environ", "os.environb", "os.getenv", "os.putenv"})
WORK: Final = frozenset(
    [
        "open",
        "print",
        "input",
        "io.open",
        "os.listdir",
        "os.walk",
        "os.scandir",
        "os.mkdir",
        "os.makedirs",
        "os.remove",
        "os.getcwd",
        "time.sleep",
        "time.time",
        "asyncio.run",
        "threading.Thread",
        "logging.basicConfig",
        "datetime.datetime.now",
        "socket.socket",
        "random.seed",
    ]
)
WORK_METHODS: Final = frozenset(
    {"read_text", "read_bytes", "write_text", "write_bytes", "mkdir", "unlink", "iterdir", "touch"}
)
BLOCKING: Final = frozenset({"time.sleep", "input", "urllib.request.urlopen", "asyncio.run"})
