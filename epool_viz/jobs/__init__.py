"""Long work in a process of its own: who asks for it, and the process that does it."""
