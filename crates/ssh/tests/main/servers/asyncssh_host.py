"""A host of asyncssh for the tests: python asyncssh_host.py PORT HOST_KEY HOME USER PASSWORD"""

import asyncio
import os
import signal
import sys

import asyncssh

PORT, HOST_KEY, HOME, USER, PASSWORD = sys.argv[1:]


class Host(asyncssh.SSHServer):
    def begin_auth(self, username):
        return True

    def password_auth_supported(self):
        return True

    def validate_password(self, username, password):
        return (username, password) == (USER, PASSWORD)

    def kbdint_auth_supported(self):
        return True

    def get_kbdint_challenge(self, username, lang, submethods):
        return "", "", "", [("Password: ", False)]

    def validate_kbdint_response(self, username, responses):
        return (username, list(responses)) == (USER, [PASSWORD])

    def connection_requested(self, dest_host, dest_port, orig_host, orig_port):
        return True


async def carry(source, target):
    try:
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    except (BrokenPipeError, ConnectionResetError):
        pass  # Nobody reads it any more.


async def feed(source, target):
    await carry(source, target)
    target.close()


async def work(process):
    child = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", process.command or ":", cwd=HOME, env={**os.environ, "HOME": HOME, **process.env},
        start_new_session=True, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )
    feeding = asyncio.create_task(feed(process.stdin, child.stdin))
    await asyncio.gather(carry(child.stdout, process.stdout), carry(child.stderr, process.stderr))
    code = await child.wait()
    feeding.cancel()
    if code < 0:
        process.exit_with_signal(signal.Signals(-code).name.removeprefix("SIG"))
    else:
        process.exit(code)


async def main():
    await asyncssh.listen(
        "127.0.0.1", int(PORT), server_factory=Host, server_host_keys=[HOST_KEY], process_factory=work, encoding=None,
        authorized_client_keys=os.path.join(HOME, ".ssh/authorized_keys"), sftp_factory=True, allow_scp=False,
    )
    await asyncio.Event().wait()


asyncio.run(main())
