/** What the service is told about its client, and what that is embedded in. */
export const sdkStats = (framework = "effect"): string =>
  JSON.stringify({
    source: "sdk",
    sdk_language: "typescript",
    sdk_version: "0.1.0",
    is_release: false,
    framework
  })
