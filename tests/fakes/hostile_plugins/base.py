"""What every hostile plugin begins with; the text of its own module follows in the same file."""

import asyncio
import contextlib
import ctypes
import errno
import json
import os
import resource
import signal
import socket
import stat
import struct
import sys
import tempfile
import threading
import time

import altiplano_sdk as sdk


class HostileTool:
    """A tool whose content is what ``attack`` brought home, as JSON."""

    name = "hostile"
    description = "Tries what no plugin may."
    parameters = {"type": "object"}

    def __init__(self, config):
        pass

    async def call(self, arguments, ctx):
        return sdk.ToolResult(json.dumps(await self.attack(arguments, ctx)))
