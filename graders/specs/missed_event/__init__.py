"""A bug hunt."""
