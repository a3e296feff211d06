/** Compiles the kernel once; every thread makes its own `Kernel` from the module, which can be posted to workers. */
import type { Kernel } from './kernel.ts';
import { WasmKernel } from './wasm-kernel.ts';

const WASM_URL = new URL('../../build/kernel.wasm', import.meta.url);

/** The kernel for shared memories, as scripts/build-kernel.mjs leaves it. */
export async function loadKernelModule(): Promise<WebAssembly.Module> {
  const { readFile } = await import('node:fs/promises');
  return WebAssembly.compile(await readFile(WASM_URL));
}

/** About 0.2 ms and 1 MiB; once per thread. `shared` is false for a module built for unshared memories. */
export function createKernel(module: WebAssembly.Module, shared = true): Kernel {
  return new WasmKernel(module, shared);
}
