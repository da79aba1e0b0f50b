"""What can happen to a cache, and what each cache then does.

A scenario is a function of a cache (caches.py) and of a directory that does not
exist yet. It starts processes that call remembered functions there, and returns
what was seen: a verdict and a short text. Verdicts, from the best to the worst:

  right       each value was right, and nothing was computed that need not be
  refused     the compiler does not accept the program
  copies      each value was right, and equal ones are stored more than once
  recomputes  each value was right, and some were computed once too often
  error       a call raised, or its process died or hung
  WRONG       a call returned a value that is not that of the function

Counts, values and verdicts are all of the run.
"""

import collections
import os
import re
import shutil
import time

from caches import RECIPES, Call, Ireneo, Peer

# A row of a matrix is 8 KiB.
MEGABYTE = 128
LARGE = 64 * MEGABYTE  # 64 MiB.

KILLS = 8
EQUAL_RESULTS = 20

VERDICTS = ("right", "refused", "copies", "recomputes", "error", "WRONG")


# ---------------------------------------------------------------- what is seen


def run(cache, command, store, *arguments, **options):
  """The calls of a new process."""
  return cache.start(command, store, *arguments, **options).finish()


def worst(verdicts):
  return max(verdicts, key=VERDICTS.index)


def plural(number, noun):
  return f"{number} {noun}" + ("" if number == 1 else "s")


def megabytes(number):
  return f"{number / 1e6:.1f} MB"


def short(text, most=90):
  """The first line, and some of it."""
  # A KeyError shows line feeds as Python would write them.
  text = text.replace("\\n", "\n").strip().split("\n")[0]
  return text if len(text) <= most else text[:most - 3] + "..."


def judge(calls):
  """The verdict on calls that may compute, and a text."""
  calls = calls or [Call(error="no call was made")]
  errors = [call.error for call in calls if call.error]
  wrong = sum(not call.error and not call.right for call in calls)
  verdict = "WRONG" if wrong else "error" if errors else "right"
  if len(calls) == 1:
    if errors:
      return verdict, short(errors[0])
    value = "WRONG value" if wrong else "right value"
    return verdict, value + (", computed anew" if calls[0].computed else
                             ", remembered")
  right = [call for call in calls if call.right]
  anew = sum(call.computed > 0 for call in right)
  parts = []
  if right:
    many = "all" if len(right) == len(calls) else f"of {len(calls)}"
    parts.append(f"{many} {len(right)} right" if many == "all" else
                 f"{many}: {len(right)} right")
    parts[0] += f" ({anew} computed anew)" if anew else ""
  if wrong:
    parts.append(f"{wrong} WRONG")
  if errors:
    kinds = collections.Counter(error.split(":")[0] for error in errors)
    parts.append(plural(len(errors), "error") + " (" +
                 short(", ".join(sorted(kinds))) + ")")
  return verdict, ", ".join(parts)


def files_of(store):
  """Paths of files that are not empty, in order."""
  return sorted(path for folder, _, names in os.walk(store) for name in names
                if os.path.getsize(path := os.path.join(folder, name)))


def result_file_of(store):
  """The file with the result: results are larger than all else."""
  return max(files_of(store), key=os.path.getsize)


def disk_usage(store):
  return sum(os.lstat(os.path.join(folder, name)).st_blocks * 512
             for folder, _, names in os.walk(store) for name in names)


def flip_bit(path, offset):
  with open(path, "r+b") as file:
    file.seek(offset)
    byte = file.read(1)[0]
    file.seek(offset)
    file.write(bytes([byte ^ 8]))


# ---------------------------------------------------------------- concurrency


def concurrent_calls(cache, store, processes, threads):
  running = [cache.start("concurrent", store, threads)
             for _ in range(processes)]
  for process in running:
    process.wait_for("ready")
  for process in running:
    process.go()
  return [call for process in running for call in process.finish()]


def identical_calls(cache, directory):
  seen = []
  texts = []
  for what, processes, threads in (("processes", 8, 1), ("threads", 1, 8)):
    calls = concurrent_calls(cache, os.path.join(directory, what), processes,
                             threads)
    computed = sum(call.computed for call in calls)
    verdict, text = judge(calls)
    texts.append(f"computed {plural(computed, 'time')} by 8 {what}" +
                 (f" ({text})" if verdict != "right" else ""))
    seen.append("recomputes" if verdict == "right" and computed > 1 else
                verdict)
  # The verdict is on what needs no recipe.
  for recipe in RECIPES.get(cache.name, ()):
    _, text = identical_calls(Peer(recipe), os.path.join(directory, recipe))
    texts.append(f"with {recipe}: {text}")
  return worst(seen), "; ".join(texts)


# ---------------------------------------------------------------------- damage


