/** `Replicas`: who was heard for an answer that several replicas give together, as a dictionary of Structured Fields (RFC 9651). Pure. */
import type { ReplicaAnswers } from '../service/service.ts';
import { HttpProblem } from './problem.ts';

/** No header where there is one replica only. */
export function replicasHeader(replicas: ReplicaAnswers | undefined): Record<string, string> {
  if (replicas === undefined) return {};
  const { expected, answered, missing } = replicas;
  const names = missing.length === 0 ? '' : `, missing=(${missing.map(quoted).join(' ')})`;
  return { replicas: `expected=${expected}, answered=${answered}${names}` };
}

/** Throws an HttpProblem where what some replica holds is missing, and that is not wanted. */
export function refuseGaps(replicas: ReplicaAnswers | undefined, strict: 'true' | 'false' | undefined): void {
  if (strict !== 'true' || replicas === undefined || replicas.missing.length === 0) return;
  throw new HttpProblem(
    'replicas_missing',
    `Of ${replicas.expected} replicas ${replicas.answered} answered; missing are ${replicas.missing.join(', ')}`,
    { headers: { ...replicasHeader(replicas), 'retry-after': '2' } },
  );
}

/** A string of Structured Fields has printable ASCII only. */
function quoted(name: string): string {
  return `"${name.replaceAll(/[^\x20-\x7e]/g, '?').replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
