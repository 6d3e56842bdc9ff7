import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Duration from "effect/Duration"
import { stripVTControlCharacters } from "node:util"
import * as Arguments from "../../../packages/node/src/cli/Arguments.js"
import * as ProgressLine from "../../../packages/node/src/cli/ProgressLine.js"
import * as Quantity from "../../../packages/node/src/cli/Quantity.js"
import * as Style from "../../../packages/node/src/cli/Style.js"
import * as Table from "../../../packages/node/src/cli/Table.js"
import * as Text from "../../../packages/node/src/cli/Text.js"

describe("Text", () => {
  it("counts the columns of wide, combined and invisible characters", () => {
    assert.strictEqual(Text.width("abc"), 3)
    assert.strictEqual(Text.width("日本語"), 6)
    assert.strictEqual(Text.width("🚀"), 2)
    assert.strictEqual(Text.width("e\u0301"), 1)
    assert.strictEqual(Text.width("👩‍👩‍👧"), 2)
    assert.strictEqual(Text.width("a\u200Bb"), 2)
  })

  it("cuts at the end or in the middle, never through a character", () => {
    assert.strictEqual(Text.fit("abcdef", 6), "abcdef")
    assert.strictEqual(Text.fit("abcdefg", 6), "abcde…")
    assert.strictEqual(Text.fit("/home/wuying/work", 9, "middle"), "/hom…work")
    assert.strictEqual(Text.fit("日本語のファイル", 6), "日本…")
    assert.strictEqual(Text.fit("abc", 1), "…")
    assert.strictEqual(Text.fit("abc", 0), "")
  })

  it("makes control characters visible", () => {
    assert.strictEqual(Text.printable("a\u001B[31mb"), "a\\x1b[31mb")
    assert.strictEqual(Text.printable("\u009B31m\u202Etxt"), "\\x9b31m\\u202etxt")
    assert.strictEqual(Text.oneLine("a\r\n  b\tc\u0007 "), "a b c\\x07")
  })
})

describe("Quantity", () => {
  it("tells sizes in three digits", () => {
    assert.deepStrictEqual(
      [0, 1023, 1024, 1536, 102_400, 1_048_000, 1_048_576, 5 * 1024 ** 3].map(Quantity.bytes),
      ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "100 KiB", "1023 KiB", "1.0 MiB", "5.0 GiB"]
    )
    assert.strictEqual(Quantity.bytes(1_048_575), "1.0 MiB")
  })

  it("tells times in fitting units", () => {
    assert.deepStrictEqual(
      [0, 999.9, 1000, 59_940, 59_960, 184_000, 3_599_600, 3_720_000].map(Quantity.duration),
      ["0 ms", "999 ms", "1.0 s", "59.9 s", "1 min 00 s", "3 min 04 s", "1 h 00 min", "1 h 02 min"]
    )
  })

  it("tells no rate before there is one", () => {
    assert.strictEqual(Quantity.rate(0, 1000), undefined)
    assert.strictEqual(Quantity.rate(1000, 10), undefined)
    assert.strictEqual(Quantity.rate(2048, 2000), "1.0 KiB/s")
  })

  it("tells moments in the zone, with the date when it is another day", () => {
    const zone = DateTime.zoneMakeOffset(2 * 3_600_000)
    const at = (text: string) => DateTime.unsafeMake(text)
    const now = at("2026-11-22T12:00:00Z")
    assert.strictEqual(Quantity.moment(at("2026-11-22T09:05:07Z"), now, zone), "11:05:07")
    assert.strictEqual(Quantity.moment(at("2026-11-21T23:30:00Z"), now, zone), "01:30:00")
    assert.strictEqual(
      Quantity.moment(at("2026-11-21T21:30:00Z"), now, zone),
      "2026-11-21 23:30:00"
    )
  })
})

describe("Arguments", () => {
  it("reads times", () => {
    const millis = (text: string) =>
      Option.getOrNull(Option.map(Arguments.parseDuration(text), Duration.toMillis))
    assert.deepStrictEqual(
      ["500ms", "2s", "1.5 seconds", "1m", "1 hour", "250 millis", "3", "s", "-1s", "1 week"].map(
        millis
      ),
      [500, 2000, 1500, 60_000, 3_600_000, 250, null, null, null, null]
    )
  })
})

type Row = { readonly id: string; readonly path: string; readonly size: string }

