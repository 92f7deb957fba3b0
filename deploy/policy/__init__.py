"""Policy packs for people 规程包: what there is, what a pack says, its mistakes, its differences, and who is told."""
