"""The server of the dashboards.

`settings` holds every setting once, `start` starts and stops it all, `voila` is Voilà with fewer routes, `kernels` says
how many kernels there are and for how long, `fork_server` forks them, `page_rendering` renders pages, `sockets` and
`messages` stand between a page and its kernel, `frame` writes what the page's template shows.
"""
