"""WeChat official account 微信公众号 by its authorised interface: articles, their comments, and the mapping between."""
