// What answers a status request at least has to do: a bare node:http server that reads the
// body and sends the bytes which the parent gave it. Lives until the parent lets go.
import { createServer } from "node:http"

const server = createServer((request, response) => {
  request.on("data", () => {})
  request.on("end", () => {
    response.writeHead(200, headers)
    response.end(body)
  })
})
let body = "{}"
let headers = {}
process.on("message", (answer) => {
  body = answer.body
  headers = { "content-type": answer.contentType, "content-length": Buffer.byteLength(body) }
  process.send({ taken: true })
})
process.once("disconnect", () => server.close(() => process.exit()))
server.listen(0, "127.0.0.1", () =>
  process.send({ url: `http://127.0.0.1:${server.address().port}` })
)
