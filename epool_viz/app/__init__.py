"""The command line and the server of the dashboards: the only room that imports Voilà.

`cli` holds the commands' options, `commands` what they do, and `server` the server that `epool-viz app` starts; neither
of these two imports the other. Nothing here is imported by the rest of the package, and `cli` imports the heavy parts
only inside the command that needs them.
"""
