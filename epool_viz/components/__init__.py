"""Small widgets of the dashboards; their modules and style sheets lie in `epool_viz/web`.

They share one `Store`, which holds the state in the page, computes there with the twin of `core`
(`web/lib/maths.js`), and synchronises with Python. Arrays in, picture out: they compute no number.
"""
