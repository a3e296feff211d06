/**
 * Looks up where a name leads, and has every address judged.
 *
 * Names are asked of the name servers by c-ares: no thread is held up by a slow one, and the query can be cancelled. The hosts file and
 * search domains play no part. Names on the allow list are looked up as this machine does, since it is there that names of containers
 * stand; threads are few, but these names are the operator's own.
 *
 * Invariants:
 *   N1. One closed address among open ones closes the name: whoever mixes them hopes that we dial the wrong one.
 *   N2. Each kind of record is asked for once per call, and its answer is kept nowhere: what was judged is what is dialled.
 */
import { lookup, Resolver } from 'node:dns/promises';
import { judgeAddress } from './address-guard.ts';
import type { AllowList } from './allow-list.ts';
import { errorCode, failure, type CallbackFailure } from './callback-outcome.ts';
import { Deadline } from './deadline.ts';

export interface ResolutionOptions {
  readonly allowList: AllowList;
  /** Name servers, as `address` or `address:port`; undefined for those of this machine. */
  readonly dnsServers: readonly string[] | undefined;
  readonly resolveMs: number;
}

export type Resolution =
  /** At least one; IPv4 first. */
  { readonly kind: 'addresses'; readonly addresses: readonly string[] } | CallbackFailure;

const TRIES = 2;

export async function resolveName(
  name: string,
  { allowList, dnsServers, resolveMs }: ResolutionOptions,
  signal: AbortSignal,
): Promise<Resolution> {
  using deadline = new Deadline(resolveMs, signal);
  if (allowList.hosts.has(name)) return ofMachine(name, deadline);
  const found = await ofNameServers(name, dnsServers, deadline);
  if (found.kind === 'failed') return found;
  for (const address of found.addresses) {
    const verdict = judgeAddress(address, allowList);
    if (verdict.kind === 'closed')
      return failure(
        'address_refused',
        `${name} leads to ${verdict.range} address, only public ones are allowed`,
      );
  }
  return found;
}

async function ofNameServers(
  name: string,
  dnsServers: readonly string[] | undefined,
  deadline: Deadline,
): Promise<Resolution> {
  // c-ares doubles the time with the second try: both fit into the whole.
  const resolver = new Resolver({ timeout: Math.ceil(deadline.ms / 3), tries: TRIES });
  if (dnsServers) resolver.setServers(dnsServers);
  deadline.signal.addEventListener('abort', () => resolver.cancel());
  const queries = [resolver.resolve4(name), resolver.resolve6(name)];
  if (deadline.signal.aborted) resolver.cancel();
  const answers = await Promise.allSettled(queries);
  // One kind of record is enough: there are name servers that never answer for the other.
  const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  if (addresses.length > 0) return { kind: 'addresses', addresses };
  const codes = answers.map((answer) =>
    answer.status === 'rejected' ? errorCode(answer.reason) : 'ENODATA',
  );
  // One kind may be missing rightly, while the other failed.
  return unresolved(name, codes.find((code) => code !== 'ENODATA') ?? 'ENODATA', deadline);
}

async function ofMachine(name: string, deadline: Deadline): Promise<Resolution> {
  const aborted = Promise.withResolvers<'aborted'>();
  deadline.signal.addEventListener('abort', () => aborted.resolve('aborted'));
  if (deadline.signal.aborted) aborted.resolve('aborted');
  try {
    const found = await Promise.race([lookup(name, { all: true, order: 'ipv4first' }), aborted.promise]);
    if (found === 'aborted') return unresolved(name, 'ETIMEOUT', deadline);
    return { kind: 'addresses', addresses: found.map(({ address }) => address) };
  } catch (error) {
    return unresolved(name, errorCode(error), deadline);
  }
}

function unresolved(name: string, code: string, { ms }: Deadline): CallbackFailure {
  switch (code) {
    case 'ENOTFOUND':
      return failure('dns', `there is no host ${name}`);
    case 'ENODATA':
      return failure('dns', `${name} has no address`);
    case 'ETIMEOUT':
    case 'ECANCELLED':
      return failure('dns', `no name server answered for ${name} within ${ms} ms`);
    default:
      return failure('dns', `looking up ${name} failed`, code);
  }
}
