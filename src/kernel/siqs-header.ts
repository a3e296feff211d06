/**
 * Where the quadratic sieve keeps its state: plain constants, read by the AssemblyScript half and by the TypeScript half.
 *
 * The arena begins with a header of 1,024 u32 fields. A field is a number, or the address of an array whose place depends on
 * the size of the number being factored (`siqs-layout.ts` lays them out). Numbers are little-endian arrays of u32 limbs;
 * *signed* ones are in two's complement.
 */

/** First byte of the arena, which is the sieve's alone while it runs. */
export const ARENA = 0x100000;
export const HEADER_BYTES = 0x1000;

/** Byte length of one slot for a number: room for the square of a 384-bit number. */
export const NUMBER_BYTES = 128;

// Numbers at fixed places.
export const N = ARENA + 0x1000;
/** The multiplier times n: the discriminant of every polynomial. */
export const KN = N + NUMBER_BYTES;
/** The polynomial a·x² + b·x + c at hand, b² − 4ac = kn; a > 0, b and c signed. */
export const A = KN + NUMBER_BYTES;
export const B = A + NUMBER_BYTES;
export const C = B + NUMBER_BYTES;
/** The value of the polynomial at a report, then what is left of it after trial division. */
export const VALUE = C + NUMBER_BYTES;
/** |2·a·x + b| at that report. */
export const ROOT = VALUE + NUMBER_BYTES;
export const TEMP = ROOT + NUMBER_BYTES;
/** The two sides of a congruence of squares. */
export const SIDE_X = TEMP + NUMBER_BYTES;
export const SIDE_Y = SIDE_X + NUMBER_BYTES;
/** B_j for each factor of a (at most 16), positive. */
export const B_PARTS = SIDE_Y + NUMBER_BYTES;
/** Per factor of a (at most 16), u32: its index in the pool, its index in the factor base, the prime, gamma. */
export const A_POOL_INDEX = B_PARTS + 16 * NUMBER_BYTES;
export const A_BASE_INDEX = A_POOL_INDEX + 64;
export const A_PRIME = A_BASE_INDEX + 64;
export const A_GAMMA = A_PRIME + 64;
/** Factor-base indices that divide the report at hand, u32, with multiplicity. */
export const FACTORS = A_GAMMA + 64;
/** f64: what log2(a) should be, log2 of the size of the polynomial's values. */
export const A_LOG_TARGET = FACTORS + 2048;
/** f64 per prime of the pool (at most 64): log2. */
export const POOL_LOGS = A_LOG_TARGET + 64;
export const POOL_MAX = 64;
/** u64: the bounds of a cofactor of two large primes; the upper one is 0 where only one is allowed. */
export const COFACTOR_MIN = POOL_LOGS + 8 * POOL_MAX;
export const COFACTOR_MAX = COFACTOR_MIN + 8;
/** Scratch of single calls; dense elimination keeps the sums of a panel there from one call to the next. */
export const SCRATCH = COFACTOR_MIN + 64;
/** Table by which the bucket sieve moves lanes together; then u32 where the strikes in each of the eight buckets end. */
export const COMPRESS = SCRATCH + 0x4000;
export const BUCKET_ENDS = COMPRESS + 0x1000;
export const ARRAYS = BUCKET_ENDS + 64;

/** Bytes of one sieve block: the level-1 cache. */
export const BLOCK_BYTES = 0x8000;
/** The most primes in a slice of those that are sieved by buckets. */
export const SLICE_PRIMES = 128;
export const SLICE_BYTES = 48;
/** Behind its limit a bucket has room for two strikes of each prime of a slice, 16 bits each, and the overhang of a store. */
export const BUCKET_SPARE = 4 * SLICE_PRIMES + 64;
export const A_FACTORS_MAX = 16;

