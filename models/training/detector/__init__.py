"""Training of the one-class product-facing detector: data, network, training, export, evaluation."""
