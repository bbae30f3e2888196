"""The command line and the configuration of the server."""