def damaged(cache, directory, rows, harms):
  """Calls after each of `harms`, done to copies of a store with one result."""
  whole = os.path.join(directory, "whole")
  run(cache, "matrix", whole, 1, rows)
  calls = []
  for i, harm in enumerate(harms):
    store = os.path.join(directory, str(i))
    shutil.copytree(whole, store)
    harm(store)
    calls += run(cache, "matrix", store, 1, rows)
    shutil.rmtree(store)
  return calls


def flip_in_result(eighth):
  def harm(store):
    path = result_file_of(store)
    flip_bit(path, os.path.getsize(path) * eighth // 8 + 100)
  return harm


def flipped_bit(cache, directory):
  return judge(damaged(cache, directory, MEGABYTE, [flip_in_result(4)]))


def flipped_bits(cache, directory):
  return judge(damaged(cache, directory, MEGABYTE,
                       [flip_in_result(i) for i in range(8)]))


def flip_anywhere(part):
  """Of 20 parts of all files together, one after the other."""
  def harm(store):
    paths = files_of(store)
    offset = sum(map(os.path.getsize, paths)) * part // 20 + 100
    for path in paths:
      size = os.path.getsize(path)
      if offset < size:
        flip_bit(path, offset)
        return
      offset -= size
  return harm


def flipped_anywhere(cache, directory):
  verdict, text = judge(damaged(cache, directory, 1,
                                [flip_anywhere(i) for i in range(20)]))
  size = sum(map(os.path.getsize, files_of(os.path.join(directory, "whole"))))
  return verdict, f"{text}, in a store of {size / 1000:.0f} kB"


def cut_to(share):
  def harm(store):
    path = result_file_of(store)
    os.truncate(path, int(os.path.getsize(path) * share))
  return harm


def truncated(cache, directory):
  return judge(damaged(cache, directory, MEGABYTE, [cut_to(0.5)]))


def emptied(cache, directory):
  return judge(damaged(cache, directory, MEGABYTE, [cut_to(0)]))


def make_older(store):
  """Two days, by the times of its files."""
  then = time.time() - 2 * 86400
  for path in files_of(store):
    os.utime(path, (then, then))


def killed(cache, directory):
  has_check = cache.name == "diskcache"
  store = os.path.join(directory, "whole")
  process = cache.start("matrix", store, 1, LARGE)
  process.wait_for("computed")
  start = time.monotonic()
  process.wait_for("returned")
  writing = time.monotonic() - start
  process.finish()
  needed = disk_usage(store)
  shutil.rmtree(store)

  calls = []
  in_the_write = 0
  left = 0
  left_when_older = 0
  left_when_checked = 0
  for i in range(KILLS):
    process = cache.start("matrix", store, 1, LARGE)
    process.wait_for("computed")
    delay = writing * (i + 0.5) / KILLS
    time.sleep(delay)
    process.kill()
    process.finish()
    if "returned" in process.lines:
      writing = delay  # The first one was slower.
    else:
      in_the_write += 1
    calls += run(cache, "matrix", store, 1, LARGE)
    left = max(left, disk_usage(store) - needed)
    make_older(store)
    run(cache, "matrix", store, 2, 1)
    left_when_older = max(left_when_older, disk_usage(store) - needed)
    if has_check:
      run(cache, "check", store)
      left_when_checked = max(left_when_checked, disk_usage(store) - needed)
    shutil.rmtree(store)
  verdict, text = judge(calls)
  text += (f"; {in_the_write} of {KILLS} kills were in the write; at most"
           f" {megabytes(left)} left over, {megabytes(left_when_older)} two"
           " days later")
  if has_check:
    text += f", {megabytes(left_when_checked)} after check(fix=True)"
  return verdict, text


def disk_full(cache, directory):
  texts = []
  verdicts = []
  for what, is_limited in (("then", True), ("later", False)):
    process = cache.start("matrix", directory, 1, 16 * MEGABYTE,
                          is_limited=is_limited)
    verdict, text = judge(process.finish())
    fault = ", and the observer told" if "fault" in process.lines else ""
    verdicts.append(verdict)
    texts.append(f"{what}: {text}{fault}")
  return worst(verdicts), "; ".join(texts)


# --------------------------------------------------------- what is in the key


def all_computed(verdict, text):
  """Without how many were computed, which all should be."""
  return verdict, re.sub(r" \([0-9]+ computed anew\)", "", text)


def closure(cache, directory):
  if isinstance(cache, Ireneo):
    refusal = cache.refusal_of_closure(directory)
    if not refusal:
      return "WRONG", "compiles, though no key can have its state"
    return "refused", "does not compile: " + short(refusal.split(". ")[0], 200)
  calls = run(cache, "closure", directory)
  if len(calls) != 3:
    return judge(calls)
  # The control: what is wrong later is so because of the state.
  _, same = judge(calls[1:2])
  verdict, text = judge(calls[2:])
  return verdict, f"{text}; with k still 1: {same}"


def bound(cache, directory):
  return all_computed(*judge(run(cache, "bound", directory)))


def call_edited(cache, directory, edit, value, *version):
  store = os.path.join(directory, "store")
  module = os.path.join(directory, "module")
  # The control: built anew of the same text, it is the same function.
  for step, expected in (("before", 42), ("nothing", 42), (edit, value)):
    process = cache.start_edited(step, store, module, *version)
    call, *_ = process.finish() or [Call(error="no call was made")]
    call.right = call.value == expected
    verdict, text = judge([call])
    if step != edit and verdict != "right":
      return verdict, f"before the edit: {text}"
    if step == "nothing" and call.computed:
      return "recomputes", "computed anew, though nothing was edited"
  if verdict == "WRONG":
    text = f"stale: {call.value}, and not {value}"
  return verdict, text


def edited(cache, directory, edit, value):
  verdict, text = call_edited(cache, os.path.join(directory, "1"), edit, value)
  if isinstance(cache, Ireneo):
    # The other way to use it: the verdict is on the one that is advised.
    _, by_hand = call_edited(cache, os.path.join(directory, "2"), edit, value,
                             "1")
    text = (f"with cc_source_version: {text}; with a version by hand that stays"
            f" the same: {by_hand}")
  return verdict, text


def edited_helper(cache, directory):
  return edited(cache, directory, "helper", 44)


def edited_body(cache, directory):
  return edited(cache, directory, "body", 63)


def by_case(calls):
  """What judge() would say, with the names of the cases that went wrong."""
  verdict, text = judge(calls)
  failed = [call.case or "another" for call in calls
            if call.error or not call.right]
  return verdict, text + (": " + ", ".join(failed) if failed else "")


def unlike(cache, directory):
  return all_computed(*by_case(run(cache, "unlike", directory)))


def equal(cache, directory):
  calls = run(cache, "equal", directory)
  # Each second one is of interest.
  second = [call for call in calls if call.case or call.error]
  verdict, text = by_case(second)
  computed = [call.case for call in second if call.right and call.computed]
  if verdict == "right" and computed:
    return "recomputes", text + ": " + ", ".join(computed)
  return verdict, text


# -------------------------------------------------------------------- results


def mutated(cache, directory):
  process = cache.start("mutated", directory)
  *_, last = process.finish() or [Call(error="no call was made")]
  verdict, text = judge([last])
  return verdict, text + ("; the result is read-only"
                          if "read-only" in process.lines else "")


def equal_results(cache, directory):
  calls = run(cache, "constant", directory, EQUAL_RESULTS)
  used = disk_usage(directory)
  verdict, text = judge(calls)
  if verdict != "right":
    return verdict, text
  one = 8 * MEGABYTE * 8192
  return "right" if used < 2 * one else "copies", megabytes(used) + " of disk"


# (name, what is done, how)
SCENARIOS = (
    ("identical calls at once",
     "8 processes, then 8 threads of one, start one call of 0.3 s at the same"
     " time.", identical_calls),
    ("a flipped bit",
     "One bit in the middle of the file with a stored array of 1 MB is"
     " flipped, and a new process calls.", flipped_bit),
    ("flipped bits in the file of a result",
     "The same at 8 places in turn, from the first bytes on.", flipped_bits),
    ("flipped bits anywhere",
     "One bit is flipped in a store with one array of 8 kB, at 20 places in"
     " turn, spread over all its files.", flipped_anywhere),
    ("a truncated file",
     "The file with a stored array of 1 MB is cut to half, and a new process"
     " calls.", truncated),
    ("an empty file", "The same file is cut to nothing.", emptied),
    ("kill -9 in a write",
     f"{KILLS} processes that store a result of 64 MB are killed, each a little"
     " later in the write, and after each a new process calls. Two days later,"
     " by the times of the files, another stores something small.", killed),
    ("a full disk",
     f"A process stores a result of 16 MB where no file can have more than"
     " 4 MB; later a new process calls without that limit.", disk_full),
    ("a closure whose state changes",
     "A lambda that adds a captured k = 1 is remembered and called twice; then"
     " k = 2, and it is called again.", closure),
    ("a function with a bound argument",
     "A function is remembered with k = 1 bound to it (functools.partial,"
     " ireneo::Bind) and called; then with k = 2.", bound),
    ("an edited function",
     "The body of a remembered function is edited, and a new process calls.",
     edited_body),
    ("an edited helper",
     "A function that a remembered function calls is edited, and a new process"
     " calls.", edited_helper),
    ("arguments that are almost the same",
     "Two calls each, with a transposed array, its bytes in the other order, as"
     " int64, in another shape; with 0.0 and -0.0, 1 and 1.0, 1 and True.",
     unlike),
    ("arguments that are equal",
     "Two calls each, with NaN, with a dictionary filled in another order, with"
     " a slice of an array and its copy.", equal),
    ("a result that is written to",
     "The caller changes an array that a hit has returned, and calls again.",
     mutated),
    ("equal results",
     f"{EQUAL_RESULTS} calls with different arguments return equal arrays of"
     " 8 MB.", equal_results),
)
