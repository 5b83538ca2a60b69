/** Every spelling in which a secret could lie somewhere. */
export function spellings(secret: string): readonly string[] {
  const hex = Buffer.from(secret).toString("hex");
  const aligned = ["", "x", "xy"].flatMap((before) => (["base64", "base64url"] as const).map((form) => Buffer.from(`${before}${secret}`).toString(form).slice(4, -4)));
  return [secret, secret.slice(-24), ...aligned, hex, hex.toUpperCase(), encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), secret.replaceAll("/", String.raw`\/`)];
}
