"""A program of Python with Go in it: host.py [leak N] LIBRARY..."""

import ctypes
import sys
import threading
import time

leaks = 0
words = iter(sys.argv[1:])
for word in words:
    if word == "leak":
        leaks = int(next(words))
        continue
    library = ctypes.CDLL(word)
    library.Serve(3)
    library.Leak(leaks)
    for function in (library.Wait, library.Through):
        threading.Thread(target=function, daemon=True).start()
    library.Settle()
    library.Dump()
print("READY", flush=True)
time.sleep(3600)
