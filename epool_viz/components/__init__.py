"""Small widgets for what moves under the hand: a `.py` and a plain ES module each, no framework, no build.

They share one `Store`, which holds the state in the page, computes there with the twin of `core` (`maths.js`), and
keeps Python in step. Arrays in, picture out: no number of their own.
"""
