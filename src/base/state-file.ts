/**
 * A small text file that holds the state of something, shared by processes: servers read it, commands change it.
 *
 * Invariants:
 *   S1. Whoever reads sees one whole state, whatever happens meanwhile: a change is written beside the file and renamed over it.
 *   S2. A change that was told is on disk (fsync of the file, then of its folder).
 *   S3. Changes are made one after the other, each upon the state that the one before left, across processes.
 *   S4. Nothing of the contents is in an error: they may be secret.
 *
 * A process killed in the midst of a change leaves at most one file `….tmp` behind, which the next change replaces.
 */
import fs from 'node:fs';
import path from 'node:path';
import { errorMessage } from './error-message.ts';
import { takeFileLock } from './file-lock.ts';

/** How a kind of file is read and written. */
export interface StateForm<T> {
  /** What the file is, for messages: "callback secrets". */
  readonly name: string;
  /** A file with any of these permission bits is refused (not on Windows, which has none). */
  readonly forbiddenMode: number;
  readonly bytesMax: number;
  /** The state, or what is wrong with the text: such as "it is not JSON", quoting nothing of it. */
  readonly parse: (text: string) => T | StateFault;
  readonly format: (state: T) => string;
}

/** What is wrong with the text of a state. */
export class StateFault {
  readonly what: string;
  constructor(what: string) {
    this.what = what;
  }
}

/**
 * `absent`: there is none. `exposed`: permissions too wide. `malformed`: not understood. `full`: it would grow too large.
 * `busy`: others change it all the time. `unusable`: the system refused.
 */
export type StateFileErrorCode = 'absent' | 'exposed' | 'malformed' | 'full' | 'busy' | 'unusable';

export class StateFileError extends Error {
  override readonly name = 'StateFileError';
  readonly code: StateFileErrorCode;
  readonly retryable: boolean;

  constructor(code: StateFileErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
    this.retryable = code === 'busy';
  }
}

const LOCK_WAIT_MS = 10_000;
const PRIVATE_MODE = 0o600;

/** Throws a StateFileError. */
export function readStateFile<T>(file: string, form: StateForm<T>): T {
  return attempt(file, form, () => {
    const read = readIfThere(file, form);
    if (!read) throw fault('absent', file, form, 'there is no such file');
    return read.state;
  });
}

/** What tells one version of the file from another: the same text as long as nobody changed it. */
export function stateFileVersion(file: string): string {
  try {
    const { dev, ino, size, mode, mtimeNs, ctimeNs } = fs.statSync(file, { bigint: true });
    return [dev, ino, size, mode, mtimeNs, ctimeNs].join(' ');
  } catch (error) {
    return errorMessage(error);
  }
}

/**
 * Replaces the state by what `change` makes of it (undefined: there is no file yet), and returns what it is then; writes nothing if
 * `change` returns its argument. Durable when it returns. Blocks the thread: for a change some milliseconds, and at most
 * `lockWaitMs` while others make theirs. The file keeps its owner and permissions; a new one can be read by its owner only, who
 * is the folder's owner if root makes it.
 * Throws a StateFileError, or whatever `change` throws, having changed nothing unless the folder could not be synced.
 */
export function changeStateFile<T>(
  file: string,
  form: StateForm<T>,
  change: (state: T | undefined) => T,
  lockWaitMs = LOCK_WAIT_MS,
): T {
  return attempt(file, form, () => {
    // Of a symbolic link it is the target that is replaced.
    const real = fs.existsSync(file) ? fs.realpathSync(file) : file;
    const lockFile = `${real}.lock`;
    using lock = takeFileLock(lockFile, lockWaitMs);
    if (!lock) throw fault('busy', file, form, 'others are changing it');
    const old = readIfThere(real, form);
    const next = change(old?.state);
    if (old && next === old.state) return next;
    const text = form.format(next);
    if (Buffer.byteLength(text) > form.bytesMax)
      throw fault('full', file, form, `it would have more than ${form.bytesMax} bytes`);
    const owner = old?.stat ?? ownerOfNew(path.dirname(real));
    // Made by root, the lock would keep the owner of the state from making changes.
    if (process.getuid?.() === 0 && owner) fs.chownSync(lockFile, Number(owner.uid), Number(owner.gid));
    replace(real, text, owner, old ? Number(old.stat.mode & 0o777n) : PRIVATE_MODE);
    return next;
  });
}

