"""The live page of a spec: drawn anew when its file is saved, with inputs to change and training to start.

`server.py` answers the browser, `watcher.py` looks at the files, and `engine.py` is the one thread that
computes: what either wants done is a job for it. `picture.py` loads and runs, `trainer.py` trains, and
`published.py` holds what the pages show.
"""
