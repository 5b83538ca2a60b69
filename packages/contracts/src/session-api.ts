import * as z from "zod";
import { SandboxRef, SessionId } from "./ids.ts";
import { Done } from "./plain-shapes.ts";
import { route } from "./route.ts";
import { OpenSession, Session } from "./session.ts";

/** The routes of sessions. Their streams are in `STREAMS`. */
export const sessionApi = {
  openSession: route({ method: "POST", path: "/v1/sandboxes/{sandbox}/sessions", request: z.strictObject({ sandbox: SandboxRef, ...OpenSession.shape }), response: Session }),
  inspectSession: route({ method: "GET", path: "/v1/sessions/{session}", request: z.strictObject({ session: SessionId }), response: Session }),
  endSession: route({ method: "DELETE", path: "/v1/sessions/{session}", request: z.strictObject({ session: SessionId }), response: Done }),
  /** The last output of a session, at most 256 KiB, as text. */
  sessionLogs: route({ method: "GET", path: "/v1/sessions/{session}/logs", request: z.strictObject({ session: SessionId }), response: z.object({ text: z.string() }) }),
} as const;
