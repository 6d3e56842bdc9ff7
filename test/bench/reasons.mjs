// Why a goal that is missed is missed: said on the page below the figures, when it is.

const reasons = []

/** The reasons that figures of a benchmark call for. */
export const reasonsFor = (name, figures) =>
  reasons
    .filter(
      ({ benchmark, figure }) =>
        benchmark === name && figures.some(({ met, title }) => met === false && figure.test(title))
    )
    .map(({ why }) => why)
