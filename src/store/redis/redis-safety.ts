/** Whether a Redis keeps what it has acknowledged, by its settings. */
import { StoreError } from '../store.ts';
import { infoText } from './keyspace.ts';
import { isPassing, withoutSecrets, type RedisAddress, type RedisLink } from './redis-link.ts';

/** The first major version that has all commands that are used. */
const MAJOR_LEAST = 6;

interface Requirement {
  readonly setting: string;
  readonly isMet: (value: string) => boolean;
  /** What to set. */
  readonly remedy: string;
}

const REQUIREMENTS: readonly Requirement[] = [
  { setting: 'appendonly', isMet: (value) => value === 'yes', remedy: 'yes' },
  { setting: 'appendfsync', isMet: (value) => value === 'always', remedy: 'always' },
  { setting: 'no-appendfsync-on-rewrite', isMet: (value) => value === 'no', remedy: 'no' },
  { setting: 'maxmemory-policy', isMet: (value) => value === 'noeviction', remedy: 'noeviction' },
];

/**
 * Throws a StoreError `broken` that names what to change: where Redis is too old, and, unless `acceptUnsafe`, where it may lose what it
 * has acknowledged, or does not let its settings be read.
 */
export async function requireSafeRedis(
  link: RedisLink,
  address: RedisAddress,
  acceptUnsafe: boolean,
): Promise<void> {
  const where = `Redis at ${withoutSecrets(address)}`;
  const version =
    infoText(String(await link.persist(() => link.send(['INFO', 'server']))), 'redis_version') ?? '';
  if (Number.parseInt(version, 10) < MAJOR_LEAST)
    throw new StoreError(
      'broken',
      `Cannot use ${where}: it has version ${version}, at least ${MAJOR_LEAST}.0 is needed`,
    );
  if (acceptUnsafe) return;
  const faults: string[] = [];
  for (const { setting, isMet, remedy } of REQUIREMENTS) {
    const value = await settingOf(link, setting);
    if (value === undefined) faults.push(`${setting} cannot be read, it must be ${remedy}`);
    else if (!isMet(value)) faults.push(`set ${setting} to ${remedy}, it is ${value}`);
  }
  if (faults.length === 0) return;
  throw new StoreError(
    'broken',
    `${where} may lose what it has acknowledged: ${faults.join('; ')}. To go on all the same, set FAIRSIEVE_REDIS_UNSAFE=allow`,
  );
}

/** Undefined where Redis does not tell. */
async function settingOf(link: RedisLink, setting: string): Promise<string | undefined> {
  try {
    const [, value] = (await link.persist(() => link.send(['CONFIG', 'GET', setting]))) as string[];
    return value;
  } catch (error) {
    if (isPassing(error)) throw error;
    return undefined;
  }
}
