/**
 * Ends what would outlive this process, however this ends, be it by `kill -9`: a shell waits at a pipe until nobody holds the other end
 * any more, which is when this process is gone, and then kills the process groups and removes the folders that it was told of.
 *
 * It leads a process group of its own, so that what is sent to a terminal's does not reach it, and ends by itself.
 */
import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';

/** What is killed may be writing to such a folder still, and be quicker than whoever empties it. */
const SCRIPT = `
while read -r what value; do
  case $what in
    groups) groups=$value ;;
    folder) set -- "$@" "$value" ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group"; done
[ $# -eq 0 ] || rm -rf -- "$@" || { sleep 1; rm -rf -- "$@"; }
`;

const groups = new Set<number>();
let pipe: Writable | undefined;

/** Kills the process group that `pid` leads with this process; dispose when it has ended. */
export function watchGroup(pid: number): Disposable {
  groups.add(pid);
  tellGroups();
  return {
    [Symbol.dispose]: () => {
      if (groups.delete(pid)) tellGroups();
    },
  };
}

/** Removes a temporary folder with this process, if it is still there: one of a name that nothing else will ever have. */
export function watchFolder(folder: string): void {
  tell(`folder ${folder}`);
}

function tellGroups(): void {
  tell(`groups ${[...groups].join(' ')}`);
}

function tell(line: string): void {
  pipe ??= start();
  pipe.write(`${line}\n`);
}

function start(): Writable {
  const shell = spawn('/bin/sh', ['-c', SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  shell.unref();
  const { stdin } = shell;
  // It is nothing to stay up for; and if somebody kills it, there is none, which does no harm as long as all is well.
  (stdin as Writable & { unref(): void }).unref();
  stdin.on('error', () => undefined);
  return stdin;
}
