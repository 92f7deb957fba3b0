"""Weibo 微博 by its authorised interface: own posts, comments received, comments of one post."""
