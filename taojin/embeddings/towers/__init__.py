"""Two towers: one network for who asks, one for what is offered, and an inner product."""
