class Plugin(HostileTool):
    """C40: leaves threads and processes behind when it is done."""

    async def attack(self, arguments, ctx):
        threading.Thread(target=time.sleep, args=(3600,)).start()
        with contextlib.suppress(OSError):
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    time.sleep(3600)
                os._exit(0)
        with contextlib.suppress(Exception):
            import subprocess

            subprocess.Popen(["/bin/sleep", "3600"], start_new_session=True)
        asyncio.get_running_loop().create_task(asyncio.sleep(3600))
        return "gone"
