"""What the funnel is worth: metrics by stage and channel, baselines beside it, intervals over users."""
