/** The words of policies, as the service knows them. */

/** When an upload by itself happens; there is no other strategy. */
export const uploadStrategy = "UploadBeforeResourceRelease"

/** How a download by itself happens; there is no other strategy. */
export const downloadStrategy = "DownloadAsync"

export const uploadModes = ["File", "Archive"] as const

export const lifecycles = [
  "1Day",
  "3Days",
  "5Days",
  "10Days",
  "15Days",
  "30Days",
  "90Days",
  "180Days",
  "360Days",
  "Forever"
] as const

const prefix = "Lifecycle_"

export const wireLifecycles: ReadonlyArray<string> = lifecycles.map((word) => `${prefix}${word}`)

/** The word on the wire; one that is not known stays as it is. */
export const lifecycleOf = (word: string): string =>
  wireLifecycles.includes(`${prefix}${word}`) ? `${prefix}${word}` : word