interface Read<T> {
  readonly state: T;
  readonly stat: fs.BigIntStats;
}

function readIfThere<T>(file: string, form: StateForm<T>): Read<T> | undefined {
  const { text, stat } = readBounded(file, form) ?? {};
  if (text === undefined || !stat) return undefined;
  const exposed = Number(stat.mode) & form.forbiddenMode;
  if (exposed !== 0 && process.platform !== 'win32') {
    const right = octal(Number(stat.mode) & ~form.forbiddenMode);
    throw fault('exposed', file, form, `its permissions are ${octal(stat.mode)}; chmod ${right} it`);
  }
  const state = form.parse(text);
  if (state instanceof StateFault) throw fault('malformed', file, form, state.what);
  return { state, stat };
}

/** Text and stat are those of one version, whatever is renamed over the file meanwhile. */
function readBounded<T>(
  file: string,
  form: StateForm<T>,
): { readonly text: string; readonly stat: fs.BigIntStats } | undefined {
  const fd = openIfThere(file);
  if (fd === undefined) return undefined;
  try {
    const stat = fs.fstatSync(fd, { bigint: true });
    if (!stat.isFile()) throw fault('malformed', file, form, 'it is not a regular file');
    if (stat.size > form.bytesMax)
      throw fault('malformed', file, form, `it has ${stat.size} bytes, at most ${form.bytesMax} are allowed`);
    return { text: fs.readFileSync(fd, 'utf8'), stat };
  } finally {
    fs.closeSync(fd);
  }
}

function openIfThere(file: string): number | undefined {
  try {
    // Not to hang where a pipe stands in its place.
    return fs.openSync(file, fs.constants.O_RDONLY | (fs.constants.O_NONBLOCK ?? 0));
  } catch (error) {
    if (isSystemError(error) && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

type Owner = Pick<fs.BigIntStats, 'uid' | 'gid'>;

/** What root makes in somebody's folder belongs to that one, who could not read it otherwise. */
function ownerOfNew(folder: string): Owner | undefined {
  return process.getuid?.() === 0 ? fs.statSync(folder, { bigint: true }) : undefined;
}

function replace(file: string, text: string, owner: Owner | undefined, mode: number): void {
  const beside = `${file}.tmp`;
  fs.rmSync(beside, { force: true });
  const fd = fs.openSync(beside, 'wx', PRIVATE_MODE);
  try {
    const made = fs.fstatSync(fd, { bigint: true });
    if (owner && (owner.uid !== made.uid || owner.gid !== made.gid))
      fs.fchownSync(fd, Number(owner.uid), Number(owner.gid));
    fs.fchmodSync(fd, mode);
    fs.writeFileSync(fd, text);
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
  fs.renameSync(beside, file);
  syncFolder(path.dirname(file));
}

/** Makes a rename durable. Windows can't open folders, and needs no such thing. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const fd = fs.openSync(folder, 'r');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

function octal(mode: number | bigint): string {
  return (Number(mode) & 0o777).toString(8).padStart(4, '0');
}

function fault(
  code: StateFileErrorCode,
  file: string,
  { name }: { readonly name: string },
  why: string,
  cause?: unknown,
): StateFileError {
  return new StateFileError(code, `Cannot use the ${name} in ${path.resolve(file)}: ${why}`, cause);
}

/** Runs `work`; what the system refuses becomes a StateFileError. */
function attempt<T, R>(file: string, form: StateForm<T>, work: () => R): R {
  try {
    return work();
  } catch (error) {
    throw isSystemError(error) ? fault('unusable', file, form, error.message, error) : error;
  }
}

/** Of the file system, or of SQLite where the lock could not be opened. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && ('syscall' in error || 'errcode' in error);
}
