import * as Redacted from "effect/Redacted"

const placeholder = "<redacted>"
const maxLength = 500

/**
 * Cleans a text that comes from outside of the key, as it is and as it stands in URLs and
 * forms, and cuts it to a length fit for a message.
 */
export const redactText =
  (apiKey: Redacted.Redacted<string>) =>
  (text: string): string => {
    const key = Redacted.value(apiKey)
    let clean = text
    for (const form of new Set([key, encodeURIComponent(key), JSON.stringify(key).slice(1, -1)])) {
      clean = clean.replaceAll(form, placeholder)
    }
    return clean.length <= maxLength ? clean : `${clean.slice(0, maxLength)}…`
  }
