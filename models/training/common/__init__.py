"""What the detector's and the embedder's training share: the backbone, the manifest, seeds."""
