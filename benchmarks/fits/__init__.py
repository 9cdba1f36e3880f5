"""The sides of the comparison of training speed: each a program that fits one model on given rows and says how fast."""
