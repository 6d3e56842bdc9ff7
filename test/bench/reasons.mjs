// Why a goal that is missed is missed: said on the page below the figures, when it is.

const reasons = [
  {
    benchmark: "waiters",
    figure: /their bare triggers/,
    why:
      "The server is the limit where thousands are triggered at once: it carries out the transfers " +
      "in the process that answers, four at a time, and a task lasts until its own has been done. " +
      "The bare triggers beside it are timed without waiting for that."
  },
  {
    benchmark: "waiters",
    figure: /as fast as in turn/,
    why: "A hundred triggers at once wait for each other in the server; that time is added to the two seconds of a task. In turn, each has the server for itself."
  },
  {
    benchmark: "waiters",
    figure: /CPU time per sync/,
    why:
      "The trigger alone, by bare undici, takes a fifth to a quarter of what the AWS waiter takes for " +
      "its trigger and ten polls; the goal leaves next to nothing for the rest. That rest is paid " +
      "once for each sync: the check of its arguments, its span, the typed trigger, its fiber and " +
      "its decisions, some 200 steps of Effect's runtime (`node test/bench/steps.mjs` counts them), which in a program of this age are not yet " +
      "compiled to the end. The polls themselves cost a fraction of it, whatever their number."
  },
  {
    benchmark: "waiting",
    figure: /heap/,
    why: "Besides its fiber a sync holds its span, its target, what it has seen of its task, and the call that waits for it; and its share of the last list of all tasks."
  },
  {
    benchmark: "waiting",
    figure: /interrupted/,
    why: "It is the interrupting of so many fibers by Effect itself: bare fibers take no less, see the row below it."
  },
  {
    benchmark: "sessions",
    figure: /CPU time per poll/,
    why: "A loop that serves one sync does what it would do for thousands: it sleeps in a fiber of its own so that those who join can wake it, and it has a span and four metrics for each poll. What is left of it are about 50 steps of Effect's runtime per poll, of which `info` has 27 (`node test/bench/steps.mjs` counts them)."
  },
  {
    benchmark: "info",
    figure: /CPU time per call/,
    why: "It is near the goal, and met in most runs: see [how runs differ](#how-runs-differ)."
  },
  {
    benchmark: "size",
    figure: /Effect alone/,
    why: "What it consists of, and what would have to change for users to make it smaller, is in [the decision about it](decisions/0024-size.md)."
  },
  {
    benchmark: "copy",
    figure: /cp -r/,
    why: "It depends on the disk and on what was removed from it before; see below."
  },
  {
    benchmark: "localRequests",
    figure: /status requests per second/,
    why: "Both sides have Node's HTTP server and the kernel's sockets. Ours reads and checks a form, compares the key, makes a request id, keeps the call for the admin route, and writes the answer as JSON; the bare server sends the same bytes whatever it is asked."
  },
  {
    benchmark: "localCopy",
    figure: /nothing changed/,
    why: "Most of it are 20,000 calls of `lstat`, each of which takes Node several microseconds (`node --cpu-prof` shows it)."
  },
  {
    benchmark: "localCopy",
    figure: /cp/,
    why: "It depends on the disk and on what was removed from it before; see below."
  }
]

/** The reasons that figures of a benchmark call for. */
export const reasonsFor = (name, figures) =>
  reasons
    .filter(
      ({ benchmark, figure }) =>
        benchmark === name && figures.some(({ met, title }) => met === false && figure.test(title))
    )
    .map(({ why }) => why)
