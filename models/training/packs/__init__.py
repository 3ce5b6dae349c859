"""The embedder: a crop of a pack becomes a vector whose cosine tells whether two crops show one product."""
