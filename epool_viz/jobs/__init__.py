"""Long work: a job and its three runners, a thread, a limited process and the torch worker."""
