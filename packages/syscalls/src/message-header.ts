import { koffi, lazy } from "./libc.ts";

/** Level and type of the control message that carries descriptors. */
export const SOL_SOCKET = 1;
export const SCM_RIGHTS = 1;
/** Length u64, level i32, type i32: what each control message begins with. */
export const RIGHTS_HEADER_BYTES = 16;

const types = lazy(() => {
  const iovec = koffi().struct({ base: "void *", length: "size_t" });
  const message = koffi().struct({ name: "void *", nameLength: "uint32_t", vectors: koffi().pointer(iovec), vectorCount: "size_t", control: "void *", controlLength: "size_t", flags: "int" });
  return { iovec, message };
});

/** Where the parts of a `msghdr` are. */
export function messageLayout(): ReturnType<typeof types>["message"]["members"] {
  return types().message.members;
}

/** The bytes of a `msghdr` for `bytes` and `control`, which must be kept as long as it. */
export function messageHeader(bytes: Buffer, control: Buffer): { readonly header: Buffer; readonly vector: Buffer } {
  const { iovec, message } = types();
  const vector = Buffer.alloc(iovec.size);
  koffi().encode(vector, iovec, { base: bytes, length: bytes.byteLength });
  const header = Buffer.alloc(message.size);
  koffi().encode(header, message, { name: null, nameLength: 0, vectors: vector, vectorCount: 1, control, controlLength: control.byteLength, flags: 0 });
  return { header, vector };
}
