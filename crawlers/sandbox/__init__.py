"""The platform sandbox: a local server in the shapes of the platforms, with its own clock, content, story and faults.

It imports nothing of this project outside this folder, so that a mistake in a page reader cannot hide in the sandbox.
"""
