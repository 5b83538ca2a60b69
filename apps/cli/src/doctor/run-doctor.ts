import type { Context } from "../context.ts";
export async function runDoctor(_c: Context, _j: true | undefined): Promise<boolean> { return await Promise.resolve(true); }
