/**
 * Calls that are streams and so no rows of the table.
 *
 * `events`: server-sent events, `id:` the event's id, `data:` an Event as JSON; resumes after `Last-Event-ID` or `?after=`;
 * `?sandbox=` narrows. `attach`: `Upgrade: sbx-stream/1`, frames of stream.ts. `gateway`: the same frames; `stdin` and
 * `stdout` carry the JSON messages of the stdio transport, one a line, and `stderr` the gateway's log.
 *
 * `archive`, always as the sandbox's user: GET with `?path=` and `?follow=` gives what is there as a tar, its root named
 * as the path's last part, and ends with a trailer of sandbox-path.ts. PUT with `?path=` of a directory unpacks the body
 * there and answers an ArchiveEnd.
 */
export const STREAMS = {
  events: "/v1/events",
  attach: "/v1/sessions/{session}/attach",
  gateway: "/v1/mcp/gateways/{gateway}/stream",
  archive: "/v1/sandboxes/{sandbox}/archive",
} as const;
