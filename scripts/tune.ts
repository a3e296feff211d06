/**
 * Searches the parameters of the quadratic sieve, row by row of its table, by what they cost on this machine.
 *
 *   npm run tune -- [--bits 215,232] [--seconds 4] [--seed 1] [--write]
 *
 * One parameter after the other is tried smaller and greater. All candidates sieve the same number in turn, a tenth of a second
 * of CPU time each; what counts is the time until the factor where that comes within `seconds`, else what is to be expected. A
 * candidate replaces what stands in the table if it is better by more than a fiftieth. Without `--write` the table is printed only.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { balancedSemiprime } from '../bench/support/seeded-numbers.ts';
import { seededRandom } from '../src/loadgen/seeded-random.ts';
import { PAGE_BYTES } from '../src/kernel/page-bytes.ts';
import { KernelInstance } from '../src/kernel/kernel-instance.ts';
import { loadKernelModule } from '../src/kernel/load-kernel.ts';
import * as header from '../src/kernel/siqs-header.ts';
import { siqsLayout } from '../src/kernel/siqs-layout.ts';
import { SIQS_TABLE, type SiqsTableRow, siqsParametersBy } from '../src/kernel/siqs-parameters.ts';
import { Siqs } from '../src/kernel/siqs.ts';
import { sieveSeconds } from './sieve-time.ts';

const PARAMETERS_URL = new URL('../src/kernel/siqs-parameters.ts', import.meta.url);
const TURN_SECONDS = 0.1;
const GAIN_MIN = 1.02;
/** Linear algebra with the square root: measured are 0.07 s with 5,735 primes, 0.11 s with 9,000 and 0.31 s with 17,000. */
const linearSeconds = (baseSize: number) => 0.07 * (baseSize / 5735) ** 1.4;

/** What is tried for each column: factors, or for the interval and the slack, differences. */
const TRIALS: readonly (readonly [column: 1 | 2 | 3 | 4 | 5, change: (value: number) => number[]])[] = [
  [1, (size) => [0.8, 0.9, 1.12, 1.25].map((factor) => Math.round(size * factor))],
  [3, (multiple) => [0.6, 1.5, 2.2].map((factor) => Math.round(multiple * factor))],
  [4, (bound) => [0.65, 0.8, 1.25, 1.55].map((factor) => Math.round(bound * factor))],
  [5, (slack) => [slack - 2, slack - 1, slack + 1, slack + 2]],
  [2, (grains) => (grains >= 8 ? [8, 16] : [grains / 2, grains * 2]).filter((g) => g >= 1 && g !== grains)],
];

const cpuSeconds = () => {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1e6;
};

/** A number being sieved with the parameters of one row. */
class Trial {
  readonly row: SiqsTableRow;
  readonly #siqs: Siqs;
  readonly #memory: WebAssembly.Memory;
  #seconds = 0;
  #sieveSeconds = 0;
  #isDone = false;

  constructor(module: WebAssembly.Module, row: SiqsTableRow, n: bigint) {
    this.row = row;
    const parametersOf = (bits: number) => siqsParametersBy([row], bits);
    const pages = Math.ceil(siqsLayout(parametersOf(row[0])).end / PAGE_BYTES);
    this.#memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    const kernel = new KernelInstance(module, this.#memory);
    kernel.exports.init();
    this.#siqs = new Siqs(kernel.exports, this.#memory, parametersOf);
    this.#siqs.start(n);
  }

  get isDone(): boolean {
    return this.#isDone;
  }

