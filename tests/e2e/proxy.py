"""A wire that can be cut: a TCP proxy on loopback whose open connections can be dropped."""

import selectors
import socket
import threading
from types import TracebackType
from typing import Self


class CuttingProxy:
    """Passes bytes to ``port`` and back, until one of its methods says otherwise."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._waker, self._signal = socket.socketpair()
        self._selector.register(self._waker, selectors.EVENT_READ)
        self._peers: dict[socket.socket, socket.socket] = {}
        self._is_held = self._is_away = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._signal.send(b"x")
        self._thread.join(timeout=5)
        for end in (self._waker, self._signal, self._listener):
            end.close()
        self._selector.close()

    def cut(self) -> None:
        """Every open connection ends in the middle of what it was saying; new ones work."""
        self._signal.send(b"c")

    def leave(self) -> None:
        """As ``cut``, but no new connection works either, until the next ``cut``."""
        self._signal.send(b"l")

    def hold(self) -> None:
        """What is sent from now on is on its way and does not arrive, until a ``cut``."""
        self._signal.send(b"h")

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                end = key.fileobj
                assert isinstance(end, socket.socket)
                if end is self._waker:
                    order = end.recv(1)
                    self._is_held, self._is_away = order == b"h", order == b"l"
                    if self._is_held:
                        for peer in self._peers:
                            self._selector.unregister(peer)
                        continue
                    for peer in list(self._peers):
                        self._drop(peer)
                    if order == b"x":
                        return
                elif end is self._listener:
                    self._accept()
                elif end in self._peers:
                    self._pass_on(end)

    def _accept(self) -> None:
        near, _ = self._listener.accept()
        if self._is_away:
            near.close()
            return
        far = socket.create_connection(self._target)
        for one, other in ((near, far), (far, near)):
            self._peers[one] = other
            if not self._is_held:
                self._selector.register(one, selectors.EVENT_READ)

    def _pass_on(self, end: socket.socket) -> None:
        try:
            data = end.recv(65536)
            if data:
                self._peers[end].sendall(data)
                return
        except OSError:
            pass
        self._drop(end)

    def _drop(self, end: socket.socket) -> None:
        other = self._peers.pop(end, None)
        for each in (end, other):
            if each is not None and each.fileno() >= 0:
                if each in self._selector.get_map():
                    self._selector.unregister(each)
                each.close()
        if other is not None:
            self._peers.pop(other, None)
