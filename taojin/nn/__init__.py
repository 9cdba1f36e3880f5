"""Everything networks share: tables, samples, losses, the trainer, the way to ONNX."""
