"""The comparison of pooling methods: a race that is watched."""
