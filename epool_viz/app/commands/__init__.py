"""What each command does, a module a command: read, compute with the rooms below, write.

`inputs` reads what a command is given and `outputs` writes what it makes; `bounds` estimates whether that fits into
memory, and `progress` tells how far it is and stops it on a signal.
"""
