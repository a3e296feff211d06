/** How many files and sockets this process may have open. */
import { readFileSync } from 'node:fs';

/** The bound in force (Node raises it to the most that it may have as it starts); undefined where the system does not tell. */
export function openFilesMax(): number | undefined {
  try {
    return softLimit(readFileSync('/proc/self/limits', 'utf8'));
  } catch {
    // Only Linux has it.
    return undefined;
  }
}

/** Of a text as Linux has it in `/proc/PID/limits` (man 5 proc). Pure. */
export function softLimit(limits: string): number | undefined {
  const soft = /^Max open files +(\d+|unlimited) /m.exec(limits)?.[1];
  return soft === undefined || soft === 'unlimited' ? undefined : Number(soft);
}
