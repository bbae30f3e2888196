"""The command line and the server of the dashboards: the only room that knows Voilà.

`config` holds every setting once, `server` is Voilà with fewer doors, `kernels` says how many and for how long,
`serving` starts and stops it all, `cli` holds the commands. Nothing here is imported by the rest of the package, and
`cli` imports the heavy parts only inside the command that needs them.
"""
