"""pyinfra: the five commands of a deploy."""

from pyinfra.operations import server

for number in range(5):
    server.shell(name=f"Step {number}", commands=["true"])
