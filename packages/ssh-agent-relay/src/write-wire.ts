/** Bytes with their length before them, as SSH writes strings. */
export function wireString(content: Buffer | string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([wireUint32(bytes.length), bytes]);
}

export function wireUint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A message of the agent's protocol, ready to be sent. */
export function wireMessage(type: number, ...parts: readonly Buffer[]): Buffer {
  return wireString(Buffer.concat([Buffer.from([type]), ...parts]));
}
