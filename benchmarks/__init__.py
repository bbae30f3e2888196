"""What a visitor waits for and what a server pays, held against the budgets; `make bench` runs every `bench_*.py`."""
