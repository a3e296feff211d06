/** `fairsieve key` */
import { systemClock } from '../base/clock.ts';
import { didYouMean } from '../base/did-you-mean.ts';
import { randomBytes } from '../base/random.ts';
import { StateFileError } from '../base/state-file.ts';
import {
  type ApiKeyRecord,
  createApiKey,
  type KeyOwner,
  listApiKeys,
  revokeApiKey,
} from '../access/api-key-file.ts';
import { callerIdFault } from '../domain/caller.ts';
import type { CommandLine } from './command-line.ts';
import type { Command } from './command.ts';
import { EXIT, type ExitCode } from './exit-code.ts';
import { print } from './print.ts';
import { apiKeysFile } from './server-files.ts';
import { UsageError } from './usage-error.ts';

export const keyCommand: Command = {
  usage:
    'create (--caller ID | --operator) [OPTIONS]\n       fairsieve key list [OPTIONS]\n       fairsieve key revoke ID [OPTIONS]',
  about:
    'Makes, lists and revokes the API keys of a service. For use on the machine of the server, which need not be stopped and\n' +
    'sees a change within a second. A key is shown once, when it is made; the file has its hash only.',
  options: {
    caller: { value: 'ID', about: 'make a key that fixes this caller' },
    operator: { about: "make a key that sees and changes everyone's requests" },
    file: { value: 'FILE', about: 'the file of keys ($FAIRSIEVE_API_KEYS_FILE); create makes it if absent' },
    json: { about: 'print JSON, a line for each key' },
  },
  run: async (line: CommandLine): Promise<ExitCode> => {
    const [action = '', ...rest] = line.positionals;
    const run = Object.hasOwn(ACTIONS, action) ? ACTIONS[action] : undefined;
    if (!run)
      throw new UsageError(
        action === ''
          ? `Say what to do: ${ACTION_NAMES.join(', ')}`
          : `There is no key ${action}${didYouMean(action, ACTION_NAMES)}`,
      );
    try {
      return await run(apiKeysFile(line, process.env), rest, line);
    } catch (error) {
      if (!(error instanceof StateFileError)) throw error;
      process.stderr.write(`fairsieve: ${error.message}\n`);
      return EXIT.failed;
    }
  },
};

type Action = (file: string, rest: readonly string[], line: CommandLine) => Promise<ExitCode>;

const ACTIONS: Readonly<Record<string, Action>> = { create, list, revoke };
const ACTION_NAMES = Object.keys(ACTIONS);

async function create(file: string, rest: readonly string[], line: CommandLine): Promise<ExitCode> {
  if (rest.length > 0) throw new UsageError(`key create takes options only: not ${JSON.stringify(rest[0])}`);
  const owner = ownerOf(line);
  const { id, key } = createApiKey(file, owner, systemClock.wallMs(), randomBytes);
  const exitCode = await print(line.has('json') ? JSON.stringify({ id, ...ownerJson(owner), key }) : key);
  if (!line.has('json'))
    process.stderr.write(`fairsieve: this is key ${id} for ${ownerText(owner)}; it is not shown again\n`);
  return exitCode;
}

async function list(file: string, rest: readonly string[], line: CommandLine): Promise<ExitCode> {
  if (rest.length > 0) throw new UsageError('key list takes no arguments');
  refuseOwner('list', line);
  const text = line.has('json') ? recordJson : recordText;
  const records = listApiKeys(file);
  return records.length === 0 ? EXIT.ok : print(records.map(text).join('\n'));
}

async function revoke(file: string, rest: readonly string[], line: CommandLine): Promise<ExitCode> {
  const [id, ...others] = rest;
  if (id === undefined || others.length > 0)
    throw new UsageError('Name one key by its id: fairsieve key revoke ID; fairsieve key list shows the ids');
  refuseOwner('revoke', line);
  if (revokeApiKey(file, id)) return EXIT.ok;
  process.stderr.write(`fairsieve: There is no key ${JSON.stringify(id)} in ${file}\n`);
  return EXIT.failed;
}

function ownerOf(line: CommandLine): KeyOwner {
  const callerId = line.text('caller');
  if ((callerId === undefined) !== line.has('operator'))
    throw new UsageError('Say whose key it is: either --caller ID or --operator');
  if (callerId === undefined) return { kind: 'operator' };
  const fault = callerIdFault(callerId);
  if (fault !== undefined)
    throw new UsageError(`--caller ${JSON.stringify(callerId)} cannot be a caller id: ${fault}`);
  return { kind: 'caller', callerId };
}

/** An option that does nothing is a mistake that should be told: `revoke --caller acme` is not what it seems. */
function refuseOwner(action: string, line: CommandLine): void {
  if (line.has('caller') || line.has('operator'))
    throw new UsageError(`--caller and --operator belong to key create, not to key ${action}`);
}

function recordJson({ id, owner, createdAtMs }: ApiKeyRecord): string {
  return JSON.stringify({
    id,
    ...ownerJson(owner),
    created_at: new Date(createdAtMs).toISOString(),
  });
}

function recordText({ id, owner, createdAtMs }: ApiKeyRecord): string {
  return `${id}  ${new Date(createdAtMs).toISOString()}  ${ownerText(owner)}`;
}

function ownerJson(owner: KeyOwner): object {
  return owner.kind === 'caller' ? { caller_id: owner.callerId } : { operator: true };
}

function ownerText(owner: KeyOwner): string {
  return owner.kind === 'caller' ? `caller ${owner.callerId}` : 'the operator';
}
