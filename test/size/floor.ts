// What a program brings along that does the same with no more than Effect's HttpClient, its
// fetch layer and Schema: the start, and the status until nothing is going on any more. It
// checks nothing, repeats nothing and tells no errors apart. Size is counted from here on.
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const Started = Schema.Struct({ RequestId: Schema.String })

const Task = Schema.Struct({ path: Schema.String, status: Schema.String })
const Element = Schema.Struct({ data: Schema.parseJson(Schema.Array(Task)) })
const Status = Schema.Struct({
  Data: Schema.Struct({ ContextStatus: Schema.parseJson(Schema.Array(Element)) })
})

const call = <A, I>(action: string, reply: Schema.Schema<A, I>) =>
  HttpClientRequest.post("https://wuyingai.cn-shanghai.aliyuncs.com/").pipe(
    HttpClientRequest.setUrlParams({ Action: action, Version: "2025-05-06" }),
    HttpClientRequest.bodyUrlParams({
      Authorization: "Bearer akm-example",
      SessionId: "session-1"
    }),
    HttpClient.execute,
    Effect.flatMap(HttpClientResponse.schemaBodyJson(reply)),
    Effect.scoped
  )

const untilDone: Effect.Effect<typeof Status.Type, unknown, HttpClient.HttpClient> = Effect.flatMap(
  Effect.delay(call("GetContextInfo", Status), "1500 millis"),
  (status) =>
    status.Data.ContextStatus.every(({ data }) => data.every((task) => task.status === "Success"))
      ? Effect.succeed(status)
      : untilDone
)

const program = Effect.zipRight(call("SyncContext", Started), untilDone)

Effect.runPromise(Effect.provide(program, FetchHttpClient.layer)).then(console.log, console.error)
