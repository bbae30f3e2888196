"""Small widgets for what moves under the hand; their modules and style sheets lie in `epool_viz/web`.

They share one `Store`, which holds the state in the page, computes there with the twin of `core`
(`web/lib/maths.js`), and keeps Python in step. Arrays in, picture out: no number of their own.
"""