const columns: ReadonlyArray<Table.Column<Row>> = [
  { heading: "ID", text: ({ id }) => id },
  { heading: "PATH", text: ({ path }) => path, cut: "middle" },
  { heading: "SIZE", text: ({ size }) => size, align: "right" },
  { heading: "AGE", text: () => "1 day", spare: true },
  { heading: "EMPTY", text: () => "" }
]

const rows: ReadonlyArray<Row> = [
  { id: "one", path: "/home/wuying/work/deep/below", size: "1" },
  { id: "twenty", path: "/日本", size: "1000" }
]

describe("Table", () => {
  it("aligns columns and leaves out those that are empty", () => {
    assert.deepStrictEqual(Table.render(columns, rows, { columns: 100 }), [
      "ID      PATH                          SIZE  AGE",
      "one     /home/wuying/work/deep/below     1  1 day",
      "twenty  /日本                         1000  1 day"
    ])
  })

  it("cuts what may be cut, then leaves out what is spare", () => {
    const cut = Table.render(columns, rows, { columns: 40 })
    assert.strictEqual(cut[1], "one     /home/wuy…eep/below     1  1 day")
    const without = Table.render(columns, rows, { columns: 28 })
    assert.strictEqual(without[0], "ID      PATH            SIZE")
    assert.strictEqual(without[1], "one     /home/…p/below     1")
    for (const line of [...cut, ...without]) assert.isAtMost(Text.width(line), 40)
  })

  it("becomes records when it is narrower than that", () => {
    assert.deepStrictEqual(Table.render(columns, rows.slice(1), { columns: 16 }), [
      "ID    twenty",
      "PATH  /日本",
      "SIZE  1000",
      "AGE   1 day"
    ])
  })

  it("shows control characters of a cell harmlessly", () => {
    const [, line] = Table.render(columns, [{ id: "\u001B[2J", path: "/", size: "1" }], {
      columns: 80
    })
    assert.include(line, "\\x1b[2J")
  })
})

describe("ProgressLine", () => {
  const progress: ProgressLine.Progress = {
    label: "Syncing",
    elapsedMillis: 2000,
    filesDone: 3,
    filesTotal: 12,
    bytesDone: 1024 * 1024,
    bytesTotal: 4 * 1024 * 1024
  }

  it("shows share, counts, rate and elapsed time", () => {
    const { visible } = ProgressLine.bar(progress, { columns: 100, style: Style.plain })
    assert.match(
      visible,
      /^Syncing +█+▊░+ +25 %  3\/12 files  1.0 MiB\/4.0 MiB  512 KiB\/s  2.0 s$/
    )
    assert.strictEqual(
      ProgressLine.words(progress),
      "Syncing: 25 %, 3/12 files, 1.0 MiB/4.0 MiB, 512 KiB/s, 2.0 s"
    )
  })

  it("never is wider than the terminal, and says the same in colour", () => {
    for (let columns = 20; columns <= 140; columns++) {
      for (const counts of [progress, { label: "Opening a session", elapsedMillis: 1234 }]) {
        for (const style of [Style.plain, Style.coloured]) {
          const { text, visible } = ProgressLine.bar(counts, { columns, style })
          assert.isAtMost(Text.width(visible), columns)
          assert.strictEqual(stripVTControlCharacters(text), visible)
        }
      }
    }
  })

  it("gives up facts before the bar, the share and the time", () => {
    for (let columns = 40; columns <= 140; columns++) {
      const { visible } = ProgressLine.bar(progress, { columns, style: Style.plain })
      assert.match(visible, /█.*░ .*25 %.* 2\.0 s$/)
    }
  })

  it("counts files when there are no bytes, and knows when nothing can be told", () => {
    assert.strictEqual(ProgressLine.fraction({ filesDone: 1, filesTotal: 2, bytesTotal: 0 }), 0.5)
    assert.strictEqual(ProgressLine.fraction({ bytesDone: 9, bytesTotal: 3 }), 1)
    assert.strictEqual(ProgressLine.fraction({ state: "Running" }), undefined)
  })

  it("is full when the work ended well", () => {
    const { visible } = ProgressLine.bar(
      { label: "Opening", elapsedMillis: 1200, finished: true },
      { columns: 80, style: Style.plain }
    )
    assert.notInclude(visible, "░")
    assert.include(visible, "█")
    assert.notInclude(visible, "%")
  })
})
