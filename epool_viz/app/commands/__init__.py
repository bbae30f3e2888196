"""What each command does, a module a command: read, compute with the rooms below, write.

`inputs` reads the arguments and `outputs` writes the results; `bounds` estimates whether that fits into
memory, and `progress` shows progress and stops on a signal.
"""
