"""asyncssh: commands, or a file, on all hosts, a hundred at a time. Arguments: port, user, key, hosts file, known_hosts, then `run COUNT` or `put FILE TARGET`."""

import asyncio
import sys

import asyncssh

port, user, key, hosts, known, what, *rest = sys.argv[1:]


async def work(host, room):
    options = {"username": user, "client_keys": [key], "known_hosts": known, "config": None, "agent_path": None}
    async with room, asyncssh.connect(host, int(port), **options) as connection:
        if what == "run":
            for _ in range(int(rest[0])):
                await connection.run("true", check=True)
        else:
            async with connection.start_sftp_client() as sftp:
                await sftp.put(rest[0], rest[1])


async def main():
    room = asyncio.Semaphore(100)
    await asyncio.gather(*(work(host, room) for host in open(hosts).read().split()))


asyncio.run(main())
