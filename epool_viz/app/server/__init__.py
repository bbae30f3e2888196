"""The server of the dashboards.

`settings` holds every setting once, `start` starts and stops it all, `voila` is Voilà with fewer routes, `kernels`
starts and ends kernels, `fork_server` forks them, `page_rendering` renders pages, `sockets` and
`messages` check what a page sends to its kernel, `frame` writes the data of the page's template.
"""
