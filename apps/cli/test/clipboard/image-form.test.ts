import fc from "fast-check";
import { describe, it } from "vitest";
import { imageForm } from "../../src/clipboard/image-form.ts";

const bytes = (text: string): Buffer => Buffer.from(text, "latin1");

describe("the form of an image", () => {
  it.for([
    ["png", "\u0089PNG\r\n\u001A\n\0\0"],
    ["jpeg", "\u00FF\u00D8\u00FF\u00E0"],
    ["gif", "GIF89a..."],
    ["webp", "RIFF\u0001\n\r\u0000WEBPVP8 "],
  ] as const)("is told by its first bytes: %s", ([form, text], { expect }) => {
    expect(imageForm(bytes(text))).toBe(form);
  });

  it("is none for anything else", ({ expect }) => {
    for (const text of ["", "\u0089PNG\n", " \u0089PNG\r\n\u001A\n", "#!/bin/sh\n", "<svg/>", "GIF90a", "RIFF1234WAVE", "%PDF-1.7", "BM", "-----BEGIN OPENSSH PRIVATE KEY-----"])
      expect(imageForm(bytes(text))).toBeUndefined();
    fc.assert(fc.property(fc.string({ maxLength: 40 }), (text) => imageForm(Buffer.from(text)) === undefined || text.startsWith("GIF8")));
  });
});
