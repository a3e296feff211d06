/** Runs proofs to their end, for tests. */
import { aprClStart } from './apr-cl.ts';
import { KernelInstance } from './kernel-instance.ts';
import { loadKernelModule } from './load-kernel.ts';
import { neighbourProofStart } from './neighbour-proof.ts';
import { proofStart, proofStep, type ProofState } from './primality-proof.ts';
import type { ProofVerdict } from './proof-verdict.ts';

const module = await loadKernelModule();
const PAGES = 64;

export function newProofKernel(): KernelInstance {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared: true });
  const kernel = new KernelInstance(module, memory);
  kernel.exports.init();
  return kernel;
}

/** Another instance over the same memory, as another thread would make it. */
export function sameMemory(kernel: KernelInstance): KernelInstance {
  return new KernelInstance(module, kernel.memory);
}

const kernel = newProofKernel();

function run(n: bigint, start: ProofState | undefined): ProofVerdict {
  let state: ProofState | ProofVerdict = start ?? 'undecided';
  while (typeof state === 'object') state = proofStep(kernel, n, state, 100_000);
  return state;
}

/** By whatever method is chosen for n. */
export function prove(n: bigint): ProofVerdict {
  return run(n, proofStart(kernel, n));
}

export function proveByJacobiSums(n: bigint): ProofVerdict {
  return run(n, { method: 'jacobi-sums', at: aprClStart(n), powering: 0 });
}

/** By n - 1 and n + 1 alone; undecided where their small factors are too few. */
export function proveByNeighbours(n: bigint): ProofVerdict {
  const at = neighbourProofStart(kernel, n);
  return run(n, at && { method: 'neighbours', at });
}

export function proveByStrongTests(n: bigint): ProofVerdict {
  return run(n, { method: 'strong-tests' });
}
