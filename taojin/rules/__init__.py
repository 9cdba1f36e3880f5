"""Hard constraints: a rule removes candidates and does nothing else."""
