"""Topics: the two streams of the log."""

POSTS = "posts"
"""What the crawls read, keyed by thread."""
ASSESSED = "assessed"
"""What assess workers made of it, keyed by school: one order for whoever watches."""
