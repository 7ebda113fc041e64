import { fstatSync, readFileSync } from 'node:fs';

const INTERRUPT_CHARACTER = 0x03;

/**
 * Gives what stdin brings to `receive`, byte by byte as it is; returns what ends that. A file is read at once, so that
 * runs with it repeat exactly. A terminal is put into raw mode, in which Ctrl-C calls `interrupt`.
 */
export function openSerialInput(receive: (bytes: Uint8Array) => void, interrupt: () => void): () => void {
  const { stdin } = process;
  if (isFile()) {
    receive(new Uint8Array(readFileSync(0)));
    return () => undefined;
  }
  if (stdin.isTTY && !isForeground()) return () => undefined;
  const take = (bytes: Buffer) => {
    if (stdin.isTTY && bytes.includes(INTERRUPT_CHARACTER)) interrupt();
    else receive(new Uint8Array(bytes));
  };
  // A terminal that went away brings no input.
  const ignore = () => undefined;
  stdin.on('data', take);
  stdin.on('error', ignore);
  if (stdin.isTTY) stdin.setRawMode(true);
  return () => {
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.off('data', take);
    stdin.pause();
    stdin.unref?.();
  };
}

function isFile(): boolean {
  try {
    return fstatSync(0).isFile();
  } catch {
    return false;
  }
}

/** Whether a read from the terminal would not stop this process; true where /proc cannot tell (proc(5), stat). */
function isForeground(): boolean {
  try {
    const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)!.split(' ');
    const [processGroup, terminalGroup] = [fields[2], fields[5]];
    return processGroup === terminalGroup;
  } catch {
    return true;
  }
}
