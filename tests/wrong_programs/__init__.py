"""Two hundred wrong programs, each with its messages and a right version: how far does a message alone lead?

programs/ holds each program as NAME.graph with the messages that it gives in NAME.txt, and right.jsonl the program as it
was meant, which nobody who repairs one is to see. `python -m tests.wrong_programs` shows and judges.
"""
