import { fchownSync } from "node:fs";
import { closeDescriptor, makePipe, type PipeEnds } from "@sbx/syscalls";

/** The pipes of one program: our ends, and those that go to the sandbox. All are the caller's to close. */
export interface ProgramPipes {
  readonly near: { readonly stdin: number | undefined; readonly stdout: number; readonly stderr: number };
  /** In the order in which a start sends them. */
  readonly far: readonly number[];
}

/**
 * Make the pipes of a program that runs as `user`, who may open them again by their names in /proc, as shells do with /dev/stdout.
 *
 * @throws SystemCallError, Error of Node's fs
 */
export function makeProgramPipes({ stdin, user }: { readonly stdin: boolean; readonly user: { readonly uid: number; readonly gid: number } }): ProgramPipes {
  using made = new DisposableStack();
  const pipe = (): PipeEnds => {
    const ends = makePipe();
    made.defer(() => closeDescriptors([ends.read, ends.write]));
    if (process.geteuid?.() !== user.uid) fchownSync(ends.read, user.uid, user.gid);
    return ends;
  };
  const input = stdin ? pipe() : undefined;
  const [output, errors] = [pipe(), pipe()];
  const pipes = {
    near: { stdin: input?.write, stdout: output.read, stderr: errors.read },
    far: [...(input === undefined ? [] : [input.read]), output.write, errors.write],
  };
  made.move();
  return pipes;
}

/** Close descriptors that belong to nobody else. */
export function closeDescriptors(descriptors: readonly (number | undefined)[]): void {
  for (const descriptor of descriptors) if (descriptor !== undefined) closeDescriptor(descriptor);
}
