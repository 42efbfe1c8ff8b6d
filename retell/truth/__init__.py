"""The proof: many random phone calls under random faults on real processes, and a merciless look at the end state.

plan, dialogues, faults   everything random, drawn from one seed
world, cable              the installation, its processes, and the cables that can be pulled
playing, draining         the calls are played, then everything has to come to rest by itself
evidence                  what callers were told, what Cal.com holds, what our rows say
understanding, grading    what may be the case after that, and what is not so: pure functions
report                    the table
"""
