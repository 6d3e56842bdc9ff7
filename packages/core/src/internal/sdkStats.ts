/** What the service is told about its client. */
export const sdkStats = JSON.stringify({
  source: "sdk",
  sdk_language: "typescript",
  sdk_version: "0.1.0",
  is_release: false,
  framework: "effect"
})
