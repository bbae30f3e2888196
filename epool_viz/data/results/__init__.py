"""Recorded results of training runs."""
