"""Models: a network, its card, the engine that runs it, and how its output is decoded."""
