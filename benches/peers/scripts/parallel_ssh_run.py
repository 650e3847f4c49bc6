"""parallel-ssh: commands, or a file, on all hosts, a hundred at a time. Arguments: port, user, key, hosts file, then `run COUNT` or `put FILE TARGET`."""

import sys

from gevent import joinall
from pssh.clients import ParallelSSHClient

port, user, key, hosts, what, *rest = sys.argv[1:]
# Its native client checks no host keys.
client = ParallelSSHClient(open(hosts).read().split(), user=user, port=int(port), pkey=key, pool_size=100, allow_agent=False)
if what == "run":
    for _ in range(int(rest[0])):
        output = client.run_command("true")
        client.join(output)
        assert all(host.exit_code == 0 for host in output)
else:
    joinall(client.copy_file(rest[0], rest[1]), raise_error=True)
