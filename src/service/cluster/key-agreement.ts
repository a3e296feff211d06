/**
 * Which replica accepts what comes under an idempotency key, so that a submission that is repeated at another replica makes nothing new.
 *
 * Who is given a key that it does not hold claims it and asks all others. Each answers whether the key is its own: it holds it, or is
 * accepting under it, or has claimed it too and goes first. Of two that claim a key at the same time, the one of the lower shard goes
 * first; whoever is asked by one that goes first yields to it.
 *
 * Invariant: of replicas that answer each other, at most one at a time accepts under a key, and none while another holds it. For, of
 * two that claim it, each is asked by the other or has ended its claim before: by then it holds the key, or has made nothing.
 */
import type { CallerKey } from '../../store/store.ts';

export interface KeyAgreementParts {
  readonly shard: number;
  /** Whether something was accepted here under each of the keys. */
  readonly holds: (keys: readonly CallerKey[]) => Promise<readonly boolean[]>;
  /** Asks all others that are present; of each that answered, whether each of the keys is its own. */
  readonly askOthers: (keys: readonly CallerKey[]) => Promise<ReadonlyMap<number, readonly boolean[]>>;
}

interface Claim {
  /** The shard that accepts. */
  readonly decision: Promise<number>;
  isTaken: boolean;
  /** The least of those that asked meanwhile and go first. */
  yieldsTo: number | undefined;
  /** Submissions that go by it. */
  users: number;
}

interface Question {
  readonly key: CallerKey;
  readonly resolve: (holders: readonly number[]) => void;
}

export class KeyAgreement {
  readonly #parts: KeyAgreementParts;
  readonly #claims = new Map<string, Claim>();
  #questions: Question[] = [];

  constructor(parts: KeyAgreementParts) {
    this.#parts = parts;
  }

  /** What `here` resolves to if this replica is to accept, otherwise what `there` does with the shard of the one that is. */
  async settle<T>(key: CallerKey, here: () => Promise<T>, there: (shard: number) => Promise<T>): Promise<T> {
    const name = nameOf(key);
    const claim = this.#claims.get(name) ?? this.#claim(name, key);
    claim.users++;
    try {
      const shard = await claim.decision;
      return await (shard === this.#parts.shard ? here() : there(shard));
    } finally {
      claim.users--;
      if (claim.users === 0) this.#drop(name, claim);
    }
  }

  /** The answer to another replica that claims these keys. */
  async held(shard: number, keys: readonly CallerKey[]): Promise<boolean[]> {
    const claimed = keys.map((key) => this.#isClaimed(shard, key));
    const held = await this.#parts.holds(keys);
    return claimed.map((isClaimed, i) => isClaimed || held[i] === true);
  }

  /** Whether it is claimed here and this replica goes first; if that other one does, this one yields. */
  #isClaimed(shard: number, key: CallerKey): boolean {
    const claim = this.#claims.get(nameOf(key));
    if (!claim) return false;
    if (claim.isTaken || this.#parts.shard < shard) return true;
    claim.yieldsTo = Math.min(claim.yieldsTo ?? shard, shard);
    return false;
  }

  #claim(name: string, key: CallerKey): Claim {
    const decision = Promise.withResolvers<number>();
    const claim: Claim = { decision: decision.promise, isTaken: false, yieldsTo: undefined, users: 0 };
    this.#claims.set(name, claim);
    this.#decide(name, key, claim).then(decision.resolve, decision.reject);
    return claim;
  }

  async #decide(name: string, key: CallerKey, claim: Claim): Promise<number> {
    const { shard: own, holds } = this.#parts;
    const [isHeld] = await holds([key]);
    const [holder] = isHeld === true ? [own] : await this.#holders(key);
    const shard = holder ?? claim.yieldsTo ?? own;
    if (shard === own) claim.isTaken = true;
    else this.#drop(name, claim);
    return shard;
  }

  #drop(name: string, claim: Claim): void {
    if (this.#claims.get(name) === claim) this.#claims.delete(name);
  }

  /** The shards whose own the key is. What is asked for within one turn of the event loop is asked together. */
  #holders(key: CallerKey): Promise<readonly number[]> {
    return new Promise((resolve) => {
      if (this.#questions.length === 0) setImmediate(() => void this.#ask());
      this.#questions.push({ key, resolve });
    });
  }

  async #ask(): Promise<void> {
    const questions = this.#questions;
    this.#questions = [];
    const answers = await this.#parts.askOthers(questions.map(({ key }) => key));
    for (const [i, { resolve }] of questions.entries())
      resolve([...answers].filter(([, held]) => held[i] === true).map(([shard]) => shard));
  }
}

function nameOf({ callerId, key }: CallerKey): string {
  return JSON.stringify([callerId, key]);
}
