"""Runs a module as `python -m MODULE args...` does, but on a port of our choice.

    python onport.py PORT MODULE args...

Some servers fix their port in the source and read it from nowhere else. All of
them listen by uvicorn.run, so that is the one thing that is changed: its host is
127.0.0.1 and its port is PORT. Everything before and after is the server's own.
"""

import functools
import runpy
import sys

import uvicorn


def main() -> None:
    port, module = int(sys.argv[1]), sys.argv[2]
    listen = uvicorn.run

    @functools.wraps(listen)
    def on_port(app, *args, **kwargs):
        kwargs.update(host="127.0.0.1", port=port)
        return listen(app, *args, **kwargs)

    uvicorn.run = on_port
    sys.argv = [module, *sys.argv[3:]]
    # What python -m does: the working folder comes first, this file's doesn't.
    sys.path[0] = ""
    runpy.run_module(module, run_name="__main__", alter_sys=True)


main()
