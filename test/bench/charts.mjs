// Charts of the page, as SVG that is readable on a light and on a dark ground.
import { BarChart, LineChart } from "echarts/charts"
import { GridComponent, LegendComponent, TitleComponent } from "echarts/components"
import { init, use } from "echarts/core"
import { SVGRenderer } from "echarts/renderers"

use([BarChart, LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer])

const size = { height: 400, width: 720 }
const ink = "#1f2328"
const faint = "#d1d9e0"
const ground = "#ffffff"
const dark = { [ink]: "#f0f6fc", [faint]: "#3d444d", [ground]: "#0d1117" }

/** How each way is shown. */
export const ways = {
  ours: { color: "#0a7cdb", name: "effect-agentbay", symbol: "circle" },
  aws: { color: "#d98200", name: "AWS waiter", symbol: "rect" },
  azure: { color: "#0f9d6b", name: "Azure poller", symbol: "triangle" },
  loop: { color: "#8f7ad6", name: "plain loop", symbol: "diamond" },
  triggers: { color: "#8c959f", name: "bare triggers alone", symbol: "none" }
}

const text = { color: ink, fontFamily: "system-ui, sans-serif", fontSize: 13 }

const axis = (name, more) => ({
  name,
  nameGap: 34,
  nameLocation: "middle",
  nameTextStyle: text,
  axisLabel: text,
  axisLine: { lineStyle: { color: faint }, show: true },
  axisTick: { lineStyle: { color: faint } },
  minorTick: { show: false },
  splitLine: { lineStyle: { color: faint } },
  ...more
})

const count = (value) => value.toLocaleString("en")

const darkRules = Object.entries(dark)
  .map(([light, other]) => `[fill="${light}"]{fill:${other}}[stroke="${light}"]{stroke:${other}}`)
  .join("")

/** Draws a chart. Its colours follow what the reader has chosen. */
const draw = (option) => {
  const chart = init(null, null, { renderer: "svg", ssr: true, ...size })
  chart.setOption({
    animation: false,
    backgroundColor: ground,
    textStyle: text,
    ...option,
    title: { left: 16, text: option.title, textStyle: { ...text, fontSize: 16 }, top: 12 }
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  const style = `<style>@media (prefers-color-scheme: dark){${darkRules}}</style>`
  return (
    svg
      // Names for the pointer, counted over all charts of the process.
      .replace(/ class="zr\d+-cls-\d+"/g, "")
      .replace(/(<svg[^>]*>)/, `$1\n${style}`)
      .trim() + "\n"
  )
}

const line = (way, points) => ({
  color: ways[way].color,
  data: points,
  lineStyle: { type: way === "triggers" ? "dashed" : "solid", width: way === "ours" ? 3 : 2 },
  name: ways[way].name,
  symbol: ways[way].symbol,
  symbolSize: 8,
  type: "line"
})

const overCounts = ({ series, title, yAxis }) =>
  draw({
    grid: { bottom: 56, left: 84, right: 32, top: 84 },
    legend: { itemGap: 24, left: 16, textStyle: text, top: 42 },
    series,
    title,
    xAxis: axis("syncs at once", {
      axisLabel: { ...text, formatter: count },
      max: 10_000,
      min: 1,
      type: "log"
    }),
    yAxis
  })

const seriesOf = (rows, key, scale = 1) =>
  [...new Set(rows.map(({ way }) => way))].map((way) =>
    line(
      way,
      rows.filter((row) => row.way === way).map((row) => [row.count, row[key] * scale])
    )
  )

const waiterCharts = ({ crowd, rows, triggers }) => ({
  "waiters-requests": overCounts({
    series: seriesOf(rows, "statusRequests"),
    title: "Status requests until all syncs have ended",
    yAxis: axis("status requests", {
      axisLabel: { ...text, formatter: count },
      min: 1,
      nameGap: 56,
      type: "log"
    })
  }),
  "waiters-time": overCounts({
    series: [
      ...seriesOf(rows, "wallMillis", 1 / 1000),
      line(
        "triggers",
        triggers.map((row) => [row.count, row.wallMillis / 1000])
      )
    ],
    title: "Time until all syncs have ended (each task takes 2 s)",
    yAxis: axis("seconds", {
      axisLabel: { ...text, formatter: count },
      min: 0.01,
      nameGap: 56,
      type: "log"
    })
  }),
  "waiters-cpu": draw({
    grid: { bottom: 56, left: 140, right: 72, top: 56 },
    series: [
      {
        data: crowd.rows.toReversed().map(({ cpuPerSyncMicros, way }) => ({
          itemStyle: { color: ways[way].color },
          value: Math.round(cpuPerSyncMicros)
        })),
        barWidth: "55%",
        label: { ...text, formatter: ({ value }) => count(value), position: "right", show: true },
        type: "bar"
      }
    ],
    title: `CPU time of the client per sync, ${count(crowd.count)} syncs at once`,
    xAxis: axis("microseconds", { type: "value" }),
    yAxis: axis("", {
      data: crowd.rows.toReversed().map(({ way }) => ways[way].name),
      splitLine: { show: false },
      type: "category"
    })
  })
})

/** All charts of a results file, by name. */
export const chartsOf = ({ benchmarks: { waiters } }) =>
  waiters === undefined ? {} : waiterCharts(waiters)