// Header fields, by index.
export const MAGIC = 0;
export const STAGE = 1;
export const LIMBS_N = 2;
export const LIMBS_KN = 3;
/** Limbs of a, b, c, values and roots. */
export const LIMBS_POLY = 4;
export const MULTIPLIER = 5;
/** Bytes of a root in a relation. */
export const ROOT_BYTES = 6;
/** Columns: 0 is the sign, 1 the prime 2, then odd primes ascending. Padded to 16. */
export const BASE_SIZE = 8;
export const BASE_PADDED = 9;
export const BASE_COUNT = 10;
/** Bounds of classes of primes, as indices of the factor base, multiples of 8. */
export const SIEVE_FROM = 11;
/** From here on primes are sieved over the whole interval at once, below it block by block. */
export const SPAN_FROM = 12;
/** From here on primes are greater than the interval and sieved by buckets. */
export const BUCKET_FROM = 13;
/** Sieve positions, one half on each side of x = 0. */
export const INTERVAL = 14;
export const BLOCK_COUNT = 15;
export const BLOCK_SIZE = 16;
/** Logarithms are in units of 1 / LOG_SCALE bits. */
export const LOG_SCALE = 17;
export const THRESHOLD = 18;
/** The most that may be left of a report when the primes are divided out, as the sieve's logarithms tell it. */
export const REPORT_LEFT_MAX = 19;
export const LARGE_PRIME_MAX = 20;
/** Between these two, what is left is a prime greater than the bound of large primes. */
export const REPORT_GAP_FROM = 55;
export const REPORT_GAP_TO = 56;
/** Before all division a report needs this many of the sieve and of the unsieved primes, powers not counted. */
export const THRESHOLD_PRIMES = 21;
/** The number of factors of a, and the pool they are drawn from. */
export const A_FACTORS = 22;
export const POOL_FROM = 23;
export const POOL_SIZE = 24;
/** Which sequence of polynomials, and how many coefficients a of it are used up. */
export const HELPER = 25;
export const A_COUNTER = 26;
/** Index of the polynomial within its a: 0 where a new a is due. */
export const GRAY_INDEX = 27;
/** How far the roots for that new a are there already, as an offset into their arrays; 0 where it is not chosen yet. */
export const COEFFICIENT_AT = 47;
export const EXHAUSTED = 28;
/** Relations in the log, those that are complete, cycles (complete ones included), and how many of these are needed. */
export const RELATION_COUNT = 29;
export const FULL_COUNT = 30;
export const CYCLE_COUNT = 31;
export const NEEDED = 32;
export const LOG_END = 33;
export const LOG_TAKEN = 34;
export const PENDING_BEGIN = 35;
export const PENDING_END = 36;
export const RELATION_MAX = 37;
export const VERTEX_SLOTS = 39;
export const SEEN_SLOTS = 40;
export const USED_SLOTS = 41;
/** Where a stage that is done in pieces stands. */
export const CURSOR = 42;
export const SEGMENT_BEGIN = 43;
export const POLYNOMIAL_COUNT = 45;
export const LOG_CAPACITY = 46;
/** Coefficients a that the fed relations of the same helper have used up. */
export const FED_COUNTER = 49;
/** How often the number was begun anew with a larger base. */
export const EFFORT = 50;
/** From here on primes are greater than the interval, a multiple of 8. */
export const ONCE_FROM = 51;
export const SLICE_COUNT = 52;
/** Bytes of each of the eight buckets. */
export const BUCKET_BYTES = 53;
/** The Gray index of the first of the polynomials that the buckets are filled for. */
export const BATCH_INDEX = 54;

// Addresses of arrays.
export const PRIMES = 64;
export const SQRTS = 65;
export const INVERSES = 66;
export const LOGS = 68;
export const HALF_INTERVAL = 69;
export const ROOTS_1 = 70;
export const ROOTS_2 = 71;
export const POSITIONS_1 = 72;
export const POSITIONS_2 = 73;
/** A_FACTORS_MAX rows of BASE_PADDED u32. */
export const DELTAS = 74;
/** A row of BASE_PADDED u32 for each prime of the pool: its inverse modulo each prime, in Montgomery form. */
export const POOL_INVERSES = 75;
export const SIEVE = 76;
export const RELATION_OFFSETS = 77;
export const RELATION_LARGE_1 = 78;
export const RELATION_LARGE_2 = 79;
export const RELATION_LOG = 80;
export const VERTEX_KEYS = 81;
export const VERTEX_PARENTS = 82;
export const SEEN = 83;
export const USED = 84;
/** u16 for each prime below 2^16: its inverse modulo 2^16, and (2^16 − 1) / p. */
export const SHORT_INVERSES = 85;
export const SHORT_LIMITS = 86;
export const SEGMENT = 89;
export const BUCKETS = 90;
export const SLICES = 91;

// Linear algebra and square root.
export const LA_STAGE = 128;
export const LA_REMOVED = 130;
/** Rows of the sparse matrix (combinations of relations), alive or merged away; columns, with those of large primes. */
export const ROW_COUNT = 131;
export const ROWS_ALIVE = 132;
export const COLUMN_COUNT = 133;
export const ROW_POOL_END = 134;
export const MERGE_WEIGHT = 135;
export const MERGE_PASS = 136;
export const LIST_END = 137;
/** The dense matrix: a row for each equation (column of the sparse one), a bit for each unknown (row of the sparse one). */
export const DENSE_ROWS = 140;
export const DENSE_COLUMNS = 141;
export const DENSE_STRIDE = 142;
export const DENSE_RANK = 143;
export const DENSE_PANEL = 144;
export const PANEL_PIVOTS = 145;
export const DEPENDENCY_COUNT = 146;
export const DEPENDENCY = 147;
export const ROW_ENTRIES = 149;
/** By how many factors R the side of the square root at hand is behind its Montgomery form. */
export const RADIX_LOST = 150;

// Addresses of its arrays.
/** Per vertex slot, u32: its degree; later its column with the top bit set; later how often it occurs. */
export const DEGREES = 160;
/** Per relation, u8: alive; later whether it takes part in the dependency at hand. */
export const CHOSEN = 161;
export const ROW_BEGINS = 162;
export const ROW_LENGTHS = 163;
/** Per row, u32: the last pass that changed it; DEAD once it is merged away. */
export const ROW_TOUCHED = 164;
export const COLUMN_WEIGHTS = 165;
export const COLUMN_LISTS = 166;
export const LISTS = 167;
export const LISTS_BYTES = 168;
export const ROW_POOL = 169;
export const ROW_POOL_BYTES = 170;
export const MATRIX = 171;
export const PANEL_TABLE = 172;
export const PIVOT_COLUMNS = 173;
export const SOLUTIONS = 174;
export const UNKNOWNS = 175;
export const EXPONENTS = 176;
/** The other half of the row pool, as large. */
export const ROW_SPARE = 177;
/** The greatest number of unknowns that the dense matrix has room for. */
export const DENSE_SIDE_MAX = 178;
