"""The staff's pages of Retell agents: what is set for them, what is live, deploying, testing, functions, prompt."""
