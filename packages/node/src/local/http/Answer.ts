/**
 * Answers of the API, from what an action gives or why it was refused to the bytes.
 *
 * @since 0.1.0
 */
import { Buffer } from "node:buffer"
import type * as NodeHttp from "node:http"
import type * as Refusal from "../actions/Refusal.js"

/**
 * An answer before it is sent.
 *
 * @since 0.1.0
 */
export interface Answer {
  readonly httpStatus: number
  readonly code: string
  readonly body: object
  readonly headers?: NodeHttp.OutgoingHttpHeaders
}

/**
 * What an action gives, in the envelope.
 *
 * @since 0.1.0
 */
export const accept = (fields: object, requestId: string): Answer => ({
  httpStatus: 200,
  code: "ok",
  body: {
    Code: "ok",
    HttpStatusCode: 200,
    Message: "",
    RequestId: requestId,
    Success: true,
    ...fields
  }
})

/**
 * A refusal, in the form of its channel.
 *
 * @since 0.1.0
 */
export const refuse = (
  {
    channel,
    code,
    description,
    httpStatus
  }: Pick<Refusal.Refusal, "channel" | "code" | "description" | "httpStatus">,
  requestId: string,
  hostId: string
): Answer =>
  channel === "hard"
    ? {
        httpStatus,
        code,
        body: { RequestId: requestId, HostId: hostId, Code: code, Message: description }
      }
    : {
        httpStatus: 200,
        code,
        body: {
          Code: code,
          HttpStatusCode: httpStatus,
          Message: description,
          RequestId: requestId,
          Success: false
        }
      }

/**
 * The content type of all answers.
 *
 * @since 0.1.0
 */
export const json = "application/json;charset=utf-8"

/**
 * Sends a text as the whole answer.
 *
 * @since 0.1.0
 */
export const writeText = (
  response: NodeHttp.ServerResponse,
  httpStatus: number,
  text: string,
  headers: NodeHttp.OutgoingHttpHeaders
): void => {
  response.writeHead(httpStatus, { ...headers, "content-length": Buffer.byteLength(text) })
  response.end(text)
}

/**
 * Sends an answer.
 *
 * @since 0.1.0
 */
export const write = (
  response: NodeHttp.ServerResponse,
  { body, headers, httpStatus }: Answer
): void =>
  writeText(response, httpStatus, JSON.stringify(body), { ...headers, "content-type": json })
