"""The weekly report 舆情周报: rows of one week, figures made from them, a page that shows them."""
