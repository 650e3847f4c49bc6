"""pyinfra: one file. Data: source, target."""

from pyinfra import host
from pyinfra.operations import files

files.put(name="Put", src=host.data.source, dest=host.data.target)
