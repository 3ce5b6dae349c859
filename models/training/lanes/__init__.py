"""The network that tells a bare lane from one in which the detector missed something."""
