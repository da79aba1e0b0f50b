"""The caches whose behaviour is compared, and processes that use them.

Each process is forked: that of Ireneo goes on as probe.cc, those of its peers
as peers.py, which is imported once. A forked process knows nothing of the
cache, and imports anew what is edited.
"""

import dataclasses
import gc
import json
import os
import re
import resource
import select
import signal
import subprocess

# Where `#include "ireneo/..."` and programs to compile are.
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

# A file that a process writes can be made to end here, as on a full disk.
SIZE_LIMIT = 4 << 20

# A process that takes longer hangs. Far more than any needs.
DEADLINE = 20


@dataclasses.dataclass
class Call:
  """What a process said of a call."""
  computed: int = 0  # Since the call before.
  right: bool = False
  error: str = ""
  case: str = ""
  value: object = None


class Process:
  """A process that says what it does, line by line: see peers.py."""

  def __init__(self, run, is_limited=False):
    ours, output = os.pipe()
    text, self._input = os.pipe()
    self.pid = os.fork()
    if self.pid == 0:
      try:
        os.dup2(text, 0)
        os.dup2(output, 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        for pipe in (ours, output, text, self._input):
          os.close(pipe)
        if is_limited:
          resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE_LIMIT, SIZE_LIMIT))
          signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        run()
      finally:
        os._exit(0)  # pylint: disable=protected-access
    os.close(output)
    os.close(text)
    self._output = os.fdopen(ours, "rb", buffering=0)
    self._rest = b""
    self.lines = []

  def next_line(self):
    """The next line, or None at the end."""
    while b"\n" not in self._rest:
      if not select.select([self._output], [], [], DEADLINE)[0]:
        self.kill()
        self.lines.append('{"error": "hangs"}')
        return None
      part = self._output.read(4096)
      if not part:
        return None
      self._rest += part
    line, self._rest = self._rest.split(b"\n", 1)
    self.lines.append(line.decode())
    return self.lines[-1]

  def wait_for(self, wanted):
    """Whether it said so."""
    while (line := self.next_line()) is not None:
      if line == wanted:
        return True
    return False

  def go(self):
    """Lets one go on that waits for a line."""
    os.write(self._input, b"\n")

  def kill(self):
    os.kill(self.pid, signal.SIGKILL)

  def finish(self):
    """Waits for its end. Returns its calls."""
    while self.next_line() is not None:
      pass
    os.close(self._input)
    self._output.close()
    status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
    calls = []
    call = Call()
    for line in self.lines:
      if line == "computed":
        call.computed += 1
      elif line.startswith("{"):
        calls.append(dataclasses.replace(call, **json.loads(line)))
        call = Call()
    if status != 0:
      calls.append(Call(error=f"ended with status {status}"))
    return calls


class Ireneo:
  """Ours, by the programs in `directory`."""
  name = "Ireneo"

  def __init__(self, directory):
    self._directory = os.path.abspath(directory)

  def start(self, command, store, *arguments, is_limited=False):
    return self._start("probe", command, store, *map(str, arguments),
                       is_limited=is_limited)

  def start_edited(self, edit, store, directory, *version):
    """Calls f(20) of the program after an edit: one of EDITS in BUILD.

    The version is made of the sources, if it is not given.
    """
    del directory
    return self._start(f"edited_probe_{edit}", store, *version)

  def _start(self, program, *arguments, is_limited=False):
    path = os.path.join(self._directory, program)
    return Process(lambda: os.execv(path, [path, *arguments]), is_limited)

  def refusal_of_closure(self, directory):
    """What the compiler says of a lambda with captures; "" if it takes it."""
    os.makedirs(directory, exist_ok=True)
    os.symlink(ROOT, os.path.join(directory, "ireneo"))
    output = subprocess.run(
        ["g++", "-std=c++20", "-fsyntax-only", "-I", directory,
         "-isystem", "/usr/include/eigen3",
         os.path.join(HERE, "capturing_lambda.cc")],
        stderr=subprocess.PIPE, text=True, check=False,
        env=os.environ | {"LC_ALL": "C"}).stderr
    error = re.search(r"error: (?:static assertion failed: )?(.*)", output)
    return error[1] if error else ""


class Peer:
  """One of peers.py, which is imported when the first one is made."""

  def __init__(self, name):
    import peers  # pylint: disable=import-outside-toplevel
    self.name = name
    self._main = peers.main

  def start(self, command, store, *arguments, is_limited=False):
    def run():
      self._main(self.name, command, store, *map(str, arguments))
      # Closes databases, as the end of a Python of its own does.
      gc.collect()
    return Process(run, is_limited)

  def start_edited(self, edit, store, directory):
    """Calls f(20) of a module after an edit: one of _EDITS."""
    os.makedirs(directory, exist_ok=True)
    with open(os.path.join(directory, "subject.py"), "w",
              encoding="utf-8") as file:
      file.write(_SUBJECT.replace(*_EDITS[edit]))
    return self.start("edited", store, directory)


_SUBJECT = """
def g(x):
  return x + 1

def f(x):
  print("computed", flush=True)
  return 2 * g(x)
"""

# As in BUILD, of subject.cc.
_EDITS = {
    "before": ("", ""),
    "nothing": ("", ""),
    "helper": ("x + 1", "x + 2"),
    "body": ("2 * g(x)", "3 * g(x)"),
}

# What manuals have against identical calls at once: other names in peers.py.
RECIPES = {"diskcache": ("diskcache.barrier", "diskcache.memoize_stampede")}

PEERS = ("joblib", "joblib mmap", "diskcache", "SQLite by hand",
         "files by hand")
