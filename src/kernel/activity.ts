/** What is under way in the memory of a job; `choosing` is between two. Survives structured cloning. */
import type { ProofState } from './primality-proof.ts';
import type { SieveMeasured } from './sieve-remaining.ts';
import type { SiqsState } from './siqs.ts';

export type Activity =
  | { readonly kind: 'trial-division' }
  | { readonly kind: 'choosing' }
  | { readonly kind: 'primality'; readonly value: bigint }
  | { readonly kind: 'proof'; readonly value: bigint; readonly proof: ProofState }
  | { readonly kind: 'ecm'; readonly value: bigint }
  | {
      readonly kind: 'siqs';
      readonly value: bigint;
      readonly sieve: SiqsState;
      readonly measured: SieveMeasured;
    }
  | { readonly kind: 'finished' };
