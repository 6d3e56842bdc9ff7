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
    why: "A sync costs more to begin than to wait for: the check of its arguments, its span, its trigger and its decision are paid once for each, and a thousand is too few to pay them off with ten polls that are saved. The trigger alone is part of both sides."
  },
  {
    benchmark: "waiting",
    figure: /heap/,
    why: "Besides its fiber a sync holds its span, its target, what it has seen of its task, and the call that waits for it; and its share of the last list of all tasks."
  },
  {
    benchmark: "waiting",
    figure: /interrupted/,
    why: "Most of it is the interrupting of so many fibers by Effect itself; see the row below it."
  },
  {
    benchmark: "sessions",
    figure: /CPU time per poll/,
    why: "A loop that serves one sync does all that it would do for thousands: it plans its pauses so that others can join, sleeps in a fiber of its own so that they can wake it, and counts and measures each poll."
  },
  {
    benchmark: "copy",
    figure: /cp -r/,
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
