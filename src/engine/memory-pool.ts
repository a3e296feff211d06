/**
 * Memories of finished jobs, kept for the next ones: making a memory is cheap, but giving one back to the system waits for the
 * garbage collector, and a memory used before has its pages at hand.
 */
import { PAGE_BYTES } from '../kernel/page-bytes.ts';

export class MemoryPool {
  readonly #bytesMax: number;
  readonly #free = new Map<number, WebAssembly.Memory[]>();
  #bytes = 0;

  /** `bytesMax`: how much is kept at most while nobody uses it. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** A shared memory of exactly `pages` pages (64 KiB each), with whatever content. */
  take(pages: number): WebAssembly.Memory {
    const memory = this.#free.get(pages)?.pop();
    if (!memory) return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    this.#bytes -= pages * PAGE_BYTES;
    return memory;
  }

  /** Gives a memory back that no thread works on any more. */
  give(memory: WebAssembly.Memory): void {
    const bytes = memory.buffer.byteLength;
    if (this.#bytes + bytes > this.#bytesMax) return;
    const pages = bytes / PAGE_BYTES;
    const list = this.#free.get(pages);
    if (list) list.push(memory);
    else this.#free.set(pages, [memory]);
    this.#bytes += bytes;
  }
}
