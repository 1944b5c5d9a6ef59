"""Layers, losses and other building blocks that several recipes use."""