  advance(): void {
    if (this.#isDone) return;
    const { stage } = this.#siqs.progress();
    const begin = cpuSeconds();
    const outcome = this.#siqs.step(() => cpuSeconds() - begin >= TURN_SECONDS);
    const spent = cpuSeconds() - begin;
    this.#seconds += spent;
    if (stage === 'siqs') this.#sieveSeconds += spent;
    this.#isDone = outcome !== 'unfinished';
    if (outcome === 'exhausted') this.#seconds = Infinity;
  }

  /** Seconds to the factor: those that it took, or those to be expected. */
  seconds(): number {
    if (this.#isDone) return this.#seconds;
    const fields = new Uint32Array(this.#memory.buffer, header.ARENA, header.HEADER_BYTES / 4);
    const get = (field: number) => fields[field] ?? 0;
    const log = new DataView(this.#memory.buffer, get(header.RELATION_LOG), get(header.LOG_END));
    const largePrimes: [number, number][] = [];
    for (let at = 0; at < log.byteLength; at += log.getUint16(at, true)) {
      const [one, other] = [log.getUint32(at + 2, true), log.getUint32(at + 6, true)];
      if (other > 1) largePrimes.push([one, other]);
    }
    const baseSize = get(header.BASE_SIZE);
    const expected = sieveSeconds({
      seconds: this.#sieveSeconds,
      complete: get(header.FULL_COUNT),
      largePrimes,
      greatestPrime: new Uint32Array(this.#memory.buffer, get(header.PRIMES), baseSize)[baseSize - 1] ?? 0,
      largePrimeMax: get(header.LARGE_PRIME_MAX),
      needed: get(header.NEEDED),
    });
    return expected + linearSeconds(baseSize);
  }
}

/** Seconds for each of the rows, over so many numbers that they take about `seconds` each. */
function measure(module: WebAssembly.Module, rows: readonly SiqsTableRow[], seconds: number, seed: number) {
  const totals = rows.map(() => 0);
  const random = seededRandom(seed);
  for (let spent = 0; spent < seconds;) {
    const n = balancedSemiprime(Math.round((rows[0]?.[0] ?? 0) / Math.log2(10)), random);
    const trials = rows.map((row) => new Trial(module, row, n));
    const end = cpuSeconds() + seconds * rows.length;
    while (trials.some(({ isDone }) => !isDone) && cpuSeconds() < end)
      for (const trial of trials) trial.advance();
    trials.forEach((trial, i) => (totals[i] = (totals[i] ?? 0) + trial.seconds()));
    spent += totals[0] ?? seconds;
  }
  return totals;
}

function tuneRow(module: WebAssembly.Module, start: SiqsTableRow, seconds: number, seed: number) {
  let row = start;
  for (const [column, change] of TRIALS) {
    const rows = [
      row,
      ...change(row[column]).map((value) => row.with(column, value) as unknown as SiqsTableRow),
    ];
    const totals = measure(module, rows, seconds, seed);
    const best = totals.indexOf(Math.min(...totals));
    const shown = rows.map((r, i) => `${r[column]}: ${(totals[i] ?? 0).toFixed(3)} s`).join(', ');
    console.log(`${row[0]} bits, column ${column}: ${shown}`);
    if ((totals[best] ?? 0) * GAIN_MIN < (totals[0] ?? 0)) row = rows[best] ?? row;
  }
  return row;
}

function writeTable(table: readonly SiqsTableRow[]): void {
  const source = readFileSync(PARAMETERS_URL, 'utf8');
  const rows = table.map((row) => `  [${row.join(', ')}],\n`).join('');
  const pattern = /(const SIQS_TABLE: readonly SiqsTableRow\[\] = \[\n)[^;]*(\];)/;
  writeFileSync(PARAMETERS_URL, source.replace(pattern, `$1${rows}$2`));
}

const { values } = parseArgs({
  options: {
    bits: { type: 'string', default: SIQS_TABLE.map(([bits]) => bits).join(',') },
    seconds: { type: 'string', default: '4' },
    seed: { type: 'string', default: '1' },
    write: { type: 'boolean', default: false },
  },
});
const chosen = values.bits.split(',').map(Number);
const unknown = chosen.find((bits) => !SIQS_TABLE.some((row) => row[0] === bits));
if (unknown !== undefined)
  throw new Error(
    `Cannot tune ${unknown} bits: the table has rows for ${SIQS_TABLE.map(([bits]) => bits).join(', ')}`,
  );
const module = await loadKernelModule();
const table = SIQS_TABLE.map((row) =>
  chosen.includes(row[0]) ? tuneRow(module, row, Number(values.seconds), Number(values.seed)) : row,
);
for (const row of table) console.log(`  [${row.join(', ')}],`);
if (values.write) writeTable(table);
