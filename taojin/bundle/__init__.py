"""All that serving needs, as a folder that is verified when it is read; earlier states of it are kept beside."""
