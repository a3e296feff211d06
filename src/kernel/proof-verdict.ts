/** What a proof of primality ends with. `undecided`: the method has no more to say, which is no proof of anything. */
export type ProofVerdict = 'proven' | 'composite' | 'undecided';
